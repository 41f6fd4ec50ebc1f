#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the manual pages of the applications out of what they say of
themselves (--help), so that a page has every option and none beside them.

usage: gen_man.py <folder of programs> [--check]
Writes packaging/man/<program>.1; --check tells whether they would change.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = ROOT / "packaging/man"
SERVERS = ["esp32", "sv30-backend", "carechat", "hospital", "deskpulse",
           "landing"]
PROGRAMS = [f"peal-{name}" for name in [*SERVERS, "sv30-device"]]
SIMULATORS = [f"peal-{name}-sim" for name in ["esp32", "carechat", "hospital"]]
OPTION = re.compile(r"^  (--[a-z0-9][a-z0-9-]*)(?:\[?=?([A-Z]+)\]?| ([A-Z]+))?"
                    r"  +(\S.*)$")
SECRET = re.compile(r"^  ([a-z0-9-]+) \(no flag\) +(\S.*)$")
VARIABLE = re.compile(r" \$([A-Z0-9_]+)$")


def words(text):
    """Text of a page: no line of it may be a request."""
    text = text.replace("\\", "\\e")
    return re.sub(r"(?m)^([.'])", r"\\&\1", text)


def options_of(text):
    """Yields (option or None, argument, what it does, variable)."""
    found = []
    for line in text.splitlines():
        option, secret = OPTION.match(line), SECRET.match(line)
        if option:
            found.append([option[1], option[2] or option[3] or "", option[4]])
        elif secret:
            found.append([None, secret[1], secret[2]])
        elif found and line.startswith("        "):
            found[-1][2] += " " + line.strip()
        elif re.match(r"^  --help$", line):
            found.append(["--help", "", "this text"])
    for name, argument, does in found:
        variable = VARIABLE.search(does)
        yield (name, argument, VARIABLE.sub("", does),
               variable[1] if variable else "")


def about(program, text):
    lines = text.splitlines()
    first = re.match(r"^\S+: (.*)$", lines[0])
    if lines[0].startswith("usage:"):
        return lines[1]
    return first[1] if first else lines[0]


def item(option):
    name, argument, does, variable = option
    if name:
        flag = re.sub("^--", "Fl Fl ", name).replace("-", "\\-")
        out = f".It {flag}" + (f" Ar {argument}" if argument else "")
    else:
        out = f".It Ic {argument}"
    out += "\n" + words(does[0].upper() + does[1:]) + "."
    if not name:
        out += ("\nIt is a secret: it is read from the environment or from a "
                "file,\nnot from the command line.")
    if variable:
        out += f"\nIn the environment:\n.Ev {variable} ."
    return out


def page(program, text):
    options = list(options_of(text))
    name = program.removeprefix("peal-") if program == "peal-sv30-device" \
        else program
    out = [".\\\" SPDX-License-Identifier: MIT",
           ".\\\" Made by tools/gen_man.py out of what the program says.",
           ".Dd November 29, 2026", f".Dt {program.upper()} 1", ".Os",
           ".Sh NAME", f".Nm {name}", f".Nd {words(about(program, text))}",
           ".Sh SYNOPSIS", ".Nm", ".Op Ar options", ".Sh OPTIONS",
           ".Bl -tag -width Ds", *[item(o) for o in options], ".El"]
    if "--config" in [o[0] for o in options]:
        out += [".Pp", "Flags come before environment, file and default.",
                "A size takes K, M or G behind its number, "
                "a time ms, s, m, h or d."]
        out += [".Sh FILES", ".Bl -tag -width Ds", ".It Pa FILE",
                "Given by", ".Fl Fl config :",
                "lines", ".Dq key = value ,", "comments behind #, and",
                ".Bq sections ,",
                "whose name comes before the keys below it, joined by",
                ".Dq - ."]
        if program.removeprefix("peal-") in SERVERS:
            out += [f".It Pa /etc/default/{program}",
                    "Environment of the service, where it came as a package.",
                    f".It Pa /var/lib/{program}",
                    "What the service keeps."]
        out += [".El", ".Sh SIGNALS", "SIGTERM and SIGINT end it: what is "
                "under way is finished first."]
        if "--tls-cert" in [o[0] for o in options]:
            out += ["SIGHUP reads the certificate again."]
    out += [".Sh EXIT STATUS", "0; 1 when it could not do its work; "
            "2 for a wrong command line."]
    out += [".Sh SEE ALSO", ".Xr peal 1 ,", ".Xr peal 7"]
    return "\n".join(out) + "\n"


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    stale = []
    for program in PROGRAMS + SIMULATORS:
        done = subprocess.run([folder / program, "--help"], text=True,
                              capture_output=True, check=True)
        made = page(program, done.stdout or done.stderr)
        file = PAGES / f"{program}.1"
        if "--check" not in sys.argv:
            file.write_text(made)
        elif not file.exists() or file.read_text() != made:
            stale.append(file.name)
    if stale:
        raise SystemExit(f"expected what tools/gen_man.py writes: {stale}")


if __name__ == "__main__":
    main()
