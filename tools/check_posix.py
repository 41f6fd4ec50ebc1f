#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Everything beside src/net is compiled with what POSIX 2008 has and nothing else:
what a system has beyond it is asked for in src/net (net/system.h).

usage: check_posix.py <source> <build>   or   check_posix.py --self-test
"""
import pathlib
import subprocess
import sys
import tempfile

FLAGS = ["cc", "-std=c17", "-fsyntax-only", "-D_POSIX_C_SOURCE=200809L",
         "-DPEAL_SHARE_DIR=\"\"", "-Wno-format",
         "-Werror=implicit-function-declaration"]


def wrong(files, folders):
    """One compiler for all of them: the words of it, or nothing."""
    include = [f"-I{folder}" for folder in folders]
    done = subprocess.run([*FLAGS, *include, *map(str, files)], text=True,
                          capture_output=True)
    return done.stderr if done.returncode else ""


def self_test():
    with tempfile.TemporaryDirectory() as name:
        file = pathlib.Path(name, "x.c")
        file.write_text("#include <string.h>\n"
                        "void f(char *p);\nvoid f(char *p) {\n"
                        "  explicit_bzero(p, 1);\n}\n")
        if "explicit_bzero" not in wrong([file], []):
            raise SystemExit("expected a word against explicit_bzero")
        file.write_text("#include <unistd.h>\nint f(void);\n"
                        "int f(void) { return close(1); }\n")
        if wrong([file], []):
            raise SystemExit("expected close() to be POSIX")


def main():
    if sys.argv[1] == "--self-test":
        return self_test()
    source, build = map(pathlib.Path, sys.argv[1:3])
    files = [f for f in sorted((source / "src").glob("*/*.c"))
             if f.parent.name != "net"]
    said = wrong(files, [source / "include", source / "src", build])
    if said:
        raise SystemExit(said)
    print(f"{len(files)} files")
    return None


if __name__ == "__main__":
    main()
