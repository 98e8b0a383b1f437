"""Runs a statement in all engines that have what it uses, and says whether LLKV's answer stands."""
import compare
from dialects import known_difference
from engines import is_runtime
from tree import render, runs_on

MANY_ROWS = 100_000


class Verdict:
    """`state`: same, known, peers (they differ from each other), refused (no peer could run it) or finding."""

    def __init__(self, state, detail="", outcomes=None):
        self.state = state
        self.detail = detail
        self.outcomes = outcomes or {}


class Judge:
    def __init__(self, llkv, duckdb, sqlite):
        self.llkv = llkv
        self.duckdb = duckdb
        self.sqlite = sqlite

    def restart(self, settings):
        self.llkv.restart(settings)
        self.duckdb.restart()
        self.sqlite.restart()

    def run(self, node):
        """Runs it where it runs; LLKV works while the peers do."""
        outcomes = {}
        sql = render(node, "llkv")
        if runs_on(node, "llkv"):
            self.llkv.send(sql)
        for peer in (self.duckdb, self.sqlite):
            if runs_on(node, peer.name):
                outcomes[peer.name] = peer.run(render(node, peer.name))
        if runs_on(node, "llkv"):
            outcomes["llkv"] = self.llkv.receive()
        return sql, outcomes

    def judge(self, node, ordered=False):
        sql, outcomes = self.run(node)
        state, detail = self.verdict(node, sql, outcomes, ordered)
        return Verdict(state, detail, outcomes)

    def judge_change(self, node):
        """`same` where all engines succeeded, `all failed`, `refused` where they are out of step by dialect, or finding."""
        if not runs_on(node, "duckdb"):
            # Its tables would be out of step.
            return Verdict("all failed")
        sql, outcomes = self.run(node)
        errors = {name: outcome.error for name, outcome in outcomes.items() if outcome.error is not None}
        llkv = outcomes.get("llkv")
        if not errors:
            return Verdict("same", outcomes=outcomes)
        if llkv is not None and llkv.error in ("crash", "timeout", "large", "internal"):
            return Verdict("finding", f"LLKV {llkv.message}", outcomes)
        if len(errors) == len(outcomes):
            return Verdict("all failed", outcomes=outcomes)
        duckdb = outcomes.get("duckdb")
        if set(errors) == {"llkv"} and duckdb is not None and known_difference(llkv, duckdb, sql) is None:
            # Which rows' values an UPDATE or DELETE computes beside its WHERE is open.
            if not (is_runtime(llkv.error) and "WHERE" in sql):
                return Verdict("finding", f"LLKV {llkv.error}: {llkv.message}", outcomes)
        return Verdict("refused", outcomes=outcomes)

    def verdict(self, node, sql, outcomes, ordered):
        llkv, duckdb, sqlite = (outcomes.get(name) for name in ("llkv", "duckdb", "sqlite"))
        if llkv is None:
            return "same", ""
        if llkv.error == "large":
            # Too much to compare; a peer's answer of few rows is another one.
            is_few = any(peer is not None and peer.error is None and len(peer.rows) < MANY_ROWS for peer in (duckdb, sqlite))
            return ("finding", f"LLKV {llkv.message}") if is_few else ("refused", "")
        if llkv.error in ("crash", "timeout", "internal"):
            if llkv.error == "timeout" and duckdb is not None and duckdb.error == "timeout":
                return "refused", ""
            return "finding", f"LLKV {llkv.message}"
        answered = [peer for peer in (duckdb, sqlite) if peer is not None and peer.error is None]
        if not answered:
            return self.without_answer(llkv, duckdb, sqlite, sql)
        problems = [(peer, self.difference(llkv, peer, duckdb, ordered)) for peer in answered]
        wrong = [(peer, problem) for peer, problem in problems if problem]
        if not wrong:
            return "same", ""
        if is_runtime(llkv.error) and duckdb is not None and self.duckdb.fails_unoptimized(render(node, "duckdb")):
            return "known", "an error in a value that the peer's optimizer left out"
        known = known_difference(llkv, wrong[0][0], sql)
        if known:
            return "known", known
        if len(wrong) < len(answered) or (duckdb is not None and duckdb.error and is_runtime(duckdb.error)):
            return "peers", wrong[0][1]
        if len(answered) == 1 and answered[0] is sqlite and is_runtime(llkv.error):
            return "known", "SQLite's integers have 64 bits and its divisions by zero are NULL"
        return "finding", wrong[0][1]

    @staticmethod
    def without_answer(llkv, duckdb, sqlite, sql):
        """No peer gave rows: an error of LLKV is right, rows are where the peers' error is a matter of their types."""
        errors = [peer.error for peer in (duckdb, sqlite) if peer is not None]
        if llkv.error is None:
            return ("peer error", "") if any(is_runtime(error) for error in errors) else ("refused", "")
        if llkv.error == "other" and any(is_runtime(error) for error in errors):
            return "finding", f"LLKV {llkv.message}"
        return ("same", "") if any(is_runtime(error) for error in errors) else ("refused", "")

    @staticmethod
    def difference(llkv, peer, duckdb, ordered):
        """What differs, or nothing."""
        if llkv.error is not None:
            return f"LLKV {llkv.error}: {llkv.message}"
        try:
            rows = compare.typed_rows(llkv.rows, duckdb.types) if peer is duckdb and llkv.rows else compare.like_sqlite(llkv.rows, peer.rows)
        except ValueError as error:
            return f"LLKV's values are of other types than DuckDB's {duckdb.types}: {error}"
        if compare.same_rows(rows, peer.rows, ordered):
            return None
        return "rows differ"
