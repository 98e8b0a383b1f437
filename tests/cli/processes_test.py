#!/usr/bin/env python3
# Signals, pipes, killed and concurrent processes, and the prompt on a terminal.
import os
import pty
import random
import select
import signal
import subprocess
import time
import unittest

from shell_process import PROGRAM, ShellTest, main

ENDLESS = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range + b.range) % 11 = 5"


class Signals(ShellTest):
    def test_a_broken_pipe_ends_quietly(self):
        process = self.start(":memory:", "SELECT range FROM range(100000000)", stdin=subprocess.DEVNULL)
        self.assertEqual(process.stdout.readline(), b"0\n")
        process.stdout.close()
        self.assertEqual(process.wait(60), 128 + signal.SIGPIPE)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()

    def test_interrupt_stops_the_statement_and_the_script(self):
        process = self.start()
        process.stdin.write(("SELECT 'ready';\n" + ENDLESS + ";\nSELECT 'never';\n").encode())
        process.stdin.flush()
        self.wait_for_line(process.stdout, "ready")
        # The statement may not have begun yet: ask until it is heard.
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            select.select([], [], [], 0.01)
        out, err = process.communicate(timeout=60)
        self.assertEqual((out, process.returncode), (b"", 128 + signal.SIGINT), err)

    def test_interrupt_while_waiting_for_input(self):
        process = self.start()
        process.stdin.write(b"SELECT 'ready';\n")
        process.stdin.flush()
        self.wait_for_line(process.stdout, "ready")
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            select.select([], [], [], 0.01)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + signal.SIGINT)


