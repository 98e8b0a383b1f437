"""Random changes: INSERT, UPDATE and DELETE, alone and in transactions that commit or roll back."""
from expressions import Scope, ScopeColumn, engines_of
from schema import checkpoint, interleaved, value
from tree import Many, Node, optional


class ChangeGenerator:
    def __init__(self, random, queries):
        self.random = random
        self.queries = queries
        self.expressions = queries.expressions
        self.next_id = 10_000

    def chance(self, p):
        return self.random.random() < p

    def statements(self):
        """One to four statements: a transaction, or each its own."""
        changes = [self.change() for _ in range(self.random.randint(1, 3))]
        if self.chance(0.5):
            return [Node("begin", "BEGIN")] + changes + [Node("end", self.random.choice(["COMMIT", "ROLLBACK"]))]
        return changes + ([checkpoint()] if self.chance(0.3) else [])

    def change(self):
        table = self.random.choice(self.queries.tables)
        scope = Scope([ScopeColumn(f"{table.name}.{c.name}", c.kind, engines_of(c.kind)) for c in table.columns])
        where = optional(" WHERE ", self.expressions.make("bool", scope, 2) if self.chance(0.8) else None)
        form = self.random.randint(0, 3)
        if form == 0:
            return Node("statement", f"DELETE FROM {table.name}", where)
        if form == 1:
            columns = self.random.sample(table.columns[1:], self.random.randint(1, 2))
            settings = [Node("setting", f"{c.name} = ", self.fitting(c, scope)) for c in columns]
            return Node("statement", f"UPDATE {table.name} SET ", Many(settings, least=1), where)
        if form == 2:
            return self.insert_values(table)
        return self.insert_select(table)

    def fitting(self, column, scope):
        """A value of the column's kind; integers small enough for its type, most of the time."""
        made = self.expressions.make(column.kind, scope, 1)
        if column.kind == "int" and self.chance(0.9):
            return Node("int", "(", made, " % 100)")
        return Node("dec", "CAST(", made, f" AS {column.sql_type})", engines=made.engines) if column.kind == "dec" else made

    def insert_values(self, table):
        rows = []
        # Without a key's column, or with one that is taken already, at times.
        if self.chance(0.1):
            columns = [table.columns[0]] + self.random.sample(table.columns[1:], 2)
            self.next_id += 1
            values = [str(self.next_id)] + [value(self.random, c, False, 0.2) for c in columns[1:]]
            names = ", ".join(c.name for c in columns)
            return Node("statement", f"INSERT INTO {table.name} ({names}) VALUES (", *interleaved(values), ")")
        if self.chance(0.08):
            self.next_id -= 1
        for _ in range(self.random.randint(1, 4)):
            self.next_id += 1
            values = [str(self.next_id)] + [value(self.random, c, False, 0.2) for c in table.columns[1:]]
            rows.append(Node("row", "(", *interleaved(values), ")"))
        table.num_rows += len(rows)
        return Node("statement", f"INSERT INTO {table.name} VALUES ", Many(rows, least=1))

    def insert_select(self, table):
        """Rows of a table with ids that are new: above all that were given out before."""
        source = self.queries.table()
        scope = Scope([ScopeColumn(f"s.{c.name}", c.kind, engines_of(c.kind)) for c in source.columns])
        values = [Node("int", f"row_number() OVER (ORDER BY s.id) + {self.next_id}")] + [self.fitting(c, scope) for c in table.columns[1:]]
        self.next_id += 10_000
        where = optional(" WHERE ", self.expressions.make("bool", scope, 1) if self.chance(0.7) else None)
        table.num_rows += source.num_rows
        return Node("statement", f"INSERT INTO {table.name} SELECT ", Many(values, least=len(values)), f" FROM {source.name} AS s", where)
