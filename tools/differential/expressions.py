"""Random typed expressions over what is in scope: columns, or the groups and aggregates of a grouped query."""
from schema import CLOCKS, INTERVALS, SQLITE_KINDS, WORDS, literal
from tree import ALL, TYPED, By, Many, Node

KINDS = ["int", "dec", "dbl", "text", "bool", "date", "ts", "time", "ivl"]
COMMON_KINDS = ["int"] * 5 + ["text"] * 2 + KINDS[:-2] * 2 + KINDS
NUMBERS = ["int", "dec", "dbl"]
CAST_TYPES = {"int": "INTEGER", "dec": "DECIMAL(18, 3)", "dbl": "DOUBLE", "text": "VARCHAR", "bool": "BOOLEAN",
              "date": "DATE", "ts": "TIMESTAMP", "time": "TIME", "ivl": "INTERVAL"}


class ScopeColumn:
    """A column that expressions may read: its text and kind."""

    def __init__(self, text, kind, engines=ALL):
        self.text = text
        self.kind = kind
        self.engines = engines

    def node(self):
        return Node(self.kind, self.text, engines=self.engines)


class Scope:
    """What an expression may read: columns of this query, those of the queries around it, and leaves of its own.

    `leaf(kind, depth)` replaces columns where a query is grouped; `windows` is set where window functions may stand.
    """

    def __init__(self, columns, outer=None, leaf=None, window=None, subqueries=True):
        self.columns = columns
        self.outer = outer
        self.leaf = leaf
        self.window = window
        self.subqueries = subqueries

    def all_columns(self):
        return self.columns + (self.outer.all_columns() if self.outer else [])


