#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The list of what a compiled program relies on: functions with their types,
callbacks, constants with their numbers, structs with their sizes and offsets
(of LP64 machines). One list per line of versions: docs/abi/peal-MAJOR.MINOR.txt.

usage: abi.py [--check] [ROOT] | --release [ROOT] | --self-test

Without an option it writes the list of the version in <peal/base.h>. --check
compares instead, and with all older lists, too: no error number is given to
another error. --release marks the list: from then on nothing may vanish from it
or move in it, neither by --check nor when it is written again; a change of that
kind needs another MINOR (or MAJOR), which gives libpeal.so another name.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import gen_reference

# Structs that only the library makes, and lends: they may grow at their end.
LENT = {"peal_acks", "peal_http_done", "peal_log_record", "peal_store_result",
        "peal_web_file", "peal_web_part", "peal_ws_end"}
RELEASED = "# released: nothing vanishes, nothing moves"
OPEN = "# not released yet: may still change"


def sources(root):
    # The kit and the test client are compiled into the program that uses them:
    # docs/abi.md.
    for file in sorted((root / "include/peal").glob("*.h")):
        if not file.name.startswith(("kit", "test")):
            yield file.name, file.read_text()


def version(root):
    text = (root / "include/peal/base.h").read_text()
    return re.search(r'#define PEAL_VERSION "(\d+\.\d+)', text)[1]


def bare(code):
    """Without comments, marks and line breaks."""
    code = re.sub(r"/\*.*?\*/", "", code, flags=re.S)
    code = re.sub(r"\bPEAL_(?:API|MUST_CHECK)\b|\bPEAL_PRINTF\([^)]*\)", "", code)
    code = re.sub(r"\bPEAL_OR_\([^)]*\)", "", code)
    return gen_reference.join(code)


def arguments(text):
    """The types of a list of parameters, without their names."""
    out, depth, begin = [], 0, 0
    for i, c in enumerate(text + ","):
        depth += {"(": 1, ")": -1}.get(c, 0)
        if c == "," and depth == 0:
            out.append(text[begin:i].strip())
            begin = i + 1
    named = re.compile(r"(?<=[\s*])\w+(?=(?:\[\d*\])?$)")
    return [part if len(part.split()) == 1 and "*" not in part
            else named.sub("", re.sub(r"\(\*\w+\)", "(*)", part)).strip()
            for part in out]


def typed(code, name):
    """A prototype or a pointer to a function as `result (types)`."""
    found = re.match(rf"(?:typedef )?(.*?)\(?\*?\b{name}\)?\((.*)\);?$", code)
    star = " *" if re.search(rf"\*{name}\(", code) else ""
    return (f"{found[1].rstrip(' *')}{star or ''} "
            f"({', '.join(arguments(found[2]))})").replace("  ", " ")


def member(declaration):
    """Names of the members that one declaration makes."""
    text = bare(declaration)
    pointer = re.search(r"\(\*(\w+)\)", text)
    if pointer:
        return [pointer[1]]
    if "{" in text:
        return [re.search(r"(\w+)$", text)[1]]
    return [re.search(r"(\w+)(?:\[[^\]]*\])?$", part.strip())[1]
            for part in text.split(",")]


class Found:
    def __init__(self):
        self.lines, self.structs, self.enums = [], {}, {}


def read(root):
    found = Found()
    for _, source in sources(root):
        for kind, code, _ in gen_reference.pieces(source):
            if kind != "code" or code.startswith("#"):
                continue
            name = gen_reference.name_of(code)
            head = code.split("{")[0]
            if not name:
                continue
            if re.match(r"(typedef )?struct", head) and "{" in code:
                found.structs[name] = [m for declaration, _ in
                                       gen_reference.fields_of(code)
                                       for m in member(declaration)]
            elif re.match(r"typedef enum", head):
                words = re.findall(r"^\s*(PEAL_\w+)\s*(?:=|,|$|/)",
                                   re.sub(r"/\*.*?\*/", "", code, flags=re.S),
                                   re.M)
                found.enums[name] = [w for w in words if not w.endswith("_")]
            elif "(*" in head and head.startswith("typedef"):
                found.lines.append(f"callback {name} {typed(bare(code), name)}")
            elif "PEAL_API" in head:
                found.lines.append(f"function {name} {typed(bare(code), name)}")
    return found


def program(root, found):
    out = ["#include <stddef.h>", "#include <stdio.h>"]
    out += [f"#include <peal/{name}>" for name, _ in sources(root)]
    out.append("#define ERR_(name, number, ...) "
               'printf("enum peal_err PEAL_ERR_%s %d\\n", #name, '
               "(int)PEAL_ERR_##name);")
    out.append("int main(void) {")
    for name, members in found.structs.items():
        out.append(f'printf("struct {name} %zu\\n", sizeof({name}));')
        for m in members:
            out.append(f'printf("field {name}.{m} at %zu of %zu\\n", '
                       f"offsetof({name}, {m}), sizeof((({name} *)0)->{m}));")
    for name, constants in found.enums.items():
        for c in constants:
            out.append(f'printf("enum {name} {c} %d\\n", (int){c});')
    if "peal_err" in found.enums:
        out.append("PEAL_ERR_MAP(ERR_)")
    return "\n".join(out + ["return 0;", "}"])


