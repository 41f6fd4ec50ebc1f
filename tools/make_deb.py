#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes Debian packages out of a build: libpeal<soname>, libpeal-dev,
peal-common, peal-tools and peal-apps.

usage: make_deb.py <build> <folder for the packages>
Needs dpkg-dev. The maintainer is DEBFULLNAME and DEBEMAIL. The same build and SOURCE_DATE_EPOCH give the same bytes; without
it the time is that of the last commit, or of CHANGELOG.md.
"""
import email.utils
import gzip
import hashlib
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGING = ROOT / "packaging"
VERSION = re.search(r'VERSION "([0-9.]+)"',
                    (ROOT / "include/peal/base.h").read_text())[1]
SONAME = ".".join(VERSION.split(".")[:2]) if VERSION.startswith("0.") \
    else VERSION.split(".")[0]
LIB = f"libpeal{SONAME}"
MAINTAINER = "{} <{}>".format(os.environ.get("DEBFULLNAME", "Peal developers"),
                              os.environ.get("DEBEMAIL", "peal@localhost"))
SERVERS = {
    "peal-esp32": "dashboard of ESP32 devices",
    "peal-sv30-backend": "results of sludge settling tests",
    "peal-carechat": "chat with an assistant, and vital signs",
    "peal-hospital": "a hospital's alerts on its screens",
    "peal-deskpulse": "watches how somebody sits at a desk",
    "peal-landing": "page that leads to the applications",
}
DEV_NEEDS = ["libuv1-dev", "libssl-dev", "zlib1g-dev", "libsqlite3-dev",
             "libhiredis-dev", "libcrypt-dev", "libjose-dev",
             "libcurl4-openssl-dev"]
# What a package is: section, architecture, one line, more of it, what it
# needs beside its libraries, and the files of an installed tree.
PACKAGES = {
    LIB: ("libs", None, "Socket.IO for C, shared library",
          "A server and a client of Socket.IO 5, Engine.IO 4, WebSocket and\n"
          "HTTP/1.1, with a web layer and a store.",
          "", [r"lib/.*libpeal\.so\..*"]),
    "libpeal-dev": ("libdevel", None, "Socket.IO for C, development files",
                    "Headers, static libraries, and files for pkg-config and "
                    "CMake.",
                    f"{LIB} (= {VERSION}), " + ", ".join(DEV_NEEDS),
                    [r"include/.*", r"lib/.*"]),
    "peal-common": ("javascript", "all", "Socket.IO's client for browsers",
                    "The files that servers of libpeal give to browsers.",
                    "", [r"share/peal/client/.*"]),
    "peal-tools": ("net", None, "command for Socket.IO servers",
                   "It sends events and prints those that come, finds out why\n"
                   "a connection fails, measures servers, and is a server to\n"
                   "try things on.",
                   "", [r"bin/peal", r"share/man/man1/peal\.1.*",
                        r"share/man/man7/.*",
                        r"share/bash-completion/.*", r"share/zsh/.*"]),
    "peal-apps": ("web", None, "applications on Socket.IO for C",
                  "Dashboards of devices, settling tests, vital signs, a\n"
                  "hospital's alerts, and a watch over a desk. Each has a unit\n"
                  "of its own, which is started by nobody but its owner:\n"
                  "systemctl enable --now peal-esp32",
                  f"peal-common (= {VERSION}), adduser, tzdata",
                  [r"bin/.*", r"share/man/.*", r"share/peal/.*"]),
}
# The files' own words are in the package; nothing else is left over.
IGNORED = re.compile(r"share/doc/.*")


def run(command, **more):
    done = subprocess.run([str(c) for c in command], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def epoch():
    if os.environ.get("SOURCE_DATE_EPOCH"):
        return int(os.environ["SOURCE_DATE_EPOCH"])
    done = subprocess.run(["git", "-C", str(ROOT), "log", "-1", "--format=%ct"],
                          text=True, capture_output=True)
    if done.returncode == 0 and done.stdout.strip():
        return int(done.stdout)
    return int((ROOT / "CHANGELOG.md").stat().st_mtime)


def architecture():
    return run(["dpkg", "--print-architecture"]).strip()


def changelog(when):
    """Debian's form of CHANGELOG.md: a line for each of its points."""
    out, text = [], (ROOT / "CHANGELOG.md").read_text()
    for age, part in enumerate(re.split(r"(?m)^## ", text)[1:]):
        date = email.utils.formatdate(when - 86400 * age)
        title, _, body = part.partition("\n")
        name = VERSION if title == "Unreleased" else title.split()[0]
        points = re.findall(r"(?ms)^- (.*?)(?=^- |^#|\n\n|\Z)", body)
        lines = [f"  * {line}" for line in
                 (re.split(r"(?<=[.:])\s", " ".join(p.split()))[0][:70].rstrip()
                  for p in points)] or ["  * First release."]
        out.append(f"peal ({name}) unstable; urgency=medium\n\n"
                   + "\n".join(lines) + f"\n\n -- {MAINTAINER}  {date}\n")
    return "\n".join(out)


