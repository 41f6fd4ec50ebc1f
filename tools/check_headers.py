#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every public header stands alone in C17 and in C++17, without a feature macro
and without a warning, for gcc and for clang, and changes no diagnostic of who
includes it; and every public function is written out, so that a search for
`name(` finds where it is made: in exactly one file of src/.

usage: check_headers.py [root] | --self-test
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import shrinking

WARNINGS = ["-pedantic", "-Wall", "-Wextra", "-Wundef", "-Wshadow",
            "-Wconversion", "-Werror", "-fsyntax-only"]
C = ["-xc", "-std=c17", "-Wstrict-prototypes", *WARNINGS]
CXX = ["-xc++", "-std=c++17", "-Wold-style-cast", *WARNINGS]
COMPILERS = [[path, *flags]
             for path, flags in ((shutil.which("gcc"), C),
                                 (shutil.which("clang-14"), C),
                                 (shutil.which("g++"), CXX),
                                 (shutil.which("clang++-14"), CXX)) if path]


def problems(include):
    for header in sorted(include.glob("peal/*.h")):
        for compiler in COMPILERS:
            done = subprocess.run(
                [*compiler, f"-I{include}", "-"],
                input=f"#include <peal/{header.name}>\n", text=True,
                capture_output=True)
            if done.returncode != 0:
                yield f"peal/{header.name}, {compiler[0]}:\n{done.stderr}"
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        for line in re.findall(r".*(?:#\s*pragma|_Pragma).*", text):
            if line.strip() != "#pragma once":
                yield f"peal/{header.name}: {line.strip()} leaks out of it"


def public_functions(include):
    """Pairs (header, name)."""
    for header in sorted(include.glob("peal/*.h")):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        for words in re.findall(r"^PEAL_API\b([^;{]*)", text, re.M):
            named = re.search(r"\b(peal_\w+)\s*\(", words)
            if named:
                yield header.name, named[1]


def definitions(source):
    """{name: files} of what is written out at the beginning of a line."""
    found = {}
    for file in sorted(source.rglob("*.c")):
        for line in file.read_text(errors="replace").splitlines():
            named = re.match(r"(?:[A-Za-z_][\w *]*[ *])?(peal_\w+)\(", line)
            if named and not line.endswith(";"):
                found.setdefault(named[1], set()).add(file.name)
    return found


def made_by_macros(root):
    """{name: complaint}"""
    found, wrong = definitions(root / "src"), {}
    for header, name in public_functions(root / "include"):
        homes = found.get(name, set())
        if len(homes) != 1:
            wrong[name] = (f"peal/{header}: {name} is written out in "
                           f"{' and '.join(sorted(homes)) or 'no file'} of src/")
    return wrong


def unwritten(root):
    return shrinking.compare(root, "unwritten", made_by_macros(root))


def self_test():
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        (root / "include/peal").mkdir(parents=True)
        (root / "src").mkdir()
        (root / "include/peal/bad.h").write_text(
            "#define PEAL_API\n"
            "PEAL_API size_t peal_x(void);\n"
            "/* PEAL_API void peal_not(void); */\n"
            "PEAL_API char *\npeal_made(int a,\n int b);\n"
            "PEAL_API void peal_plain(void);\n"
            "#pragma GCC diagnostic ignored \"-Wextra\"\n")
        (root / "src/bad.c").write_text(
            "#define MAKE(n) char *peal_##n(int a, int b) { return 0; }\n"
            "MAKE(made)\nsize_t peal_x(void) {\n  peal_plain();\n}\n"
            "void peal_plain(void) {\n}\n")
        found = list(problems(root / "include"))
        macros = list(unwritten(root))
    if len(found) != len(COMPILERS) + 1:
        print(f"expected a complaint per compiler and pragma, got {found}")
        return 1
    if macros != ["peal/bad.h: peal_made is written out in no file of src/"]:
        print(f"expected one complaint about peal_made, got {macros}")
        return 1
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]).resolve() if sys.argv[1:] else here
    found = [*problems(root / "include"),
             *unwritten(root)]
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
