"""TPC-H for LLKV: its data, the database of it, its queries and their answers. What llkv-tpch, the tests and the benchmarks share.

Queries and answers come from $LLKV_TEST_DATA/tpch; data from tpchgen-cli, which tools/bootstrap puts into .venv.
"""
import csv
import decimal
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLES = ["region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"]
GENERATOR = ROOT / ".venv" / "bin" / "tpchgen-cli"


class Missing(Exception):
    """Something that is not part of the project is not there."""


def data_folder():
    folder = pathlib.Path(os.environ.get("LLKV_TEST_DATA", ROOT.parent / "shared")) / "tpch"
    if not folder.exists():
        raise Missing(f"{folder} is not there: set LLKV_TEST_DATA")
    return folder


def query_files(names=""):
    """The 22 queries' files, or those of `names` ("q01,q06" or "1,6")."""
    files = sorted((data_folder() / "queries").glob("q*.sql"))
    if not names:
        return files
    wanted = {f"q{int(name.strip().lstrip('q')):02}" for name in names.split(",")}
    return [file for file in files if file.stem in wanted]


def generate(scale, folder):
    """Parquet files of all tables in `folder`, where they are not there yet."""
    folder = pathlib.Path(folder)
    if (folder / "lineitem.parquet").exists():
        return folder
    if not GENERATOR.exists():
        raise Missing(f"{GENERATOR} is not there: tools/bootstrap demo")
    folder.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([GENERATOR, "parquet", "-s", str(scale), "-o", folder], check=True, capture_output=True)
    return folder


def load(llkv, parquet, database):
    """A new database with all tables, without their keys. A failure leaves none."""
    database = pathlib.Path(database)
    partial = database.with_name(database.name + ".partial")
    for old in (database, partial):
        for path in (old, old.with_name(old.name + "-lock")):
            path.unlink(missing_ok=True)
    database.parent.mkdir(parents=True, exist_ok=True)
    schema = (ROOT / "demos" / "tpch" / "schema.sql").read_text()
    loads = "".join(f"COPY {table} FROM '{parquet}/{table}.parquet';\n" for table in TABLES)
    done = subprocess.run([llkv, "-bail", partial], input=schema + loads, text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"loading failed: {done.stderr.strip()}")
    partial.rename(database)
    partial.with_name(partial.name + "-lock").unlink(missing_ok=True)
    return database


def same(expected, actual):
    """Texts are equal but for blanks at their ends, numbers within 1e-9."""
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


def answer(query, scale):
    """The rows that a query file's query must give, as texts."""
    path = data_folder() / "answers" / f"sf{scale}" / f"{query.stem}.csv"
    if not path.exists():
        raise Missing(f"there are no answers at scale {scale}: {path}")
    with open(path, newline="") as file:
        return list(csv.reader(file))[1:]
