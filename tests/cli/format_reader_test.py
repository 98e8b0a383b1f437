#!/usr/bin/env python3
# docs/formats/reader.py, which knows a file by the documents alone, reads what the program wrote; and a salvaged file.
# tests/golden/*.llkv.xz are files of released format versions, with the SHA-256 of each table's sorted rows as CSV beside
# them (.sums): every later program reads them. LLKV_WRITE_GOLDEN=PATH/NAME writes such a pair of what the first test makes.
import hashlib
import lzma
import os
import re
import shutil
import subprocess
import sys
import unittest

from shell_process import ShellTest, main

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PYTHON = os.path.join(ROOT, ".venv", "bin", "python")
READER = os.path.join(ROOT, "docs", "formats", "reader.py")
GOLDEN = os.path.join(ROOT, "tests", "golden")

# A column's first letter says its encoding. With NULLs where there may be some, texts that are empty or not ASCII, the
# bounds of types, several blocks of text.
ENCODED = """
CREATE TABLE encoded AS SELECT
  7 AS c_int, CAST(NULL AS DATE) AS c_null, 'größe' AS c_text, '' AS c_empty, CAST('-0' AS DOUBLE) AS c_double,
  CAST(0.1 AS REAL) AS c_real, INTERVAL '1 year -2 days 3.5 seconds' AS c_interval,
  CAST(-12.5 AS DECIMAL(30, 2)) AS c_decimal, false AS c_boolean,
  CAST(18446744073709551615 AS UBIGINT) AS c_ubigint,
  CASE i % 5 WHEN 0 THEN '' WHEN 1 THEN 'naïve, "quoted"' WHEN 2 THEN '日本語' WHEN 3 THEN NULL ELSE 'plain' END
    AS d_text,
  'entry ' || i % 300 AS d_many, CAST('bytes ' || i % 3 AS BLOB) AS d_blob, i % 7 * 1000000000000 AS d_bigint,
  CAST(i % 300 AS DECIMAL(30, 0)) * 100000000000000000 AS d_decimal,
  CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN CAST('NaN' AS DOUBLE) WHEN 2 THEN CAST('-Infinity' AS DOUBLE)
    WHEN 3 THEN CAST('-0' AS DOUBLE) ELSE 1e300 END AS d_double, CAST(CAST(i % 9 AS DOUBLE) / 7 AS REAL) AS d_real,
  i AS n_2, CAST(i % 200 - 100 AS INTEGER) AS n_1, CASE WHEN i % 3 <> 0 THEN i - 70000 END AS n_2_null,
  i * 100003 AS n_4, CASE WHEN i % 3 <> 0 THEN CAST(i AS HUGEINT) * -1000000007000 END AS n_8,
  DATE '0044-03-15 BC' + CAST(i AS INTEGER) AS n_date, CAST(9223372036854775807 - i % 9 AS UBIGINT) AS n_ubigint,
  i / 1000 = 2 AS r_boolean, CAST(i / 500 - 3 AS INTEGER) AS r_int, CAST(i / 500 - 20000 AS SMALLINT) AS r_smallint,
  CAST(i / 500 AS DECIMAL(20, 3)) * 100000000000000 AS r_decimal,
  TIMESTAMP '1969-12-31 23:59:59.5' + INTERVAL '1 day' * (i / 700) AS r_timestamp,
  CASE WHEN i % 11 = 0 THEN NULL WHEN i % 13 = 0 THEN '' ELSE 'straße ' || i * i || ' größer ✓' END AS t_text,
  CAST('some bytes ' || i * 7919 AS BLOB) AS t_blob,
  CASE WHEN i % 100 = 1 THEN repeat('long text ', i % 700) || i ELSE 'short' || i END AS t_long,
  CAST(i AS DOUBLE) / 8 AS x_eighth, CASE WHEN i % 3 <> 0 THEN CAST(i * -7 AS DOUBLE) / 100 - 1000000 END AS x_null,
  CAST(i * 858993 AS DOUBLE) AS x_4, CAST(i % 250 AS DOUBLE) / 10 + CAST(i % 4000 AS DOUBLE) AS x_2,
  i % 3 = 0 AS f_boolean, CASE WHEN i % 5 <> 0 THEN CAST(i % 256 - 128 AS TINYINT) END AS f_tinyint,
  CAST(i * 13 - 32768 AS SMALLINT) AS f_smallint, CAST(i * 858993 - 2147483648 AS INTEGER) AS f_int,
  i * 1844674407370955 - 4600000000000000000 AS f_bigint, CAST(18446744073709551615 - i AS UBIGINT) AS f_ubigint,
  CAST(i AS HUGEINT) * 15000000000000000000000000000000000 + i AS f_hugeint,
  CAST(CAST(i AS DOUBLE) / 3 AS REAL) AS f_real, CASE WHEN i % 5 <> 0 THEN sqrt(CAST(i AS DOUBLE)) END AS f_double,
  CASE WHEN i % 2 = 0 THEN INTERVAL '1 day' * (i - 2000) END AS f_interval,
  CASE WHEN i % 3 = 0 THEN CAST(i / 3 AS VARCHAR) END AS f_text
  FROM range(5000) AS q(i);
"""

