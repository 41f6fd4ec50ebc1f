#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Move each ceiling of src/base/limits.h to the folder it belongs to: the
lowest one that uses it and that all its other users may include (src/LAYERS).
src/<folder>/<folder>_limits.h are written, the includes of all sources
follow. What no source uses stays and is told. Run once, then format.

usage: split_limits.py <root>
"""
import pathlib
import re
import sys

NAME = re.compile(r"\bPEAL_LIMIT_\w+")
OLD = "base/limits.h"
WHAT = {
    "base": "limits: ceilings of values and of writes, with unit and reason.",
    "wire": "wire_limits: ceilings of the codecs, with unit and reason.",
    "net": "net_limits: ceilings of a worker, with unit and reason.",
    "proto": "proto_limits: ceilings of the machines, with unit and reason.",
    "http": "http_limits: ceilings of the HTTP server, with unit and reason.",
    "engine": "engine_limits: ceilings of the engine, with unit and reason.",
    "server": "server_limits: ceilings of the server, with unit and reason.",
    "web": "web_limits: ceilings of the web layer, with unit and reason.",
}


def read_layers(root):
    layers = {}
    for line in (root / "src" / "LAYERS").read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            name, below = line.split(":")
            layers[name.strip()] = below.split()
    return layers


def names_in(text):
    return NAME.findall(re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S))


def header_of(layer):
    return OLD if layer == "base" else f"{layer}/{layer}_limits.h"


def read_groups(text):
    """Pairs (text, names): a comment and the definitions that follow it."""
    body = text[text.index("/* -- "):] if "/* -- " in text else text
    body = re.sub(r"/\* -- [^\n]*-- ?\*/\n", "", body)
    found = re.findall(r"(/\*.*?\*/\n)((?:#define [^\n]+\n)+)", body, re.S)
    return [(comment + defines, NAME.findall(defines))
            for comment, defines in found]


def sources(root):
    for folder in ("src", "tests", "fuzz", "bench", "apps"):
        for file in sorted((root / folder).rglob("*.[ch]")):
            if "node_modules" not in file.parts and "/build/" not in str(file):
                yield file


def read_users(root):
    users = {}
    for file in sources(root):
        parts = file.relative_to(root).parts
        if parts[0] == "src" and "/".join(parts[1:]) != OLD:
            for name in names_in(file.read_text()):
                users.setdefault(name, set()).add(parts[1])
    return users


def home_of(names, users, layers):
    """None: nobody uses them."""
    using = set().union(*(users.get(name, set()) for name in names))
    for layer in layers:  # from low to high
        if layer in using and all(
                user == layer or layer in layers[user] for user in using):
            return layer
    if using:
        sys.exit(f"{', '.join(names)}: no folder serves {sorted(using)}")
    return None


def write_header(root, layer, groups):
    text = ("/* SPDX-License-Identifier: MIT */\n#pragma once\n"
            f"/* {WHAT[layer]}\n"
            " * What an option overrides says so; the rest are fixed. */\n\n")
    (root / "src" / header_of(layer)).write_text(text + "".join(groups))


def follow(file, homes):
    text = file.read_text()
    needed = sorted({header_of(homes[n]) for n in names_in(text)
                     if n in homes})
    old = f'#include "{OLD}"\n'
    lines = "".join(f'#include "{header}"\n' for header in needed
                    if f'#include "{header}"\n' not in text.replace(old, ""))
    if old in text:
        file.write_text(text.replace(old, lines, 1))
    elif lines and '#include "' in text:
        at = text.rindex('#include "')
        at = text.index("\n", at) + 1
        file.write_text(text[:at] + lines + text[at:])


def tell(file):
    text = file.read_text()
    file.write_text(text.replace(
        """Those of the protocols stand in
`src/base/limits.h`, with unit and reason; those of one module beside it. This
page lists them all.""", """Each stands in the lowest folder
that needs it, in `src/base/limits.h` or `src/<folder>/<folder>_limits.h`, with
unit and reason; those of one module beside it. This page lists them all.
"""))


def main():
    root = pathlib.Path(sys.argv[1])
    layers = read_layers(root)
    users = read_users(root)
    headers, homes = {}, {}
    old = (root / "src" / OLD).read_text()
    for text, names in read_groups(old):
        layer = home_of(names, users, layers)
        if layer is None:
            print(f"not used: {', '.join(names)}")
            layer = "base"
        headers.setdefault(layer, []).append(text)
        homes.update({name: layer for name in names})
    lost = set(names_in(old)) - set(homes)
    if lost:
        sys.exit(f"without a comment: {sorted(lost)}")
    for layer, groups in headers.items():
        write_header(root, layer, groups)
    for file in sources(root):
        if not file.name.endswith("limits.h"):
            follow(file, homes)
    tell(root / "docs" / "limits.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