def listing(root):
    """All lines, in order."""
    found = read(root)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "a.c").write_text(program(root, found))
        subprocess.run(["cc", "-std=c17", f"-I{root}/include", "a.c", "-o", "a"],
                       cwd=folder, check=True)
        shown = subprocess.run(["./a"], cwd=folder, check=True, text=True,
                               capture_output=True).stdout.splitlines()
    return sorted(set(found.lines + shown))


def list_of(root):
    return root / f"docs/abi/peal-{version(root)}.txt"


def kept(file):
    """(lines, released) of a list on disk."""
    if not file.exists():
        return [], False
    lines = file.read_text().splitlines()
    return [l for l in lines if not l.startswith("#")], RELEASED in lines


def is_room(line):
    """What is reserved may shrink: fields take its place."""
    words = line.split()
    return (words[0] == "field" and words[1].endswith(".reserved")) or \
        (words[0] == "struct" and words[1] in LENT)


def broken(before, now):
    """What a program that relies on `before` misses."""
    return [f"gone or changed since the release: {line}" for line in before
            if line not in set(now) and not is_room(line)]


def numbers(lines):
    return {line.split()[2]: line.split()[3] for line in lines
            if line.startswith("enum peal_err ")}


def reused(root, now):
    mine = numbers(now)
    name_of = {number: name for name, number in mine.items()}
    for file in sorted((root / "docs/abi").glob("peal-*.txt")):
        for name, number in numbers(kept(file)[0]).items():
            if mine.get(name, number) != number or \
                    name_of.get(number, name) != name:
                yield f"{file.name}: {number} is {name}, for ever"


def problems(root):
    now = listing(root)
    before, released = kept(list_of(root))
    if released:
        yield from broken(before, now)
    if before != now:
        for line in sorted(set(now) ^ set(before)):
            where = "not in the list" if line in now else "only in the list"
            yield f"{where}: {line}"
        yield "python3 tools/abi.py writes the list anew"
    yield from reused(root, now)


def write(root, release=False, say=lambda lines: print("\n".join(lines))):
    file, now = list_of(root), listing(root)
    before, released = kept(file)
    wrong = [*(broken(before, now) if released else []), *reused(root, now)]
    if wrong:
        say(wrong)
        return 1
    file.parent.mkdir(exist_ok=True, parents=True)
    mark = RELEASED if released or release else OPEN
    file.write_text("\n".join([
        f"# What programs compiled for Peal {version(root)} rely on; made by "
        "tools/abi.py", mark, *now]) + "\n")
    return 0


HEADER = """#pragma once
#define PEAL_VERSION "0.9.1"
#define PEAL_API
#define PEAL_ERR_MAP(X) X(A, -9) \\
  X(B, -8)
/* Errors. */
typedef enum peal_err {
  PEAL_OK = 0, /* none */
#define E_(name, number) PEAL_ERR_##name = number,
  PEAL_ERR_MAP(E_)
#undef E_
} peal_err;
/* Some. */
typedef struct peal_opts {
  int a, b; /* two */
  const char *text[2];
  void (*fn)(void *user, int n);
  unsigned long reserved[4];
} peal_opts;
/* Told. */
typedef void (*peal_told_fn)(int what, void *user);
/* Does. */
PEAL_API peal_err *peal_do(const peal_opts *opts, int n, peal_told_fn fn);
"""


def self_test():
    def after(old, new):
        text = HEADER
        assert old in text
        (root / "include/peal/base.h").write_text(text.replace(old, new))
        return list(problems(root))

    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        (root / "include/peal").mkdir(parents=True)
        (root / "include/peal/base.h").write_text(HEADER)
        assert write(root, True) == 0
        lines = kept(list_of(root))[0]
        for line in ["callback peal_told_fn void (int, void *)",
                     "enum peal_err PEAL_ERR_B -8", "struct peal_opts 64",
                     "field peal_opts.b at 4 of 4", "field peal_opts.fn at 24 of 8",
                     "function peal_do peal_err * (const peal_opts *, int, "
                     "peal_told_fn)"]:
            assert line in lines, (line, lines)
        assert not after("int n, ", "int m, ")
        cases = [("int n, ", "long n, "), ("peal_do(", "peal_did("),
                 ("int a, b;", "int b, a;"), ("X(B, -8)", "X(B, -7)"),
                 ("reserved[4]", "reserved[5]"), ("(int what", "(long what"),
                 ("X(B, -8)", "X(B, -8) X(C, -8)"), ("X(B, -8)", "X(C, -8)")]
        for old, new in cases:
            found = after(old, new)
            assert any("since the release" in f or "for ever" in f
                       for f in found), (new, found)
            assert write(root, say=len) == 1
        found = after("unsigned long reserved[4];",
                      "long more;\n  unsigned long reserved[3];")
        assert not any("since the release" in f for f in found), found
        assert any("not in the list" in f for f in found)
        assert write(root) == 0 and not list(problems(root))
    return 0


def main():
    options = [a for a in sys.argv[1:] if a.startswith("--")]
    if options == ["--self-test"]:
        return self_test()
    rest = [a for a in sys.argv[1:] if not a.startswith("--")]
    root = pathlib.Path(rest[0]).resolve() if rest else \
        pathlib.Path(__file__).resolve().parent.parent
    if options != ["--check"]:
        return write(root, release=options == ["--release"])
    found = list(problems(root))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