# What columns of other types are of a number i; with NULLs, and values that need quotes inside of others.
TYPED = """
  CASE WHEN i % 7 <> 0 THEN CAST(CASE i % 3 WHEN 0 THEN 'sad' WHEN 1 THEN 'so so' ELSE 'glad' END AS mood) END AS m,
  CASE WHEN i % 7 <> 1 THEN CAST('00112233-4455-6677-8899-' || lpad(CAST(i AS VARCHAR), 12, 'a') AS UUID) END AS u,
  CASE WHEN i % 7 <> 2 THEN CAST(CAST(i AS SMALLINT) AS BIT) || B'101' END AS b,
  CASE WHEN i % 7 <> 3 THEN CAST('{"some key": ' || i || '}' AS JSON) END AS j,
  CASE WHEN i % 7 <> 4 THEN CAST(10000000000000000000000000000000000000 AS UHUGEINT) + CAST(i AS UBIGINT) END AS h,
  CASE WHEN i % 7 <> 5 THEN TIMESTAMPTZ '1999-12-31 23:00:00Z' + INTERVAL '1 minute' * i END AS tz,
  CASE WHEN i % 7 <> 6 THEN TIMETZ '12:00:00-03:30' + INTERVAL '1 second' * i END AS ttz,
  CAST(TIMESTAMP '1969-12-31 23:59:00' + INTERVAL '1 second' * i AS TIMESTAMP_S) AS sec,
  CAST(TIMESTAMP '2001-01-01 00:00:00' + INTERVAL '7 milliseconds' * i AS TIMESTAMP_MS) AS ms,
  CAST('1969-01-01 00:00:00.' || lpad(CAST(i AS VARCHAR), 9, '0') AS TIMESTAMP_NS) AS ns
"""
NESTED = """
  CASE WHEN i % 5 <> 0 THEN [i, NULL, -i] END AS numbers,
  CASE WHEN i % 5 <> 1 THEN ['it''s', '', 'null', ' x', 'a,b', NULL, 'inner text ' || i] END AS texts,
  CASE WHEN i % 5 <> 2 THEN CAST([i, i + 1] AS BIGINT[2]) END AS pair,
  CASE WHEN i % 5 <> 3 THEN {'n': i, 'on': DATE '2020-01-01' + CAST(i AS INTEGER), 'it''s': 'x'} END AS fields,
  CASE WHEN i % 5 <> 4 THEN map(['k', 'key ' || i], [[i], NULL]) END AS entries,
  CASE WHEN i % 5 <> 0 THEN ROW(i, 'x') END AS unnamed,
  [{'m': CAST('so so' AS mood), 'b': B'0101', 'u': CAST('00112233-4455-6677-8899-aabbccddeeff' AS UUID),
    't': TIMETZ '12:00:00-03:30', 'h': CAST(5 AS UHUGEINT), 'd': CAST(-1.25 AS DECIMAL(9, 2)),
    'w': CAST(i AS DECIMAL(30, 3)), 'iv': INTERVAL '1 month -2 days 3.5 seconds', 'x': CAST('bytes' AS BLOB),
    'z': TIME '01:02:03', 'tz': TIMESTAMPTZ '2024-02-29 12:00:00Z', 'f': CAST(i AS DOUBLE) / 8, 'o': i % 2 = 0,
    'j': CAST('[1, "a"]' AS JSON)}, NULL] AS deep
"""