class ExpressionGenerator:
    def __init__(self, random, queries):
        self.random = random
        self.queries = queries

    def chance(self, p):
        return self.random.random() < p

    def pick(self, items):
        return self.random.choice(items)

    def kind(self):
        return self.pick(COMMON_KINDS)

    # Leaves.

    def literal(self, kind):
        if self.chance(0.06):
            return Node(kind, f"CAST(NULL AS {CAST_TYPES[kind]})", engines=engines_of(kind))
        if kind == "int":
            return Node(kind, str(self.pick([0, 1, 2, 3, 5, 10, -1, -4, 100])))
        if kind == "dec":
            return Node(kind, self.pick(["0.5", "1.25", "10.0", "-2.75", "100.01", "0.00"]), engines=TYPED)
        if kind == "dbl":
            return Node(kind, self.pick(["0e0", "1.5e0", "-2.25e0", "1e2", "0.125e0"]))
        if kind == "text":
            return Node(kind, "'" + self.pick(WORDS) + "'")
        if kind == "bool":
            return Node(kind, self.pick(["true", "false"]))
        if kind == "date":
            return Node(kind, "DATE '" + self.pick(["2000-01-01", "2000-02-29", "1999-12-31", "2024-07-15"]) + "'", engines=TYPED)
        if kind == "time":
            return Node(kind, f"TIME '{self.pick(CLOCKS)}'", engines=TYPED)
        if kind == "ivl":
            return self.interval()
        return Node(kind, "TIMESTAMP '" + self.pick(["2000-01-01 00:00:00", "2000-03-01 12:34:56", "1970-01-01 23:59:59.5"]) + "'",
                    engines=TYPED)

    def column(self, kind, scope):
        own = [c for c in scope.columns if c.kind == kind]
        outer = [c for c in scope.outer.all_columns() if c.kind == kind] if scope.outer else []
        if outer and (not own or self.chance(0.35)):
            return self.pick(outer).node()
        return self.pick(own).node() if own else None

    def leaf(self, kind, scope, depth):
        if scope.window and self.chance(0.3):
            made = scope.window(kind, depth)
            if made is not None:
                return made
        if scope.leaf and self.chance(0.9):
            made = scope.leaf(kind, depth)
            if made is not None:
                return made
        elif not scope.leaf and self.chance(0.85):
            made = self.column(kind, scope)
            if made is not None:
                return made
        return self.literal(kind)

    # Everything.

    def make(self, kind, scope, depth):
        if depth <= 0 or self.chance(0.2):
            return self.leaf(kind, scope, depth)
        if scope.subqueries and self.chance(0.06):
            return self.queries.scalar_subquery(kind, scope, depth - 1)
        if self.chance(0.2):
            return self.conditional(kind, scope, depth - 1)
        return getattr(self, "make_" + kind)(scope, depth - 1)

    def conditional(self, kind, scope, depth):
        form = self.random.randint(0, 4)
        if form == 0:
            whens = [Node("when", " WHEN ", self.make("bool", scope, depth), " THEN ", self.make(kind, scope, depth))
                     for _ in range(self.random.randint(1, 2))]
            rest = optional_else(self.make(kind, scope, depth)) if self.chance(0.7) else ""
            return Node(kind, "CASE", Many(whens, "", least=1), rest, " END")
        if form == 1:
            subject = self.kind()
            whens = [Node("when", " WHEN ", self.make(subject, scope, 0), " THEN ", self.make(kind, scope, depth))
                     for _ in range(self.random.randint(1, 2))]
            rest = optional_else(self.make(kind, scope, depth)) if self.chance(0.7) else ""
            return Node(kind, "CASE ", self.make(subject, scope, depth), Many(whens, "", least=1), rest, " END")
        if form == 2:
            items = [self.make(kind, scope, depth) for _ in range(self.random.randint(2, 3))]
            return Node(kind, "COALESCE(", Many(items, least=2), ")")
        if form == 3:
            return Node(kind, "NULLIF(", self.make(kind, scope, depth), ", ", self.make(kind, scope, depth), ")")
        # DuckDB's least('1 day -01:00:00', '36 hours') is 36 hours, although it says that the other one is less.
        if kind in ("bool", "ivl"):
            return self.comparison(scope, depth) if kind == "bool" else self.make_ivl(scope, depth)
        name = self.pick(["greatest", "least"])
        return Node(kind, name + "(", self.make(kind, scope, depth), ", ", self.make(kind, scope, depth), ")", engines=TYPED)

    def binary(self, kind, left, operator, right):
        return Node(kind, "(", left, f" {operator} " if isinstance(operator, str) else operator, right, ")")

    def call(self, kind, name, *arguments, engines=ALL):
        parts = [name if isinstance(name, By) else By(name), "("]
        for i, argument in enumerate(arguments):
            parts += [", ", argument] if i else [argument]
        return Node(kind, *parts, ")", engines=engines)

    def divisor(self, kind, scope, depth):
        """Mostly one that cannot be zero: a NULL then, or a constant."""
        # Doubles stay multiples of a power of two, so that sums of quotients are exact too.
        if self.chance(0.5) or kind == "dbl":
            return Node(kind, {"int": "3", "dec": "2.5", "dbl": "4e0"}[kind], engines=engines_of(kind))
        if self.chance(0.04):
            return self.make(kind, scope, depth)
        return Node(kind, "NULLIF(", self.make(kind, scope, depth), ", 0)")

    def make_int(self, scope, depth):
        make = lambda kind: self.make(kind, scope, depth)
        form = self.random.randint(0, 16)
        if form == 16:
            return Node("int", self.pick(["TRY_CAST(", "CAST("] if self.chance(0.1) else ["TRY_CAST("]), "replace(", make("text"), ", '.', '')",
                        " AS ", self.pick(["INTEGER", "BIGINT"]), ")", engines=TYPED)
        if form <= 3:
            return self.binary("int", make("int"), self.pick("+-"), make("int"))
        if form == 4:
            return self.binary("int", make("int"), "*", Node("int", self.pick(["2", "3", "-1", "10"])))
        if form == 5:
            return self.binary("int", make("int"), self.pick(["/", "%"]), self.divisor("int", scope, depth))
        if form == 6:
            return Node("int", "(- ", make("int"), ")")
        if form == 7:
            return self.call("int", "abs", make("int"))
        if form == 8:
            return self.call("int", "length", make("text"))
        if form == 9:
            source = self.pick(["bool", "int", "dec", "dbl"])
            return Node("int", "CAST(", make(source), " AS ", self.pick(["INTEGER", "BIGINT"]), ")",
                        engines=ALL if source in ("bool", "int") else TYPED)
        if form == 10:
            return self.call("int", By("strpos", sqlite="instr"), make("text"), make("text"))
        if form == 11:
            return self.binary("int", make("date"), "-", make("date"))
        if form == 12:
            unit = self.pick(["year", "month", "day", "quarter", "week", "dow", "doy"])
            return Node("int", f"CAST(extract({unit} FROM ", make(self.pick(["date", "ts"])), ") AS BIGINT)", engines=TYPED)
        if form == 13:
            return self.call("int", "date_diff", "'" + self.pick(["day", "month", "year"]) + "'", make("date"), make("date"),
                             engines=TYPED)
        if form == 14:
            return self.binary("int", make("int"), self.pick("&|"), make("int"))
        return self.call("int", "sign", make("int"), engines=ALL)

    def make_dec(self, scope, depth):
        make = lambda kind: self.make(kind, scope, depth)
        form = self.random.randint(0, 8)
        if form <= 2:
            return self.binary("dec", make("dec"), self.pick("+-"), make(self.pick(["dec", "dec", "int"])))
        if form == 3:
            return self.binary("dec", self.leaf("dec", scope, 0), "*", self.literal("dec"))
        if form == 4:
            return Node("dec", "(- ", make("dec"), ")")
        if form == 5:
            return self.call("dec", "abs", make("dec"), engines=TYPED)
        if form == 6:
            return self.scaled(self.call("dec", "round", make("dec"), self.pick(["0", "1", "2"]), engines=TYPED))
        if form == 7:
            return self.scaled(self.call("dec", self.pick(["floor", "ceil", "trunc"]), make("dec"), engines=TYPED))
        return Node("dec", "CAST(", make(self.pick(NUMBERS)), f" AS DECIMAL({self.pick(['18, 3', '12, 2', '20, 0'])}))", engines=TYPED)

    def scaled(self, node):
        """With a scale again: DuckDB drops digits behind the point where a type in common would have more than 38."""
        return Node("dec", "CAST(", node, " AS DECIMAL(20, 3))", engines=TYPED)

    def make_dbl(self, scope, depth):
        make = lambda kind: self.make(kind, scope, depth)
        form = self.random.randint(0, 7)
        if form <= 2:
            return self.binary("dbl", make("dbl"), self.pick("+-"), make(self.pick(["dbl", "int"])))
        if form == 3:
            return self.binary("dbl", make("dbl"), "*", self.literal("dbl"))
        if form == 4:
            return self.binary("dbl", make("dbl"), "/", self.divisor("dbl", scope, depth))
        if form == 5:
            return self.call("dbl", "abs", make("dbl"))
        if form == 6:
            return Node("dbl", "CAST(", make(self.pick(["int", "dbl"])), " AS DOUBLE)")
        return self.call("dbl", self.pick(["floor", "ceil", "trunc"]), make("dbl"))

    def make_text(self, scope, depth):
        make = lambda kind: self.make(kind, scope, depth)
        form = self.random.randint(0, 12)
        if form <= 2:
            return self.binary("text", make("text"), "||", make("text"))
        if form == 3:
            return self.call("text", self.pick(["upper", "lower"]), make("text"), engines=TYPED)
        if form == 4:
            return self.call("text", "substr", make("text"), self.pick(["1", "2", "3"]), self.pick(["0", "1", "2", "10"]))
        if form == 5:
            return self.call("text", self.pick(["trim", "ltrim", "rtrim"]), make("text"))
        if form == 6:
            return self.call("text", "replace", make("text"), Node("text", self.pick(["'a'", "'o'", "'ab'"])), make("text"))
        if form == 7:
            return self.call("text", self.pick(["left", "right"]), make("text"), self.pick(["0", "1", "2", "-1"]), engines=TYPED)
        if form == 8:
            source = self.pick(["int", "dec", "date", "bool", "text"])
            return Node("text", "CAST(", make(source), " AS VARCHAR)", engines=ALL if source in ("int", "text") else TYPED)
        if form == 9:
            return self.call("text", "reverse", make("text"), engines=TYPED)
        if form == 10:
            return self.call("text", self.pick(["lpad", "rpad"]), make("text"), self.pick(["3", "5"]), "'*'", engines=TYPED)
        if form == 11:
            return self.call("text", "split_part", make("text"), "'o'", self.pick(["1", "2"]), engines=TYPED)
        return self.call("text", "concat", make("text"), make("text"), engines=TYPED)

    def make_date(self, scope, depth):
        make = lambda kind: self.make(kind, scope, depth)
        form = self.random.randint(0, 3)
        if form == 0:
            return self.binary("date", make("date"), self.pick("+-"), self.pick(["1", "30", "365"]))
        if form == 1:
            return Node("date", "CAST(", make("ts"), " AS DATE)")
        if form == 2:
            return self.call("date", "last_day", make("date"))
        return self.leaf("date", scope, depth)

    def make_ts(self, scope, depth):
        make = lambda kind: self.make(kind, scope, depth)
        form = self.random.randint(0, 3)
        if form == 0:
            return self.binary("ts", make(self.pick(["date", "ts"])), self.pick("+-"), self.interval())
        if form == 1:
            return Node("ts", "CAST(", make("date"), " AS TIMESTAMP)")
        if form == 2:
            unit = self.pick(["year", "quarter", "month", "week", "day", "hour", "minute", "second"])
            return self.call("ts", "date_trunc", f"'{unit}'", make("ts"))
        return self.leaf("ts", scope, depth)

    def make_time(self, scope, depth):
        if self.chance(0.3):
            return Node("time", "CAST(", self.make("ts", scope, depth), " AS TIME)")
        if self.chance(0.2):
            return Node("time", "(", self.make("time", scope, depth), self.pick([" + ", " - "]), "INTERVAL '90 minutes')")
        return self.leaf("time", scope, depth)

    def make_ivl(self, scope, depth):
        make = lambda kind: self.make(kind, scope, depth)
        form = self.random.randint(0, 3)
        if form == 0:
            return self.binary("ivl", make("ts"), "-", make("ts"))
        if form == 1:
            return self.binary("ivl", self.leaf("ivl", scope, 0), self.pick("+-"), self.leaf("ivl", scope, 0))
        if form == 2:
            return self.binary("ivl", self.leaf("ivl", scope, 0), "*", self.pick(["2", "3", "-1"]))
        return self.leaf("ivl", scope, depth)

    def interval(self):
        return Node("ivl", f"INTERVAL '{self.pick(INTERVALS)}'", engines=TYPED)

    # Conditions.

    def make_bool(self, scope, depth):
        form = self.random.randint(0, 19)
        make = lambda kind: self.make(kind, scope, depth)
        if form <= 5:
            return self.comparison(scope, depth)
        if form <= 8:
            operands = [make("bool") for _ in range(self.random.randint(2, 3))]
            return Node("bool", "(", Many(operands, self.pick([" AND ", " OR "]), least=1), ")")
        if form == 9:
            return Node("bool", "(NOT ", make("bool"), ")")
        if form == 10:
            return Node("bool", "(", make(self.kind()), self.pick([" IS NULL", " IS NOT NULL"]), ")")
        if form == 11:
            kind = self.kind()
            return Node("bool", "(", make(kind), self.pick([" BETWEEN ", " NOT BETWEEN "]), make(kind), " AND ", make(kind), ")")
        if form == 12:
            kind = self.kind()
            items = [self.make(kind, scope, 0) for _ in range(self.random.randint(1, 4))]
            return Node("bool", "(", make(kind), self.pick([" IN (", " NOT IN ("]), Many(items, least=1), "))")
        if form == 13:
            pattern = self.pick(["'%a%'", "'a%'", "'%o'", "'_'", "'%'", "'f_o%'", "'a%b%'", "''", "'%ä%'"])
            return Node("bool", "(", make("text"), By(self.pick([" LIKE ", " NOT LIKE "])) if self.chance(0.8) else By(" ILIKE ", sqlite=None), pattern, ")")
        if form == 14:
            return Node("bool", "(", make("bool"), self.pick([" IS TRUE", " IS NOT TRUE", " IS FALSE", " IS NOT FALSE"]), ")")
        if form == 15:
            kind = self.kind()
            operator = self.pick([By(" IS DISTINCT FROM ", sqlite=" IS NOT "), By(" IS NOT DISTINCT FROM ", sqlite=" IS ")])
            return self.binary("bool", make(kind), operator, make(kind))
        if form == 16 and depth > 0:
            return self.call("bool", "starts_with", make("text"), make("text"), engines=TYPED)
        if form >= 17 and scope.subqueries and depth > 0:
            return self.queries.subquery_condition(scope, depth - 1)
        return self.comparison(scope, depth)

    def plain_predicate(self, scope):
        """A column against literals: what scans and indexes take over. None where there are no columns."""
        columns = [c for c in scope.columns if c.kind != "bool"]
        if not columns:
            return None
        column = self.pick(columns)
        value = lambda: self.stored_literal(column.kind)
        form = self.random.randint(0, 5)
        if form == 0:
            return Node("bool", "(", column.node(), " BETWEEN ", value(), " AND ", value(), ")")
        if form == 1:
            return Node("bool", "(", column.node(), self.pick([" IN (", " NOT IN ("]), Many([value() for _ in range(3)], least=1), "))")
        if form == 2:
            return Node("bool", "(", column.node(), self.pick([" IS NULL", " IS NOT NULL"]), ")")
        return Node("bool", "(", column.node(), self.pick([" = ", " = ", " < ", " >= ", " <> "]), value(), ")")

    def stored_literal(self, kind):
        """A literal as columns have them."""
        if kind == "ivl" or self.chance(0.2):
            return self.literal(kind)
        return Node(kind, literal(self.random, {"int": "SMALLINT", "dec": "DECIMAL(9, 2)"}.get(kind), kind), engines=engines_of(kind))

    def comparison(self, scope, depth):
        made = self.plain_predicate(scope) if self.chance(0.35) else None
        if made is not None:
            return made
        kind = self.kind()
        other = self.pick(NUMBERS) if kind in NUMBERS and self.chance(0.3) else kind
        operator = self.pick([" = ", " = ", " <> ", " < ", " <= ", " > ", " >= "])
        return Node("bool", "(", self.make(kind, scope, depth), operator, self.make(other, scope, depth), ")")


def engines_of(kind):
    return ALL if kind in SQLITE_KINDS else TYPED


def optional_else(value):
    return Many([Node("else", " ELSE ", value)], "")
