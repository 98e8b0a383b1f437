#!/usr/bin/env python3
"""Processes that read a database while another one writes it, and any of them may be killed.

readers_test.py ACTOR [--seconds S] [--readers N] [--seed N] (see actor.cc for what each process checks)
"""
import argparse
import os
import random
import struct
import subprocess
import sys
import tempfile
import time


class Test:
    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.random = random.Random(arguments.seed)
        self.database = os.path.join(folder, "db.llkv")
        self.acknowledged = os.path.join(folder, "acknowledged")
        with open(self.acknowledged, "wb") as file:
            file.write(struct.pack("<q", -1))
        self.checks = {"read": 0, "hold": 0, "reopen": 0}
        self.kills = {"write": 0, "read": 0}

    def newest(self):
        with open(self.acknowledged, "rb") as file:
            return struct.unpack("<q", file.read(8))[0]

    def start(self, role, seconds=None):
        command = [self.arguments.actor, role, self.database, self.acknowledged, str(self.random.randrange(1 << 60))]
        if seconds is not None:
            command.append(f"{seconds:.3f}")
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def start_writer(self):
        writer = self.start("write")
        begin = time.monotonic()
        before = self.newest()
        while self.newest() <= before:
            self.expect_running(writer)
            if time.monotonic() - begin > 120:
                sys.exit("the writer does not commit")
            time.sleep(0.005)
        return writer

    def expect_running(self, process):
        if process.poll() is not None:
            sys.exit(f"a {process.args[1]} process ended with {process.returncode}: {process.stderr.read().decode()}")

    def end(self, role, process):
        out, err = process.communicate(timeout=300)
        if process.returncode != 0:
            sys.exit(f"a {role} process ended with {process.returncode}: {err.decode()}")
        self.checks[role] += int(out)

    def run(self):
        seconds = self.arguments.seconds
        end = time.monotonic() + seconds
        writer = self.start_writer()
        steady = [("hold", self.start("hold", seconds)), ("reopen", self.start("reopen", seconds))]
        steady += [("read", self.start("read", seconds)) for _ in range(max(1, self.arguments.readers - 3))]
        mortal = self.start("read", seconds)
        while time.monotonic() < end:
            time.sleep(self.random.uniform(0.1, max(0.2, seconds / 8)))
            for _, process in steady:
                if process.poll() not in (None, 0):
                    self.expect_running(process)
            self.expect_running(writer)
            if self.random.random() < 0.5:
                writer.kill()
                writer.communicate()
                self.kills["write"] += 1
                time.sleep(self.random.uniform(0, 0.05))
                writer = self.start_writer()
            else:
                mortal.kill()
                mortal.communicate()
                self.kills["read"] += 1
                mortal = self.start("read", seconds)
        for role, process in steady:
            self.end(role, process)
        mortal.kill()
        mortal.communicate()
        writer.kill()
        writer.communicate()
        # Beside no writer, and without the lock file's folder being of any use to it.
        self.end("reopen", self.start("reopen", 0.2))
        print(f"commits: {self.newest()}, checks: {self.checks}, killed: {self.kills}")
        for role, number in self.checks.items():
            if number == 0:
                sys.exit(f"no {role} process checked anything")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("actor")
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Test(arguments, folder).run()


main()
