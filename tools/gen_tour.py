#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes docs/tour.md: every file of the house and what it is, folder by
folder from the lowest layer up, with the files to read first in front.

What a file is stands in its own opening comment, `stem: what`. It is asked of
every header, and of every .c that has none of its own.

usage: gen_tour.py [--check | --self-test] [ROOT]
--check compares instead of writing. Files without the line stand in
tools/tour_allowed.txt, which can only shrink.
"""
import pathlib
import re
import sys
import tempfile

import shrinking

NOTE = ("<!-- Made by tools/gen_tour.py from the first lines of the files: "
        "edit there. -->")
# What a newcomer reads, in this order; the sentence says why.
FIRST = [
    ("include/peal/server.h", "what the library is to those who use it"),
    ("examples/chat/main.c", "a whole program on it"),
    ("src/LAYERS", "the folders, and which may know which"),
    ("src/net/worker.c", "a thread, its loop, and what is done in a turn"),
    ("src/net/stream.h", "one connection: bytes come in, bytes go out"),
    ("src/proto/ws_conn.h", "a machine that answers: bytes in, events out"),
    ("src/proto/eio_session.h", "a client's session, whatever carries it"),
    ("src/proto/sio_conn.h", "namespaces, events, acknowledgements"),
    ("src/engine/engine.h", "where sockets and sessions meet"),
    ("src/server/members.h", "rooms, and who gets a broadcast"),
]
FOLDERS = {
    "include/peal": "the public face",
    "base": "memory, slices, values: what everything stands on",
    "wire": "bytes to meaning and back, without state",
    "proto": "machines: state, no sockets, no clock",
    "net": "workers, connections, timers, and the rest of the system",
    "http": "HTTP/1.1 on connections",
    "engine": "Engine.IO on HTTP and WebSocket",
    "server": "Socket.IO: namespaces, sockets, rooms",
    "web": "what an application's pages need",
    "kit": "what applications share, on the public face",
    "testkit": "a server and its clients in one process, for unit tests",
    "cli": "the command peal",
    "apps": "applications on the public face",
}
COMMENT = re.compile(r"/\*(?!\s*SPDX)(.*?)\*/", re.S)


def layers(root):
    lines = (root / "src/LAYERS").read_text(encoding="utf-8").splitlines()
    return [line.split(":")[0] for line in lines
            if re.match(r"[a-z]+:", line)]


def folders(root):
    """Pairs (folder, title) in the order of the tour."""
    yield root / "include/peal", "include/peal"
    for name in layers(root):
        yield root / "src" / name, f"src/{name}"
    if (root / "cli").is_dir():
        yield root / "cli", "cli"
    for app in sorted((root / "apps").glob("*")):
        for folder in [app, app / "sim"]:
            if folder.is_dir():
                yield folder, str(folder.relative_to(root))


def needs_line(root, file):
    own = [file.with_suffix(".h"), root / "include/peal" / f"{file.stem}.h"]
    return file.suffix == ".h" or not any(h.exists() for h in own)


def opening(file):
    """The sentence behind `stem:` in the first comment, or None."""
    text = file.read_text(encoding="utf-8")
    found = COMMENT.search(text[:8000])
    if not found:
        return None
    words = re.sub(r"\n *\* ?", "\n", found[1]).strip()
    # A program's main file goes by the program's name.
    match = re.match(rf"(?:{re.escape(file.stem)}|peal-[\w-]+): +(.*)", words,
                     re.S)
    if not match:
        return None
    sentence = re.split(r"\n\s*\n|(?<=[.:])\s", match[1])[0]
    return re.sub(r"\s+", " ", sentence).rstrip(".: ")


def files(folder):
    return sorted([*folder.glob("*.h"), *folder.glob("*.c")],
                  key=lambda f: (f.stem, f.suffix != ".h"))


def missing(root):
    return {str(f.relative_to(root)) for folder, _ in folders(root)
            for f in files(folder) if needs_line(root, f) and not opening(f)}


def rows(root, folder):
    """One row for each stem: its file or pair, and what it is."""
    stems = {}
    for file in files(folder):
        stems.setdefault(file.stem, []).append(file)
    for stem, pair in stems.items():
        said = [t for t in map(opening, pair) if t]
        names = " ".join(f"[`{f.name}`](../{f.relative_to(root)})"
                         for f in pair)
        public = root / "include/peal" / f"{stem}.h"
        if not said and public.exists():
            said = [f"the functions of `<peal/{stem}.h>`"]
        yield f"| {names} | {said[0] if said else ''} |"


def tour(root):
    out = [NOTE, "# The tour", "",
           "Every file, in a line of its own words, from the lowest layer up. "
           "A folder knows those above it in this list, as far as "
           "[src/LAYERS](../src/LAYERS) says, and none below it.", "",
           "## Ten files to read first", ""]
    present = [(n, w) for n, w in FIRST if (root / n).exists()]
    out += [f"{i}. [{name}](../{name}): {why}"
            for i, (name, why) in enumerate(present, 1)]
    out += ["", "What happens to a message on its way through them: "
                "[flow.md](flow.md)." if (root / "docs/flow.md").exists()
            else ""]
    for folder, title in folders(root):
        what = FOLDERS.get(title.removeprefix("src/").split("/")[0]
                           if title.startswith("src/") else
                           title if title in FOLDERS else
                           title.split("/")[0], "")
        out += ["", f"## {title}: {what}" if what else f"## {title}", "",
                "| File | What it is |", "|---|---|", *rows(root, folder)]
    return "\n".join(out).rstrip() + "\n"


def problems(root):
    """What --check complains about."""
    yield from shrinking.compare(root, "tour", {
        name: f"{name}: expected the opening comment "
        f"/* {pathlib.Path(name).stem}: what it is */"
        for name in missing(root)})
    for name, _ in FIRST:
        if not (root / name).exists():
            yield f"{name}: is named in tools/gen_tour.py and does not exist"
    page = root / "docs/tour.md"
    if not page.exists() or page.read_text(encoding="utf-8") != tour(root):
        yield "docs/tour.md: is stale; run tools/gen_tour.py"


def self_test():
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for path, text in {
                "src/LAYERS": "# law\nbase:\nwire: base\n",
                "src/base/mem.h": "#pragma once\n/* mem: where bytes live.\n"
                                  " * More. */\n",
                "src/base/mem.c": "#include \"base/mem.h\"\n",
                "src/wire/lone.c": "/* SPDX */\n/* something else */\n",
                "src/wire/said.c": "/* SPDX-License-Identifier: MIT */\n"
                                   "/* said: what it\n * does. Why. */\n",
                "include/peal/x.h": "/* x: the face */\n",
        }.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        (root / "docs").mkdir()
        (root / "tools").mkdir()
        (root / "docs/tour.md").write_text(tour(root))
        page, before = tour(root), list(problems(root))
        (root / "tools/tour_allowed.txt").write_text(
            "src/wire/lone.c\nsrc/wire/said.c # is said\n")
        after = list(problems(root))
        (root / "docs/tour.md").write_text("old")
        stale = list(problems(root))
    wrong = [text for text, truth in {
        "a missing line is not seen":
            any("src/wire/lone.c: expected" in p for p in before),
        "a stale exception is not seen":
            any("src/wire/said.c: is no longer so" in p for p in after),
        "an exception does not help":
            not any("lone.c" in p for p in after),
        "a stale page is not seen": any("stale" in p for p in stale),
        "a fresh page is called stale": not any("stale" in p for p in before),
        "a row is missing": "| where bytes live |" in page
                            and "| what it does |" in page,
    }.items() if not truth]
    for text in wrong:
        print(text)
    return 1 if wrong else 0


def main():
    words = [a for a in sys.argv[1:] if not a.startswith("--")]
    root = pathlib.Path(words[0] if words else
                        pathlib.Path(__file__).parent.parent).resolve()
    if "--self-test" in sys.argv:
        return self_test()
    if "--check" in sys.argv:
        found = list(problems(root))
        for text in found:
            print(text)
        return 1 if found else 0
    (root / "docs/tour.md").write_text(tour(root), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
