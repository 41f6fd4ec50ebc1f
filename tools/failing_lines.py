# SPDX-License-Identifier: MIT
"""Finds in the output of a failed suite the lines of the case that failed.

Known formats: cmocka ([ RUN ] to [ FAILED ]), the suites in JavaScript and
shell (`FAIL name` or `not ok - name`, then indented lines), Python's unittest,
the reports of the sanitizers, of valgrind and of libFuzzer, and assert(). What
is in none of them is shown by its tail.

usage: failing_lines.py --self-test | < output
"""
import re
import sys

TAIL_LINES = 60
MOST_LINES = 200
BETWEEN = "  ..."

CMOCKA_RUN = re.compile(r"^\[ RUN +\] (.+)$")
CMOCKA_END = re.compile(r"^\[ +(OK|FAILED|SKIPPED|ERROR) +\] (.+)$")
MARKED = re.compile(r"^(FAIL\b|not ok\b)")
UNITTEST = re.compile(r"^(FAIL|ERROR): ")
REPORT = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|"
                    r": runtime error: |ERROR: libFuzzer")
REPORT_END = re.compile(r"^SUMMARY: ")
SINGLE = re.compile(r"^==\d+== |Assertion [`'].*failed|"
                    r"^\[ +ERROR +\]|^Test program does not|terminated by")


def block_end(lines, at, is_end):
    """The line behind the block that begins at `at`."""
    for i in range(at + 1, len(lines)):
        if is_end(lines[i]):
            return i
    return len(lines)


def cmocka_blocks(lines):
    """From the start of a case to its failure; a case without an end is the
    one in which the program died."""
    start = None
    for i, line in enumerate(lines):
        run, end = CMOCKA_RUN.match(line), CMOCKA_END.match(line)
        if run:
            if start is not None:
                yield start, i
            start = i
        elif end and start is not None and lines[start].endswith(end[2]):
            if end[1] in ("FAILED", "ERROR"):
                yield start, i + 1
            if end[1] != "ERROR":
                start = None
    if start is not None:
        yield start, len(lines)


def other_blocks(lines):
    for i, line in enumerate(lines):
        if UNITTEST.match(line):
            # The first rule stands below the name, the second one ends it.
            yield i, block_end(lines, min(i + 1, len(lines) - 1),
                               lambda l: re.match(r"^(={20}|-{20})", l))
        elif MARKED.match(line):
            yield i, block_end(lines, i,
                               lambda l: l.strip() and not l[0].isspace())
        elif REPORT.search(line):
            end = block_end(lines, i, REPORT_END.match)
            yield i, min(end + 1, len(lines))
        elif SINGLE.search(line):
            yield i, i + 1


def chosen(text):
    """The numbers of the lines that belong to a failing case."""
    lines = text.splitlines()
    wanted = set()
    for start, end in [*cmocka_blocks(lines), *other_blocks(lines)]:
        wanted.update(range(start, end))
    return lines, sorted(wanted)


def tail(text, count=TAIL_LINES):
    return "\n".join((text or "").rstrip().splitlines()[-count:])


def failing_lines(text):
    lines, wanted = chosen((text or "").rstrip())
    if not wanted:
        return tail(text)
    left_out = len(wanted) - MOST_LINES
    out, last = [], None
    for i in wanted[:MOST_LINES]:
        if last is not None and i != last + 1:
            out.append(BETWEEN)
        out.append(lines[i])
        last = i
    if left_out > 0:
        out.append(f"{BETWEEN} {left_out} lines more")
    return "\n".join(out)


CASES = {
    "cmocka": ("""[==========] Running 3 test(s).
[ RUN      ] is_fine
[       OK ] is_fine
[ RUN      ] adds_up
[  ERROR   ] --- 0x1 != 0x2
[   LINE   ] --- test_x.c:9: error: Failure!
[  FAILED  ] adds_up
[ RUN      ] is_fine_too
[       OK ] is_fine_too
[==========] 3 test(s) run.
""", ["adds_up", "0x1 != 0x2", "test_x.c:9"], ["is_fine", "Running"]),
    "cmocka that died": ("""[ RUN      ] is_fine
[       OK ] is_fine
[ RUN      ] dies
test_x: x.c:3: f: Assertion `a == b' failed.
""", ["dies", "a == b"], ["is_fine"]),
    "javascript": ("""# wire_ws.js
ok   one (3 ms)
FAIL two
     Error: waited 8000 ms
         at until (suite.js:10)

ok   three (5 ms)
2 passed, 1 failed
""" + "noise\n" * 100, ["FAIL two", "waited 8000", "suite.js:10"],
                   ["ok   one", "ok   three", "noise"]),
    "not ok": ("ok - a\nnot ok - b\n  Error: c\nok - d\n",
               ["not ok - b", "Error: c"], ["ok - d"]),
    "unittest": ("""test_a ... ok
======================================================================
FAIL: test_b (m.T)
----------------------------------------------------------------------
Traceback (most recent call last):
AssertionError: 1 != 2

----------------------------------------------------------------------
Ran 2 tests in 0.001s
""", ["FAIL: test_b", "1 != 2"], ["test_a", "Ran 2 tests"]),
    "sanitizer": ("""ok   one
==12==ERROR: AddressSanitizer: heap-use-after-free
READ of size 1
    #0 0x1 in f x.c:3
SUMMARY: AddressSanitizer: heap-use-after-free x.c:3
bye
""", ["heap-use-after-free", "x.c:3", "SUMMARY"], ["ok   one", "bye"]),
    "valgrind": ("[       OK ] a\n==12== Invalid read of size 8\n"
                 "==12==    at 0x1: f (x.c:3)\n", ["Invalid read", "x.c:3"],
                 ["OK"]),
    "anything else": ("x\n" * 200 + "the end\n", ["the end"], []),
}


def self_test():
    wrong = []
    for name, (text, there, absent) in CASES.items():
        found = failing_lines(text)
        wrong += [f"{name}: {w!r} is missing" for w in there if w not in found]
        wrong += [f"{name}: {w!r} is noise" for w in absent
                  if re.search(rf"(?<!\w){re.escape(w)}(?!\w)", found)]
        if len(found.splitlines()) > MOST_LINES:
            wrong.append(f"{name}: too long")
    if len(failing_lines("FAIL a\n" + " b\n" * 999).splitlines()) > 201:
        wrong.append("a long block is not cut")
    for text in wrong:
        print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    print(failing_lines(sys.stdin.read()))
