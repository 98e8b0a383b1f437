#!/usr/bin/env python3
"""All checks of `make lint`: format, layers, sizes, stand-alone headers, documents, clang-tidy.

clang-tidy looks at the files that differ from the main branch's last merge base (or, where there is none, from the parent commit);
with --all at every file. Prints what is wrong; exit status 1 where anything is.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"


def git(*args):
    return subprocess.run(["git", *args], cwd=ROOT, text=True, capture_output=True).stdout.split("\n")


def sources(*patterns):
    return [name for name in git("ls-files", "-co", "--exclude-standard", *patterns) if name and (ROOT / name).exists()]


def run(command):
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def in_parallel(commands):
    """Runs the commands; gives the outputs of those that failed."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [output for code, output in pool.map(run, commands) if code != 0]


def check_format():
    return in_parallel([["clang-format-14", "--dry-run", "--Werror", name] for name in sources("*.h", "*.cc")])


def compile_flags():
    """Include and language flags, taken from the compilation of one of our own files."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if entry["file"].startswith(str(ROOT / "src")):
            words = shlex.split(entry["command"])
            kept, take = [], False
            for word in words:
                if take or word.startswith(("-I", "-std", "-D")):
                    kept.append(word)
                    take = False
                elif word in ("-isystem", "-I"):
                    kept.append(word)
                    take = True
            return kept
    return []


def check_headers():
    """Each header compiles alone. One translation unit a header, syntax only."""
    flags = compile_flags() + ["-I", str(ROOT)]
    commands = [["clang++-14", *flags, "-fsyntax-only", "-Wno-pragma-once-outside-header", "-x", "c++", str(ROOT / name)]
                for name in sources("src/**/*.h", "include/**/*.h", "src/*.h", "include/*.h")]
    return in_parallel(commands)


def changed_files():
    bases = ["origin/main", "main~1", "HEAD~1"]
    for base in bases:
        merge_base = git("merge-base", base, "HEAD")[0]
        if merge_base and merge_base != git("rev-parse", "HEAD")[0]:
            return {name for name in git("diff", "--name-only", merge_base) + git("ls-files", "-o", "--exclude-standard")}
    return set(git("ls-files"))


def check_tidy(everything):
    names = [name for name in sources("src/*.cc", "apps/*.cc") if not name.endswith("_test.cc")]
    if not everything:
        changed = changed_files()
        names = [name for name in names if name in changed]
    # The compile database is for GCC with a precompiled header; clang-tidy gets one without either.
    with tempfile.TemporaryDirectory() as folder:
        entries = []
        for entry in json.loads((BUILD / "compile_commands.json").read_text()):
            words, kept, skip = shlex.split(entry["command"]), [], 0
            for index, word in enumerate(words):
                if skip:
                    skip -= 1
                elif word == "-include":
                    skip = 1
                elif word.startswith(("-Wno-", "-fpch", "-Winvalid-pch", "-fvect-cost-model")):
                    continue
                else:
                    kept.append(word)
            while kept and not kept[0].endswith(("g++", "clang++-14", "c++")):
                kept.pop(0)
            entries.append({"directory": entry["directory"], "file": entry["file"], "arguments": ["clang++-14", *kept[1:]]})
        pathlib.Path(folder, "compile_commands.json").write_text(json.dumps(entries))
        known = {entry["file"] for entry in entries}
        return in_parallel([["clang-tidy-14", "--quiet", "-p", folder, str(ROOT / name)]
                            for name in names if str(ROOT / name) in known])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="clang-tidy on all files")
    arguments = parser.parse_args()
    script = lambda name: in_parallel([[sys.executable, str(ROOT / "tools/lint" / name)]])
    failed = False
    for title, check in [("layers", lambda: script("check_layers.py")), ("sizes", lambda: script("check_sizes.py")),
                         ("documents", lambda: script("check_docs.py")), ("format", check_format),
                         ("stand-alone headers", check_headers), ("clang-tidy", lambda: check_tidy(arguments.all))]:
        problems = check()
        print(f"lint: {title}: {'ok' if not problems else 'failed'}", flush=True)
        if problems:
            print("\n".join(problems))
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
