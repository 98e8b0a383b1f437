#!/usr/bin/env python3
"""Check the lengths of files (800 lines, tests 1,500) and functions (100 lines), and the size of the public surface.

tools/lint/size_exceptions.txt names what may be longer, with its length; the list may only get shorter.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_FILE, MAX_TEST_FILE, MAX_FUNCTION = 800, 1500, 100
MAX_PUBLIC_HEADERS, MAX_PUBLIC_LINES = 12, 2000
# A function begins on a line that is not indented (or is, in a class) and is no control flow; its signature may go on over
# lines that are indented further, the last of which ends in "{".
FUNCTION_START = re.compile(r"^(\s{0,2})(?!\s|\}|#|//|\*|public:|private:|protected:|(namespace|class|struct|enum|union|extern|switch|if|for"
                            r"|while|do|else|return|case|using|template)\b)\S[^=]*\(")


def exceptions():
    path = ROOT / "tools/lint/size_exceptions.txt"
    entries = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        line = line.split("#")[0].strip()
        if line:
            name, _, length = line.rpartition(" ")
            entries[name.strip()] = int(length)
    return entries


def function_lengths(lines):
    index = 0
    while index < len(lines):
        match = FUNCTION_START.match(lines[index])
        if match:
            last = index
            while (last + 1 < len(lines) and not lines[last].endswith((";", "{", "}"))
                   and lines[last + 1].startswith(match[1] + "    ")):
                last += 1
            if lines[last].endswith("{"):
                end = last + 1
                while end < len(lines) and not lines[end].startswith(match[1] + "}"):
                    end += 1
                yield index + 1, end - index + 1
                index = end
        index += 1


def main():
    allowed = exceptions()
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.h", "*.cc"], cwd=ROOT, text=True,
                           capture_output=True, check=True).stdout.split()
    problems = []
    for name in files:
        path = ROOT / name
        if not path.exists():
            continue
        lines = path.read_text().splitlines()
        limit = MAX_TEST_FILE if name.endswith("_test.cc") else MAX_FILE
        limit = max(limit, allowed.get(name, 0))
        if len(lines) > limit:
            problems.append(f"{name}: {len(lines)} lines, {limit} at most")
        if name.endswith("_test.cc"):
            continue
        for start, length in function_lengths(lines):
            if length > max(MAX_FUNCTION, allowed.get(f"{name}:function", 0)):
                problems.append(f"{name}:{start}: a function of {length} lines, {MAX_FUNCTION} at most")
    public = [name for name in files if name.startswith("include/llkv/")]
    total = sum(len((ROOT / name).read_text().splitlines()) for name in public)
    if len(public) > MAX_PUBLIC_HEADERS or total > MAX_PUBLIC_LINES:
        problems.append(f"include/llkv: {len(public)} headers, {total} lines; at most {MAX_PUBLIC_HEADERS} and {MAX_PUBLIC_LINES}")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
