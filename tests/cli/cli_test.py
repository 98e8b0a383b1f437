#!/usr/bin/env python3
# The shell from outside: arguments, scripts, output modes, dot commands, exit statuses.
import json
import unittest

from shell_process import ShellTest, main

TYPES = """CREATE TABLE types (b BOOLEAN, i1 TINYINT, i2 SMALLINT, i4 INTEGER, i8 BIGINT, h HUGEINT, u8 UBIGINT, r REAL,
  d DOUBLE, n DECIMAL(9,2), s VARCHAR, x BLOB, dt DATE, t TIME, ts TIMESTAMP, iv INTERVAL);
INSERT INTO types VALUES (TRUE, -128, -32768, 2147483647, -9223372036854775808, 99999999999999999999999999999999999999,
  18446744073709551615, 0.5, -1.25e100, 12.30, 'text', 'ab'::BLOB, DATE '2024-02-29', TIME '12:34:56.5',
  TIMESTAMP '2024-02-29 01:02:03', INTERVAL '1 year 2 days');
INSERT INTO types (s) VALUES (NULL);"""


class Arguments(ShellTest):
    def test_sql_argument_and_repeated_c(self):
        self.expect("1\n2\n3\n", "-c", "SELECT 1", "-c", "SELECT 2", ":memory:", "SELECT 3")

    def test_c_and_f_run_in_order(self):
        self.write("a.sql", "SELECT 'file';\n")
        self.expect("first\nfile\nlast\n", "-c", "SELECT 'first'", "-f", "a.sql", "-c", "SELECT 'last'")

    def test_standard_input_is_not_read_where_sql_is_given(self):
        self.expect("1\n", ":memory:", "SELECT 1", script="SELECT 2;")
        self.expect("1\n", "-c", "SELECT 1", script="SELECT 2;")

    def test_long_options_have_one_dash_or_two(self):
        for dashes in ("-", "--"):
            self.expect("a\n1\n", dashes + "csv", ":memory:", "SELECT 1 AS a")
            self.expect('[{"a":1}]\n', dashes + "json", ":memory:", "SELECT 1 AS a")
            self.assertRegex(self.run_llkv(dashes + "version").out, r"^llkv \d+\.\d+")
            self.assertIn("DATABASE", self.run_llkv(dashes + "help").out)
            self.assertEqual(self.run_llkv(dashes + "help").status, 0)

    def test_unknown_options(self):
        for option in ("-nope", "--nope", "-z"):
            result = self.run_llkv(option)
            self.assertNotEqual(result.status, 0, result)
            self.assertIn(option.lstrip("-")[0], result.err)

    def test_scripts_from_standard_input(self):
        self.expect("1\n2\n3\n", script="SELECT 1;\nSELECT\n 2; SELECT 3")
        self.expect("", script="")
        self.expect("", script="-- a comment only\n")
        self.expect("1\n", script="SELECT 1;\r\n")
        self.expect("a;b\n", script="SELECT 'a;b';\n")
        self.expect("a\nb\n", script="SELECT 'a\nb';\n")

    def test_missing_files(self):
        self.expect_failure('cannot open "missing.sql": No such file', "-f", "missing.sql")
        self.expect_failure("no/such/folder", "no/such/folder/a.llkv", "SELECT 1")

    def test_readonly(self):
        self.expect_failure("missing.llkv", "-readonly", "missing.llkv", "SELECT 1")
        self.expect("", "a.llkv", "CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
        self.expect("1\n", "-readonly", "a.llkv", "SELECT a FROM t")
        for change in ("INSERT INTO t VALUES (2)", "CHECKPOINT", "VACUUM"):
            self.expect_failure("read-only", "-readonly", "a.llkv", change)
        self.expect("1\n", "a.llkv", "SELECT a FROM t")

    def test_foreign_files(self):
        self.write("foreign", "x" * 9000)
        self.expect_failure("foreign", "foreign", "SELECT 1")
        self.expect_failure("Error", self.folder, "SELECT 1")


class Failures(ShellTest):
    def test_message_line_and_caret(self):
        result = self.expect_failure("", script="SELECT 1;\n\nSELECT a,\n  nope\nFROM range(1);\nSELECT 2;\n")
        self.assertEqual(result.out, "1\n2\n")
        self.assertTrue(result.err.startswith("Error at line 3: ") or result.err.startswith("Error at line 4: "), result)
        self.assertRegex(result.err, r"LINE 3: SELECT a,\n *\^")

    def test_syntax_error_says_what_was_expected(self):
        result = self.expect_failure("expected", ":memory:", "SELECT 1 +")
        self.assertIn("LINE 1: SELECT 1 +\n", result.err)

    def test_files_are_named(self):
        self.write("script.sql", "SELECT 1;\nSELEC 2;\n.nope\n")
        result = self.expect_failure("Error at script.sql:2: ", "-f", "script.sql")
        self.assertIn("Error at script.sql:3: unknown command .nope", result.err)

    def test_scripts_go_on_and_bail_stops(self):
        script = "SELECT 1; SELECT nope; SELECT 2;\nSELECT 3;\n"
        self.assertEqual(self.expect_failure("nope", script=script).out, "1\n2\n3\n")
        self.assertEqual(self.expect_failure("nope", "-bail", script=script).out, "1\n")
        self.assertEqual(self.expect_failure("nope", "--bail", "-c", script, "-c", "SELECT 4").out, "1\n")
        self.assertEqual(self.expect_failure("nope", "-bail", script=".nope\nSELECT 1;").out, "")

    def test_what_is_typed_wrong(self):
        for script, needle in ((".mode nope", "box, csv, json or list"), (".mode", "takes MODE"),
                               (".timer maybe", "on or off"), (".exit x", "0 to 255"), (".quit 3", "no argument"),
                               (".read missing.sql", "missing.sql"), (".output no/such/x", "no/such/x"),
                               (".read", "takes FILE"), (".", "unknown command")):
            self.expect_failure(needle, script=script + "\n")


class Output(ShellTest):
    def test_list(self):
        self.expect("a|1\n|\n", script="SELECT 'a', 1; SELECT NULL, '';")
        self.expect("true|-128|-32768|2147483647|-9223372036854775808|99999999999999999999999999999999999999"
                    "|18446744073709551615|0.5|-1.25e+100|12.30|text|\\x6162|2024-02-29|12:34:56.5|2024-02-29 01:02:03"
                    "|1 year 2 days\n|||||||||||||||\n", script=TYPES + "SELECT * FROM types;")

    def test_csv(self):
        self.expect('a,b,"x,y",e\n1,"say ""hi""",,""\n"two\nlines",ü,3,"cr\r"\n', "-csv", ":memory:",
                    "SELECT '1' AS a, 'say \"hi\"' AS b, NULL AS \"x,y\", '' AS e "
                    "UNION ALL SELECT 'two\nlines', 'ü', 3, 'cr\r'")
        self.expect("a\n", "-csv", ":memory:", "SELECT 1 AS a WHERE FALSE")

    def test_csv_comes_back_through_copy(self):
        out = self.run_llkv("-csv", script=TYPES + "SELECT * FROM types;").out
        self.write("types.csv", out)
        self.expect("2\n0\n", script=TYPES.split("INSERT")[0] + """COPY types FROM 'types.csv' (HEADER); CREATE TABLE before AS SELECT * FROM types;
                    SELECT count(*) FROM types; DELETE FROM types;""" + TYPES.split(";", 1)[1]
                    + "SELECT count(*) FROM (SELECT * FROM types EXCEPT SELECT * FROM before) d;")

    def test_json(self):
        result = self.run_llkv("-json", script=TYPES + "SELECT * FROM types;")
        self.assertEqual(result.status, 0, result)
        rows = json.loads(result.out)
        self.assertEqual(rows[0]["b"], True)
        self.assertEqual(rows[0]["i8"], -2**63)
        self.assertEqual(rows[0]["h"], 10**38 - 1)
        self.assertEqual(rows[0]["n"], 12.3)
        self.assertEqual(rows[0]["dt"], "2024-02-29")
        self.assertTrue(all(value is None for value in rows[1].values()))

    def test_json_is_one_line_an_object_and_one_array_a_statement(self):
        self.expect('[{"a":0,"b":"x"},\n{"a":1,"b":"x"}]\n[]\n[{"n":null}]\n', "-json", ":memory:",
                    "SELECT range AS a, 'x' AS b FROM range(2); SELECT 1 AS a WHERE FALSE; SELECT NULL AS n")

    def test_json_strings_and_numbers(self):
        text = 'quote " backslash \\ tab \t newline \n control \x01 ü 😀'
        out = self.run_llkv("-json", ":memory:", "SELECT '" + text + "' AS \"k\"\"y\", 'NaN'::DOUBLE AS d, 1e300 AS e").out
        self.assertEqual(json.loads(out), [{'k"y': text, "d": "NaN", "e": 1e300}])

    def test_box(self):
        self.expect("┌──────┬──────┐\n│ name │    n │\n├──────┼──────┤\n│ ü    │   10 │\n│ NULL │ NULL │\n└──────┴──────┘\n(2 rows)\n",
                    script=".mode box\nSELECT 'ü' AS name, 10 AS n UNION ALL SELECT NULL, NULL;")
        self.expect("┌───┐\n│ a │\n├───┤\n└───┘\n(0 rows)\n", script=".mode box\nSELECT 1 AS a WHERE FALSE;")
        self.expect("┌────────┐\n│   a    │\n├────────┤\n│ 中文   │\n└────────┘\n(1 row)\n".replace("   a    ", " a      "),
                    script=".mode box\nSELECT '中文  ' AS a;".replace("中文  ", "中文  "))

    def test_statements_without_rows_print_nothing(self):
        self.expect("", "-json", ":memory:", "CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")


class Commands(ShellTest):
    def test_modes(self):
        self.expect("1\na\n1\n[{\"a\":1}]\n1\n", script="SELECT 1 AS a;\n.mode csv\nSELECT 1 AS a;\n.mode json\n"
                    "SELECT 1 AS a;\n.mode list\nSELECT 1 AS a;\n")

    def test_print_help_and_comments_between(self):
        self.expect("hello world\n\na b\n", script=".print hello world\n.print\n  .print 'a b'\n")
        out = self.run_llkv(script=".help\n").out
        for name in (".exit", ".help", ".mode", ".output", ".print", ".quit", ".read", ".tables", ".timer"):
            self.assertIn("\n" + name, "\n" + out)

    def test_tables(self):
        script = "CREATE TABLE orders (a INT); CREATE TABLE \"Order items\" (a INT); CREATE VIEW v AS SELECT 1 AS x;\n"
        self.expect("Order items\norders\nv\n", script=script + ".tables\n")
        self.expect("Order items\norders\n", script=script + ".tables ORDER%\n")
        self.expect("v\n", script=script + ".tables _\n")
        self.expect("", script=script + ".tables nothing\n")

    def test_timer(self):
        out = self.run_llkv(script=".timer on\nSELECT 1;\nSELECT 2;\n.timer off\nSELECT 3;\n").out
        self.assertRegex(out, r"^1\nRun Time: real \d+\.\d{6} user \d+\.\d{6} sys \d+\.\d{6}\n2\nRun Time: .*\n3\n$")

    def test_output(self):
        self.expect("1\n3\n", script="SELECT 1;\n.output out.txt\nSELECT 2;\n.output\nSELECT 3;\n")
        self.assertEqual(self.read("out.txt"), "2\n")

    def test_read(self):
        self.write("inner.sql", ".print inner\nSELECT 2;\nSELECT 3")
        self.expect("1\ninner\n2\n3\n4\n", script="SELECT 1;\n.read inner.sql\nSELECT 4;\n")
        self.write("loop.sql", ".read loop.sql\n")
        self.expect_failure("nested too deeply", "-f", "loop.sql")

    def test_exit(self):
        for word, status in ((".exit", 0), (".quit", 0), (".exit 7", 7), ("SELECT nope;\n.exit", 1),
                             ("SELECT nope;\n.exit 0", 0)):
            result = self.run_llkv(script=f"SELECT 1;\n{word}\nSELECT 2;\n")
            self.assertEqual((result.out, result.status), ("1\n", status), result)

    def test_commands_as_arguments(self):
        self.expect("t\n", "-c", "CREATE TABLE t (a INT)", "-c", ".tables")


if __name__ == "__main__":
    main()
