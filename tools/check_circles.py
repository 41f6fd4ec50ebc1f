#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No file of src/ needs a file that needs it: circles of includes and of
calls, counted between stems (x.h and x.c are one).

An edge goes from a stem to another that it includes, or of which it uses a
symbol. Symbols are those of the objects, so what the preprocessor makes is
seen, too. What still goes in circles stands in tools/circles_allowed.txt, one
circle a line; a circle that is not listed is an error, and so is a line that
is no longer so: the list can only shrink (--shrink does it).

usage: check_circles.py <build>/layers [root] | --shrink <build>/layers
       | --self-test
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import shrinking

HERE = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
NOTE = "# Circles between files of src/ that are still there. See\n" \
       "# tools/check_circles.py; this list can only shrink.\n"


def include_edges(root):
    """Triples (from, to, what)."""
    for file in sorted((root / "src").rglob("*.[ch]")):
        text = file.read_text(encoding="utf-8", errors="replace")
        for target in INCLUDE.findall(text):
            yield file.stem, pathlib.Path(target).stem, f'includes "{target}"'


def symbols(archive):
    """Triples (stem, symbol, whether it is defined there)."""
    out = subprocess.run(["nm", "-g", str(archive)], capture_output=True,
                         text=True, check=True).stdout
    stem = ""
    for line in out.splitlines():
        if line.endswith(":"):
            stem = line[:-1].split(".")[0]
        elif line.split():
            kind, name = line.split()[-2:]
            yield stem, name, kind not in "Uuw"


def call_edges(layers):
    found = [s for archive in sorted(layers.glob("libpeal_*.a"))
             for s in symbols(archive)]
    # Not the symbols of all objects are names that a file of ours wrote.
    found = [(stem, name, here) for stem, name, here in found
             if name.startswith("peal")]
    home = {name: stem for stem, name, is_here in found if is_here}
    for stem, name, is_here in found:
        if not is_here and name in home:
            yield stem, home[name], f"uses {name}"


def graph_of(root, layers):
    """{from: {to: what}}, the first reason for each edge."""
    graph = {}
    for start, end, what in [*include_edges(root), *call_edges(layers)]:
        graph.setdefault(end, {})
        if start != end:
            graph.setdefault(start, {}).setdefault(end, what)
    return graph


def components(graph):
    """Sets of stems that reach each other (Tarjan), those of one left out."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in graph[node]:
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    sys.setrecursionlimit(10000)
    for node in sorted(graph):
        if node not in index:
            visit(node)
    return sorted(found)


def described(graph, circle):
    """Each direction between two of them once, with one example."""
    for start in circle:
        for end in sorted(set(graph[start]) & set(circle)):
            yield f"  {start} {graph[start][end]} (of {end})"


def problems(root, layers):
    graph = graph_of(root, layers)
    return shrinking.compare(root, "circles", {
        " ".join(circle): f"a circle of {len(circle)} files: "
        f"{' '.join(circle)}\n" + "\n".join(described(graph, circle))
        for circle in components(graph)})


def shrink(root, layers):
    """Keep of the list what is still so; a part of a listed circle stays. A
    new circle is not put in."""
    allowed = [set(row.split()) for row in shrinking.read(root, "circles")]
    kept = [c for c in components(graph_of(root, layers))
            if any(set(c) <= row for row in allowed)]
    (root / "tools/circles_allowed.txt").write_text(
        NOTE + "".join(" ".join(c) + "\n" for c in kept))


def build(root, files):
    (root / "layers").mkdir()
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    sources = [path for path in files if path.endswith(".c")]
    objects = [pathlib.Path(path).name + ".o" for path in sources]
    for source, compiled in zip(sources, objects):
        subprocess.run(["cc", "-Isrc", "-c", source, "-o", compiled], cwd=root,
                       check=True)
    subprocess.run(["ar", "rc", "layers/libpeal_all.a", *objects], cwd=root,
                   check=True)


def self_test():
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        build(root, {
            "src/a/one.h": "void peal_one(void);\n",
            "src/a/one.c": '#include "a/one.h"\nvoid peal_two(void);\n'
                           "void peal_one(void) { peal_two(); }\n",
            "src/a/two.c": '#include "a/one.h"\n'
                           "void peal_two(void) { peal_one(); }\n",
            "src/a/top.c": '#include "a/one.h"\n'
                           "void peal_top(void) { peal_one(); }\n",
            "src/a/in.h": '#include "a/out.h"\n',
            "src/a/out.c": '#include "a/in.h"\nint peal_out;\n',
            "src/a/out.h": "\n",
        })
        (root / "tools").mkdir()
        allowed = root / "tools/circles_allowed.txt"
        new = "\n".join(problems(root, root / "layers"))
        allowed.write_text("one two\nin out # soon\ngone top\n")
        old = "\n".join(problems(root, root / "layers"))
        allowed.write_text("one two three\n")
        shrink(root, root / "layers")
        shrunk = shrinking.read(root, "circles")
    wrong = [text for text, truth in {
        "a circle of calls": "one two" in new and "uses peal_two" in new,
        "a circle of includes": "in out" in new and '"a/in.h"' in new,
        "no circle": "top" not in new,
        "a listed circle": "a circle of" not in old,
        "a circle that is gone": "gone top: is no longer so" in old,
        "shrinking": shrunk == ["one two"],
    }.items() if not truth]
    for text in wrong:
        print(f"wrong about {text}")
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if sys.argv[1] == "--shrink":
        shrink(HERE, pathlib.Path(sys.argv[2]))
        return 0
    root = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else HERE
    found = list(problems(root, pathlib.Path(sys.argv[1])))
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
