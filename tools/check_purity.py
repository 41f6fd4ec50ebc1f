#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""base, wire and proto link against almost nothing: no clock, no dice, no
socket. Reads the undefined symbols of their archives.

usage: check_purity.py <build>/layers | --self-test
"""
import pathlib
import re
import subprocess
import sys
import tempfile

PURE = ["base", "wire", "proto"]
ALLOWED = re.compile(r"malloc|calloc|realloc|free|mem\w+|str\w+|__assert_fail"
                     r"|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__tls_get_addr")


def symbols(archive, option):
    out = subprocess.run(["nm", "-A", "-P", option, str(archive)],
                         capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        where, name = line.split(": ")[0], line.split(": ")[1].split()[0]
        yield re.sub(r".*\[|\]$", "", where), name


def problems(folder):
    known = set()
    for layer in PURE:
        archive = folder / f"libpeal_{layer}.a"
        if not archive.exists():
            continue
        known |= {name for _, name in symbols(archive, "--defined-only")}
        for member, name in symbols(archive, "-u"):
            if name not in known and not ALLOWED.fullmatch(name):
                yield f"{layer}/{member}: needs {name}"


def self_test():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "bad.c").write_text(
            "long time(long *); void *malloc(unsigned long);"
            "void *f(void) { return malloc((unsigned long)time(0)); }")
        subprocess.run(["cc", "-c", "bad.c", "-o", "bad.o"], cwd=folder,
                       check=True)
        subprocess.run(["ar", "rc", "libpeal_wire.a", "bad.o"], cwd=folder,
                       check=True)
        found = list(problems(folder))
    if found != ["wire/bad.o: needs time"]:
        print(f"expected one complaint about time, got {found}")
        return 1
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    folder = pathlib.Path(sys.argv[1])
    found = list(problems(folder))
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
