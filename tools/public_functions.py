#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The public functions of include/peal/*.h with what their comments promise:
for tests that try a promise for every function there is.

usage: public_functions.py [--self-test] [HEADER ...]
prints a line for each: header, name, thread.
"""
import dataclasses
import pathlib
import re
import sys

import gen_reference

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclasses.dataclass
class Function:
    header: str     # "server"
    name: str       # "peal_emit"
    result: str     # "peal_err"
    params: list    # [("peal_socket *", "socket"), …]
    comment: str    # its own words, and those of the group that it is in
    thread: str     # "worker", "any", "pure", or what else it says


def thread_of(comment, otherwise):
    said = re.findall(r"Thread:\s+(\w+)", comment)
    return said[-1] if said else otherwise


def usual_thread(source):
    """What its first comment says of those that say nothing."""
    opening = re.search(r"/\* \w+: .*?\*/", source, re.S)
    words = " ".join(gen_reference.text_of(opening[0]).split()) if opening else ""
    return "any" if "for any thread unless" in words else "worker"


def split_param(text):
    matched = re.match(r"(.*?)(\w+)?(\[\d*\])?$", text.strip())
    return matched[1].strip() + (" *" if matched[3] else ""), matched[2] or ""


def parse(code, header, comment, otherwise="worker"):
    flat = " ".join(re.sub(r"/\*.*?\*/", "", code, flags=re.S).split())
    matched = re.match(
        r"PEAL_API (?:PEAL_MUST_CHECK )?(.*?)\b(peal_\w+)\((.*)\)"
        r"(?: PEAL_PRINTF\(.*\))?;$", flat)
    if not matched:
        return None
    params = [] if matched[3] == "void" else [
        split_param(p) for p in matched[3].split(",")]
    return Function(header, matched[2], matched[1].strip(), params, comment,
                    thread_of(comment, otherwise))


def functions(header):
    """Those of one header, in its order."""
    source = (ROOT / "include/peal" / f"{header}.h").read_text()
    comment, otherwise = "", usual_thread(source)
    for kind, text, glued in gen_reference.pieces(source):
        if kind == "comment":
            comment = gen_reference.text_of(text) if glued else ""
            continue
        found = parse(text, header, comment, otherwise)
        if found:
            yield found
        comment = ""


def self_test():
    found = parse("PEAL_API PEAL_MUST_CHECK const char *peal_x_of(const peal_x"
                  " *x,\n   size_t index, char out[3]);", "x",
                  "Words. Thread:\nany.")
    want = Function("x", "peal_x_of", "const char *",
                    [("const peal_x *", "x"), ("size_t", "index"),
                     ("char *", "out")], "Words. Thread:\nany.", "any")
    if found != want:
        print(f"expected {want}, got {found}")
        return 1
    return 0


def main():
    if "--self-test" in sys.argv:
        return self_test()
    for header in sys.argv[1:]:
        for it in functions(header):
            print(it.header, it.name, it.thread)
    return 0


if __name__ == "__main__":
    sys.exit(main())
