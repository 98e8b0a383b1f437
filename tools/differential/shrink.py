"""Makes a script that shows a difference small: drops items, and puts smaller trees of the same kind in the place of larger ones."""
import time

from tree import ALL, Many, Node, at, descendants, render, replaced, size

SIMPLE = {"int": ["1", "0"], "dbl": ["1e0"], "dec": ["1.5"], "text": ["'a'"], "bool": ["true", "false"]}


def smaller_lists(items, least):
    """Without a half, a quarter, … of the items, at last without each one."""
    length = (len(items) + 1) // 2
    while length >= 1:
        for start in range(0, len(items), length):
            rest = items[:start] + items[start + length:]
            if len(rest) >= least:
                yield rest
        length //= 2


def candidates(tree, path):
    """Trees with something smaller at the place."""
    part = at(tree, path)
    if isinstance(part, Many):
        for items in smaller_lists(part.parts, part.least):
            yield replaced(tree, path, part.with_parts(items))
        return
    for text in SIMPLE.get(part.kind, []):
        if part.parts != [text] and size(part) > 1 or len(part.parts) == 1 and isinstance(part.parts[0], str) and "." in part.parts[0]:
            yield replaced(tree, path, Node(part.kind, text, engines=ALL))
    for inner in sorted((d for d in descendants(part) if isinstance(d, Node) and d.kind == part.kind), key=size):
        yield replaced(tree, path, inner)


def shrink(script, still_fails, seconds=60):
    """The smallest script found for which `still_fails` holds. Statements come first, then what is in them."""
    deadline = time.monotonic() + seconds
    changed = True
    while changed and time.monotonic() < deadline:
        changed = False
        todo = [()]
        while todo and time.monotonic() < deadline:
            path = todo.pop(0)
            for candidate in candidates(script, path):
                if time.monotonic() > deadline:
                    break
                if weight(candidate) < weight(script) and still_fails(candidate):
                    script, changed = candidate, True
                    todo.insert(0, path)
                    break
            else:
                part = at(script, path)
                todo += [path + (i,) for i, child in enumerate(part.parts) if isinstance(child, (Node, Many))]
    return script


def weight(tree):
    return (size(tree), len(render(tree, "llkv")))