def write(file, text, mode=0o644):
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(text, str):
        text = text.encode()
    file.write_bytes(text)
    file.chmod(mode)


def zipped(text):
    return gzip.compress(text if isinstance(text, bytes) else text.encode(),
                         9, mtime=0)


def fill(name, **words):
    text = (PACKAGING / name).read_text()
    for key, value in words.items():
        text = text.replace(f"@{key}@", value)
    return text


def copyright_text():
    """Ours, and that of the browser's files we hand on."""
    body = (ROOT / "LICENSE").read_text().partition("\n\n")[2].split("\n\n", 1)[1]
    text = "\n".join(" " + (line or ".") for line in body.strip().splitlines())
    others = ""
    for files, holder in (
            ("usr/share/peal/client/*", "2014-2026 Guillermo Rauch, Damien "
             "Arrachequesne"),
            ("usr/share/peal/*/web/vendor/*", "2022 Leon Sorokin")):
        others += f"Files: {files}\nCopyright: {holder}\nLicense: Expat\n\n"
    return fill("debian/copyright", OTHERS=others, LICENSE=text)


def stage(build, folder):
    """The installed tree under folder/usr."""
    run(["cmake", "--install", build, "--prefix", "/usr"],
        env=dict(os.environ, DESTDIR=str(folder)))
    usr = folder / "usr"
    for page in usr.glob("share/man/*/*.[0-9]"):
        write(page.with_name(page.name + ".gz"), zipped(page.read_bytes()))
        page.unlink()
    # Debian's zsh looks there.
    old = usr / "share/zsh/site-functions"
    if old.exists():
        old.rename(usr / "share/zsh/vendor-completions")
    return usr


def split(usr, trees):
    """Each file goes to the first package that wants it."""
    left = []
    for file in sorted(p for p in usr.rglob("*")
                       if p.is_symlink() or not p.is_dir()):
        name = str(file.relative_to(usr))
        for package, spec in PACKAGES.items():
            if any(re.fullmatch(want, name) for want in spec[5]):
                target = trees / package / "usr" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                file.rename(target)
                break
        else:
            if not IGNORED.fullmatch(name):
                left.append(name)
    if left:
        raise SystemExit(f"no package has {left}")


def strip(tree):
    for file in tree.rglob("*"):
        if file.is_symlink() or not file.is_file():
            continue
        if file.suffix == ".a":
            # Who links the archive has a compiler of his own.
            run(["strip", "--strip-debug", "--enable-deterministic-archives",
                 "-R", ".comment", "-R", ".note", "-R", ".gnu.lto_*",
                 "-R", ".gnu.debuglto_*", "-N", "__gnu_lto_slim", file])
        elif file.read_bytes()[:4] == b"\x7fELF":
            more = ["--strip-unneeded"] if ".so" in file.name else []
            run(["strip", *more, "-R", ".comment", "-R", ".note", file])


def elf_files(tree):
    return [f for f in sorted(tree.rglob("*")) if f.is_file()
            and not f.is_symlink() and f.read_bytes()[:4] == b"\x7fELF"]


def libraries(tree, scratch):
    """Depends of the programs and shared libraries in it."""
    files = elf_files(tree)
    if not files:
        return ""
    write(scratch / "debian/control", f"Source: peal\n\nPackage: {LIB}\n"
          "Architecture: any\n")
    said = run(["dpkg-shlibdeps", "-O", *[f"-e{f}" for f in files]],
               cwd=scratch)
    found = re.search(r"^shlibs:Depends=(.*)$", said, re.M)
    return found[1] if found else ""


def symbols(tree, scratch):
    """The library's symbols are those of docs/abi, no more and no less."""
    abi = ROOT / f"docs/abi/peal-{SONAME}.txt"
    names = re.findall(r"^function (\w+) ", abi.read_text(), re.M)
    known = f"libpeal.so.{SONAME} {LIB} #MINVER#\n" + "".join(
        f" {name}@Base {VERSION}\n" for name in sorted(names))
    write(scratch / "debian/symbols", known)
    library = [f for f in elf_files(tree) if "libpeal.so" in f.name]
    run(["dpkg-gensymbols", f"-p{LIB}", f"-v{VERSION}", f"-P{tree}", "-c4",
         *[f"-e{f}" for f in library], f"-I{scratch / 'debian/symbols'}",
         f"-O{tree / 'DEBIAN/symbols'}"], cwd=scratch)
    write(tree / "DEBIAN/shlibs", f"libpeal {SONAME} {LIB} (>= {VERSION})\n")
    write(tree / "DEBIAN/triggers", "activate-noawait ldconfig\n")


