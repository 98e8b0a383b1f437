"""SQL as a tree of text that knows its alternatives: what one engine spells otherwise, what may be left out, what may stand for what.

The generators build it, the engines' texts are rendered from it, and the shrinker takes it apart without knowing any SQL.
"""

ALL = frozenset(["llkv", "duckdb", "sqlite"])
TYPED = frozenset(["llkv", "duckdb"])


class By:
    """A piece of text that engines spell differently: By(default, sqlite="instr"). None: that engine has no such thing."""

    def __init__(self, default, **spellings):
        self.default = default
        self.spellings = spellings

    def text(self, engine):
        return self.spellings.get(engine, self.default)


class Node:
    """Parts (text, By, Node or Many) one after another; `kind` says what it may be replaced by: nodes of the same kind."""

    def __init__(self, kind, *parts, engines=ALL):
        self.kind = kind
        self.parts = list(parts)
        self.engines = engines

    def with_parts(self, parts):
        return Node(self.kind, *parts, engines=self.engines)


class Many:
    """Items between separators, of which at least `least` must stay; `before` stands in front where there is any."""

    def __init__(self, items, separator=", ", before="", least=0):
        self.parts = list(items)
        self.separator = separator
        self.before = before
        self.least = least

    def with_parts(self, parts):
        return Many(parts, self.separator, self.before, self.least)


def optional(before, *items, separator=", "):
    """A clause that may be left out, or nothing where it has no items."""
    return Many([item for item in items if item is not None], separator, before)


def render(part, engine):
    if isinstance(part, str):
        return part
    if isinstance(part, By):
        return part.text(engine)
    texts = [render(child, engine) for child in part.parts]
    if isinstance(part, Node):
        return "".join(texts)
    return part.before + part.separator.join(texts) if texts else ""


def runs_on(part, engine):
    """Whether the engine has everything that the tree uses."""
    if isinstance(part, str):
        return True
    if isinstance(part, By):
        return part.text(engine) is not None
    if isinstance(part, Node) and engine not in part.engines:
        return False
    return all(runs_on(child, engine) for child in part.parts)


def is_tree(part):
    return isinstance(part, (Node, Many))


def at(part, path):
    for i in path:
        part = part.parts[i]
    return part


def replaced(part, path, new):
    """The tree with `new` at the place; the rest is shared."""
    if not path:
        return new
    parts = list(part.parts)
    parts[path[0]] = replaced(parts[path[0]], path[1:], new)
    return part.with_parts(parts)


def descendants(part):
    for child in part.parts:
        if is_tree(child):
            yield child
            yield from descendants(child)


def size(part):
    return 1 + sum(size(child) for child in part.parts if is_tree(child))
