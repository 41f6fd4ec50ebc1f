#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our .c and .h files are as clang-format 14 writes them.

usage: check_format.py [--fix] [root] | --self-test
Exit 77 (skipped) without clang-format 14.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

FOLDERS = ["include", "src", "apps", "cli", "bench", "examples", "tests",
           "fuzz"]
TOOL = "clang-format-14"


def files(root):
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*.[ch]")):
            if "node_modules" not in file.parts:
                yield file


def unformatted(root):
    names = [str(f) for f in files(root)]
    if not names:
        return []
    done = subprocess.run([TOOL, "--dry-run", "--ferror-limit=1", *names],
                          cwd=root, capture_output=True, text=True)
    return sorted({line.split(":")[0] for line in done.stderr.splitlines()
                   if "[-Wclang-format-violations]" in line})


def self_test():
    style = pathlib.Path(__file__).resolve().parent.parent / ".clang-format"
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        (root / "src").mkdir()
        shutil.copy(style, root)
        (root / "src/bad.c").write_text("int  f( void ){return 1;}\n")
        (root / "src/good.c").write_text("int f(void) {\n  return 1;\n}\n")
        found = unformatted(root)
    if [pathlib.Path(f).name for f in found] != ["bad.c"]:
        print(f"expected a complaint about bad.c, got {found}")
        return 1
    return 0


def main():
    if not shutil.which(TOOL):
        print(f"{TOOL} is not installed")
        return 77
    args = sys.argv[1:]
    if args == ["--self-test"]:
        return self_test()
    fix = "--fix" in args
    rest = [a for a in args if a != "--fix"]
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(rest[0]).resolve() if rest else here
    found = unformatted(root)
    if fix and found:
        subprocess.run([TOOL, "-i", *found], check=True)
        return 0
    for file in found:
        print(f"{file}: not formatted (tools/check_format.py --fix)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
