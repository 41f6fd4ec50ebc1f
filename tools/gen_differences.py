#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/differences.md from tests/side/differences.json.

usage: gen_differences.py ROOT           write the page
       gen_differences.py --check ROOT   is it what would be written?
       gen_differences.py --self-test
"""
import json
import pathlib
import sys
import tempfile

HEAD = """# What is otherwise than with socket.io on Node

`tests/side` runs the same scenarios against Peal and against socket.io 4.8 on Node
and compares what their clients saw, header by header and packet by packet. What differs
stands below, with its reason. A difference that does not stand here fails the test; one
that stands here and is none any more fails it, too.

This page is made from `tests/side/differences.json` by `tools/gen_differences.py`. A line
with `-` is what a client of Node saw, one with `+` what a client of Peal saw instead.
What is not compared says `tests/side/README.md`.
"""
EXAMPLE_LINES = 8
LINE = 100


def cut(line):
    return line if len(line) <= LINE else line[:LINE - 1] + "…"


def part(group):
    names = list(group["scenarios"])
    lines = group["scenarios"][names[0]]
    shown = [cut(line) for line in lines[:EXAMPLE_LINES]]
    if len(lines) > EXAMPLE_LINES:
        shown.append(f"… {len(lines) - EXAMPLE_LINES} more lines")
    out = [f"## {group['title']}", "", group["why"], "",
           f"*{names[0]}*:", "", "```diff", *shown, "```"]
    if len(names) > 1:
        out += ["", "Also: " + "; ".join(f"*{name}*" for name in names[1:]) + "."]
    return "\n".join(out)


def page(root):
    groups = json.loads(
        (root / "tests/side/differences.json").read_text(encoding="utf-8"))
    for group in groups:
        if not group["title"] or not group["why"]:
            sys.exit("gen_differences.py: a difference without a reason: "
                     f"{list(group['scenarios'])}")
    groups = sorted(groups, key=lambda group: group["title"].lower())
    return "\n".join([HEAD, *(part(group) + "\n" for group in groups)])


def self_test():
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        (root / "tests/side").mkdir(parents=True)
        (root / "tests/side/differences.json").write_text(json.dumps(
            [{"title": "T", "why": "W", "scenarios": {"a": ["- x", "+ y"],
                                                      "b": ["+ z"]}}]))
        text = page(root)
        assert "## T" in text and "- x" in text and "*b*" in text
    print("gen_differences.py: it works")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    check = sys.argv[1] == "--check"
    root = pathlib.Path(sys.argv[-1])
    target = root / "docs/differences.md"
    text = page(root)
    if not check:
        target.write_text(text, encoding="utf-8")
    elif not target.exists() or target.read_text(encoding="utf-8") != text:
        sys.exit("docs/differences.md is not what tests/side/differences.json "
                 "says: run tools/gen_differences.py .")
    return None


if __name__ == "__main__":
    main()
