"""Opening a large file: from SqlEngine::Open to the first row of a point SELECT, in a fresh process each time: after a clean
close, after SIGKILL under a load of updates (both with the file in the page cache), and after the file was dropped from there
(told, without a bound: that is the disk's time)."""
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import time

RUNS = 7
BOUND_S = 0.020
ROWS_A_STATEMENT = 10_000_000


def execute(llkv, database, sql):
    done = subprocess.run([str(llkv), "-bail", str(database)], input=sql, text=True, capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"{sql[:200]}: {done.stderr[-2000:]}")
    return done.stdout


def make(llkv, database, size_bytes):
    """A keyed table of about `size_bytes`; gives its number of rows."""
    marker = database.with_suffix(".rows")
    if database.exists() and marker.exists():
        return int(marker.read_text())
    for left in database.parent.glob(database.name + "*"):
        left.unlink()
    execute(llkv, database, "CREATE TABLE t (k BIGINT PRIMARY KEY, a BIGINT, x DOUBLE, s VARCHAR);")
    rows = 0
    while rows == 0 or database.stat().st_size < size_bytes:
        execute(llkv, database,
                f"INSERT INTO t SELECT i, (i * 2654435761) % 1000000007, sqrt(i * 1.0), 'row ' || i || ' of the table, as text ' || i * 7919 "
                f"FROM generate_series({rows + 1}, {rows + ROWS_A_STATEMENT}) s(i);\nCHECKPOINT;")
        rows += ROWS_A_STATEMENT
    marker.write_text(str(rows))
    return rows


def first_row(llkv_bench, database, key):
    """Seconds from Open to the row."""
    done = subprocess.run([str(llkv_bench), "first", str(database), f"SELECT a, s FROM t WHERE k = {key}"], text=True, capture_output=True)
    line = json.loads(done.stdout) if done.returncode == 0 else None
    if line is None or len(line["rows"]) != 1 or not line["rows"][0][1].startswith("row"):
        raise SystemExit(f"the row {key} was not found: {done.stdout}{done.stderr}")
    return line["seconds"][0]


def kill_under_load(llkv, database, rows):
    """Updates until 5 seconds have passed, then SIGKILL."""
    shell = subprocess.Popen([str(llkv), "-bail", str(database)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    shell.stdin.write("SET synchronous = normal;\n")
    end = time.monotonic() + 5
    choose = random.Random(7)
    while time.monotonic() < end:
        shell.stdin.write("".join(f"UPDATE t SET a = a + 1 WHERE k = {choose.randint(1, rows)};\n" for _ in range(100)))
    shell.send_signal(signal.SIGKILL)
    shell.wait()
    try:
        shell.stdin.close()
    except BrokenPipeError:
        pass


def cache(database):
    """Reads the file, so that it lies in the page cache."""
    with open(database, "rb", buffering=0) as file:
        while file.read(64 << 20):
            pass


def run(bench, llkv, llkv_bench, folder, size_gb):
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / f"open-{size_gb}.llkv"
    rows = make(llkv, database, int(size_gb * 1e9))
    choose = random.Random(11)
    print(f"{database.stat().st_size / 1e9:.1f} GB, {rows} rows", flush=True)
    for name in ["open.clean", "open.killed", "open.uncached"]:
        seconds = []
        cache(database)
        for _ in range(RUNS):
            if name == "open.killed":
                kill_under_load(llkv, database, rows)
            if name == "open.uncached":
                fd = os.open(database, os.O_RDONLY)
                os.fsync(fd)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(fd)
            seconds.append(first_row(llkv_bench, database, choose.randint(1, rows)))
        bench.add(name, "llkv", bench.llkv_version, 1, seconds, [])
        print(f"{name:14} {min(seconds) * 1e3:7.2f} ms at least, {statistics.median(seconds) * 1e3:7.2f} ms median, "
              f"{max(seconds) * 1e3:7.2f} ms at most", flush=True)
        if name != "open.uncached":
            bench.check(name + "_seconds", 1, max(seconds), BOUND_S)
