#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
r"""A corpus is one readable file, fuzz/corpus/<target>.corpus: an input a line,
`name: bytes`, where \\ \n \r \t and \xNN stand for what they stand for in C.
libFuzzer wants a folder of files.

usage: fuzz_corpus.py unpack FILE FOLDER    one file for each input
       fuzz_corpus.py pack FOLDER FILE      add a folder's files, those anew
       fuzz_corpus.py --self-test
"""
import pathlib
import re
import sys
import tempfile

SHORT = {0x5c: "\\\\", 0x0a: "\\n", 0x0d: "\\r", 0x09: "\\t"}
BYTES = {"\\\\": b"\\", "\\n": b"\n", "\\r": b"\r", "\\t": b"\t"}
HEAD = "# One input a line, `name: bytes`, escaped as in C. " \
       "See tools/fuzz_corpus.py.\n"


def escape(data):
    text = "".join(SHORT.get(b) or (chr(b) if 0x20 <= b < 0x7f
                                    else f"\\x{b:02x}") for b in data)
    # No blank at an end, where an editor would take it away.
    if text.endswith(" "):
        text = text[:-1] + "\\x20"
    return text


def unescape(text):
    pieces = re.findall(r"\\x[0-9a-fA-F]{2}|\\.|[^\\]+", text)
    return b"".join(BYTES.get(p) or (bytes([int(p[2:], 16)])
                                     if p.startswith("\\x") else p.encode())
                    for p in pieces)


def read(file):
    """{name: bytes}."""
    inputs = {}
    if not file.exists():
        return inputs
    for number, line in enumerate(file.read_text("ascii").splitlines(), 1):
        if line.startswith("#") or not line:
            continue
        name, colon, text = line.partition(":")
        if not colon or not re.fullmatch(r"[\w.-]+", name):
            raise SystemExit(f"{file}:{number}: expected `name: bytes`")
        inputs[name] = unescape(text[1:])
    return inputs


def write(file, inputs):
    lines = [f"{name}: {escape(data)}".rstrip() + "\n"
             for name, data in sorted(inputs.items())]
    file.write_text(HEAD + "".join(lines), "ascii")


def unpack(file, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in read(file).items():
        (folder / name).write_bytes(data)


def pack(folder, file):
    inputs = read(file)
    known = set(inputs.values())
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        if path.is_file() and data not in known:
            name = path.name
            while name in inputs:
                name += "-new"
            inputs[name] = data
            known.add(data)
    write(file, inputs)


def self_test():
    inputs = {"nothing": b"", "all": bytes(range(256)), "blank": b" a ",
              "looks-escaped": b"\\x41\\n", "colon": b": :"}
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        (root / "in").mkdir()
        for key, data in inputs.items():
            (root / "in" / key).write_bytes(data)
        pack(root / "in", root / "x.corpus")
        (root / "in/blank").write_bytes(b"other")
        pack(root / "in", root / "x.corpus")
        unpack(root / "x.corpus", root / "out")
        back = {p.name: p.read_bytes() for p in (root / "out").iterdir()}
    inputs["blank-new"] = b"other"
    if back != inputs:
        print(f"expected {inputs}, got {back}")
        return 1
    return 0


def main():
    words = sys.argv[1:]
    if words == ["--self-test"]:
        return self_test()
    if len(words) != 3 or words[0] not in ("pack", "unpack"):
        print(__doc__)
        return 2
    {"pack": pack, "unpack": unpack}[words[0]](*map(pathlib.Path, words[1:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