class Processes(ShellTest):
    def test_killed_inside_a_transaction(self):
        self.expect("", "a.llkv", "CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1)")
        process = self.start("a.llkv")
        process.stdin.write(b"BEGIN; INSERT INTO t SELECT range + 10 FROM range(200000); DELETE FROM t WHERE a = 1;\n"
                            b"SELECT count(*) FROM t;\n")
        process.stdin.flush()
        self.wait_for_line(process.stdout, "200000")
        process.kill()
        process.communicate()
        self.expect("1\n", "a.llkv", "SELECT * FROM t")

    def test_killed_while_committing(self):
        self.expect("", "a.llkv", "CREATE TABLE t (a INT PRIMARY KEY, b TEXT)")
        generator = random.Random(7)
        last = 0
        for _ in range(8):
            process = self.start("a.llkv")
            script = "".join(f"INSERT INTO t VALUES ({i}, 'row {i}'); SELECT {i};\n" for i in range(last + 1, last + 3000))
            try:
                os.set_blocking(process.stdin.fileno(), True)
                feeder = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=process.stdin)
                process.stdin.close()
                feeder.stdin.write(script.encode())
                feeder.stdin.close()
            except BrokenPipeError:
                pass
            acknowledged = last
            for _ in range(generator.randrange(1, 60)):
                acknowledged = int(process.stdout.readline())
            process.kill()
            acknowledged = max([acknowledged] + [int(line) for line in process.stdout.read().split(b"\n")[:-1]])
            process.wait()
            process.stdout.close()
            process.stderr.close()
            feeder.wait()
            result = self.run_llkv("a.llkv", "SELECT count(*), max(a), sum(a) FROM t")
            count, largest, total = (int(field) for field in result.out.strip().split("|"))
            self.assertIn(count - acknowledged, (0, 1), f"{acknowledged} acknowledged, {count} there")
            self.assertEqual((largest, total), (count, count * (count + 1) // 2))
            last = count

    def test_a_second_writer_is_refused_and_told_which_file(self):
        process = self.start("a.llkv")
        process.stdin.write(b"CREATE TABLE t (a INT);\nSELECT 'ready';\n")
        process.stdin.flush()
        self.wait_for_line(process.stdout, "ready")
        self.expect_failure("a.llkv", "a.llkv", "SELECT 1")
        process.communicate(b"INSERT INTO t VALUES (1);\n")
        self.expect("1\n", "a.llkv", "SELECT a FROM t")

    def test_a_reader_follows_a_living_writer(self):
        writer = self.start("a.llkv")
        writer.stdin.write(b"CREATE TABLE t (a INT);\nINSERT INTO t VALUES (1);\nSELECT 'ready';\n")
        writer.stdin.flush()
        self.wait_for_line(writer.stdout, "ready")
        self.expect("1\n", "-readonly", "a.llkv", "SELECT a FROM t")
        self.expect_failure("read-only", "-readonly", "a.llkv", "INSERT INTO t VALUES (2)")
        reader = self.start("-readonly", "a.llkv")
        for number in range(2, 6):
            writer.stdin.write(f"INSERT INTO t VALUES ({number}); DROP TABLE IF EXISTS u; CREATE TABLE u AS SELECT "
                               f"{number} AS b; CHECKPOINT; SELECT 'done {number}';\n".encode())
            writer.stdin.flush()
            self.wait_for_line(writer.stdout, f"done {number}")
            reader.stdin.write(b"SELECT 'seen', count(*), (SELECT b FROM u) FROM t;\n")
            reader.stdin.flush()
            self.wait_for_line(reader.stdout, f"seen|{number}|{number}")
        writer.kill()
        writer.communicate()
        out, err = reader.communicate(b"SELECT sum(a) FROM t;\n")
        self.assertEqual((out, err, reader.returncode), (b"15\n", b"", 0))

    def test_a_folder_that_cannot_be_written_is_read(self):
        self.expect("", "a.llkv", "CREATE TABLE t (a INT); INSERT INTO t VALUES (7)")
        for keeps_lock_file in (True, False):
            if not keeps_lock_file:
                os.unlink(os.path.join(self.folder, "a.llkv-lock"))
            os.chmod(self.folder, 0o555)
            os.chmod(os.path.join(self.folder, "a.llkv"), 0o444)
            if keeps_lock_file:
                os.chmod(os.path.join(self.folder, "a.llkv-lock"), 0o444)
            # Root may write anywhere, so the program gives up being root.
            user = 65534 if os.getuid() == 0 else os.getuid()
            done = subprocess.run([PROGRAM, "-readonly", os.path.join(self.folder, "a.llkv"), "SELECT a FROM t"],
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=60, cwd="/",
                                  user=user, group=user if os.getuid() == 0 else None, extra_groups=[])
            os.chmod(self.folder, 0o755)
            self.assertEqual((done.stdout, done.stderr), (b"7\n", b""))
            self.assertEqual(os.path.exists(os.path.join(self.folder, "a.llkv-lock")), keeps_lock_file)


class Prompt(ShellTest):
    def open_prompt(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.environ["TERM"] = "dumb"
            os.execv(PROGRAM, [PROGRAM])
        self.pid = pid
        self.terminal = terminal
        self.seen = ""

    def wait_for(self, text):
        """Reads until `text` is there, and forgets all before it."""
        deadline = time.monotonic() + 60
        while text not in self.seen:
            ready, _, _ = select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                self.fail(f"waited for {text!r}, saw {self.seen[:2000]!r}")
            try:
                self.seen += os.read(self.terminal, 65536).decode("utf-8", "replace")
            except OSError:
                self.fail(f"the prompt ended before {text!r}: {self.seen!r}")
        self.seen = self.seen.split(text, 1)[1]

    def type(self, text):
        os.write(self.terminal, text.encode())

    def interrupt_until_prompt(self):
        """Types Ctrl-C every half second until the prompt is back; gives what was printed before it."""
        deadline = time.monotonic() + 60
        while "llkv> " not in self.seen:
            if time.monotonic() > deadline:
                self.fail(f"Ctrl-C stops nothing, saw {self.seen[:2000]!r}")
            next_key = time.monotonic() + 0.5
            while "llkv> " not in self.seen and time.monotonic() < next_key:
                ready, _, _ = select.select([self.terminal], [], [], max(0, next_key - time.monotonic()))
                if ready:
                    self.seen += os.read(self.terminal, 65536).decode("utf-8", "replace")
            if "llkv> " not in self.seen:
                self.type("\x03")
        before, self.seen = self.seen.split("llkv> ", 1)
        return before

    def end(self, keys, status):
        """Types `keys`, which end the program, until it has ended: the terminal forgets keys that come while it changes its mode."""
        deadline = time.monotonic() + 60
        self.type(keys)
        while True:
            ready, _, _ = select.select([self.terminal], [], [], 1)
            if time.monotonic() > deadline:
                self.fail(f"{keys!r} does not end the prompt")
            try:
                if not ready:
                    self.type(keys)
                elif not os.read(self.terminal, 65536):
                    break
            except OSError:
                break
        _, ended = os.waitpid(self.pid, 0)
        os.close(self.terminal)
        self.assertEqual(os.waitstatus_to_exitcode(ended), status)

    def test_statements_and_end_of_input(self):
        self.open_prompt()
        self.wait_for("llkv> ")
        self.type("SELECT 40 + 2\n")
        self.wait_for("...> ")
        self.type("AS answer;\n")
        self.wait_for("│ answer │")
        self.wait_for("│     42 │")
        self.wait_for("llkv> ")
        self.type("SELECT nope;\n")
        self.wait_for("nope")
        self.wait_for("llkv> ")
        self.end("\x04", 1)

    def test_interrupt_drops_what_is_typed(self):
        self.open_prompt()
        self.wait_for("llkv> ")
        self.type("SELECT 'dropped',\n")
        self.wait_for("...> ")
        self.type("'half a line")
        self.wait_for("half a line")
        self.type("\x03")
        self.wait_for("llkv> ")
        self.type("SELECT 7 * 6 AS kept;\n")
        self.wait_for("│ kept │")
        self.wait_for("│   42 │")
        self.wait_for("llkv> ")
        self.end(".exit 5\n", 5)

    def test_interrupt_stops_the_running_statement(self):
        self.open_prompt()
        self.wait_for("llkv> ")
        # From a file: an interrupt makes the terminal forget what was typed and not read yet.
        self.write("endless.sql", ".print begun\n" + ENDLESS + ";\n")
        # An interrupt that comes before the statement ends the script alone: then once more.
        for _ in range(10):
            self.type(".read endless.sql\n")
            self.wait_for("begun\r\n")
            before = self.interrupt_until_prompt()
            if "interrupted" in before:
                break
        else:
            self.fail("no statement was interrupted")
        self.type("SELECT 'still ' || 'here';\n")
        self.wait_for("still here")
        self.end(".quit\n", 1)


if __name__ == "__main__":
    main()
