"""Random tables: their columns and rows, with NULLs, duplicates, extremes, empty tables, and rows that are hot, cold or both."""
import datetime

from tree import By, Many, Node

# Kind of value, types that columns of it have, and SQLite's type: only those in SQLITE_KINDS mean the same there.
COLUMN_TYPES = {
    "int": ["INTEGER", "INTEGER", "INTEGER", "BIGINT", "BIGINT", "SMALLINT", "TINYINT", "HUGEINT", "UINTEGER", "UBIGINT", "UTINYINT"],
    "dec": ["DECIMAL(9, 2)", "DECIMAL(5, 1)", "DECIMAL(18, 3)", "DECIMAL(12, 0)"],
    "dbl": ["DOUBLE"],
    "text": ["VARCHAR"],
    "bool": ["BOOLEAN"],
    "date": ["DATE"],
    "ts": ["TIMESTAMP"],
    "time": ["TIME"],
    "ivl": ["INTERVAL"],
}
SQLITE_TYPES = {"int": "INTEGER", "dbl": "REAL", "text": "TEXT", "bool": "INTEGER"}
SQLITE_KINDS = frozenset(SQLITE_TYPES)
WORDS = ["", "a", "b", "ab", "abc", "B", "x y", "foo", "bar", "foobar", "10", "-7", "35", "%", "a_c", "zz", "Zebra", "äöü", "naïve", "日本"]
BITS = {"TINYINT": 7, "SMALLINT": 15, "INTEGER": 31, "BIGINT": 63, "HUGEINT": 63, "UTINYINT": 8, "UINTEGER": 32, "UBIGINT": 63}
INTERVALS = ["1 day", "1 month", "30 days", "-2 days", "36 hours", "1 year 2 months", "00:00:00.5", "1 day -01:00:00"]
CLOCKS = ["00:00:00", "12:34:56", "23:59:59.999999", "06:00:00.5"]


class Column:
    def __init__(self, name, kind, sql_type):
        self.name = name
        self.kind = kind
        self.sql_type = sql_type


class Table:
    def __init__(self, name, columns, num_rows):
        self.name = name
        self.columns = columns
        self.num_rows = num_rows


def literal(random, column_type, kind, extremes=False):
    """Text of a value for a column of the type."""
    if kind == "int":
        bits = BITS[column_type]
        if column_type.startswith("U"):
            return str(random.choice([0, 1, 2, 3, 5, 100, 2**bits - 1 if extremes else 7]))
        if extremes and random.random() < 0.05:
            return str(random.choice([2**bits - 1, -(2**bits) + 1, 2 ** (bits - 1)]))
        return str(random.choice([0, 1, 2, 3, 4, 5, -1, -2, 7, 10, random.randint(-100, 100)]))
    if kind == "dec":
        digits, scale = (int(x) for x in column_type[8:-1].split(","))
        if extremes and random.random() < 0.05:
            return scaled(10**digits - 1, scale)
        return scaled(random.choice([0, 5, 10, 25, 100, -15, random.randint(-9999, 9999)]), scale)
    if kind == "dbl":
        # Multiples of 1/8: their sums are exact in any order.
        if extremes and random.random() < 0.02:
            return random.choice(["1e15", "-1e15", "4503599627370496.5e0"])
        return repr(random.choice([0, 4, 8, -8, 12, random.randint(-8000, 8000)]) / 8) + "e0"
    if kind == "text":
        return "'" + random.choice(WORDS if random.random() < 0.9 else ["long text of no special kind number %d" % random.randint(0, 9)]) + "'"
    if kind == "bool":
        return random.choice(["true", "false"])
    day = datetime.date(2000, 1, 1) + datetime.timedelta(random.choice([0, 1, 30, 59, 60, -1, 365, random.randint(-20000, 20000)]))
    if kind == "date":
        return f"DATE '{day}'"
    if kind == "ivl":
        return f"INTERVAL '{random.choice(INTERVALS)}'"
    clock = random.choice(CLOCKS)
    return f"TIME '{clock}'" if kind == "time" else f"TIMESTAMP '{day} {clock}'"


