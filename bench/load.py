"""Bulk loads beside DuckDB: lineitem from Parquet, ten million rows from Arrow, and the size of TPC-H's file without keys.

Both sides make what they load durable: the clock stops when the commit's data is synced (DuckDB: when its checkpoint is). Every load
starts with a new file in a process of its own, whose anonymous memory (RssAnon) is watched while it runs.
"""
import json
import pathlib
import re
import subprocess
import sys
import threading
import time

import pyarrow as pa

RUNS = 3
ARROW_ROWS = 10_000_000
MAX_RSS_BYTES = 1 << 30
MAX_SIZE_RATIO = 1.6

DUCK_PROGRAM = """
import json, os, sys, time
import duckdb, pyarrow as pa
path, threads, statement, arrow = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
connection = duckdb.connect(path, config={"threads": threads})
if arrow:
    batches = pa.ipc.open_file(pa.memory_map(arrow))
    rows = pa.RecordBatchReader.from_batches(batches.schema, (batches.get_batch(i) for i in range(batches.num_record_batches)))
start = time.perf_counter()
connection.execute(statement)
connection.execute("CHECKPOINT")
print(json.dumps({"seconds": time.perf_counter() - start}))
"""


def rss_anon(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"RssAnon:\s+(\d+) kB", text)
    return int(found.group(1)) * 1024 if found else 0


def watched(command):
    """Runs a program that prints one line of JSON; gives that with the most RssAnon that was seen."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = 0
    done = threading.Event()

    def watch():
        nonlocal peak
        while not done.is_set():
            peak = max(peak, rss_anon(process.pid))
            time.sleep(0.003)

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, err = process.communicate()
    done.set()
    watcher.join()
    if process.returncode != 0:
        sys.exit(f"{command} failed:\n{err[-2000:]}")
    return {**json.loads(out.strip().splitlines()[-1]), "rss": peak}


def fresh(path):
    for name in (path, path.with_name(path.name + ".wal"), path.with_name(path.name + "-lock")):
        name.unlink(missing_ok=True)
    return path


def write_arrow(path):
    """Two int64, a double and a short string, in batches of 100,000 rows, the same at every run."""
    schema = pa.schema([("a", pa.int64()), ("b", pa.int64()), ("x", pa.float64()), ("tag", pa.string())])
    partial = path.with_suffix(".partial")
    state = 88172645463325252
    with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        rows = 100_000
        for first in range(0, ARROW_ROWS, rows):
            b, x, tag = [], [], []
            for _ in range(rows):
                state ^= (state << 13) & 0xFFFFFFFFFFFFFFFF
                state ^= state >> 7
                state ^= (state << 17) & 0xFFFFFFFFFFFFFFFF
                b.append(state % 1_000_000_007)
                x.append((state >> 11) / (1 << 53))
                tag.append(f"tag{(state >> 20) % 10_000}")
            writer.write_batch(pa.record_batch([pa.array(range(first, first + rows), pa.int64()), pa.array(b, pa.int64()), pa.array(x),
                                                pa.array(tag)], schema=schema))
    partial.rename(path)


class Load:
    def __init__(self, bench, tools, folder, duckdb_version):
        self.bench, self.tools, self.folder, self.duckdb_version = bench, tools, folder, duckdb_version
        folder.mkdir(parents=True, exist_ok=True)

    def compare(self, name, threads, ours, theirs):
        """ours and theirs make one load each; they take turns, so that both see the same machine."""
        mine, other = [], []
        for _ in range(RUNS):
            mine.append(ours())
            other.append(theirs())
        our_time = min(run["seconds"] for run in mine)
        their_time = min(run["seconds"] for run in other)
        rss = max(run["rss"] for run in mine)
        self.bench.add(f"load.{name}", "llkv", self.bench.llkv_version, threads, [run["seconds"] for run in mine], [])
        self.bench.add(f"load.{name}", "duckdb", self.duckdb_version, threads, [run["seconds"] for run in other], [])
        print(f"load.{name:10} {threads} threads  llkv {our_time:6.2f} s, {rss >> 20} MiB  duckdb {their_time:6.2f} s, "
              f"{max(run['rss'] for run in other) >> 20} MiB  ratio {our_time / their_time:5.2f}", flush=True)
        self.bench.check(f"load.{name}.seconds", threads, our_time, their_time)
        self.bench.check(f"load.{name}.rss_anon_bytes", threads, rss, MAX_RSS_BYTES)

    def duck(self, threads, statement, arrow=""):
        return watched([sys.executable, "-c", DUCK_PROGRAM, fresh(self.folder / "load.duckdb"), threads, statement, arrow])

    def llkv(self, threads, schema, statement):
        database = fresh(self.folder / "load.llkv")
        script, setup = self.folder / "load.sql", self.folder / "setup.sql"
        setup.write_text(schema)
        script.write_text(statement)
        return watched([self.tools["llkv_bench"], "exec", database, threads, setup, script])

    def append(self, threads, schema, arrow):
        database = fresh(self.folder / "load.llkv")
        setup = self.folder / "setup.sql"
        setup.write_text(schema)
        return watched([self.tools["llkv_bench"], "append", database, threads, setup, "t", arrow])

    def lineitem(self, parquet, threads):
        file = parquet / "lineitem.parquet"
        self.compare("lineitem", threads, lambda: self.llkv(threads, "", f"CREATE TABLE lineitem AS SELECT * FROM '{file}'"),
                     lambda: self.duck(threads, f"CREATE TABLE lineitem AS SELECT * FROM '{file}'"))

    def arrow(self, threads):
        file = self.folder / "rows.arrow"
        if not file.exists():
            write_arrow(file)
        self.compare("arrow", threads, lambda: self.append(threads, "CREATE TABLE t (a BIGINT, b BIGINT, x DOUBLE, tag VARCHAR)", file),
                     lambda: self.duck(threads, "CREATE TABLE t AS SELECT * FROM rows", str(file)))

    def size(self, parquet, tables, threads):
        script = "".join(f"CREATE TABLE {table} AS SELECT * FROM '{parquet}/{table}.parquet';\n" for table in tables)
        self.llkv(threads, "", script)
        self.duck(threads, script)
        ours = (self.folder / "load.llkv").stat().st_size
        theirs = (self.folder / "load.duckdb").stat().st_size
        print(f"load.size       llkv {ours / 1e6:.0f} MB  duckdb {theirs / 1e6:.0f} MB  ratio {ours / theirs:.2f}", flush=True)
        self.bench.check("load.tpch_size_ratio", threads, ours / theirs, MAX_SIZE_RATIO)


def run(bench, tools, folder, parquet, tables, thread_counts, duckdb_version):
    load = Load(bench, tools, folder, duckdb_version)
    for threads in thread_counts:
        load.lineitem(parquet, threads)
        load.arrow(threads)
    load.size(parquet, tables, max(thread_counts))
