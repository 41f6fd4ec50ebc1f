#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No application copies from another: what two have in common is the kit's
(src/kit, kit/web). A run of RUN lines that stand in two folders of apps/ is an
error, whitespace aside. Lines that say little do not count: braces, includes,
comments, and what is shorter than SHORT characters.

usage: check_copies.py [root] | --self-test
"""
import pathlib
import re
import sys
import tempfile

RUN = 8
SHORT = 4
# Not HTML: without a build step each page has the frame of all in itself.
KINDS = {".c", ".h", ".js", ".mjs", ".css", ".py", ".ino", ".cpp"}
# Copies of what others made.
FOREIGN = {"vendor", "node_modules"}
EMPTY = re.compile(r"(?:#\s*(?:include|pragma)|import\b|//|/\*|\*|\}?\s*else\b)")


def lines_of(file):
    """(number, text) of the lines that say something."""
    text = file.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        bare = re.sub(r"\s+", " ", line).strip()
        if len(bare) >= SHORT and not EMPTY.match(bare):
            yield number, bare


def files_of(folder):
    return sorted(f for f in folder.rglob("*")
                  if f.is_file() and f.suffix in KINDS
                  and not FOREIGN & set(f.parts))


def runs(root):
    """{run of lines: [(application, file, first line), …]}"""
    found = {}
    for app in sorted(p for p in (root / "apps").iterdir() if p.is_dir()):
        for file in files_of(app):
            lines = list(lines_of(file))
            for i in range(len(lines) - RUN + 1):
                run = "\n".join(text for _, text in lines[i:i + RUN])
                found.setdefault(run, []).append(
                    (app.name, file.relative_to(root), lines[i][0]))
    return found


def problems(root):
    """One for each pair of files, at their first run."""
    told = set()
    for places in runs(root).values():
        app, file, line = places[0]
        for other_app, other, other_line in places[1:]:
            if other_app != app and (file, other) not in told:
                told.add((file, other))
                yield (f"{file}:{line} and {other}:{other_line}: {RUN} equal "
                       "lines or more: make them one, in src/kit or kit/web")


def self_test():
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        body = [f"  int value_{i} = take({i});" for i in range(RUN)]
        for path, lines in {
                "apps/one/a.c": ["/* a */", *body, "}"],
                "apps/two/b.c": ["int x;", *[f"\t{b.strip()}" for b in body]],
                "apps/two/c.c": body[:-1],
                "apps/two/again.c": ["other", *body[:-1]]}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("\n".join(lines))
        found = list(problems(root))
    if len(found) != 1 or "apps/one/a.c:2 and apps/two/b.c:2" not in found[0]:
        print(f"expected one copy, of a.c in b.c, got {found}")
        return 1
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
    found = list(problems(root))
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