# Dense and other row ids, several row groups, deletes in both forms, hot rows of all types, a bulk load that is in the
# log only, a dropped table, a view.
SCRIPT = """
CREATE TABLE cold (k INTEGER PRIMARY KEY, s VARCHAR, d DECIMAL(12, 2), w DECIMAL(30, 3), h HUGEINT, b BOOLEAN,
  day DATE, at TIMESTAMP, c INTEGER, u UBIGINT, r DOUBLE);
INSERT INTO cold SELECT i, CASE WHEN i % 6 <> 0 THEN 'text ' || i % 5 END, i / 4, i * 1000000007, i * -3, i % 2 = 0,
  DATE '1999-12-31' + CAST(i AS INTEGER), TIMESTAMP '2020-02-29 12:34:56', 42, i, i / 2
  FROM range(3000) AS q(i);
INSERT INTO cold SELECT -i, 'a text of its own ' || i * i, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM range(1, 400) AS q(i);
DELETE FROM cold WHERE k % 1000 = 8;
CHECKPOINT;
DELETE FROM cold WHERE k % 1000 = 7;
CHECKPOINT;
CREATE TABLE many_deleted AS SELECT i AS i, 'x' AS x FROM range(1000) AS q(i);
DELETE FROM many_deleted WHERE i % 3 = 1;
""" + ENCODED + """
CREATE TABLE several_groups AS
  SELECT i / 100 AS i, CAST(i % 100 AS TINYINT) AS j, CASE WHEN i % 2 = 0 THEN 'even' END AS e
  FROM range(140000) AS q(i);
CREATE TYPE mood AS ENUM ('sad', 'so so', 'glad');
CREATE TABLE typed AS SELECT i AS i, """ + TYPED + """ FROM range(3000) AS q(i);
CREATE TABLE nested AS SELECT i AS i, """ + NESTED + """ FROM range(3000) AS q(i);
CREATE INDEX cold_s ON cold (s, d DESC);
CREATE UNIQUE INDEX typed_u ON typed (u);
CREATE INDEX nested_texts ON nested (texts);
CREATE TABLE gone (a INTEGER);
CREATE VIEW v AS SELECT * FROM cold;
CHECKPOINT;
DELETE FROM several_groups WHERE i % 1000 = 3 AND j < 50;
CHECKPOINT;
DROP TABLE gone;
INSERT INTO cold VALUES (10001, '', 1.25, -7.125, 10000000000000000000000000000000000000, true, DATE '0001-01-01',
  TIMESTAMP '1969-12-31 23:59:59', -1, 18446744073709551615, -0.5);
INSERT INTO cold (k) VALUES (10002), (10003);
DELETE FROM cold WHERE k IN (10002, 11, -5);
UPDATE cold SET s = 'größer' WHERE k BETWEEN 20 AND 29;
INSERT INTO typed SELECT i, """ + TYPED + """ FROM range(3000, 3020) AS q(i);
INSERT INTO nested SELECT i, """ + NESTED + """ FROM range(3000, 3020) AS q(i);
CREATE TABLE loaded AS SELECT i AS i, i % 4 AS m, CAST(i AS VARCHAR) AS t FROM range(5000) AS q(i);
DELETE FROM loaded WHERE i = 17;
CREATE TABLE hot (a TINYINT, b SMALLINT, c UTINYINT, t TIME, x BLOB, r REAL, f DOUBLE, i INTERVAL, v VARCHAR, h HUGEINT,
  d DECIMAL(38, 10), us USMALLINT, ui UINTEGER, o BOOLEAN, y DATE, z TIMESTAMP);
INSERT INTO hot VALUES (-128, 32767, 255, TIME '23:59:58.25', NULL, 0.1, 1e-7, INTERVAL '-1 month 25:00:00', 'ü', -1,
    1234567890123456789012345678.0123456789, 65535, 4294967295, true, DATE '99999-12-31',
    TIMESTAMP '0044-03-15 12:00:00 BC'),
  (NULL, -1, 0, NULL, CAST('bytes' AS BLOB), 'NaN', '-Infinity', INTERVAL '0 days', '', 99999999999999999999999, 0,
    NULL, NULL, false, NULL, NULL),
  (0, NULL, NULL, TIME '00:00:00', CAST('' AS BLOB), 1e20, 123456789012345678, NULL, NULL, NULL, NULL, 0, 0, NULL,
    DATE '1970-01-01', TIMESTAMP '1970-01-01 00:00:00.000001');
"""
TABLES = ["cold", "encoded", "hot", "loaded", "many_deleted", "nested", "several_groups", "typed"]
ENCODINGS = {"c": "constant", "d": "dictionary", "f": "flat", "n": "narrow", "r": "run-end", "t": "text",
             "x": "decimal"}

