#!/usr/bin/env python3
"""Load TPC-H data into LLKV and compare the 22 queries with the expected answers.

    tests/tpch/check.py --llkv build/release/bin/llkv --work build/tpch --scale 0.1 [--queries q01,q06] [--threads 2]

Answers come from $LLKV_TEST_DATA/tpch; exit status 77 (skipped) where that or the data generator is absent, unless
LLKV_REQUIRE_TEST_DATA=1.
"""
import argparse
import csv
import decimal
import io
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLES = ["region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"]


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(1 if os.environ.get("LLKV_REQUIRE_TEST_DATA") == "1" else 77)


def same(expected, actual):
    if expected.rstrip() == actual.rstrip():
        return True
    try:
        x, y = decimal.Decimal(expected), decimal.Decimal(actual)
    except decimal.InvalidOperation:
        return False
    return abs(x - y) <= max(abs(x) * decimal.Decimal("1e-9"), decimal.Decimal("1e-6"))


def difference(expected, actual):
    """The first difference between two lists of rows, or nothing."""
    for number, (want, have) in enumerate(zip(expected, actual)):
        if len(want) != len(have) or not all(map(same, want, have)):
            return f"row {number}: expected {want}, got {have}"
    if len(expected) != len(actual):
        return f"{len(expected)} rows expected, got {len(actual)}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llkv", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--scale", default="0.1")
    parser.add_argument("--queries", default="")
    parser.add_argument("--threads", default="2")
    arguments = parser.parse_args()
    shared = pathlib.Path(os.environ.get("LLKV_TEST_DATA", ROOT.parent / "shared")) / "tpch"
    generator = ROOT / ".venv" / "bin" / "tpchgen-cli"
    if not shared.exists():
        skip(f"{shared} is not there")
    if not generator.exists():
        skip(f"{generator} is not there: tools/bootstrap demo")
    work = pathlib.Path(arguments.work)
    parquet, database = work / "parquet", work / "tpch.llkv"
    work.mkdir(parents=True, exist_ok=True)
    if not (parquet / "lineitem.parquet").exists():
        subprocess.run([generator, "parquet", "-s", arguments.scale, "-o", parquet], check=True, capture_output=True)
    for old in (database, pathlib.Path(f"{database}-lock")):
        old.unlink(missing_ok=True)
    schema = (ROOT / "demos" / "tpch" / "schema.sql").read_text()
    loads = "".join(f"COPY {table} FROM '{parquet}/{table}.parquet';\n" for table in TABLES)
    loaded = subprocess.run([arguments.llkv, "-bail", database], input=schema + loads, text=True, capture_output=True)
    if loaded.returncode != 0:
        sys.exit(f"loading failed: {loaded.stderr}")

    passed, failed = 0, 0
    for query in sorted((shared / "queries").glob("q*.sql")):
        if arguments.queries and query.stem not in arguments.queries.split(","):
            continue
        start = time.perf_counter()
        sql = f"SET threads = {arguments.threads};\n" + query.read_text() + ";"
        done = subprocess.run([arguments.llkv, "-csv", "-bail", database], input=sql, text=True, capture_output=True)
        elapsed = time.perf_counter() - start
        with open(shared / "answers" / f"sf{arguments.scale}" / f"{query.stem}.csv", newline="") as answer:
            expected = list(csv.reader(answer))[1:]
        problem = done.stderr.strip() if done.returncode != 0 else difference(
            expected, list(csv.reader(io.StringIO(done.stdout)))[1:])
        if problem:
            failed += 1
            print(f"{query.stem}: {problem}")
        else:
            passed += 1
            print(f"{query.stem}: ok, {elapsed:.2f} s")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
