"""Operators beside DuckDB, one at a time, on ten million rows from a file: filtered aggregates, grouping, a join, a sort and its first rows.

Each query's own result is a row, so that handing out rows does not count, but for the sort's: its rows are read as Arrow batches to the
end and compared by their number and by a sum that depends on their order.
"""
import json
import pathlib
import time

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

ROWS = 10_000_000
BUILD_ROWS = 1_000_000
RUNS = 5
BATCH_ROWS = 1 << 16
BOUND = 1.0

DATA = f"""
CREATE TABLE t AS SELECT range AS id, (hash(range) % 10)::BIGINT AS g10, (hash(range + 1) % 1000)::BIGINT AS g1k,
    (hash(range + 2) % 10000)::BIGINT AS f, (hash(range + 3) % {ROWS})::BIGINT AS g10m, (hash(range + 4) % {BUILD_ROWS})::BIGINT AS fk,
    (hash(range + 5) & ((1::UBIGINT << 40) - 1))::BIGINT AS v, 'tag-' || lpad((hash(range + 6) % 10000)::VARCHAR, 5, '0') AS tag
  FROM range({ROWS});
CREATE TABLE d AS SELECT k, (hash(k) % 1000)::BIGINT AS w FROM (SELECT range AS k FROM range({BUILD_ROWS}) ORDER BY hash(range));
"""
COLUMNS = {"t": "id BIGINT, g10 BIGINT, g1k BIGINT, f BIGINT, g10m BIGINT, fk BIGINT, v BIGINT, tag TEXT", "d": "k BIGINT, w BIGINT"}

QUERIES = {
    "filter.int": "SELECT count(*), sum(v) FROM t WHERE f < 2000",
    "filter.selective": "SELECT count(*), sum(v) FROM t WHERE f < 100 AND g1k >= 500",
    "filter.text": "SELECT count(*), sum(v) FROM t WHERE tag = 'tag-00042'",
    "group.10": "SELECT count(*), sum(s), max(s), sum(n) FROM (SELECT g10, sum(v) AS s, count(*) AS n FROM t GROUP BY g10) x",
    "group.1k": "SELECT count(*), sum(s), max(s), sum(n) FROM (SELECT g1k, sum(v) AS s, count(*) AS n FROM t GROUP BY g1k) x",
    "group.10k.text": "SELECT count(*), sum(s), max(s), sum(n) FROM (SELECT tag, sum(v) AS s, count(*) AS n FROM t GROUP BY tag) x",
    "group.10m": "SELECT count(*), sum(s), max(s), sum(n) FROM (SELECT g10m, sum(v) AS s, count(*) AS n FROM t GROUP BY g10m) x",
    "join.10m.1m": "SELECT count(*), sum(t.v + d.w) FROM t JOIN d ON t.fk = d.k",
    "top.10": "SELECT sum(id), sum(f + g10m), min(tag) FROM (SELECT * FROM t ORDER BY v DESC LIMIT 10) x",
    "top.10k": "SELECT sum(id), sum(f + g10m), min(tag) FROM (SELECT * FROM t ORDER BY v DESC LIMIT 10000) x",
    "top.join": "SELECT sum(id), sum(w), min(tag) FROM (SELECT * FROM t JOIN d ON t.fk = d.k ORDER BY v LIMIT 100) x",
    "offset.5m": "SELECT count(*), sum(length(tag)), min(length(tag)) FROM (SELECT * FROM t LIMIT 10 OFFSET 5000000) x",
    "sort.10m": "SELECT v, id FROM t ORDER BY v",
}
STREAMED = {"sort.10m"}


def load(run, llkv, folder):
    database, duck = folder / "execution.llkv", folder / "execution.duckdb"
    folder.mkdir(parents=True, exist_ok=True)
    if not duck.exists():
        partial = duck.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        connection = duckdb.connect(str(partial))
        connection.execute(DATA)
        for table in COLUMNS:
            connection.execute(f"COPY {table} TO '{folder}/{table}.parquet'")
        connection.close()
        partial.rename(duck)
    if not database.exists():
        partial = database.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        run([llkv, "-bail", partial], input="".join(
            f"CREATE TABLE {table} ({columns});\nCOPY {table} FROM '{folder}/{table}.parquet';\n" for table, columns in COLUMNS.items()))
        partial.rename(database)
    return database, duck


def fingerprint(batches):
    """The number of rows, and of each column the sum of value times position, modulo 2^64."""
    rows, sums = 0, None
    first = pa.array(range(1, BATCH_ROWS + 1), pa.uint64())
    for batch in batches:
        positions = pc.add(first[:batch.num_rows], pa.scalar(rows, pa.uint64()))
        parts = [pc.sum(pc.multiply(column.view(pa.uint64()), positions)).as_py() for column in batch.columns]
        sums = parts if sums is None else [(a + b) % 2**64 for a, b in zip(sums, parts)]
        rows += batch.num_rows
    return [[str(value) for value in [rows, *(sums or [])]]]


def compare_streams(bench, llkv_bench, name, database, duck, sql_file, threads):
    """Times reading a result of many rows to its end; gives the ratio."""
    line = json.loads(bench.run([llkv_bench, "stream", database, threads, RUNS, sql_file]))
    connection = duckdb.connect(str(duck), read_only=True, config={"threads": threads})
    sql = pathlib.Path(sql_file).read_text()
    theirs = fingerprint(connection.sql(sql).to_arrow_reader(BATCH_ROWS))
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        for _ in connection.sql(sql).to_arrow_reader(BATCH_ROWS):
            pass
        seconds.append(time.perf_counter() - start)
    connection.close()
    return bench.report(name, threads, line["seconds"], line["rows"], seconds, theirs)


def run(bench, llkv, llkv_bench, folder, thread_counts):
    database, duck = load(bench.run, llkv, folder)
    for threads in thread_counts:
        for name, sql in QUERIES.items():
            sql_file = folder / f"{name}.sql"
            sql_file.write_text(sql)
            if name in STREAMED:
                ours, theirs = compare_streams(bench, llkv_bench, name, database, duck, sql_file, threads)
            else:
                ours, theirs = bench.compare(name, database, duck, sql_file, threads)
            bench.check(name, threads, ours / theirs, BOUND)
