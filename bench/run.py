#!/usr/bin/env python3
"""Compare LLKV with its peers on the same data, in one run, on one machine.

    bench/run.py --bench sum,tpch --scale 1 --threads 1,2

Prints a table of times and ratios and writes build/bench/results.json: machine; cases[] with name, engine, version, threads, unit,
min, median, runs, answer_hash; and bounds[] with name, threads, value, bound, ok, for what must not be exceeded. Answers are compared before ratios are printed; one that differs ends the run with exit status 1.
"""
import argparse
import datetime
import decimal
import hashlib
import json
import os
import pathlib
import platform
import sqlite3
import statistics
import subprocess
import sys
import time

import duckdb

import execution
import load
import opening
import space

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools" / "tpch"))
import tpch  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "bench"
LLKV = ROOT / "build" / "release" / "bin" / "llkv"
LLKV_BENCH = ROOT / "build" / "release" / "bin" / "llkv_bench"
LLKV_POINTS = ROOT / "build" / "release" / "bin" / "llkv_points"
SUM_ROWS = 100_000_000
RUNS = 9


def run(command, **options):
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release()}


def text_of(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat(sep=" ") if isinstance(value, datetime.datetime) else value.isoformat()
    return str(value)


def same(a, b):
    if a == b:
        return True
    if a is None or b is None:
        return False
    try:
        x, y = decimal.Decimal(a), decimal.Decimal(b)
    except decimal.InvalidOperation:
        return a.rstrip() == b.rstrip()
    return abs(x - y) <= max(abs(x) * decimal.Decimal("1e-9"), decimal.Decimal("1e-6"))


def answers_agree(a, b):
    return len(a) == len(b) and all(len(x) == len(y) and all(map(same, x, y)) for x, y in zip(a, b))


def answer_hash(rows):
    """Of the rows with numbers cut to nine digits, so that engines that agree have one hash."""
    def normal(value):
        try:
            return f"{decimal.Decimal(value):.8e}" if value is not None else "NULL"
        except decimal.InvalidOperation:
            return value.rstrip()
    return hashlib.md5("\n".join("|".join(map(normal, row)) for row in rows).encode()).hexdigest()


class Bench:
    run = staticmethod(run)

    def __init__(self):
        self.cases = []
        self.bounds = []
        self.llkv_version = run([LLKV, "--version"]).split()[-1]
        self.differences = 0

    def add(self, name, engine, version, threads, seconds, rows):
        self.cases.append({"name": name, "engine": engine, "version": version, "threads": threads, "unit": "s",
                           "min": min(seconds), "median": statistics.median(seconds), "runs": len(seconds),
                           "answer_hash": answer_hash(rows)})

    def check(self, name, threads, value, bound, at_least=False):
        """Notes a value that must be at most `bound`, or at least."""
        ok = value >= bound if at_least else value <= bound
        self.bounds.append({"name": name, "threads": threads, "value": value, "bound": bound, "ok": ok})
        print(f"{name:28} {threads} threads  {value:.6g}, bound {bound:.6g}  {'ok' if ok else 'MISSED'}", flush=True)

    def compare(self, name, database, duck_path, sql_file, threads):
        """Times one query in LLKV and DuckDB and prints both with their ratio; gives both times."""
        line = json.loads(run([LLKV_BENCH, "sql", database, threads, RUNS, sql_file]))
        ours = line["rows"]
        sql = pathlib.Path(sql_file).read_text()
        connection = duckdb.connect(str(duck_path), read_only=True, config={"threads": threads})
        seconds = []
        for i in range(RUNS + 1):
            start = time.perf_counter()
            table = connection.sql(sql).to_arrow_table()
            if i > 0:
                seconds.append(time.perf_counter() - start)
        connection.close()
        theirs = [[text_of(value) for value in row.values()] for row in table.to_pylist()]
        return self.report(name, threads, line["seconds"], ours, seconds, theirs)

    def report(self, name, threads, our_seconds, our_rows, their_seconds, their_rows):
        self.add(name, "llkv", self.llkv_version, threads, our_seconds, our_rows)
        self.add(name, "duckdb", duckdb.__version__, threads, their_seconds, their_rows)
        agree = answers_agree(our_rows, their_rows)
        self.differences += not agree
        ours, theirs = min(our_seconds), min(their_seconds)
        print(f"{name:16} {threads} threads  llkv {ours * 1e3:9.2f} ms  duckdb {theirs * 1e3:9.2f} ms  ratio {ours / theirs:5.2f}  "
              f"{'answers agree' if agree else 'ANSWERS DIFFER'}", flush=True)
        return ours, theirs

    def tpch_parquet(self, scale):
        return tpch.generate(scale, WORK / f"tpch-{scale}" / "parquet")

    def load(self, scale, thread_counts):
        load.run(self, {"llkv_bench": LLKV_BENCH}, WORK / "load", self.tpch_parquet(scale), tpch.TABLES, thread_counts, duckdb.__version__)

    def tpch(self, scale, thread_counts):
        folder = WORK / f"tpch-{scale}"
        parquet, database, duck = self.tpch_parquet(scale), folder / "tpch.llkv", folder / "tpch.duckdb"
        if not database.exists():
            start = time.perf_counter()
            tpch.load(LLKV, parquet, database)
            print(f"llkv loaded TPC-H at scale {scale} in {time.perf_counter() - start:.1f} s, "
                  f"{database.stat().st_size / 1e6:.0f} MB")
        if not duck.exists():
            connection = duckdb.connect(str(duck))
            for table in tpch.TABLES:
                connection.execute(f"CREATE TABLE {table} AS SELECT * FROM '{parquet}/{table}.parquet'")
            connection.close()
        totals = {}
        for threads in thread_counts:
            times = [self.compare(f"tpch.{query.stem}", database, duck, query, threads) for query in tpch.query_files(self.only)]
            ours, theirs = (sum(column) for column in zip(*times))
            totals[threads] = ours
            self.check(f"tpch.total.{scale}", threads, ours / theirs, 1.2)
            self.check(f"tpch.worst.{scale}", threads, max(a / b for a, b in times), 2.0)
        # Smaller ones are answered in a few milliseconds, most of them on the calling thread.
        if 1 in totals and 2 in totals and float(scale) >= 1:
            self.check(f"tpch.speedup.{scale}", 2, totals[2] / totals[1], 0.62)

    def sum(self, thread_counts):
        folder = WORK / "sum"
        database, duck, parquet = folder / "sum.llkv", folder / "sum.duckdb", folder / "x.parquet"
        folder.mkdir(parents=True, exist_ok=True)
        query = folder / "sum.sql"
        query.write_text("SELECT sum(x) FROM t")
        if not duck.exists():
            connection = duckdb.connect(str(duck))
            connection.execute(f"CREATE TABLE t AS SELECT (hash(range) & ((1::UBIGINT << 40) - 1))::BIGINT AS x "
                               f"FROM range({SUM_ROWS})")
            connection.execute(f"COPY t TO '{parquet}' (COMPRESSION uncompressed)")
            connection.close()
        if not database.exists():
            partial = folder / "partial.llkv"
            partial.unlink(missing_ok=True)
            run([LLKV, "-bail", partial], input=f"CREATE TABLE t (x BIGINT);\nCOPY t FROM '{parquet}';\n")
            partial.rename(database)
        self.sqlite_sum(folder / "sum.sqlite", parquet)
        for threads in thread_counts:
            ours, theirs = self.compare("sum", database, duck, query, threads)
            line = json.loads(run([LLKV_BENCH, "loop", database, threads, RUNS]))
            size = int(line["rows"][0][0])
            self.add("sum", "plain loop", "", threads, line["seconds"], [[str(size)]])
            loop_rate, our_rate = size / min(line["seconds"]), 8 * SUM_ROWS / ours
            print(f"{'sum':12} {threads} threads  {our_rate / 1e9:.1f} GB/s, a plain loop over the same bytes "
                  f"{loop_rate / 1e9:.1f} GB/s: {100 * our_rate / loop_rate:.0f} % of it", flush=True)
            self.check("sum.of.loop", threads, our_rate / loop_rate, 0.7, at_least=True)
            self.check("sum.of.duckdb", threads, ours / theirs, 1 / 3)

    def point(self, thread_counts, row_counts):
        """Prepared point SELECTs and single-row inserts against SQLite's C API. The engines take turns; what counts is the median of the rounds'
        ratios, so that a machine whose speed drifts does not decide."""
        folder = WORK / "point"
        folder.mkdir(parents=True, exist_ok=True)
        versions = {"llkv": self.llkv_version, "sqlite": sqlite3.sqlite_version}

        def rates(command, threads, name):
            seconds = {"llkv": [], "sqlite": []}
            for _ in range(9):
                for engine in seconds:
                    line = json.loads(run(command(engine)))
                    seconds[engine].append(line["seconds"] / line["operations"])
            for engine, times in seconds.items():
                self.add(name, engine, versions[engine], threads, times, [[name]])
                print(f"{name:24} {threads} threads  {engine:6} {1 / statistics.median(times):12,.0f} /s (median of "
                      f"{len(times)}; {1 / max(times):,.0f} to {1 / min(times):,.0f})", flush=True)
            return statistics.median(theirs / ours for ours, theirs in zip(seconds["llkv"], seconds["sqlite"]))

        for rows in row_counts:
            label = f"{rows // 1_000_000}M"
            for engine in versions:
                path = folder / f"select-{label}.{engine}"
                if not path.exists():
                    partial = path.with_suffix(".partial")
                    for old in folder.glob(partial.name + "*"):
                        old.unlink()
                    run([LLKV_POINTS, "load", engine, partial, rows])
                    partial.rename(path)
            for threads in thread_counts:
                name = f"point.select.{label}"
                ratio = rates(lambda engine: [LLKV_POINTS, "select", engine, folder / f"select-{label}.{engine}", rows,
                                              threads, 2], threads, name)
                self.check(name, threads, ratio, 1.0, at_least=True)
        for order in ("ordered", "random"):
            def insert(engine):
                path = folder / f"insert.{engine}"
                for old in folder.glob("insert.*"):
                    old.unlink()
                return [LLKV_POINTS, "insert", engine, path, 1_000_000, order]
            name = f"point.insert.{order}"
            self.check(name, 1, rates(insert, 1, name), 0.5, at_least=True)

    def sqlite_sum(self, path, parquet):
        """SQLite has one thread and one way to scan: two runs tell enough. Its sum() ends at 2^63, which the answer passes; total() adds
        doubles, and is as good as its rounding."""
        if not path.exists():
            import pyarrow.parquet
            partial = path.with_suffix(".partial")
            partial.unlink(missing_ok=True)
            connection = sqlite3.connect(partial, isolation_level=None)
            connection.execute("PRAGMA journal_mode = off")
            connection.execute("PRAGMA synchronous = off")
            connection.execute("CREATE TABLE t (x INTEGER)")
            connection.execute("BEGIN")
            for batch in pyarrow.parquet.ParquetFile(parquet).iter_batches(1 << 20):
                connection.executemany("INSERT INTO t VALUES (?)", zip(batch.column(0).to_pylist()))
            connection.execute("COMMIT")
            connection.close()
            partial.rename(path)
        connection = sqlite3.connect(path)
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            rows = [[str(value) for value in row] for row in connection.execute("SELECT total(x) FROM t")]
            seconds.append(time.perf_counter() - start)
        connection.close()
        self.add("sum", "sqlite", sqlite3.sqlite_version, 1, seconds, rows)
        print(f"{'sum':12} 1 thread   sqlite {min(seconds) * 1e3:9.2f} ms", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", default="sum,tpch")
    parser.add_argument("--scale", default="1")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rows", default="1000000,50000000", help="of the tables of point SELECTs")
    parser.add_argument("--queries", default="", help="only these of TPC-H, for example q01,q06")
    parser.add_argument("--open-gb", type=float, default=10, help="the size of the file that is opened")
    arguments = parser.parse_args()
    threads = [int(count) for count in arguments.threads.split(",")]
    WORK.mkdir(parents=True, exist_ok=True)
    bench = Bench()
    bench.only = arguments.queries
    for name in arguments.bench.split(","):
        if name == "sum":
            bench.sum(threads)
        elif name == "tpch":
            bench.tpch(arguments.scale, threads)
        elif name == "execution":
            execution.run(bench, LLKV, LLKV_BENCH, WORK / "execution", threads)
        elif name == "load":
            bench.load(arguments.scale, threads)
        elif name == "open":
            opening.run(bench, LLKV, LLKV_BENCH, WORK / "open", arguments.open_gb)
        elif name == "space":
            bench.bounds += space.run(LLKV, WORK / "space")
        elif name == "point":
            bench.point(threads, [int(count) for count in arguments.rows.split(",")])
        else:
            sys.exit(f"there is no benchmark {name}: sum, tpch, execution, load, open, space, point")
    (WORK / "results.json").write_text(json.dumps({"machine": machine(), "cases": bench.cases, "bounds": bench.bounds}, indent=1))
    print(f"written: {(WORK / 'results.json').relative_to(ROOT)}")
    return 1 if bench.differences or not all(bound["ok"] for bound in bench.bounds) else 0


if __name__ == "__main__":
    sys.exit(main())
