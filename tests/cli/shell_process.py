# Runs the program llkv for the tests of the shell: one folder a test, results as text.
import os
import signal
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(os.environ.get("LLKV_PROGRAM", "build/release/bin/llkv"))


class Result:
    def __init__(self, process, out, err):
        self.status = process.returncode
        self.out = out.decode("utf-8", "surrogateescape")
        self.err = err.decode("utf-8", "surrogateescape")

    def __repr__(self):
        return f"status {self.status}\n--- out\n{self.out}--- err\n{self.err}---"


class ShellTest(unittest.TestCase):
    """Each test has a folder of its own, which is the program's working folder."""

    maxDiff = None

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="llkv-cli-")
        self.folder = self._folder.name
        self.addCleanup(self._folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return name

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read().decode()

    def start(self, *arguments, **options):
        options.setdefault("stdin", subprocess.PIPE)
        return subprocess.Popen([PROGRAM, *arguments], cwd=self.folder, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **options)

    def run_llkv(self, *arguments, script=""):
        process = self.start(*arguments)
        out, err = process.communicate(script.encode() if isinstance(script, str) else script, timeout=120)
        return Result(process, out, err)

    def expect(self, out, *arguments, script=""):
        """The program prints exactly `out`, no diagnostics, and ends with status 0."""
        result = self.run_llkv(*arguments, script=script)
        self.assertEqual((result.out, result.err, result.status), (out, "", 0), result)

    def expect_failure(self, needle, *arguments, script=""):
        """The program ends with status 1 and says `needle`."""
        result = self.run_llkv(*arguments, script=script)
        self.assertEqual(result.status, 1, result)
        self.assertIn(needle, result.err, result)
        return result

    def wait_for_line(self, stream, wanted):
        """Reads lines until one is `wanted`."""
        for line in stream:
            if line.decode().rstrip("\n") == wanted:
                return
        self.fail(f"the program ended before it printed {wanted!r}")


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
