#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""libpeal.so exports the API and nothing else: every exported symbol is
declared PEAL_API in include/peal, and every such declaration is exported.

usage: check_symbols.py <libpeal.so> [include/peal] | --self-test
"""
import pathlib
import re
import subprocess
import sys
import tempfile

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
DECLARED = re.compile(r"\bPEAL_API\b([^;{]*)[;{]", re.S)


def declared(folder):
    names = set()
    for file in folder.glob("*.h"):
        if file.name.startswith(("kit", "test")):  # libraries of their own
            continue
        text = COMMENT.sub("", file.read_text())
        text = re.sub(r"^\s*#(?:[^\n]*\\\n)*[^\n]*", "", text, flags=re.M)
        for match in DECLARED.findall(text):
            plain = re.sub(r"\bPEAL_[A-Z_]+\([^)]*\)", "", match)
            name = re.search(r"\b(peal_\w+)\s*(?:\(|\[|$)", plain)
            if name:
                names.add(name.group(1))
    return names


def exported(library):
    out = subprocess.run(["nm", "-D", "--defined-only", str(library)],
                         capture_output=True, text=True, check=True).stdout
    return {line.split()[-1].split("@")[0] for line in out.splitlines()
            if line.split()[-2] not in "A"}


def problems(library, folder):
    have, want = exported(library), declared(folder)
    for name in sorted(have - want):
        yield f"{name} is exported but not declared PEAL_API"
    for name in sorted(want - have):
        yield f"{name} is declared PEAL_API but not in the library"


def self_test():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "a.h").write_text(
            "/* PEAL_API int peal_comment(void); */\n"
            "PEAL_API int peal_good(int a,\n  int b);\n"
            "PEAL_API PEAL_MUST_CHECK struct s *peal_missing(void);\n")
        (folder / "a.c").write_text(
            "int peal_good(int a, int b){return a+b;} int leaked(void){return 1;}")
        subprocess.run(["cc", "-shared", "-fPIC", "a.c", "-o", "a.so"],
                       cwd=folder, check=True)
        found = " | ".join(problems(folder / "a.so", folder))
    if found != ("leaked is exported but not declared PEAL_API | peal_missing "
                 "is declared PEAL_API but not in the library"):
        print(f"unexpected: {found}")
        return 1
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    here = pathlib.Path(__file__).resolve().parent.parent
    folder = here / "include/peal"
    if len(sys.argv) > 2:
        folder = pathlib.Path(sys.argv[2])
    found = list(problems(pathlib.Path(sys.argv[1]), folder))
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
