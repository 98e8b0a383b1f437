"""The file under endless updates: 10,000 rows, a million UPDATEs by primary key, one transaction each, through the shell.

The file's size and room on the disk are looked at each 20 ms; they must stay under three times the live bytes (the file after
VACUUM) plus 128 MiB, and the shell's anonymous memory must not grow after the first fifth."""
import pathlib
import random
import subprocess
import threading
import time

ROWS = 10_000
UPDATES = 1_000_000
EXTRA = 128 << 20
MEMORY_GROWTH = 48 << 20


def anonymous_memory(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


class Watcher(threading.Thread):
    def __init__(self, path, pid):
        super().__init__()
        self.path, self.pid, self.most, self.samples, self.ended = path, pid, 0, [], threading.Event()

    def run(self):
        while not self.ended.wait(0.02):
            if self.path.exists():
                info = self.path.stat()
                self.most = max(self.most, info.st_size, info.st_blocks * 512)
            self.samples.append(anonymous_memory(self.pid))


def statements():
    yield "SET synchronous = normal;\nCREATE TABLE t (id BIGINT PRIMARY KEY, version BIGINT, text VARCHAR);\n"
    yield f"INSERT INTO t SELECT range, 0, 'row ' || range || ' as it was written first' FROM range({ROWS});\n"
    rows = random.Random(3)
    for number in range(UPDATES):
        row = rows.randrange(ROWS)
        yield f"UPDATE t SET version = version + 1, text = 'row {row} as update {number} left it' WHERE id = {row};\n"


def run(llkv, folder):
    """Gives bounds[] for results.json."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "space.llkv"
    for left in folder.glob("space.llkv*"):
        left.unlink()
    start = time.perf_counter()
    shell = subprocess.Popen([str(llkv), "-bail", str(path)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    watcher = Watcher(path, shell.pid)
    watcher.start()
    for statement in statements():
        shell.stdin.write(statement)
    shell.stdin.close()
    status = shell.wait()
    watcher.ended.set()
    watcher.join()
    seconds = time.perf_counter() - start
    check = [str(llkv), "-bail", "-c", "VACUUM; SELECT sum(version) FROM t", str(path)]
    answer = subprocess.run(check, capture_output=True, text=True).stdout
    live = path.stat().st_size
    early = max(watcher.samples[:max(1, len(watcher.samples) // 5)])
    late = max(watcher.samples)
    bounds = [
        {"name": "space.file_bytes", "threads": 1, "value": watcher.most, "bound": 3 * live + EXTRA,
         "ok": status == 0 and str(UPDATES) in answer and watcher.most <= 3 * live + EXTRA},
        {"name": "space.memory_growth_bytes", "threads": 1, "value": late - early, "bound": MEMORY_GROWTH,
         "ok": status == 0 and late - early <= MEMORY_GROWTH},
    ]
    for bound in bounds:
        print(f"{bound['name']:28} {bound['value'] / 1e6:9.1f} MB  bound {bound['bound'] / 1e6:9.1f} MB  "
              f"{'ok' if bound['ok'] else 'MISSED'}", flush=True)
    print(f"{UPDATES} updates in {seconds:.1f} s, {live / 1e6:.1f} MB after VACUUM", flush=True)
    return bounds
