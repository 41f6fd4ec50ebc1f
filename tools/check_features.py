#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/features.md: every row says what is here, with which default, and which
test shows it; whatever it names is there.

usage: check_features.py ROOT BUILD  (asks tests/side for its scenarios: node,
                                      and ctest for the names of tests)
       check_features.py --self-test

A test is `name` (*case*): the name that ctest knows, and a case in its source.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

TEST = re.compile(r"`([a-z_0-9]+\.[\w.-]+)`(?: \(\*(.+?)(?<!\\)\*\))?(?:; |$)")
NAME = re.compile(r"\b(?:peal|PEAL)_\w+")
FIELD = re.compile(r"`([a-z]+(?:_[a-z0-9]+)+)`")
HEADER = ["there", "here", "default", "shown by"]


def rows(text):
    """(line number, cells) of each row of the tables."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.startswith("|") or line.startswith("|---"):
            continue
        cells = [cell.strip() for cell in line[1:-1].split("|")]
        if cells != HEADER:
            yield number, cells


def sources_of(root, test):
    """Files in which a case of this test stands."""
    label, rest = test.split(".", 1)
    if label == "unit":
        folder, _, stem = rest.partition(".")
        return [root / f"tests/unit/{folder}/test_{stem}.c"]
    if label == "proto":
        return [root / f"tests/proto/test_{rest}.c"]
    return sorted(path for path in (root / "tests" / label).rglob("*")
                  if path.suffix in (".js", ".mjs", ".py", ".sh", ".cjs")
                  and "node_modules" not in path.parts)


def is_registered(test, names):
    """Is there a test of this name? A suite that this build leaves out is not
    looked for."""
    label = test.split(".", 1)[0] + "."
    return test in names or not any(name.startswith(label) for name in names)


def has_case(root, test, case, scenarios):
    case = case.replace("\\*", "*")
    if test == "side.node":
        return any(name == case or name.startswith(f"{case} [")
                   for name in scenarios)
    word = case if test.startswith(("unit.", "proto.")) else None
    for path in sources_of(root, test):
        if not path.exists():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if word and re.search(rf"\b{word}\b", text):
            return True
        if not word and case in text.replace("\\'", "'"):
            return True
    return False


def row_problems(root, cells, public, names, scenarios):
    if len(cells) != 4:
        yield f"{len(cells)} cells instead of 4"
        return
    for title, cell in zip(HEADER, cells):
        if not cell:
            yield f"\"{title}\" is empty"
    if cells[1].startswith("*No:*") and len(cells[1]) < 20:
        yield "no reason why it is not here"
    for name in NAME.findall(" ".join(cells[1:])):
        if name not in public:
            yield f"{name}: not in include/peal"
    for field in FIELD.findall(" ".join(cells[1:3])):
        if field not in public:
            yield f"{field}: not in include/peal"
    found = TEST.findall(cells[3])
    if not found:
        yield "no test"
    for test, case in found:
        if not is_registered(test, names):
            yield f"{test}: no such test"
        elif case and not has_case(root, test, case, scenarios):
            yield f"{test}: no case \"{case}\""


def public_words(root):
    words = set()
    for path in (root / "include/peal").glob("*.h"):
        words |= set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    base = root / "include/peal/base.h"
    if base.exists():
        words |= {f"PEAL_ERR_{name}" for name in
                  re.findall(r"^  X\((\w+),", base.read_text(), re.M)}
    return words


def problems(root, names, scenarios):
    text = (root / "docs/features.md").read_text(encoding="utf-8")
    public = public_words(root)
    count = 0
    for number, cells in rows(text):
        count += 1
        for wrong in row_problems(root, cells, public, names, scenarios):
            yield f"docs/features.md:{number}: {wrong}"
    if not count:
        yield "docs/features.md: no rows"


def names_of(build):
    out = subprocess.run(["ctest", "--test-dir", str(build), "-N"], check=True,
                         capture_output=True, text=True)
    return set(re.findall(r"Test +#\d+: (\S+)", out.stdout))


def scenarios_of(root):
    out = subprocess.run(["node", str(root / "tests/side/run.js"), "--list",
                          "1"], check=True, capture_output=True, text=True)
    return out.stdout.split("\n")


def self_test():
    good = "| a | `peal_x`, `some_field` | 1 | `unit.f.s` (*works*) |\n"
    bad = {"| a | `peal_x` | | `unit.f.s` (*works*) |\n": "is empty",
           "| a | `peal_y` | 1 | `unit.f.s` (*works*) |\n": "peal_y",
           "| a | `no_field` | 1 | `unit.f.s` (*works*) |\n": "no_field",
           "| a | `peal_x` | 1 | `unit.f.t` (*works*) |\n": "no such test",
           "| a | `peal_x` | 1 | `unit.f.s` (*fails*) |\n": "no case",
           "| a | `peal_x` | 1 | – |\n": "no test",
           "| a | *No:* no | – | `unit.f.s` |\n": "no reason",
           "| a | `peal_x` | `side.node` (*b*) |\n": "cells"}
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for folder in ("docs", "include/peal", "tests/unit/f"):
            (root / folder).mkdir(parents=True)
        (root / "include/peal/x.h").write_text("int peal_x; int some_field;")
        (root / "tests/unit/f/test_s.c").write_text("void works(void);")
        page = root / "docs/features.md"
        head = "| there | here | default | shown by |\n|---|---|---|---|\n"
        page.write_text(head + good)
        names = {"unit.f.s"}
        assert not list(problems(root, names, []))
        for row, words in bad.items():
            page.write_text(head + row)
            found = list(problems(root, names, []))
            assert any(words in one for one in found), (row, found)
        page.write_text("nothing")
        assert list(problems(root, names, []))
    print("check_features.py: it can fail")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    root = pathlib.Path(sys.argv[1]).resolve()
    found = list(problems(root, names_of(sys.argv[2]), scenarios_of(root)))
    for one in found:
        print(one)
    return sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