def scaled(unscaled, scale):
    if scale == 0:
        return str(unscaled)
    sign, digits = ("-" if unscaled < 0 else ""), str(abs(unscaled)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"


def value(random, column, extremes, null_share):
    if random.random() < null_share:
        return "NULL"
    text = literal(random, column.sql_type, column.kind, extremes)
    return By(text, sqlite="NULL") if column.kind not in SQLITE_KINDS else text


def make_table(random, name, num_rows):
    """The table and the statements that make it."""
    columns = [Column("id", "int", "INTEGER")]
    kinds = ["int", "int", "text"] + random.sample(list(COLUMN_TYPES), random.randint(2, 5))
    for i, kind in enumerate(kinds):
        columns.append(Column(f"c{i}", kind, random.choice(COLUMN_TYPES[kind])))
    table = Table(name, columns, num_rows)
    key = random.random() < 0.5
    definitions = []
    for column in columns:
        rest = " PRIMARY KEY" if key and column.name == "id" else ""
        definitions.append(Node("definition", column.name + " ",
                                By(column.sql_type, sqlite=SQLITE_TYPES.get(column.kind, "TEXT")), rest))
    statements = [Node("statement", f"CREATE TABLE {name} (", Many(definitions, least=1), ")")]
    if random.random() < 0.3:
        indexed = random.choice(columns[1:4])
        statements.append(Node("statement", f"CREATE INDEX {name}_{indexed.name} ON {name} ({indexed.name})"))
    return table, statements + insert_rows(random, table)


def insert_rows(random, table):
    extremes = random.random() < 0.3
    null_share = random.choice([0, 0.1, 0.3, 0.6])
    rows = []
    for row_id in range(table.num_rows):
        values = [str(row_id)] + [value(random, column, extremes, null_share) for column in table.columns[1:]]
        if rows and random.random() < 0.15:
            values = [str(row_id)] + random.choice(rows)[1:]
        rows.append(values)
    cut = random.choice([0, len(rows), len(rows) // 2, len(rows) // 3])
    statements = []
    for part in (rows[:cut], rows[cut:]):
        if part:
            nodes = [Node("row", "(", *interleaved(row), ")") for row in part]
            statements.append(Node("statement", f"INSERT INTO {table.name} VALUES ", Many(nodes, least=1)))
        if part and part is not rows[cut:] and part[0] is rows[0]:
            statements.append(checkpoint())
    if random.random() < 0.2:
        statements.append(checkpoint())
    return statements


def checkpoint():
    """Makes LLKV's rows cold; the others have nothing to do."""
    return Node("statement", "CHECKPOINT", engines=frozenset(["llkv"]))


def interleaved(values):
    for i, text in enumerate(values):
        if i:
            yield ", "
        yield text


# Values of rows that are made of others, by kind: what they were, and new ones here and there.
VARIED = {
    "int": "CASE WHEN id % 3 = 0 THEN id % 1000 ELSE {} END",
    "text": "CASE WHEN id % 5 = 0 THEN CAST(id AS VARCHAR) ELSE {} END",
    "dbl": "CASE WHEN id % 4 = 0 THEN id * 0.5e0 ELSE {} END",
}


def doubled(table, times):
    """Statements that double a table's rows again and again, with new ids and some new values."""
    values = []
    for column in table.columns[1:]:
        narrow = column.kind == "int" and BITS[column.sql_type] < 31
        values.append(column.name if narrow else VARIED.get(column.kind, "{}").format(column.name))
    statements = []
    for _ in range(times):
        text = f"INSERT INTO {table.name} SELECT id + {table.num_rows}, {', '.join(values)} FROM {table.name}"
        statements.append(Node("statement", text))
        table.num_rows *= 2
    return statements


def make_tables(random):
    """Tables, and the statements that make them."""
    tables, statements = [], []
    # Mostly small ones, which find most; thousands of rows for many batches, and several row groups at times.
    doublings = random.choices([0, 7, 9, 14], [80, 10, 8, 2])[0]
    for i in range(random.randint(2, 4)):
        num_rows = random.choice([0, 1, 3, 8, 12, 20, 20, 30]) if i or not doublings else random.choice([12, 20])
        table, made = make_table(random, f"t{i}", num_rows)
        tables.append(table)
        statements += made
        if doublings and i == 0:
            statements += doubled(table, doublings)
            if random.random() < 0.5:
                statements.append(checkpoint())
    return tables, statements
