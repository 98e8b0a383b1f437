#!/usr/bin/env python3
"""Compare LLKV with DuckDB and SQLite on random data and queries.

    tools/differential/run.py --llkv build/release/bin/llkv --queries 1000 [--seed 1] [--settings rotate]

A round makes tables, then asks queries and changes rows between them. A difference that is no matter of dialect (dialects.py) is a
finding: it is made small and printed as a script. Exit status 1 where there are findings, 77 where the module duckdb is absent.
"""
import argparse
import collections
import contextlib
import pathlib
import random
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
try:
    import duckdb  # noqa: F401
except ModuleNotFoundError:
    print("skipped: the Python module duckdb is not there (tools/bootstrap bench)")
    sys.exit(77)

from changes import ChangeGenerator  # noqa: E402
from engines import DuckDb, Llkv, Sqlite  # noqa: E402
from judge import Judge, Verdict  # noqa: E402
from queries import QueryGenerator  # noqa: E402
from report import finding_text  # noqa: E402
from schema import make_tables  # noqa: E402
from shrink import shrink  # noqa: E402
from tree import TYPED, Many, Node  # noqa: E402

SETTINGS = {
    "default": ["SET threads = 1"],
    "threads": ["SET threads = 4"],
    "optimizer": ["SET threads = 1", "SET optimizer = off"],
    "batch1": ["SET threads = 1", "SET batch_rows = 1"],
    "batch7": ["SET threads = 4", "SET batch_rows = 7"],
}
QUERIES_A_ROUND = 60
# Changes after each of so many queries.
QUERIES_A_CHANGE = 12


class Tester:
    def __init__(self, arguments):
        self.arguments = arguments
        self.judge = Judge(Llkv(arguments.llkv), DuckDb(), Sqlite())
        self.counts = collections.Counter()
        self.findings = 0
        self.deadline = time.monotonic() + arguments.minutes * 60 if arguments.minutes else None

    def done(self):
        if self.deadline is not None and time.monotonic() > self.deadline:
            return True
        enough = self.arguments.queries and self.counts["queries"] >= self.arguments.queries
        return enough or self.findings >= self.arguments.max_findings

    def run(self):
        seed = self.arguments.seed
        while not self.done():
            names = list(SETTINGS) if self.arguments.settings == "rotate" else self.arguments.settings.split(",")
            self.round(seed, SETTINGS[names[seed % len(names)]])
            seed += 1
        self.judge.llkv.close()

    def round(self, seed, settings):
        """Tables, and queries over them with changes between; ends at the first finding."""
        choice = random.Random(seed)
        tables, statements = make_tables(choice)
        queries = QueryGenerator(choice, tables)
        changes = ChangeGenerator(choice, queries)
        self.judge.restart(settings)
        history = []
        for statement in statements:
            if not self.apply(statement, history, seed, settings):
                return
        if choice.random() < 0.3 and not self.apply(queries.view("v0"), history, seed, settings):
            return
        for number in range(QUERIES_A_ROUND):
            if self.done():
                return
            if number % QUERIES_A_CHANGE == QUERIES_A_CHANGE - 1 and not self.change(changes, history, seed, settings):
                return
            query, ordered = queries.query()
            self.counts["queries"] += 1
            if not self.check(query, ordered, history, seed, settings):
                return

    def check(self, query, ordered, history, seed, settings):
        verdict = self.judge.judge(query, ordered)
        self.counts[verdict.state] += 1
        if verdict.state == "known":
            self.counts[verdict.detail] += 1
        if self.arguments.show and verdict.state in self.arguments.show.split(","):
            print(finding_text(Many([query]), verdict, settings, seed), flush=True)
        if verdict.state != "finding":
            # After a time-out LLKV is a new process, without the tables.
            return all(outcome.error != "timeout" for outcome in verdict.outcomes.values())
        self.report(history, query, ordered, verdict, seed, settings)
        return False

    def apply(self, statement, history, seed, settings):
        """A statement that is no query. Gives whether all succeeded, or None where they are no longer in step."""
        verdict = self.judge.judge_change(statement)
        if verdict.state == "finding":
            self.report(history, statement, False, verdict, seed, settings)
            return None
        if verdict.state == "same":
            history.append(statement)
            return True
        return False if verdict.state == "all failed" else None

    def change(self, changes, history, seed, settings):
        """Statements that change rows, then all tables compared. A transaction in which one fails is rolled back."""
        statements = changes.statements()
        before = len(history)
        for statement in statements:
            done = self.apply(statement, history, seed, settings)
            if done is None:
                return False
            self.counts["changes"] += statement.kind == "statement"
            if not done and statements[0].kind == "begin":
                if not self.apply(Node("end", "ROLLBACK"), history, seed, settings):
                    return False
                # For LLKV a failed statement is none; DuckDB wants the whole transaction gone.
                del history[before:]
                break
        for table in changes.queries.tables:
            columns = ", ".join(column.name for column in table.columns)
            query = Node("query", f"SELECT {columns} FROM {table.name}", engines=TYPED)
            if not self.check(query, False, history, seed, settings):
                return False
        return True

    def report(self, history, query, ordered, verdict, seed, settings):
        self.findings += 1
        script = Many(history + [query], "; ", least=1)
        if not self.arguments.no_shrink:
            script = shrink(script, lambda s: self.fails(s, query.kind, ordered, verdict, settings), self.arguments.shrink_seconds)
            final = self.replay(script, ordered, settings)
            verdict = final if final.state == "finding" else verdict
        print(finding_text(script, verdict, settings, seed), "\n", flush=True)

    def replay(self, script, ordered, settings):
        self.judge.restart(settings)
        for statement in script.parts[:-1]:
            verdict = self.judge.judge_change(statement)
            if verdict.state != "same":
                return Verdict("refused")
        last = script.parts[-1]
        return self.judge.judge(last, ordered) if last.kind == "query" else self.judge.judge_change(last)

    def fails(self, script, kind, ordered, verdict, settings):
        if script.parts[-1].kind != kind:
            return False
        again = self.replay(script, ordered, settings)
        return again.state == "finding" and gist(again.detail) == gist(verdict.detail)


def gist(detail):
    """What a finding is about, without the names and numbers in it."""
    return re.sub(r'"[^"]*"|\d+', "", detail.split("\n")[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llkv", default="build/release/bin/llkv")
    parser.add_argument("--queries", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settings", default="rotate", help=f"rotate, or names of {', '.join(SETTINGS)}")
    parser.add_argument("--max-findings", type=int, default=20)
    parser.add_argument("--shrink-seconds", type=float, default=30)
    parser.add_argument("--no-shrink", action="store_true")
    parser.add_argument("--show", default="", help="print queries with these verdicts too: peers, known, refused, peer error")
    arguments = parser.parse_args()
    start = time.monotonic()
    tester = Tester(arguments)
    with contextlib.suppress(KeyboardInterrupt):
        tester.run()
    seconds = time.monotonic() - start
    print(f"{tester.counts['queries']} queries in {seconds:.0f} s: " +
          ", ".join(f"{count} {name}" for name, count in tester.counts.most_common() if name != "queries"))
    return 1 if tester.findings else 0


if __name__ == "__main__":
    sys.exit(main())