def services(tree):
    for program, words in SERVERS.items():
        unit = fill("systemd/peal-app.service.in", PROGRAM=program,
                    DESCRIPTION=words)
        write(tree / f"lib/systemd/system/{program}.service", unit)
        prefix = program.upper().replace("-", "_")
        write(tree / f"etc/default/{program}",
              f"# Options of {program}: each line is one of those that\n"
              f"# `{program} --help` names behind a $, such as\n"
              f"#{prefix}_HOST=127.0.0.1\n"
              f"#{prefix}_LOG_FORMAT=keys\n", 0o640)
    # Passwords may stand in these.
    write(tree / "usr/share/lintian/overrides/peal-apps", "".join(
        f"peal-apps: non-standard-file-perm 0640 != 0644 "
        f"[etc/default/{program}]\n" for program in SERVERS))
    write(tree / "DEBIAN/conffiles", "".join(
        f"/etc/default/{program}\n" for program in SERVERS))
    for script in ("postinst", "prerm", "postrm"):
        write(tree / "DEBIAN" / script,
              fill(f"debian/peal-apps.{script}.in", APPS=" ".join(SERVERS)),
              0o755)


def control(package, tree, needs):
    section, arch, title, more, _, _ = PACKAGES[package]
    size = sum(f.lstat().st_size for f in tree.rglob("*")
               if "DEBIAN" not in f.parts and not f.is_dir())
    fields = [("Package", package), ("Source", "peal"), ("Version", VERSION),
              ("Architecture", arch or architecture()),
              ("Maintainer", MAINTAINER),
              ("Installed-Size", str((size + 1023) // 1024)),
              ("Depends", needs), ("Section", section),
              ("Priority", "optional")]
    if package == LIB:
        fields += [("Recommends", "peal-common")]
        multiarch = any("linux-gnu" in str(f) for f in tree.glob("usr/lib/*"))
        fields += [("Multi-Arch", "same")] if multiarch else []
    description = title + "".join(f"\n {line}" for line in more.splitlines())
    fields += [("Description", description)]
    write(tree / "DEBIAN/control",
          "".join(f"{k}: {v}\n" for k, v in fields if v))


def finish(package, tree, when, out):
    sums = ""
    for file in sorted(tree.rglob("*")):
        if file.is_file() and not file.is_symlink() \
                and "DEBIAN" not in file.relative_to(tree).parts:
            name = file.relative_to(tree)
            sums += f"{hashlib.md5(file.read_bytes()).hexdigest()}  {name}\n"
    write(tree / "DEBIAN/md5sums", sums)
    for file in [tree, *tree.rglob("*")]:
        if file.is_dir() and not file.is_symlink():
            file.chmod(0o755)
        elif not file.is_symlink():
            mode = stat.S_IMODE(file.stat().st_mode)
            if "etc" not in file.relative_to(tree).parts[:1]:
                file.chmod(0o755 if mode & 0o111 else 0o644)
        os.utime(file, (when, when), follow_symlinks=False)
    run(["dpkg-deb", "--build", "--root-owner-group", "-Zxz", "-z1", tree, out],
        env=dict(os.environ, SOURCE_DATE_EPOCH=str(when)))


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    out = pathlib.Path(sys.argv[2]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    when = epoch()
    with tempfile.TemporaryDirectory(prefix="peal-deb-") as name:
        scratch = pathlib.Path(name)
        split(stage(build, scratch / "stage"), scratch / "trees")
        for package, spec in PACKAGES.items():
            tree = scratch / "trees" / package
            if not tree.exists():
                print(f"the build has nothing for {package}: left out")
                continue
            strip(tree)
            (tree / "DEBIAN").mkdir()
            docs = tree / f"usr/share/doc/{package}"
            write(docs / "copyright", copyright_text())
            write(docs / "changelog.gz", zipped(changelog(when)))
            if package == LIB:
                symbols(tree, scratch)
            if package == "peal-apps":
                services(tree)
            needs = ", ".join(filter(None, [libraries(tree, scratch), spec[4]]))
            control(package, tree, needs)
            finish(package, tree, when, out)
    print(*sorted(f.name for f in out.glob("*.deb")), sep="\n")


if __name__ == "__main__":
    main()
