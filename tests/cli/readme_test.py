#!/usr/bin/env python3
# Runs the README's shell commands on the built program, except the make lines, which build; where a block of output
# follows, that is what they print.
import os
import re
import subprocess
import unittest

from shell_process import PROGRAM, ShellTest, main

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:\n*```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


class Readme(ShellTest):
    def test_commands(self):
        # The commands name the program as it is called from the repository's root.
        os.makedirs(self.path("build/release/bin"))
        os.symlink(PROGRAM, self.path("build/release/bin/llkv"))
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
            blocks = BLOCK.findall(file.read())
        ran = 0
        for commands, output in blocks:
            script = "".join(line for line in commands.splitlines(keepends=True) if not line.startswith("make "))
            if not script.strip():
                continue
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=self.folder, capture_output=True,
                                  text=True, timeout=120, stdin=subprocess.DEVNULL, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), script)
            if output:
                self.assertEqual(done.stdout, output, script)
            ran += 1
        self.assertGreater(ran, 0, "the README has commands")


if __name__ == "__main__":
    main()
