"""Prints a finding: the settings, the script, and what each engine said."""
from tree import render

MAX_ROWS = 12


def script_text(script, engine="llkv"):
    return "".join(render(statement, engine) + ";\n" for statement in script.parts if engine in statement.engines)


def outcome_text(outcome):
    if outcome is None:
        return "does not have it"
    if outcome.error is not None:
        return f"error {outcome.error}: {outcome.message}"
    rows = "\n".join("  " + repr(tuple(map(plain, row))) for row in sorted(outcome.rows, key=repr)[:MAX_ROWS])
    types = f" {outcome.types}" if outcome.types else ""
    return f"{len(outcome.rows)} rows{types}\n{rows}"


def plain(cell):
    return str(cell) if cell is not None and not isinstance(cell, (int, float, str)) else cell


def finding_text(script, verdict, settings, seed):
    lines = [f"-- finding, seed {seed}: {verdict.detail}"]
    lines += [f"{setting};" for setting in settings]
    lines.append(script_text(script).rstrip())
    for name in ("llkv", "duckdb", "sqlite"):
        lines += ["-- " + line for line in f"{name}: {outcome_text(verdict.outcomes.get(name))}".split("\n")]
    return "\n".join(lines)
