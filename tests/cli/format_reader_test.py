#!/usr/bin/env python3
# docs/formats/reader.py, which knows a file by the documents alone, reads what the program wrote; and a salvaged file.
# With LLKV_WRITE_GOLDEN=PATH, writes the file that the first test makes to PATH.
import os
import shutil
import subprocess
import sys
import unittest

from shell_process import PROGRAM, ShellTest, main

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PYTHON = os.path.join(ROOT, ".venv", "bin", "python")
READER = os.path.join(ROOT, "docs", "formats", "reader.py")
GOLDEN = os.path.join(ROOT, "tests", "golden")

# Flat, constant, dictionary and narrow chunks, dense and other row ids, deletes in both forms, hot rows, a bulk load
# that is in the log only, a dropped table, a view.
SCRIPT = """
CREATE TABLE cold (k INTEGER PRIMARY KEY, s VARCHAR, d DECIMAL(12, 2), w DECIMAL(30, 3), h HUGEINT, b BOOLEAN,
  day DATE, at TIMESTAMP, c INTEGER, u UBIGINT, r DOUBLE);
INSERT INTO cold SELECT i, CASE WHEN i % 6 <> 0 THEN 'text ' || i % 5 END, i / 4, i * 1000000007, i * -3, i % 2 = 0,
  DATE '1999-12-31' + CAST(i AS INTEGER), TIMESTAMP '2020-02-29 12:34:56', 42, i, i / 2
  FROM range(3000) AS q(i);
INSERT INTO cold SELECT -i, 'a text of its own ' || i * i, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM range(1, 400) AS q(i);
CHECKPOINT;
DELETE FROM cold WHERE k % 1000 = 7;
CHECKPOINT;
CREATE TABLE many_deleted AS SELECT i AS i, 'x' AS x FROM range(1000) AS q(i);
DELETE FROM many_deleted WHERE i % 3 = 1;
CREATE TABLE gone (a INTEGER);
CREATE VIEW v AS SELECT * FROM cold;
CHECKPOINT;
DROP TABLE gone;
INSERT INTO cold VALUES (10001, '', 1.25, -7.125, 10000000000000000000000000000000000000, true, DATE '0001-01-01',
  TIMESTAMP '1969-12-31 23:59:59', -1, 18446744073709551615, -0.5);
INSERT INTO cold (k) VALUES (10002), (10003);
DELETE FROM cold WHERE k IN (10002, 11, -5);
CREATE TABLE loaded AS SELECT i AS i, i % 4 AS m, CAST(i AS VARCHAR) AS t FROM range(5000) AS q(i);
DELETE FROM loaded WHERE i = 17;
CREATE TABLE hot (a TINYINT, b SMALLINT, c UTINYINT, t TIME, x BLOB);
INSERT INTO hot VALUES (-128, 32767, 255, TIME '23:59:58', NULL), (NULL, -1, 0, NULL, NULL);
"""
TABLES = ["cold", "hot", "loaded", "many_deleted"]


def lines(text):
    header, *rows = text.splitlines()
    return header, sorted(rows)


class FormatReader(ShellTest):
    def read_table(self, path, table):
        done = subprocess.run([PYTHON, READER, path, table], capture_output=True, text=True, timeout=120)
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        return done.stdout

    def written(self, path, table):
        result = self.run_llkv("-readonly", "-csv", path, f"SELECT * FROM {table}")
        self.assertEqual((result.err, result.status), ("", 0))
        # CSV of Python writes NULL and the empty string alike.
        return result.out.replace('""', "")

    def check(self, path):
        for table in TABLES:
            header, rows = lines(self.written(path, table))
            read_header, read_rows = lines(self.read_table(path, table).replace('""', ""))
            self.assertEqual(header, read_header)
            self.assertEqual(len(rows), len(read_rows), table)
            for row, read in zip(rows, read_rows):
                values = [value.removesuffix(".0") for value in row.split(",")]
                self.assertEqual(values, [value.removesuffix(".0") for value in read.split(",")], table)
        listing = subprocess.run([PYTHON, READER, path], capture_output=True, text=True, timeout=120).stdout
        self.assertIn("v: view\n", listing)
        self.assertNotIn("gone", listing)

    def make(self):
        """A file that was left by a killed process, so that the log has something."""
        process = self.start("a.llkv")
        process.stdin.write((SCRIPT + "\nSELECT 'written';\n").encode())
        process.stdin.flush()
        self.wait_for_line(process.stdout, "written")
        process.kill()
        process.communicate()
        return self.path("a.llkv")

    def test_reads_what_was_written(self):
        path = self.make()
        golden = os.environ.get("LLKV_WRITE_GOLDEN")
        if golden:
            shutil.copyfile(path, golden)
        self.check(path)
        # And once the log is empty.
        self.expect("", "a.llkv", "CHECKPOINT")
        self.check(path)

    def test_reads_golden_files(self):
        names = sorted(os.listdir(GOLDEN)) if os.path.isdir(GOLDEN) else []
        if not names:
            self.skipTest("no golden file is kept yet")
        for name in names:
            path = self.path(name)
            shutil.copyfile(os.path.join(GOLDEN, name), path)
            self.check(path)
            self.expect("ok\n", path, "PRAGMA integrity_check")

    def test_salvages_a_file_without_its_header(self):
        path = self.make()
        rows = {table: lines(self.written(path, table)) for table in TABLES}
        with open(path, "r+b") as file:
            file.write(bytes(8192))
        result = self.run_llkv("salvage", "a.llkv", "out.llkv")
        self.assertEqual((result.err, result.status), ("", 0), result)
        self.assertIn("4 tables, 1 views", result.out)
        for table in TABLES:
            self.assertEqual(lines(self.written("out.llkv", table)), rows[table])
        self.expect("ok\n", "out.llkv", "PRAGMA integrity_check")
        result = self.run_llkv("salvage", "a.llkv", "out.llkv")
        self.assertEqual(result.status, 1)
        self.assertIn("exists already", result.err)

    def test_a_damaged_header_slot_is_a_warning(self):
        self.expect("", "a.llkv", "CREATE TABLE t (a INT); CHECKPOINT; INSERT INTO t VALUES (1)")
        self.expect("1\n", "a.llkv", "SELECT * FROM t")
        with open(self.path("a.llkv"), "r+b") as file:
            file.seek(4096 + 70)
            file.write(b"\xff")
        result = self.run_llkv("a.llkv", "SELECT * FROM t")
        self.assertEqual((result.out, result.status), ("1\n", 0), result)
        self.assertIn("Warning: ", result.err)
        self.assertIn("header slot 1", result.err)

    def test_salvaging_says_what_is_lost(self):
        path = self.make()
        with open(path, "r+b") as file:
            data = file.read()
            # The bytes of the texts that no dictionary suits.
            file.seek(data.index(b"a text of its own 1a text"))
            file.write(b"A")
        result = self.run_llkv("salvage", "a.llkv", "out.llkv")
        self.assertEqual(result.status, 2, result)
        self.assertIn("Lost: table cold: the ", result.err)
        self.expect("ok\n", "out.llkv", "PRAGMA integrity_check")


if __name__ == "__main__":
    if not os.path.exists(PYTHON):
        print("skipped: no .venv with pyarrow")
        sys.exit(77)
    main()
