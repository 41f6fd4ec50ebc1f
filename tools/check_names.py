#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A symbol's name says its file: what src/<folder>/<stem>.c exports begins
with peal_<stem>_. The shorter names of the public face stand in
tools/names_aliases.txt.

usage: check_names.py <build>/layers | --self-test
"""
import fnmatch
import pathlib
import subprocess
import sys
import tempfile

ALIASES = pathlib.Path(__file__).resolve().parent / "names_aliases.txt"


def read_aliases(file):
    aliases = {}
    for line in file.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            stem, names = line.split(":")
            aliases.setdefault(stem.strip(), []).extend(names.split())
    return aliases


def defined(archive):
    """Pairs (stem, symbol)."""
    out = subprocess.run(["nm", "-g", "--defined-only", str(archive)],
                         capture_output=True, text=True, check=True).stdout
    stem = ""
    for line in out.splitlines():
        if line.endswith(":"):
            stem = line[:-1].split(".")[0]
        elif line.split():
            yield stem, line.split()[-1]


def is_right(stem, name, aliases):
    if name == f"peal_{stem}" or name.startswith(f"peal_{stem}_"):
        return True
    # Helpers that sanitizers and coverage add are not ours.
    if name.startswith("__"):
        return True
    return any(fnmatch.fnmatchcase(name, a) for a in aliases.get(stem, []))


def problems(folder, aliases):
    for archive in sorted(folder.glob("libpeal_*.a")):
        layer = archive.stem.removeprefix("libpeal_")
        for stem, name in defined(archive):
            if not is_right(stem, name, aliases):
                yield f"src/{layer}/{stem}.c: {name}"


def self_test():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "frame.c").write_text(
            "void peal_frame_new(void){} void peal_short(void){}"
            "void peal_other_new(void){}")
        subprocess.run(["cc", "-c", "frame.c", "-o", "frame.c.o"], cwd=folder,
                       check=True)
        subprocess.run(["ar", "rc", "libpeal_wire.a", "frame.c.o"], cwd=folder,
                       check=True)
        found = list(problems(folder, {"frame": ["peal_sh*"]}))
    if found != ["src/wire/frame.c: peal_other_new"]:
        print(f"expected one complaint about peal_other_new, got {found}")
        return 1
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    found = list(problems(pathlib.Path(sys.argv[1]), read_aliases(ALIASES)))
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
