#!/usr/bin/env python3
"""Check that every relative link of the project's Markdown files leads to a file that is there."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")


def main():
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, text=True,
                           capture_output=True, check=True).stdout.split("\n")
    broken = 0
    for name in filter(None, names):
        path = ROOT / name
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for match in LINK.finditer(line):
                target = match[1]
                if "://" in target or target.startswith("mailto:"):
                    continue
                if not (path.parent / target).exists():
                    print(f"{name}:{number}: {target} does not exist")
                    broken += 1
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