# Runs the reader over blobs and records with bytes changed, as if their checksums were right.
HOSTILE = """
import random, sys
sys.path.insert(0, sys.argv[2])
import reader
random.seed(1)
def changed(data):
    data = bytearray(data)
    for _ in range(random.randrange(1, 4)):
        if data:
            data[random.randrange(len(data))] = random.choice((0, 1, 127, 128, 255, random.randrange(256)))
    return bytes(data[:random.randrange(len(data) + 1)] if random.random() < 0.1 else data)
class Pager(reader.Pager):
    def load(self, *slot):
        super().load(*slot)
        if random.random() < 0.3:
            self.root = changed(self.root)
        if random.random() < 0.3:
            self.records = {number: changed(record) for number, record in self.records.items()}
    def get(self, key):
        data = super().get(key)
        return changed(data) if random.random() < 0.05 else data
original = reader.Pager
failures = 0
for _ in range(int(sys.argv[3])):
    reader.Pager = Pager
    try:
        for line in reader.lines_of(reader.Database(sys.argv[1]), ["--chunks"]):
            pass
    except reader.DAMAGES:
        failures += 1
print(failures)
"""


def lines(text):
    header, *rows = text.splitlines()
    return header, sorted(rows)


class FormatReader(ShellTest):
    def run_reader(self, *arguments):
        done = subprocess.run([PYTHON, READER, *arguments], capture_output=True, encoding="utf-8", timeout=300)
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        return done.stdout

    def written(self, path, table):
        result = self.run_llkv("-readonly", "-csv", path, f"SELECT * FROM {table}")
        self.assertEqual((result.err, result.status), ("", 0))
        return result.out

    def check(self, path, tables=None):
        listing = self.run_reader(path, "--to", self.folder)
        self.assertIn("v: view\n", listing)
        if tables:
            self.assertIn("mood: type ENUM('sad', 'so so', 'glad')\n", listing)
        found = re.findall(r"^(\w+) \(", listing, re.MULTILINE)
        self.assertEqual(found, tables or found)
        for table in found:
            header, rows = lines(self.written(path, table))
            read_header, read_rows = lines(self.read(table + ".csv"))
            self.assertEqual(header, read_header)
            self.assertEqual(len(rows), len(read_rows), table)
            for row, read in zip(rows, read_rows):
                self.assertEqual(row, read, table)

    def make(self, script=SCRIPT):
        """A file that was left by a killed process, so that the log has something."""
        process = self.start("a.llkv")
        process.stdin.write((script + "\nSELECT 'written';\n").encode())
        process.stdin.flush()
        self.wait_for_line(process.stdout, "written")
        process.kill()
        self.assertEqual(process.communicate()[1], b"")
        return self.path("a.llkv")

    def check_encodings(self, parts):
        """Each column of `encoded` has the encoding that it is there for."""
        found = re.findall(r"^encoded:   ([a-z])(\w*) [^:]*: ([\w-]+), width (\d), (\d+) NULLs", parts, re.MULTILINE)
        self.assertEqual({letter for letter, *_ in found}, set(ENCODINGS))
        for letter, name, encoding, _, _ in found:
            self.assertEqual(encoding, ENCODINGS[letter], letter + name)
        with_nulls = {encoding for _, _, encoding, _, nulls in found if nulls != "0"}
        self.assertEqual(with_nulls, set(ENCODINGS.values()) - {"run-end"})
        widths = {(encoding, int(width)) for _, _, encoding, width, _ in found}
        for encoding, expected in {"narrow": (1, 2, 4, 8), "dictionary": (1, 2), "run-end": (0, 1), "text": (1, 2),
                                   "decimal": (2, 4)}.items():
            self.assertLessEqual({(encoding, width) for width in expected}, widths)

    def test_reads_what_was_written(self):
        path = self.make()
        golden = os.environ.get("LLKV_WRITE_GOLDEN")
        if golden:
            with open(path, "rb") as file, lzma.open(golden + ".llkv.xz", "wb", preset=9) as packed:
                packed.write(file.read())
            with open(golden + ".sums", "w", encoding="ascii") as file:
                file.write("".join(f"{self.sum_of(path, table)} {table}\n" for table in TABLES))
        parts = self.run_reader(path, "--chunks")
        self.check_encodings(parts)
        for part in ("hot: inserted by the log: 3 rows\n", "cold: inserted by the log: ",
                     "cold:   (row ids) UBIGINT: narrow", "cold: deletion vector of row group 0: 3 rows, places\n",
                     " rows, bitmap\n", "loaded: row group ", "typed: inserted by the log: 20 rows\n",
                     "nested: inserted by the log: 20 rows\n", "nested:   numbers BIGINT[]: nested, width 0, ",
                     "nested:   entries MAP(VARCHAR, BIGINT[]): nested, width 0, "):
            self.assertIn(part, parts)
        self.assertGreater(parts.count("several_groups: row group "), 1)
        self.check(path, TABLES)
        # Once the log is empty; and in the order of VACUUM.
        for statement in ("CHECKPOINT", "VACUUM"):
            self.expect("ok\n", "a.llkv", statement + "; PRAGMA integrity_check")
            self.check(path, TABLES)
        self.assertNotIn("inserted by the log", self.run_reader(path, "--chunks"))

    def sum_of(self, path, table):
        header, rows = lines(self.written(path, table))
        return hashlib.sha256("\n".join([header, *rows]).encode()).hexdigest()

    def test_reads_golden_files(self):
        names = sorted(name[:-8] for name in os.listdir(GOLDEN) if name.endswith(".llkv.xz"))
        self.assertTrue(names)
        for name in names:
            path = self.path(name + ".llkv")
            with lzma.open(os.path.join(GOLDEN, name + ".llkv.xz")) as packed, open(path, "wb") as file:
                shutil.copyfileobj(packed, file)
            with open(os.path.join(GOLDEN, name + ".sums"), encoding="ascii") as file:
                sums = dict(reversed(line.split()) for line in file)
            self.check(path, list(sums))
            # As the killed process left it, then written to, then in VACUUM's order.
            for statement in ("SELECT 1 LIMIT 0", "CHECKPOINT", "VACUUM"):
                self.expect("ok\n", path, statement + "; PRAGMA integrity_check")
                self.assertEqual({table: self.sum_of(path, table) for table in sums}, sums)

    def test_says_what_is_damaged(self):
        path = self.make(SCRIPT.replace("range(140000)", "range(1000)").replace("range(5000)", "range(3000)"))
        done = subprocess.run([PYTHON, "-c", HOSTILE, path, os.path.dirname(READER), "15"], capture_output=True,
                              encoding="utf-8", timeout=300)
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        self.assertGreater(int(done.stdout), 5)
        # Without commits whose blobs say how far the log goes.
        self.expect("", "a.llkv", "CHECKPOINT")
        with open(path, "r+b") as file:
            data = file.read()
            file.seek(data.index("naïve".encode()))
            file.write(b"N")
        done = subprocess.run([PYTHON, READER, path, "encoded"], capture_output=True, encoding="utf-8", timeout=300)
        self.assertRegex(done.stderr, r"^\S+: the entry of type 1 and key \d+ at byte \d+ is damaged\n$")
        self.assertEqual((done.stdout, done.returncode), ("", 1))

    def test_salvages_a_file_without_its_header(self):
        path = self.make()
        rows = {table: lines(self.written(path, table)) for table in TABLES}
        with open(path, "r+b") as file:
            file.write(bytes(8192))
        result = self.run_llkv("salvage", "a.llkv", "out.llkv")
        self.assertEqual((result.err, result.status), ("", 0), result)
        self.assertIn(f"{len(TABLES)} tables, 1 views", result.out)
        for table in TABLES:
            self.assertEqual(lines(self.written("out.llkv", table)), rows[table])
        self.check(self.path("out.llkv"), TABLES)
        self.expect("ok\n", "out.llkv", "PRAGMA integrity_check")
        self.expect("so so\n", "out.llkv", "SELECT CAST('so so' AS mood)")
        result = self.run_llkv("salvage", "a.llkv", "out.llkv")
        self.assertEqual(result.status, 1)
        self.assertIn("exists already", result.err)

    def test_a_damaged_header_slot_is_a_warning(self):
        self.expect("", "a.llkv", "CREATE TABLE t (a INT); CHECKPOINT; INSERT INTO t VALUES (1)")
        self.expect("1\n", "a.llkv", "SELECT * FROM t")
        with open(self.path("a.llkv"), "r+b") as file:
            file.seek(4096 + 70)
            file.write(b"\xff")
        self.assertEqual(self.run_reader(self.path("a.llkv"), "t"), "a\n1\n")
        result = self.run_llkv("a.llkv", "SELECT * FROM t")
        self.assertEqual((result.out, result.status), ("1\n", 0), result)
        self.assertIn("Warning: ", result.err)
        self.assertIn("header slot 1", result.err)

    def test_salvaging_says_what_is_lost(self):
        path = self.make()
        # What the log still has to say would keep the damaged file from being opened.
        self.expect("", "a.llkv", "CHECKPOINT")
        with open(path, "r+b") as file:
            data = file.read()
            # The bytes of the texts that no dictionary suits.
            file.seek(data.index(b"a text of its own 1a text"))
            file.write(b"A")
            # The values of a list's elements.
            file.seek(data.index(b"inner text 0it's"))
            file.write(b"I")
        result = self.run_llkv("-readonly", "a.llkv", "PRAGMA integrity_check(nested)")
        self.assertEqual(result.status, 0, result)
        self.assertNotEqual(result.out, "ok\n")
        result = self.run_llkv("salvage", "a.llkv", "out.llkv")
        self.assertEqual(result.status, 2, result)
        self.assertIn("Lost: table cold: the ", result.err)
        self.assertIn("Lost: table nested: the ", result.err)
        self.expect("ok\n", "out.llkv", "PRAGMA integrity_check")


if __name__ == "__main__":
    if not os.path.exists(PYTHON):
        print("skipped: no .venv with pyarrow")
        sys.exit(77)
    main()
