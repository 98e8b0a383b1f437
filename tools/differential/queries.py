"""Random queries: joins of all kinds, subqueries, groups, windows, set operations, WITH and WITH RECURSIVE."""
import itertools

from expressions import ExpressionGenerator, Scope, ScopeColumn, engines_of
from schema import Column, Table
from tree import ALL, TYPED, By, Many, Node, optional

# A query multiplies relations only up to this many rows.
MAX_PRODUCT = 10_000
MOST_SMALL_ROWS = 100


class Relation:
    """Something in FROM: its text, the columns that it shows, about how many rows it has, and whether they all differ."""

    def __init__(self, node, columns, num_rows, unique=False):
        self.unique = unique
        self.placed = False
        self.node = node
        self.columns = columns
        self.num_rows = num_rows


class QueryGenerator:
    def __init__(self, random, tables):
        self.random = random
        self.tables = tables
        self.expressions = ExpressionGenerator(random, self)
        self.names = itertools.count()
        self.ctes = []
        self.views = []
        self.large_left = 0

    def table(self, depth=0):
        """One of the tables; one with many rows only once in a query, and not in a subquery."""
        small = [t for t in self.tables if t.num_rows <= MOST_SMALL_ROWS] or [min(self.tables, key=lambda t: t.num_rows)]
        if depth < 2 or not self.large_left:
            return self.pick(small)
        table = self.pick(self.tables)
        self.large_left -= table.num_rows > MOST_SMALL_ROWS
        return table

    def chance(self, p):
        return self.random.random() < p

    def pick(self, items):
        return self.random.choice(items)

    def fresh(self, prefix="r"):
        return f"{prefix}{next(self.names)}"

    def kinds(self, most=4):
        return [self.expressions.kind() for _ in range(self.random.randint(1, most))]

    def query(self):
        """A whole query, and whether its order is total."""
        self.names = itertools.count()
        self.ctes = []
        self.large_left = 1
        definitions = []
        if self.chance(0.2):
            recursive = self.chance(0.5)
            definitions = [self.definition(recursive) for _ in range(self.random.randint(1, 2))]
        body, ordered = self.body(self.kinds(), None, depth=2, top=True)
        if not definitions:
            return body, ordered
        return Node("query", "WITH RECURSIVE " if recursive else "WITH ", Many(definitions, least=1), " ", body), ordered

    def view(self, name):
        """A statement that makes a view, or a table of a query's rows, which queries read from then on."""
        kinds = self.kinds()
        self.names, self.ctes, self.large_left = itertools.count(), [], 0
        query, _ = self.body(kinds, None, depth=1)
        columns = [Column(f"c{i}", kind, "") for i, kind in enumerate(kinds)]
        names = ", ".join(column.name for column in columns)
        self.views.append(Table(name, columns, MOST_SMALL_ROWS))
        if self.chance(0.5):
            return Node("statement", f"CREATE VIEW {name}({names}) AS ", query, engines=TYPED)
        return Node("statement", f"CREATE TABLE {name}({names}) AS ", query, engines=TYPED)

    # WITH.

    def definition(self, recursive):
        """Behind WITH RECURSIVE, DuckDB takes every UNION for a recursion: for one whose rows have the first query's types."""
        name = self.fresh("w")
        kinds = self.kinds(3)
        columns = [f"c{i}" for i in range(len(kinds))]
        if recursive and self.chance(0.7):
            return self.recursive_definition(name)
        query, _ = self.select(kinds, None, 1, False) if recursive else self.body(kinds, None, depth=1)
        how = self.pick(["", "", "MATERIALIZED ", "NOT MATERIALIZED "])
        node = Node("definition", f"{name}({', '.join(columns)}) AS {how}(", query, ")")
        self.ctes.append((name, list(zip(columns, kinds, strict=True)), 100))
        return node

    def recursive_definition(self, name):
        step = self.pick(["1", "2"])
        kind = self.pick(["int", "text"])
        scope = Scope([ScopeColumn("n", "int"), ScopeColumn("x", kind)], subqueries=False)
        first = self.expressions.make(kind, Scope([], subqueries=False), 1)
        carried = self.expressions.make(kind, scope, 1)
        # Values stay small over the steps: a remainder, the first characters.
        carried = (Node(kind, "(", carried, " % 1000)") if kind == "int" else Node(kind, "substr(", carried, ", 1, 6)"))
        type_name = "BIGINT" if kind == "int" else "VARCHAR"
        source = name
        if self.chance(0.4):
            table = self.table()
            if table.num_rows <= 30:
                source = f"{name} JOIN (SELECT id FROM {table.name}) AS s ON s.id = {name}.n + 1"
        node = Node("recursive", f"{name}(n, x) AS (SELECT CAST(0 AS BIGINT), CAST(", first, f" AS {type_name}) ",
                    self.pick(["UNION ALL ", "UNION "]), f"SELECT n + {step}, CAST(", carried,
                    f" AS {type_name}) FROM {source} WHERE n < {self.random.randint(1, 8)})")
        self.ctes.append((name, [("n", "int"), ("x", kind)], 10))
        return node

    # Bodies.

    def body(self, kinds, outer, depth, top=False):
        """A query that gives columns of the kinds, and whether its order is total."""
        if depth > 0 and self.chance(0.12):
            return self.set_operation(kinds, outer, depth, top)
        if self.chance(0.03):
            rows = [Node("row", "(", Many([self.cast_literal(kind) for kind in kinds], least=1), ")")
                    for _ in range(self.random.randint(1, 3))]
            return Node("query", "VALUES ", Many(rows, least=1)), False
        return self.select(kinds, outer, depth, top)

    def cast_literal(self, kind):
        """Rows of VALUES have one type a column in every engine: that of a column of BIGINT or the like."""
        value = self.expressions.literal(kind)
        return Node(kind, "CAST(", value, " AS BIGINT)") if kind == "int" else value

    def set_operation(self, kinds, outer, depth, top):
        operation = self.pick(["UNION ALL", "UNION ALL", "UNION", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL"])
        engines = TYPED if operation in ("INTERSECT ALL", "EXCEPT ALL") else ALL
        left, _ = self.select(kinds, outer, depth - 1, False, plain=True)
        right, _ = self.select(kinds, outer, depth - 1, False, plain=True)
        order, ordered = self.order_by_places(len(kinds)) if top and self.chance(0.4) else ("", False)
        return Node("query", left, f" {operation} ", right, order, engines=engines), ordered

    def order_by_places(self, count):
        """ORDER BY all columns, with LIMIT sometimes: rows that tie are the same."""
        places = [f"{i + 1}" for i in range(count)]
        self.random.shuffle(places)
        terms = [Node("term", place + self.direction()) for place in places]
        return Node("order", " ORDER BY ", Many(terms, least=count), self.limit()), True

    def direction(self):
        return self.pick([" NULLS FIRST", " NULLS LAST", " DESC NULLS FIRST", " DESC NULLS LAST"])

    def limit(self):
        if self.chance(0.5):
            return ""
        offset = f" OFFSET {self.random.randint(0, 4)}" if self.chance(0.4) else ""
        return Many([Node("limit", f" LIMIT {self.pick([0, 1, 2, 5, 20])}{offset}")], "")

    def select(self, kinds, outer, depth, top, plain=False):
        relation = self.from_clause(outer, depth)
        scope = Scope(relation.columns, outer, subqueries=depth > 0)
        where = self.expressions.make("bool", scope, 2) if self.chance(0.6) else None
        grouped = self.chance(0.3)
        having, groups = None, []
        item_scope = scope
        if grouped:
            groups = [self.expressions.make(kind, Scope(relation.columns, outer, subqueries=False), 1) for kind in self.kinds(2)]
            groups = [g for g in groups if not constant(g)] if self.chance(0.8) else []
            item_scope = self.grouped_scope(relation, groups, outer, depth)
            having = self.expressions.make("bool", item_scope, 2) if self.chance(0.3) else None
        elif not plain and depth > 0 and relation.columns and self.chance(0.2):
            item_scope = Scope(relation.columns, outer, subqueries=depth > 0,
                               window=lambda kind, d: self.window(kind, relation, scope))
        items = []
        for i, kind in enumerate(kinds):
            value = self.expressions.make(kind, item_scope, 2)
            items.append(Node("item", value, f" AS x{i}") if not plain and self.chance(0.2) else Node("item", value))
        if grouped and groups and self.chance(0.3):
            (items, any_group), having = self.grouped_by_items(kinds, relation), None
            groups = [Node("groups", "ALL", engines=TYPED)] if any_group else []
        # DuckDB gives no row for LATERAL (SELECT max(x) FROM …) with DISTINCT or ORDER BY where no row is aggregated.
        one_row = grouped and not groups
        distinct = Many([Node("distinct", "DISTINCT ")], "") if self.chance(0.12) and not one_row else ""
        order, ordered = "", False
        if not plain and (self.chance(0.3) if top else self.chance(0.15) and not one_row):
            order, ordered = self.order_by_places(len(kinds))
        if order == "" and not plain and not distinct and not one_row and self.chance(0.08):
            # Ordered by all columns, the first row of each group is known.
            on = sorted(self.random.sample(range(1, len(kinds) + 1), self.random.randint(1, len(kinds))))
            distinct = Node("distinct_on", f"DISTINCT ON ({', '.join(str(place) for place in on)}) ", engines=TYPED)
            order, ordered = self.order_by_places(len(kinds))
        if order == "" and not plain and not grouped and not distinct and self.chance(0.1):
            keys = [Node("term", self.expressions.make(self.expressions.kind(), scope, 1), self.direction()) for _ in range(2)]
            order = optional(" ORDER BY ", *[key for key in keys if not constant(key.parts[0])])
        clauses = [optional(" WHERE ", where), optional(" GROUP BY ", *groups), optional(" HAVING ", having)]
        if item_scope.window and self.chance(0.3):
            clauses.append(optional(" QUALIFY ", self.qualify(item_scope)))
        return Node("query", "SELECT ", distinct, Many(items, least=1), " FROM ", relation.node, *clauses, order), ordered

    # Groups and windows.

    def grouped_by_items(self, kinds, relation):
        """Items for GROUP BY ALL, and whether any is a group: has no aggregate in it. DuckDB does not count constants."""
        flat = Scope(relation.columns, subqueries=False)
        items, any_group = [], False
        for kind in kinds:
            column = self.expressions.column(kind, flat)
            value = self.aggregate(kind, flat)
            if column is not None and self.chance(0.6):
                any_group = True
                value = Node(kind, "COALESCE(", column, ", ", self.expressions.make(kind, flat, 1), ")")
            items.append(Node("item", value))
        return items, any_group

    def grouped_scope(self, relation, groups, outer, depth):
        argument_scope = Scope(relation.columns, outer=None, subqueries=False)

        def leaf(kind, _depth):
            if kind == "int" and outer and self.chance(0.2):
                return self.outer_sum(relation, outer) or self.aggregate(kind, argument_scope)
            fitting = [g for g in groups if g.kind == kind]
            if fitting and self.chance(0.4):
                return self.pick(fitting)
            return self.aggregate(kind, argument_scope)

        return Scope([], outer, leaf=leaf, subqueries=depth > 0)

    def outer_sum(self, relation, outer):
        """An aggregate that reads the outer row beside its own."""
        own, around = ([c for c in columns if c.kind == "int"] for columns in (relation.columns, outer.all_columns()))
        if not own or not around:
            return None
        return Node("int", self.pick(["sum(", "max("]), self.pick(own).node(), " + ", self.pick(around).node(), ")")

    def aggregate(self, kind, scope, distinct_allowed=True):
        argument = lambda k: self.expressions.make(k, scope, 1)
        distinct = "DISTINCT " if distinct_allowed and self.chance(0.2) else ""
        filtered = (Many([Node("filter", " FILTER (WHERE ", self.expressions.make("bool", scope, 1), ")")], "")
                    if self.chance(0.2) else "")
        if kind == "int" and self.chance(0.7):
            if self.chance(0.3):
                return Node("int", "count(*)", filtered)
            if self.chance(0.5):
                return Node("int", f"count({distinct}", argument(self.expressions.kind()), ")", filtered)
            return Node("int", f"sum({distinct}", argument("int"), ")", filtered)
        if kind in ("dec", "dbl") and self.chance(0.5):
            source = "dec" if kind == "dec" else self.pick(["dbl", "dbl", "int", "dec"])
            name = "sum" if kind == source and self.chance(0.7) else "avg"
            if name == "avg" and kind == "dec":
                name = "max"
            call = Node(kind, f"{name}({distinct}", argument(source), ")", filtered)
            # Sums have 38 digits: what is computed of them further needs room for digits in front of the point.
            return Node(kind, "CAST(", call, " AS DECIMAL(24, 3))") if kind == "dec" else call
        if kind == "bool":
            return Node("bool", self.pick(["bool_and", "bool_or"]) + "(", argument("bool"), ")", filtered, engines=TYPED)
        return Node(kind, self.pick(["min", "max"]) + "(", argument(kind), ")", filtered)

    def window(self, kind, relation, scope):
        """A window function. Where ties would show, the order is that of all columns, so that they do not."""
        flat = Scope(relation.columns, scope.outer, subqueries=False)
        partition = [self.expressions.make(self.expressions.kind(), flat, 1)] if self.chance(0.6) else []
        partition = optional("PARTITION BY ", *partition)
        # One text: the shrinker must not take columns from it.
        engines = frozenset.intersection(*(c.engines for c in relation.columns))
        total = Node("order", " ORDER BY " + ", ".join(c.text + self.direction() for c in relation.columns), engines=engines)
        keys = [Node("term", self.expressions.make(self.expressions.kind(), flat, 1), self.direction()) for _ in range(self.random.randint(1, 2))]
        some = optional_order(keys)
        # Which of two equal rows comes first is open: one window may see it, but not two together.
        by_place = relation.unique or not relation.placed
        relation.placed = relation.placed or by_place
        if kind == "int" and self.chance(0.5):
            name = self.pick(["row_number()", "rank()", "dense_rank()", "ntile(3)", "count(*)", "rank()"] if by_place else ["rank()"])
            order = total if name in ("row_number()", "ntile(3)") else some
            return Node("int", name + " OVER (", partition, order, ")")
        if kind == "dbl" and self.chance(0.3):
            return Node("dbl", self.pick(["percent_rank()", "cume_dist()"]) + " OVER (", partition, some, ")")
        if by_place and self.chance(0.5):
            argument = self.expressions.make(kind, flat, 1)
            call = self.pick([["lag(", argument, ")"], ["lead(", argument, ", 2)"], ["lag(", argument, By(" IGNORE NULLS)", sqlite=None)],
                              ["first_value(", argument, By(" IGNORE NULLS)", sqlite=None)], ["first_value(", argument, ")"],
                              ["last_value(", argument, ")"], ["nth_value(", argument, ", 2)"]])
            framed = call[0][:3] in ("fir", "las", "nth")
            return Node(kind, *call, " OVER (", partition, total, self.frame() if framed else "", ")")
        aggregate = self.aggregate(kind if kind != "dec" else "int", flat, distinct_allowed=False)
        framed = by_place and self.chance(0.6)
        return Node(kind, aggregate, " OVER (", partition, total if framed else some,
                    self.frame() if framed else self.range_frame(), ")") if kind != "dec" else None

    def range_frame(self):
        """Equal rows come and go together."""
        if self.chance(0.6):
            return ""
        bounds = self.pick(["UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING", "CURRENT ROW AND UNBOUNDED FOLLOWING", "CURRENT ROW AND CURRENT ROW"])
        return Many([Node("frame", f" RANGE BETWEEN {bounds}")], "")

    def qualify(self, scope):
        kind = self.expressions.kind()
        made = scope.window(kind, 1)
        if made is None:
            return None
        return Node("qualify", made, self.pick([" = ", " <> ", " <= "]), self.expressions.make(kind, scope, 1), engines=TYPED)

    def frame(self):
        bounds = ["UNBOUNDED PRECEDING", "2 PRECEDING", "1 PRECEDING", "CURRENT ROW", "1 FOLLOWING", "3 FOLLOWING", "UNBOUNDED FOLLOWING"]
        low, high = sorted(self.random.sample(range(7), 2))
        return Many([Node("frame", f" ROWS BETWEEN {bounds[low]} AND {bounds[high]}")], "")

    # FROM.

    def from_clause(self, outer, depth):
        relation = self.relation(outer, depth)
        count = self.pick([0, 0, 0, 1, 1, 2, 3]) if depth > 0 else self.pick([0, 0, 1])
        for i in range(count):
            # What stands behind a comma and a JOIN does not see what is before the comma.
            relation = self.join(relation, outer, depth, comma=i == count - 1)
        return relation

    def relation(self, outer, depth):
        form = self.random.random()
        alias = self.fresh()
        if depth > 0 and form < 0.12:
            kinds = self.kinds(3)
            query, _ = self.body(kinds, None, depth - 1)
            return self.derived(query, alias, kinds, 100)
        if form < 0.2:
            return self.merged_join(alias)
        if self.ctes and form < 0.5:
            name, columns, num_rows = self.pick(self.ctes)
            return Relation(Node("from", f"{name} AS {alias}"), [ScopeColumn(f"{alias}.{c}", k) for c, k in columns], num_rows)
        if self.views and form < 0.6:
            view = self.pick(self.views)
            columns = [ScopeColumn(f"{alias}.{c.name}", c.kind, TYPED) for c in view.columns]
            return Relation(Node("from", f"{view.name} AS {alias}", engines=TYPED), columns, view.num_rows)
        if form > 0.96:
            kinds = self.kinds(3)
            rows = [Node("row", "(", Many([self.cast_literal(kind) for kind in kinds], least=len(kinds)), ")")
                    for _ in range(self.random.randint(1, 4))]
            names = ", ".join(f"c{i}" for i in range(len(kinds)))
            node = Node("from", "(VALUES ", Many(rows, least=1), f") AS {alias}({names})", engines=TYPED)
            return Relation(node, [ScopeColumn(f"{alias}.c{i}", k) for i, k in enumerate(kinds)], len(rows))
        table = self.table(depth)
        columns = [ScopeColumn(f"{alias}.{c.name}", c.kind, engines_of(c.kind)) for c in table.columns]
        return Relation(Node("from", f"{table.name} AS {alias}"), columns, table.num_rows, unique=True)

    def derived(self, query, alias, kinds, num_rows, lateral=""):
        names = ", ".join(f"c{i}" for i in range(len(kinds)))
        # SQLite has no names behind a subquery's alias.
        node = Node("from", f"{lateral}(", query, f") AS {alias}({names})", engines=TYPED)
        return Relation(node, [ScopeColumn(f"{alias}.c{i}", k) for i, k in enumerate(kinds)], num_rows)

    def merged_join(self, alias):
        """NATURAL and USING, in a subquery: their merged columns have no table's name."""
        left, right = self.table(), self.table()
        kind = self.pick(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        a, b = (self.pick([c for c in t.columns if c.kind == "int"]) for t in (left, right))
        c, d = (self.pick(t.columns) for t in (left, right))
        joined = self.pick([f"{kind} ", f"NATURAL {kind} "])
        using = "" if joined.startswith("NATURAL") else " USING (k)"
        node = Node("from", f"(SELECT k, l, r FROM (SELECT {a.name} AS k, {c.name} AS l FROM {left.name}) AS a {joined}"
                    f"(SELECT {b.name} AS k, {d.name} AS r FROM {right.name}) AS b{using}) AS {alias}")
        columns = [ScopeColumn(f"{alias}.k", "int")] + [ScopeColumn(f"{alias}.{n}", x.kind, engines_of(x.kind)) for n, x in (("l", c), ("r", d))]
        return Relation(node, columns, max(left.num_rows, 1) * max(right.num_rows, 1) // 4)

    def join(self, left, outer, depth, comma):
        lateral = depth > 0 and left.columns and self.chance(0.12)
        if lateral:
            right = self.lateral(left, outer, depth)
        else:
            right = self.relation(outer, depth)
        product = max(left.num_rows, 1) * max(right.num_rows, 1)
        columns = left.columns + right.columns
        kind = self.pick([", " if comma else " JOIN ", " CROSS JOIN ", " JOIN ", " JOIN ", " INNER JOIN ", " LEFT JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN "])
        if lateral:
            kind = self.pick([" CROSS JOIN ", " LEFT JOIN "])
        if kind in (", ", " CROSS JOIN "):
            if product <= MAX_PRODUCT:
                return Relation(Node("from", left.node, kind, right.node), columns, product, left.unique and right.unique)
            kind = " JOIN "
        condition = self.join_condition(left, right, outer, product > MAX_PRODUCT)
        if not lateral and self.chance(0.08):
            kind = self.pick([" SEMI JOIN ", " ANTI JOIN "])
            return Relation(Node("from", left.node, kind, right.node, " ON ", condition, engines=TYPED), left.columns, left.num_rows, left.unique)
        rows = product // 4 if product < MAX_PRODUCT else max(left.num_rows, right.num_rows)
        return Relation(Node("from", left.node, kind, right.node, " ON ", condition), columns, rows, left.unique and right.unique)

    def lateral(self, left, outer, depth):
        kinds = self.kinds(2)
        query, _ = self.select(kinds, Scope(left.columns, None), depth - 1, False)
        return self.derived(query, self.fresh(), kinds, 10, lateral="LATERAL ")

    def join_condition(self, left, right, outer, must_be_equal):
        pairs = [(a, b) for a in left.columns for b in right.columns if a.kind == b.kind]
        if must_be_equal:
            ids = [(a, b) for a, b in pairs if a.text.endswith(".id") or b.text.endswith(".id")]
            pairs = ids or pairs
        terms = []
        if pairs and (must_be_equal or self.chance(0.75)):
            a, b = self.pick(pairs)
            terms.append(Node("bool", a.node(), " = ", b.node()))
        if not terms or self.chance(0.3):
            terms.append(self.expressions.make("bool", Scope(left.columns + right.columns, outer, subqueries=self.chance(0.15)), 1))
        return Node("bool", Many(terms, " AND ", least=1))

    # Subqueries in expressions.

    def scalar_subquery(self, kind, scope, depth):
        """One row: an aggregate without groups, or the first row of a total order."""
        relation = self.from_clause(None, 0)
        inner = Scope(relation.columns, Scope(scope.all_columns()) if not scope.leaf else None, subqueries=False)
        where = self.expressions.make("bool", inner, 1) if self.chance(0.8) else None
        if self.chance(0.7):
            value = self.aggregate(kind, Scope(relation.columns, subqueries=False))
            return Node(kind, "(SELECT ", value, " FROM ", relation.node, optional(" WHERE ", where), ")")
        value = self.expressions.make(kind, inner, 1)
        return Node(kind, "(SELECT ", value, " FROM ", relation.node, optional(" WHERE ", where), " ORDER BY 1" + self.direction() + " LIMIT 1)")

    def subquery_condition(self, scope, depth):
        outer = Scope(scope.all_columns()) if not scope.leaf else None
        kind = self.expressions.kind()
        form = self.random.randint(0, 6)
        if form == 0:
            query, _ = self.body(self.kinds(1), outer, depth)
            return Node("bool", self.pick(["EXISTS (", "NOT EXISTS ("]), query, ")")
        if form <= 2:
            query, _ = self.body([kind], outer, depth)
            return Node("bool", "(", self.expressions.make(kind, scope, 1), self.pick([" IN (", " NOT IN ("]), query, "))")
        if form == 3:
            query, _ = self.body([kind], outer, depth)
            operator = self.pick(["=", "<>", "<", "<=", ">", ">="])
            return Node("bool", "(", self.expressions.make(kind, scope, 1), f" {operator} {self.pick(['ANY', 'ALL'])} (", query, "))",
                        engines=TYPED)
        if form == 4:
            elements = [self.expressions.make(kind, scope, 1) for _ in range(self.random.randint(1, 3))]
            operator = self.pick(["=", "<>", "<", "<=", ">", ">="])
            return Node("bool", "(", self.expressions.make(kind, scope, 1), f" {operator} {self.pick(['ANY', 'ALL'])} ([",
                        Many(elements, least=1), "]))", engines=TYPED)
        other = self.expressions.kind()
        if form == 5:
            return self.row_comparison(kind, other, scope)
        query, _ = self.body([kind, other], outer, depth)
        return Node("bool", "((", self.expressions.make(kind, scope, 1), ", ", self.expressions.make(other, scope, 1), ")",
                    self.pick([" IN (", " NOT IN ("]), query, "))")


    def row_comparison(self, kind, other, scope):
        """Two values compared with the first row of a subquery. DuckDB has no such thing."""
        relation = self.from_clause(None, 0)
        inner = Scope(relation.columns, Scope(scope.all_columns()) if not scope.leaf else None, subqueries=False)
        where = self.expressions.make("bool", inner, 1) if self.chance(0.6) else None
        values = [self.expressions.make(k, inner, 1) for k in (kind, other)]
        operator = self.pick(["=", "<>", "<", "<=", ">", ">="])
        return Node("bool", "((", self.expressions.make(kind, scope, 1), ", ", self.expressions.make(other, scope, 1), f") {operator} (SELECT ",
                    values[0], ", ", values[1], " FROM ", relation.node, optional(" WHERE ", where),
                    f" ORDER BY 1{self.direction()}, 2{self.direction()} LIMIT 1))", engines=frozenset(["llkv", "sqlite"]))


def constant(node):
    """Whether a group is a bare number, which would be the place of an item."""
    return isinstance(node.parts[0], str) and node.parts[0][:1] in "0123456789-" and len(node.parts) == 1


def optional_order(terms):
    return Many(terms, ", ", " ORDER BY ", least=1)
