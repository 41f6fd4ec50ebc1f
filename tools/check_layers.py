#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may include whom: src/LAYERS, held by a machine.

- a file of src/<folder> includes "<folder>/x.h" of itself and of the folders
  that LAYERS allows, always with the folder in the line
- public headers include public headers only; headers never go in a circle
- apps, bench and examples include <peal/...> and their own files
- file stems are unique in src/
- a folder that LAYERS names exists

usage: check_layers.py [root] | --self-test
"""
import pathlib
import re
import sys
import tempfile

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
OUTSIDE = ["apps", "cli", "bench", "examples", "tests/e2e/fixture",
           "tests/cost/server"]
# Shared by two programs instead of copied.
SHARED = {"cli": ["bench/load/load_hist.h"]}


def read_layers(root):
    lines = (root / "src/LAYERS").read_text().splitlines()
    pairs = [l.split(":") for l in lines if l and not l.startswith("#")]
    return {name.strip(): below.split() for name, below in pairs}


def sources(folder):
    found = [*folder.rglob("*.c"), *folder.rglob("*.h")]
    return sorted(f for f in found if "node_modules" not in f.parts)


def includes(file):
    return INCLUDE.findall(file.read_text(encoding="utf-8", errors="replace"))


def check_source(root, file, layers):
    folder = file.relative_to(root / "src").parts[0]
    if folder not in layers:
        yield f"folder {folder} is not in src/LAYERS"
        return
    for kind, target in includes(file):
        if kind == "<" or not target:
            continue
        if target.startswith("peal/"):
            yield f'"{target}" is public: write <{target}>'
        elif not (root / "src" / target).exists():
            yield f'"{target}" is not "<folder>/<file>.h" of src'
        elif target.split("/")[0] not in [folder, *layers[folder]]:
            allowed = " ".join([folder, *layers[folder]])
            yield f'"{target}" is not allowed in {folder} (only: {allowed})'


def check_public(file):
    for kind, target in includes(file):
        if kind == '"':
            yield f'"{target}" in a public header'


def check_outside(root, file):
    part = file.relative_to(root).parts
    home = root / part[0] / part[1] if len(part) > 2 else root / part[0]
    homes = [home]
    for kind, target in includes(file):
        if kind == "<":
            continue
        places = [(h / target).resolve() for h in [file.parent, *homes]]
        if any(shared.endswith("/" + target)
               for shared in SHARED.get(part[0], [])):
            continue
        if not any(p.exists() and h.resolve() in p.parents
                   for p in places for h in homes):
            yield f'"{target}" is neither public nor its own'


def find_circle(graph):
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        path.append(node)
        for target in graph.get(node, []):
            circle = visit(target)
            if circle:
                return circle
        path.pop()
        done.add(node)
        return None

    for node in graph:
        circle = visit(node)
        if circle:
            return circle
    return None


def header_graph(root):
    graph = {}
    for base, prefix in ((root / "src", ""), (root / "include", "")):
        for file in base.rglob("*.h"):
            name = prefix + str(file.relative_to(base))
            graph[name] = [t for _, t in includes(file)]
    return graph


def problems(root):
    layers = read_layers(root)
    for file in sources(root / "src"):
        for text in check_source(root, file, layers):
            yield f"{file.relative_to(root)}: {text}"
    for file in sources(root / "include"):
        for text in check_public(file):
            yield f"{file.relative_to(root)}: {text}"
    for folder in OUTSIDE:
        for file in sources(root / folder):
            for text in check_outside(root, file):
                yield f"{file.relative_to(root)}: {text}"
    for folder, below in layers.items():
        for name in [folder, *below]:
            if not (root / "src" / name).is_dir():
                yield f"src/LAYERS: there is no folder src/{name}"
    circle = find_circle(header_graph(root))
    if circle:
        yield "headers in a circle: " + " -> ".join(circle)
    homes = {}
    for file in sources(root / "src"):
        homes.setdefault(file.stem, set()).add(file.parent.name)
    for stem, folders in homes.items():
        if len(folders) > 1:
            yield f"stem {stem} is in {' and '.join(sorted(folders))}"


def self_test():
    """Each rule, broken once, is seen."""
    bad = {
        "src/base/mem.h": '#include "wire/json.h"\n',
        "src/wire/json.h": '#include "json.h"\n',
        "src/wire/loop_a.h": '#include "wire/loop_b.h"\n',
        "src/wire/loop_b.h": '#include "wire/loop_a.h"\n',
        "src/net/json.c": "#include <uv.h>\n",
        "include/peal/x.h": '#include "base/mem.h"\n',
        "apps/a/main.c": '#include "../../src/base/mem.h"\n',
    }
    expected = ["not allowed in base", 'is not "<folder>', "in a circle",
                "stem json", "in a public header", "neither public nor",
                "no folder src/gone"]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in bad.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        (root / "src/LAYERS").write_text("base:\nwire: base\nnet: base\ngone: base\n")
        found = "\n".join(problems(root))
    missed = [e for e in expected if e not in found]
    for text in missed:
        print(f"did not see: {text}")
    return 1 if missed else 0


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
