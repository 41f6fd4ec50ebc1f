#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds the configurations, runs its suites, and adds up the results.

The last line is `N passed, N failed, N skipped`; exit 1 if anything failed.
A configuration that does not build counts as one failure. Which suites belong
to which configuration stands in CMakePresets.json (PEAL_SUITES).

No test may fail because the machine is busy, and most wait more than they
compute: twice as many run at once as there are processors. A few that failed
beside others are therefore tried once more, alone. What passes then is counted
as passed and named, with what it said; what a sanitizer found is never tried
again.

usage: run_tests.py [--jobs N] [--only SUITE] [--busy N] [preset...]
"""
import argparse
import collections
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

from failing_lines import failing_lines, tail

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What "dev" has besides asan is another compiler option: it is nightly.sh's.
PRESETS = ["release", "asan", "tsan", "fuzz"]
# More failures than these are no matter of a busy machine.
MAX_AGAIN = 4
# What these words stand in is a fault, whenever it shows.
FOUND = re.compile(r"Sanitizer|runtime error:|==\d+==")


def build(preset, jobs):
    """Returns None, or what went wrong."""
    for command in (["cmake", "--preset", preset],
                    ["cmake", "--build", "--preset", preset, "-j", str(jobs)]):
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace")
        if done.returncode != 0:
            return " ".join(command) + "\n" + tail(done.stdout)
        for line in done.stdout.splitlines():
            if "warning:" in line.lower():
                print("  " + line, flush=True)
    return None


def without_random_addresses():
    """gcc 12's thread sanitizer needs the address space as it knows it."""
    probe = subprocess.run(["setarch", "-R", "true"],
                           stderr=subprocess.DEVNULL)
    return ["setarch", "-R"] if probe.returncode == 0 else []


@contextlib.contextmanager
def busy_machine(count):
    """So many processes that compute, while the block runs: what passes only
    on a quiet machine fails here."""
    spin = [sys.executable, "-c", "while True: pass"]
    spinning = [subprocess.Popen(spin) for _ in range(count)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def ctest(preset, jobs, only, name, nightly=False):
    """Returns the cases as ElementTree has them, None if there is no report."""
    folder = ROOT / "build" / preset
    report = folder / f"{name}.xml"
    report.unlink(missing_ok=True)
    command = ["ctest", "--test-dir", str(folder), "-j", str(jobs),
               "--output-junit", str(report), "--no-tests=ignore"]
    if only:
        command += ["-R", only]
    if not nightly:
        command += ["-LE", "^nightly$"]
    if preset == "tsan":
        command = without_random_addresses() + command
    env = dict(os.environ, CTEST_OUTPUT_ON_FAILURE="0",
               ASAN_OPTIONS="detect_leaks=1:strict_string_checks=1",
               UBSAN_OPTIONS="print_stacktrace=1",
               TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:"
               f"suppressions={ROOT / 'tests/support/tsan.supp'}")
    with open(folder / f"{name}.log", "w", encoding="utf-8") as log:
        subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
                       stdout=log, stderr=subprocess.STDOUT, check=False)
    if not report.exists():
        return None
    return list(xml.etree.ElementTree.parse(report).getroot().iter("testcase"))


def has_failed(case):
    note = case.find("failure")
    return case.get("status") != "run" and note is not None


def again_alone(preset, cases, nightly):
    """The names of those that failed and pass when nothing runs beside them."""
    names = [case.get("name") for case in cases if has_failed(case) and
             not FOUND.search(case.findtext("system-out") or "")]
    if not names or len(names) > MAX_AGAIN:
        return set()
    only = "^(" + "|".join(re.escape(name) for name in names) + ")$"
    again = ctest(preset, 1, only, "again", nightly) or []
    return {case.get("name") for case in again if case.get("status") == "run"}


class Totals:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.alone = []
        self.seconds = collections.defaultdict(float)
        self.counts = collections.Counter()

    def fail(self, name, output):
        self.failed += 1
        print(f"FAILED {name}\n{failing_lines(output)}\n", flush=True)

    def add(self, preset, case, alone):
        name = f"{preset}: {case.get('name')}"
        suite = f"{preset}: {re.split('[./]', case.get('name'))[0]}"
        output = case.findtext("system-out") or ""
        self.seconds[suite] += float(case.get("time") or 0)
        self.counts[suite] += 1
        if case.get("status") == "run":
            self.passed += 1
            return
        if case.get("name") in alone:
            self.passed += 1
            self.alone.append(name)
            print(f"passed alone, not beside others: {name}\n"
                  f"{failing_lines(output)}\n", flush=True)
            return
        note = case.find("skipped")
        if note is None:
            note = case.find("failure")
        why = note.get("message") if note is not None else ""
        # Only the test itself may say that it is skipped; a test that could
        # not be started has failed.
        if why.startswith("SKIP_RETURN_CODE"):
            self.skipped += 1
            print(f"skipped {name}: {tail(output, 1) or why}", flush=True)
        else:
            self.fail(f"{name} ({why})" if why else name, output)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cores = os.cpu_count() or 1
    parser.add_argument("--jobs", type=int, default=2 * cores,
                        help="tests at once (twice the processors)")
    parser.add_argument("--only", help="names of tests, a regular expression")
    parser.add_argument("--nightly", action="store_true",
                        help="also those that PEAL_NIGHTLY names")
    parser.add_argument("--busy", type=int, default=0,
                        help="so many processes compute beside the tests")
    parser.add_argument("presets", nargs="*")
    args = parser.parse_args()
    totals = Totals()
    wall = []
    for preset in args.presets or PRESETS:
        start = time.monotonic()
        print(f"-- {preset}: building", flush=True)
        problem = build(preset, cores)
        built = time.monotonic()
        if problem:
            totals.fail(f"{preset}: build", problem)
            continue
        print(f"-- {preset}: testing", flush=True)
        with busy_machine(args.busy):
            cases = ctest(preset, args.jobs, args.only, "results",
                          args.nightly)
        if cases is None:
            totals.fail(f"{preset}: ctest",
                        (ROOT / "build" / preset / "results.log").read_text())
            continue
        alone = again_alone(preset, cases, args.nightly)
        for case in cases:
            totals.add(preset, case, alone)
        wall.append((preset, built - start, time.monotonic() - built))

    print("\nsuite                    tests   seconds")
    for suite, seconds in totals.seconds.items():
        print(f"{suite:24} {totals.counts[suite]:5} {seconds:9.1f}")
    for preset, building, testing in wall:
        print(f"{preset}: built in {building:.0f} s, tested in {testing:.0f} s")
    if totals.alone:
        print("passed only alone: " + ", ".join(totals.alone))
    print(f"{totals.passed} passed, {totals.failed} failed, "
          f"{totals.skipped} skipped")
    return 1 if totals.failed or not totals.passed else 0


if __name__ == "__main__":
    sys.exit(main())
