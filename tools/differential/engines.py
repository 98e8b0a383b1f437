"""The three engines behind one call: run a text, get an Outcome (rows with their types, or an error with its class)."""
import contextlib
import json
import os
import select
import sqlite3
import subprocess
import threading
import time

import duckdb

TIMEOUT_SECONDS = 20
# LLKV's is a finding: it is longer, for machines that are busy.
LLKV_TIMEOUT_SECONDS = 60
LLKV_MOST_BYTES = 1 << 28


class Outcome:
    """Rows as tuples and each column's type name where the engine tells it, or an error: its class and message."""

    def __init__(self, rows=None, types=None, error=None, message=""):
        self.rows = rows
        self.types = types
        self.error = error
        self.message = message


def error_class(message):
    """SQLSTATE's meaning, by what the message says: the peers have no codes."""
    text = message.lower()
    for needle, name in [
            ("timed out", "timeout"), ("crashed", "crash"), ("internal", "internal"),
            ("not supported", "unsupported"), ("not implemented", "unsupported"), ("unsupported", "unsupported"),
            ("division by zero", "22012"), ("divide by zero", "22012"),
            ("more than one row", "21000"), ("out of range", "22003"), ("overflow", "22003"),
            ("does not fit", "22003"), ("could not cast", "22003"), ("can't be cast", "22003"),
            ("conversion error", "22P02"), ("invalid input", "22P02"), ("could not convert", "22P02"), ("is no valid", "22P02"),
            ("duplicate", "23505"), ("unique constraint", "23505"), ("not null", "23502")]:
        if needle in text:
            return name
    return "other"


def is_runtime(error):
    return error is not None and error.startswith("2")


class Llkv:
    """The program, kept running: a statement and a mark go in, JSON lines up to the mark come out."""

    name = "llkv"

    def __init__(self, program):
        self.program = program
        self.settings = []
        self.process = None
        self.database = ":memory:"

    def restart(self, settings):
        self.close()
        self.settings = settings
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.program, "-json", self.database], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"})
        self.buffer = b""
        self.mark = 0
        for setting in self.settings:
            self.run(setting)

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None

    def send(self, sql):
        self.mark += 1
        try:
            self.process.stdin.write(f"{sql}\n;\n.print @@mark {self.mark}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def receive(self):
        end = f"@@mark {self.mark}\n".encode()
        text = bytearray()
        too_large = False
        while not (text.endswith(end) and text[-len(end) - 1:-len(end)] in (b"", b"\n")):
            ready, _, _ = select.select([self.process.stdout], [], [], LLKV_TIMEOUT_SECONDS)
            piece = os.read(self.process.stdout.fileno(), 1 << 20) if ready else None
            if not piece:
                status = self.process.poll() if ready else None
                self.close()
                self.start()
                what = f"crashed (status {status}): {bytes(text[-2000:]).decode(errors='replace')}" if ready else "timed out"
                return Outcome(error="crash" if ready else "timeout", message=what)
            text += piece
            if len(text) > LLKV_MOST_BYTES:
                too_large = True
                del text[:-2 * len(end)]
        if too_large:
            return Outcome(error="large", message=f"gave more than {LLKV_MOST_BYTES} bytes")
        return self.parse(bytes(text[:-len(end)]).decode())

    def run(self, sql):
        self.send(sql)
        return self.receive()

    @staticmethod
    def parse(text):
        start = text.find("Error")
        while start > 0 and text[start - 1] != "\n":
            start = text.find("Error", start + 1)
        if start >= 0:
            message = text[start:].strip()
            return Outcome(error=error_class(message.split("\n")[0]), message=message)
        if not text:
            return Outcome(rows=[])
        rows = json.loads(text, object_pairs_hook=lambda pairs: tuple(v for _, v in pairs), parse_float=str, parse_int=str)
        return Outcome(rows=rows)


class Watchdog:
    """Interrupts a connection whose statement runs too long: one thread for all of them."""

    def __init__(self):
        self.connection = None
        self.deadline = 0.0
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        while True:
            time.sleep(0.5)
            connection = self.connection
            if connection is not None and time.monotonic() > self.deadline:
                connection.interrupt()

    @contextlib.contextmanager
    def over(self, connection):
        self.deadline = time.monotonic() + TIMEOUT_SECONDS
        self.connection = connection
        try:
            yield
        finally:
            self.connection = None


WATCHDOG = Watchdog()


class DuckDb:
    name = "duckdb"

    def __init__(self):
        self.databases = 0
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        self.connection.execute("ATTACH ':memory:' AS database_0")
        self.connection.execute("USE database_0")
        self.run("SET integer_division = true")
        self.run("SET default_null_order = 'nulls_last_on_asc_first_on_desc'")

    def restart(self):
        """A fresh database in the same process: a new process's worth of memory takes long."""
        old, self.databases = self.databases, self.databases + 1
        with contextlib.suppress(duckdb.Error):
            self.connection.execute("ROLLBACK")
        for text in (f"ATTACH ':memory:' AS database_{self.databases}", f"USE database_{self.databases}", f"DETACH database_{old}"):
            self.connection.execute(text)

    def fails_unoptimized(self, sql):
        """Whether it is an error where nothing is moved or left out."""
        self.connection.execute("PRAGMA disable_optimizer")
        try:
            return self.run(sql).error is not None
        finally:
            self.connection.execute("PRAGMA enable_optimizer")

    def run(self, sql):
        try:
            with WATCHDOG.over(self.connection):
                cursor = self.connection.execute(sql)
                types = [str(column[1]) for column in cursor.description or []]
                return Outcome(rows=cursor.fetchall(), types=types)
        except (duckdb.Error, RuntimeError, ValueError, OverflowError) as error:
            name = type(error).__name__
            kind = error_class(str(error))
            if name == "InterruptException":
                kind = "timeout"
            elif name in ("ConversionException", "OutOfRangeException") and not is_runtime(kind):
                kind = "22P02"
            elif name in ("BinderException", "ParserException", "CatalogException", "NotImplementedException"):
                kind = "unsupported"
            return Outcome(error=kind, message=f"{name}: {error}")

class Sqlite:
    name = "sqlite"

    def restart(self):
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.execute("PRAGMA case_sensitive_like = ON")

    def run(self, sql):
        try:
            with WATCHDOG.over(self.connection):
                return Outcome(rows=self.connection.execute(sql).fetchall())
        except (sqlite3.Error, OverflowError) as error:
            text = str(error)
            kind = "timeout" if "interrupted" in text else error_class(text)
            return Outcome(error="unsupported" if kind == "other" else kind, message=text)