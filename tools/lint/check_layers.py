#!/usr/bin/env python3
"""Compare tools/lint/layers.txt with every #include and with the link graph in CMakeLists.txt.

A line "layer tests: …" of layers.txt names what the layer's tests may include beyond the layer itself. Prints a line for each breach; exit status 1 where there is one.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
SQL_LAYERS = ("sql/parser", "sql/binder")


def read_rules():
    rules = {}
    for line in (ROOT / "tools/lint/layers.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            layer, _, allowed = line.partition(":")
            rules[layer.strip()] = set(allowed.split())
    return rules


def layer_of(path):
    """The layer of a path below src/, for example sql/binder/scope.h."""
    for layer in SQL_LAYERS:
        if path.startswith(layer + "/"):
            return layer
    return path.split("/")[0]


def check_includes(rules):
    for source in sorted(ROOT.glob("src/**/*")):
        if source.suffix not in (".h", ".cc"):
            continue
        layer = layer_of(source.relative_to(ROOT / "src").as_posix())
        test = source.name.endswith("_test.cc") or "testing" in source.parts
        for number, line in enumerate(source.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match or match[1].startswith("llkv/"):
                continue
            target = layer_of(match[1])
            if target not in rules:
                yield f"{source.relative_to(ROOT)}:{number}: {match[1]} is in no layer of layers.txt"
            elif target != layer and target not in rules[layer]:
                if test and ("/testing/" in match[1] or target in rules.get(f"{layer} tests", ())):
                    continue
                yield f"{source.relative_to(ROOT)}:{number}: {layer} may not include {match[1]}"
    for folder in ("apps", "python", "examples", "include"):
        for source in sorted(ROOT.glob(f"{folder}/**/*")):
            if source.suffix not in (".h", ".cc"):
                continue
            for number, line in enumerate(source.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match or match[1].startswith("llkv/"):
                    continue
                # A program's own headers, from any of the folders between the file and the top one.
                below = [parent for parent in source.parents if parent.is_relative_to(ROOT / folder)]
                if not any((parent / match[1]).exists() for parent in below):
                    yield f"{source.relative_to(ROOT)}:{number}: {folder} may include include/llkv only, not {match[1]}"


def check_links(rules):
    text = re.sub(r"#.*", "", (ROOT / "CMakeLists.txt").read_text())
    for match in re.finditer(r"llkv_layer\(([^)]*)\)", text):
        words = match[1].split()
        name = words[0].replace("sql_", "sql/")
        deps, mode, skip = set(), None, 0
        for word in words[1:]:
            if skip:
                skip -= 1
            elif word == "FOLDER":
                skip = 1
            elif word == "REGISTRY":
                skip, mode = 2, None
            elif word == "DEPS":
                mode = "deps"
            elif mode == "deps":
                deps.add(word.replace("sql_", "sql/"))
        if name not in rules:
            yield f"CMakeLists.txt: layer {name} is not in layers.txt"
        elif not deps <= rules[name]:
            yield f"CMakeLists.txt: {name} may not link to {' '.join(sorted(deps - rules[name]))}"


def main():
    rules = read_rules()
    breaches = list(check_includes(rules)) + list(check_links(rules))
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
