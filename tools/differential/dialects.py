"""The known differences between the engines that are matters of dialect, each with its reason.

Spellings are in the generators (tree.By); DuckDB's settings that follow PostgreSQL are in engines.py.
"""


import re

from engines import is_runtime


class Known:
    """A difference that is none of LLKV's: `applies(llkv, peer, sql)` looks at two Outcomes and LLKV's text."""

    def __init__(self, name, reason, applies):
        self.name = name
        self.reason = reason
        self.applies = applies


KNOWN = [
    Known("literal that is no value",
          "CAST('a' AS INTEGER) is a literal, read when the statement is bound, as in PostgreSQL: an error also where no row needs it.",
          lambda llkv, peer, sql: llkv.error == "22P02" and any(
              f"CAST('{text}' AS" in sql for text in re.findall('"([^"]*)" is no valid', llkv.message))),
    Known("error beside LIMIT",
          "Where a LIMIT needs no rows, whether values that are not shown are computed is open: LLKV may say that one overflows.",
          lambda llkv, peer, sql: is_runtime(llkv.error) and "LIMIT" in sql),
    Known("error beside an empty side",
          "Whether one side of an INTERSECT is computed where the other one has no rows is open: DuckDB may leave it out.",
          lambda llkv, peer, sql: is_runtime(llkv.error) and "INTERSECT" in sql),
    Known("error beside a constant condition",
          "HAVING false and the like: DuckDB's planner leaves the query out altogether, also without its optimizer.",
          lambda llkv, peer, sql: is_runtime(llkv.error) and re.search(r"(HAVING|WHERE|ON|AND|OR|NOT)[( ]+(false|true|CAST\(NULL)", sql)),
    Known("ordinal with a sign",
          "GROUP BY -1 names a column of the select list, which there is not, as in PostgreSQL; DuckDB groups by the number.",
          lambda llkv, peer, sql: llkv.error == "other" and re.search(r"(GROUP|ORDER) BY -?[0-9]+: the select list", llkv.message)),
    Known("unsupported",
          "LLKV says 0A000 for what it does not have yet (docs/sql.md names it).",
          lambda llkv, peer, sql: llkv.error == "unsupported"),
]


def known_difference(llkv, peer, sql):
    """The difference's name, or None."""
    return next((known.name for known in KNOWN if known.applies(llkv, peer, sql)), None)
