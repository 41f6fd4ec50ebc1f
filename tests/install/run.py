#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installs a build into an empty folder and builds an outside project on it,
by pkg-config and by find_package, with the shared and with the static library.

usage: run.py <build> destdir|prefix
The program is the chat server of the README, as printed there.
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

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# docs/abi.md: while the major is 0, each minor is an ABI of its own.
SONAME = "libpeal.so." + re.search(r'VERSION "(0\.\d+|\d+)', (
    ROOT / "include/peal/base.h").read_text())[1]
FLAGS = ["-std=c17", "-pedantic", "-Wall", "-Wextra"]


def run(command, **more):
    done = subprocess.run([str(c) for c in command], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def install(build, way, folder):
    """Returns the prefix as it stands on this disk."""
    if way == "prefix":
        run(["cmake", "--install", build, "--prefix", folder / "usr"])
    else:
        run(["cmake", "--install", build, "--prefix", "/usr"],
            env=dict(os.environ, DESTDIR=str(folder)))
    return folder / "usr"


def check_tree(prefix):
    """Returns the folder of the libraries: lib, or lib/<architecture>."""
    found = [*prefix.glob("lib*/**/libpeal.a")]
    if not found:
        raise SystemExit("libpeal.a is not installed")
    lib = found[0].parent
    for file in [prefix / "include/peal/base.h", lib / "libpeal.so",
                 lib / SONAME, lib / "pkgconfig/peal.pc",
                 lib / "cmake/Peal/PealConfig.cmake"]:
        if not file.exists():
            raise SystemExit(f"{file.relative_to(prefix)} is not installed")
    headers = {p.name for p in (ROOT / "include/peal").glob("*.h")}
    missing = headers - {p.name for p in (prefix / "include/peal").iterdir()}
    if missing:
        raise SystemExit(f"headers are not installed: {missing}")
    said = run(["readelf", "-d", lib / "libpeal.so"])
    if f"[{SONAME}]" not in said:
        raise SystemExit(f"libpeal.so does not name itself {SONAME}")
    check_command(prefix)
    return lib


def check_command(prefix):
    """The command, its page, and completions that it would write again."""
    command = prefix / "bin/peal"
    if not command.exists():
        return  # a build without programs
    run(["man", "--warnings", "-l", prefix / "share/man/man1/peal.1"],
        env=dict(os.environ, MANPAGER="cat"))
    for shell, file in (("bash", "bash-completion/completions/peal"),
                        ("zsh", "zsh/site-functions/_peal")):
        if (prefix / "share" / file).read_text() != run(
                [command, "completion", shell]):
            raise SystemExit(f"share/{file} is not what peal writes")


def chat_source():
    readme = ROOT / "README.md"
    blocks = re.findall(r"^```c\n(.*?)^```", readme.read_text(), re.M | re.S) \
        if readme.exists() else []
    for block in blocks:
        if "int main" in block:
            return block
    return (HERE / "outside/chat.c").read_text()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def write_project(folder, port, kit):
    project = folder / "project"
    project.mkdir()
    for name in ["CMakeLists.txt", "version.c", "testing.c",
                 *(["kit.c"] if kit else [])]:
        shutil.copy(HERE / "outside" / name, project)
    if (ROOT / "include/peal/peal.h").exists():
        text, count = re.subn(r"\.port = \d+", f".port = {port}",
                              chat_source())
        if count != 1:
            raise SystemExit("expected one .port = N in the chat server")
        (project / "chat.c").write_text(text)
    return project


def by_pkg_config(project, lib):
    env = dict(os.environ, PKG_CONFIG_PATH=str(lib / "pkgconfig"))
    for source in sorted(project.glob("*.c")):
        package = {"kit": "peal-kit", "testing": "peal-test"}.get(
            source.stem, "peal")
        shared = run(["pkg-config", "--cflags", "--libs", package],
                     env=env).split()
        # What libcurl itself would be made of is nobody's wish.
        words = shared if package == "peal-kit" else []
        words = words + run(["pkg-config", "--static", "--cflags", "--libs",
                             "peal"], env=env).split()
        static = ["-l:libpeal.a" if word == "-lpeal" else word
                  for word in words]
        if source.stem == "testing":  # says itself which libpeal it needs
            static = shared
        for kind in kinds_of(source):
            flags = shared if kind == "shared" else static
            program = project / f"pc_{source.stem}_{kind}"
            run(["cc", *FLAGS, "-Werror", source, "-o", program, *flags])
            yield program


def kinds_of(source):
    """The library for tests knows the inside of the static one."""
    return ("static",) if source.stem == "testing" else ("shared", "static")


def by_cmake(project, prefix):
    run(["cmake", "-S", project, "-B", project / "build",
         f"-DCMAKE_PREFIX_PATH={prefix}"])
    run(["cmake", "--build", project / "build"])
    for source in sorted(project.glob("*.c")):
        for kind in kinds_of(source):
            yield project / "build" / f"{source.stem}_{kind}"


def says_its_version(program, env):
    print(f"{program.name}: {run([program], env=env).strip()}")


def serves(program, port, env):
    """Starts, gives a handshake, ends on SIGTERM with exit 0."""
    process = subprocess.Popen([program], env=env, stdin=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/socket.io/?EIO=4&transport=polling"
    try:
        body = ""
        for _ in range(100):
            if process.poll() is not None:
                raise SystemExit(f"{program.name} ended: {process.returncode}")
            try:
                body = urllib.request.urlopen(url, timeout=5).read().decode()
                break
            except OSError:
                time.sleep(0.05)
        if not body.startswith('0{"sid":"'):
            raise SystemExit(f"{program.name}: expected a handshake: {body!r}")
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=20)
        if code != 0:
            raise SystemExit(f"{program.name}: exit {code} on SIGTERM")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    print(f"{program.name}: served")


def main():
    build, way = pathlib.Path(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(prefix="peal-install-") as name:
        folder = pathlib.Path(name)
        prefix = install(build, way, folder)
        lib = check_tree(prefix)
        port = free_port()
        project = write_project(folder, port, (lib / "libpeal_kit.a").exists())
        programs = [*by_pkg_config(project, lib)]
        programs += by_cmake(project, prefix)
        env = dict(os.environ, LD_LIBRARY_PATH=str(lib))
        for program in programs:
            if "chat" in program.name:
                serves(program, port, env)
            else:
                says_its_version(program, env)


if __name__ == "__main__":
    main()
