#!/usr/bin/env python3
# COPY through the shell: CSV and Parquet in and out, and what is refused.
import unittest

from shell_process import ShellTest, main

TABLE = "CREATE TABLE t (a INTEGER, b BIGINT, c VARCHAR);\n"


class CopyFromCsv(ShellTest):
    def load(self, content, *rows, options="", name="in.csv"):
        """Loads `content` into t, which then has `rows`."""
        self.write(name, content)
        self.expect("".join(row + "\n" for row in rows),
                    script=TABLE + f"COPY t FROM '{name}' {options};\nSELECT * FROM t ORDER BY a;\n")

    def refuse(self, needle, content, options="", name="bad.csv"):
        """COPY says `needle`, and t stays as it was."""
        if content is not None:
            self.write(name, content)
        script = TABLE + f"INSERT INTO t VALUES (0, 0, 'first');\nCOPY t FROM '{name}' {options};\nSELECT * FROM t;\n"
        result = self.expect_failure(needle, script=script)
        self.assertEqual(result.out, "0|0|first\n", result)

    def test_with_and_without_header(self):
        self.load("a,b,c\n1,2,x\n3,4,y\n", "1|2|x", "3|4|y")
        self.load("1,2,x\n3,4,y\n", "1|2|x", "3|4|y", options="(HEADER FALSE)")
        self.load("a,b,c\n1,2,x\n", "1|2|x", options="(HEADER)")

    def test_quotes_newlines_nulls_and_line_ends(self):
        self.load('a,b,c\n1,2,"x,""y"""\n3,,\n5,6,""\n7,8,"two\nlines"\n', '1|2|x,"y"', "3||", "5|6|", "7|8|two", "lines")
        self.load("a,b,c\r\n1,2,x\r\n3,4,y\r\n", "1|2|x", "3|4|y")
        self.load("a,b,c\n1,2,x", "1|2|x")
        self.load("a,b,c\n")

    def test_delimiters(self):
        self.load("a;b;c\n1;2;x\n", "1|2|x", options="(DELIMITER ';')")
        self.load("a\tb\tc\n1\t2\tx\n", "1|2|x", options="(DELIMITER '\\t', HEADER)")

    def test_bad_values_name_the_line_and_column(self):
        self.refuse("bad.csv:3: column 2 (b): ", "a,b,c\n1,2,x\n2,zwei,y\n3,4,z\n")
        self.refuse("bad.csv:2: column 2 (b): ", "1,2,x\n2,zwei,y\n", options="(HEADER FALSE)")
        self.refuse("bad.csv:4: column 1 (a): ", 'a,b,c\n1,2,"two\nlines"\nx,4,z\n')
        self.refuse("bad.csv:2: column 1 (a): ", "a,b,c\n99999999999,2,x\n")
        self.refuse("bad.csv:100003: column 2 (b): ", "a,b,c\n" + "1,2,some text\n" * 100001 + "1,no,x\n")

    def test_wrong_numbers_of_columns(self):
        self.refuse("bad.csv:3: ", "a,b,c\n1,2,x\n1,2\n")
        self.refuse("bad.csv:3: ", "a,b,c\n1,2,x\n1,2,3,4\n")
        self.refuse("bad.csv", "a,b\n1,2\n")

    def test_constraints_leave_nothing_half_loaded(self):
        self.write("in.csv", "a,b\n1,1\n2,2\n3,30\n")
        table = "CREATE TABLE u (a BIGINT PRIMARY KEY, b BIGINT CHECK (b < 10));\n"
        result = self.expect_failure("u_b_check", script=table + "COPY u FROM 'in.csv'; SELECT count(*) FROM u;\n")
        self.assertEqual(result.out, "0\n")
        self.write("in.csv", "a,b\n1,1\n2,2\n1,3\n")
        result = self.expect_failure("1", script=table + "COPY u FROM 'in.csv'; SELECT count(*) FROM u;\n")
        self.assertEqual(result.out, "0\n")

    def test_missing_files_and_useless_options(self):
        self.refuse("missing.csv", None, name="missing.csv")
        self.refuse("no option", "a,b,c\n", options="(FANCY TRUE)")
        self.refuse("no option", "a,b,c\n", options="(FORMAT parquet, HEADER)")
        self.refuse("in.parquet", "no parquet file", name="in.parquet")


class CopyTo(ShellTest):
    ROWS = """CREATE TABLE types (b BOOLEAN, i1 TINYINT, i2 SMALLINT, i4 INTEGER, i8 BIGINT, h HUGEINT, u1 UTINYINT,
      u2 USMALLINT, u4 UINTEGER, u8 UBIGINT, r REAL, d DOUBLE, n DECIMAL(9,2), n2 DECIMAL(38,10), s VARCHAR, x BLOB,
      dt DATE, t TIME, ts TIMESTAMP);
    INSERT INTO types VALUES (TRUE, -128, -32768, -2147483648, -9223372036854775808, -12345678901234567890123, 255, 65535,
      4294967295, 18446744073709551615, 0.1, -1.25e100, 12.30, 1234567890.0123456789, 'quote " comma , line
      feed ü', '\\x00ff2c22'::BLOB, DATE '1969-12-31', TIME '23:59:59.999999', TIMESTAMP '2024-02-29 01:02:03.000004');
    INSERT INTO types (s) VALUES (NULL), (''), ('NULL');
    """

    def test_round_trips_of_all_types(self):
        for name in ("types.parquet", "types.csv"):
            self.expect("4\n0\n0\n", script=self.ROWS + f"""COPY types TO '{name}';
                CREATE TABLE back AS SELECT * FROM types WHERE FALSE;
                COPY back FROM '{name}';
                SELECT count(*) FROM back;
                SELECT count(*) FROM (SELECT * FROM types EXCEPT ALL SELECT * FROM back) d;
                SELECT count(*) FROM (SELECT * FROM back EXCEPT ALL SELECT * FROM types) d;""")

    def test_query(self):
        self.expect("", script="COPY (SELECT range AS a, 'x' AS b FROM range(3)) TO 'out.csv'; ")
        self.assertEqual(self.read("out.csv").replace('"', ""), "a,b\n0,x\n1,x\n2,x\n")
        self.expect("3|3\n", script="CREATE TABLE t (a BIGINT, b TEXT); COPY t FROM 'out.csv'; SELECT count(*), sum(a) FROM t;")

    def test_refusals(self):
        self.expect_failure("no/such/folder", ":memory:", "COPY (SELECT 1) TO 'no/such/folder/x.csv'")
        self.expect_failure("no/such/folder", ":memory:", "COPY (SELECT 1) TO 'no/such/folder/x.parquet'")
        self.expect_failure("INTERVAL", ":memory:", "COPY (SELECT INTERVAL '1 day' AS i) TO 'x.parquet'")
        self.expect_failure("division by zero", ":memory:", "COPY (SELECT 1 / (range - 5) FROM range(10)) TO 'x.csv'")


if __name__ == "__main__":
    main()
