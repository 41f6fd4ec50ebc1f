#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Debian packages in a root that has nothing but what they need: they go in,
the command and the man page are there, a program compiles against pkg-config and
serves, an application starts as its user; and when they go they leave nothing.

usage: run.py <build>
Needs root (that of a user namespace is not enough: users are made). Exit 77 where
the machine cannot: no root, no mounts, or a package that it lacks itself.
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import bare_root

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BASE = ["dpkg", "dash", "coreutils", "libc-bin", "sed", "grep", "tar", "gcc",
        "libc6-dev", "pkg-config", "adduser", "passwd", "findutils", "diffutils",
        "debianutils", "base-files", "perl-base", "util-linux"]
ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C",
       "DEBIAN_FRONTEND": "noninteractive"}
BEGIN = time.monotonic()
SCRATCH = re.compile(
    r"^/(tmp|proc|dev|run|root)(/|$)|^/var/(lib/dpkg|log|cache/ldconfig)(/|$)"
    r"|^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|\.lock$|-old$")


def skip(why):
    print(f"left out: {why}")
    sys.exit(77)


def run(command, **more):
    done = subprocess.run([str(c) for c in command], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def at(root, *command, user=None):
    """The command in that root, where it can see its own file: /proc."""
    enter = ["chroot", *([f"--userspec={user}:{user}"] if user else []), root]
    return ["unshare", "--mount", "sh", "-c",
            'mount --rbind /proc "$0/proc" && exec "$@"', root, *enter, *command]


def inside(root, *command):
    return run(at(root, *command), env=ENV)


def everything(root):
    """Every path, with what the file is, beside the scratch of a system."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = pathlib.Path(folder, name)
            short = "/" + str(path.relative_to(root))
            if not SCRATCH.search(short):
                found[short] = path.is_dir() and not path.is_symlink()
    return found


def users(root):
    return sorted(line.split(":")[0] for line in
                  (root / "etc/passwd").read_text().splitlines())


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def serves(command, url, expected):
    """Starts, answers, ends on SIGTERM with exit 0."""
    process = subprocess.Popen([str(c) for c in command], env=ENV,
                               stdin=subprocess.DEVNULL)
    try:
        body = ""
        for _ in range(400):
            if process.poll() is not None:
                raise SystemExit(f"{command} ended: {process.returncode}")
            try:
                body = urllib.request.urlopen(url, timeout=5).read().decode()
                break
            except OSError:
                time.sleep(0.05)
        if expected not in body:
            raise SystemExit(f"{command}: expected {expected} in {body!r}")
        process.send_signal(signal.SIGTERM)
        if process.wait(timeout=30) != 0:
            raise SystemExit(f"{command}: exit {process.returncode}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def compiles_and_serves(root):
    port = free_port()
    text, count = re.subn(r"\.port = \d+", f".port = {port}", (
        HERE.parent / "install/outside/chat.c").read_text())
    assert count == 1
    (root / "tmp/chat.c").write_text(text)
    flags = inside(root, "pkg-config", "--cflags", "--libs", "peal").split()
    for kind, words in (("shared", flags), ("static", [
            "-l:libpeal.a" if word == "-lpeal" else word for word in inside(
                root, "pkg-config", "--static", "--cflags", "--libs",
                "peal").split()])):
        inside(root, "gcc", "-std=c17", "-Wall", "-Werror", "/tmp/chat.c", "-o",
               f"/tmp/chat_{kind}", *words)
        serves(at(root, f"/tmp/chat_{kind}"),
               f"http://127.0.0.1:{port}/socket.io/?EIO=4&transport=polling",
               '0{"sid":"')
    print("a program compiles and serves, shared and static")


def application(root):
    """As its user, on the data folder of the package; with its page."""
    port = free_port()
    serves(at(root, "/usr/bin/peal-landing", "--host", "127.0.0.1", "--port",
              port, "--data-dir", "/var/lib/peal-landing", user="peal-landing"),
           f"http://127.0.0.1:{port}/", "<!doctype html>")
    url = f"http://127.0.0.1:{port}/socket.io/socket.io.js"
    serves(at(root, "/usr/bin/peal", "serve", "--port", port), url,
           "Socket.IO")
    print("an application serves as its user; the command serves the client")


def units(root):
    if not shutil.which("systemd-analyze"):
        print("no systemd here: units are not read")
        return
    for unit in sorted((root / "lib/systemd/system").glob("peal-*.service")):
        text = unit.read_text()
        program = re.search(r"^ExecStart=(\S+)", text, re.M)[1]
        if not (root / program[1:]).exists():
            raise SystemExit(f"{unit.name}: {program} is not there")
        copy = root / "tmp" / unit.name
        copy.write_text(text.replace(program, "/bin/true"))
        said = subprocess.run(["systemd-analyze", "verify", "--man=no", copy],
                              text=True, capture_output=True)
        if unit.name in said.stderr or said.returncode != 0:
            raise SystemExit(f"{unit.name}: {said.stderr}")
    print("systemd reads the units")


def reproducible(build, debs):
    again = debs.parent / "again"
    run([ROOT / "tools/make_deb.py", build, again])
    for deb in sorted(debs.glob("*.deb")):
        if deb.read_bytes() != (again / deb.name).read_bytes():
            raise SystemExit(f"{deb.name}: the second is not the first")


def lap(what):
    print(f"{time.monotonic() - BEGIN:.1f} s: {what}", flush=True)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    if os.getuid() != 0:
        skip("not root")
    for tool in ("dpkg-deb", "dpkg-shlibdeps", "chroot", "unshare"):
        if not shutil.which(tool):
            skip(f"no {tool}")
    if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL
                      ).returncode != 0:
        skip("no mounts of its own: a container without the right to them")
    with tempfile.TemporaryDirectory(prefix="peal-packages-") as name:
        folder = pathlib.Path(name)
        debs, root = folder / "debs", folder / "root"
        run([ROOT / "tools/make_deb.py", build, debs])
        reproducible(build, debs)
        lap("made twice, the same bytes")
        packages = sorted(debs.glob("*.deb"))
        names = [p.name.split("_")[0] for p in packages]
        needs = []
        for deb in packages:
            words = run(["dpkg-deb", "-f", deb, "Depends"]).strip()
            needs += [w for w in words.split(",") if w and
                      w.split()[0] not in names]
        missing = bare_root.make(root, BASE + needs)
        if missing:
            skip(f"{missing} is not installed")
        inside(root, "ldconfig")
        lap("a root with what they need")
        before, people = everything(root), users(root)
        (root / "tmp/debs").mkdir()
        for deb in packages:
            shutil.copy(deb, root / "tmp/debs")
        inside(root, "dpkg", "-i", *[f"/tmp/debs/{d.name}" for d in packages])
        inside(root, "dpkg", "--configure", "--pending")
        said = inside(root, "dpkg", "--audit")
        if said.strip():
            raise SystemExit(said)
        lap("installed")
        print(inside(root, "peal", "--version").strip())
        compiles_and_serves(root)
        application(root)
        units(root)
        inside(root, "dpkg", "--purge", *names)
        left = sorted(set(everything(root)) - set(before))
        gone = sorted(set(before) - set(everything(root)))
        if left or gone or users(root) != people:
            raise SystemExit(f"left: {left}\ngone: {gone}\n{users(root)}")
        lap("purged: nothing is left")


if __name__ == "__main__":
    main()
