#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A comment cites only what is in the tree: a name that ends in .c, .h or .md
is a file that exists, by its path or by the end of it. <name.h> is a system's
header and no citation. (`design: …` cites a page that is not here, too: the
rules stand in docs/protocols and docs/architecture.md.)

What is not so yet stands in tools/comments_allowed.txt, one `file: name` a
line; the list can only shrink.

usage: check_comments.py [root] | --self-test
"""
import pathlib
import re
import sys
import tempfile

import shrinking

FOLDERS = ["src", "include", "apps", "cli", "examples", "fuzz", "bench", "tests",
           "cmake"]
C_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|/\*.*?\*/|//[^\n]*', re.S)
HASH_COMMENT = re.compile(r"^\s*#[^\n]*", re.M)
NAME = re.compile(r"(?<![\w./<-])([\w-][\w./-]*\.(?:c|h|md)(?![\w>-])|"
                  r"design(?=: ))")


def comments(file):
    text = file.read_text(encoding="utf-8", errors="replace")
    if file.suffix in (".c", ".h"):
        return [t for t in C_COMMENT.findall(text) if t[0] == "/"]
    return HASH_COMMENT.findall(text)


def sources(root):
    for folder in FOLDERS:
        for pattern in ("*.[ch]", "CMakeLists.txt", "*.cmake"):
            for file in sorted((root / folder).rglob(pattern)):
                if not {"node_modules", "build"} & set(file.parts):
                    yield file


def known_files(root):
    """Every end of every path that could be meant."""
    ends = set()
    for file in root.rglob("*"):
        parts = file.relative_to(root).parts
        if file.suffix in (".c", ".h", ".md") and \
                not {"node_modules", "build", ".git"} & set(parts):
            ends |= {"/".join(parts[i:]) for i in range(len(parts))}
    return ends


def unknown(root):
    """Pairs (file, name) of citations of what is not there."""
    known, found = known_files(root), set()
    for file in sources(root):
        for comment in comments(file):
            for name in NAME.findall(comment):
                if name not in known and f"peal/{name}" not in known:
                    found.add((str(file.relative_to(root)), name))
    return found


def problems(root):
    return shrinking.compare(root, "comments", {
        f"{file}: {name}":
        f"{file}: a comment cites {name}, which is not in the tree"
        for file, name in unknown(root)})


def self_test():
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for path, text in {
                "src/a/x.c": '/* as in a/y.h, y.h and <sys/z.h> */\n'
                             'char *s = "/* gone.c */"; // see gone.md (design: no)\n',
                "src/a/y.h": "/* x.c, and lost.c */\n",
                "src/CMakeLists.txt": "# design.md section 6\n",
                "tools/comments_allowed.txt":
                    "src/a/y.h: lost.c # soon\nsrc/a/y.h: x.c\n"}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        found = list(problems(root))
    expected = ["src/CMakeLists.txt: a comment cites design.md",
                "src/a/x.c: a comment cites design",
                "src/a/x.c: a comment cites gone.md", "src/a/y.h: x.c: is no longer so"]
    if [f.startswith(e) for f, e in zip(found, expected)] != [True] * 4 or \
            len(found) != 4:
        print(f"expected {expected}, got {found}")
        return 1
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    here = pathlib.Path(__file__).resolve().parent.parent
    found = list(problems(pathlib.Path(sys.argv[1]) if sys.argv[1:] else here))
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
