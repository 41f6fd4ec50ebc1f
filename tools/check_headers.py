#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every public header stands alone in C17, without a feature macro and without
a warning, for gcc and for clang.

usage: check_headers.py [root] | --self-test
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

COMPILERS = [c for c in ("gcc", "clang-14") if shutil.which(c)]
FLAGS = ["-xc", "-std=c17", "-pedantic", "-Wall", "-Wextra", "-Wundef",
         "-Wshadow", "-Wconversion", "-Wstrict-prototypes", "-Werror",
         "-fsyntax-only"]


def problems(include):
    for header in sorted(include.glob("peal/*.h")):
        for compiler in COMPILERS:
            done = subprocess.run(
                [compiler, *FLAGS, f"-I{include}", "-"],
                input=f"#include <peal/{header.name}>\n", text=True,
                capture_output=True)
            if done.returncode != 0:
                yield f"peal/{header.name}, {compiler}:\n{done.stderr}"


def self_test():
    with tempfile.TemporaryDirectory() as name:
        include = pathlib.Path(name)
        (include / "peal").mkdir()
        (include / "peal/bad.h").write_text("size_t peal_x(void);\n")
        found = list(problems(include))
    if len(found) != len(COMPILERS):
        print(f"expected a complaint per compiler, got {found}")
        return 1
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]).resolve() if sys.argv[1:] else here
    found = list(problems(root / "include"))
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
