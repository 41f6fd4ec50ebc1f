# SPDX-License-Identifier: MIT
"""A root with nothing in it but given packages and what they need, made out of
what this machine has installed: no network, and the package manager in it knows
of no others.
"""
import pathlib
import re
import subprocess

LINKS = ("bin", "lib", "lib64", "sbin")
SKIPPED = re.compile(r"/usr/share/(doc|man|locale|info|lintian)/.")


def installed():
    """Paragraphs of dpkg's status by package name, and who provides what."""
    known, provided = {}, {}
    for text in pathlib.Path("/var/lib/dpkg/status").read_text(
            encoding="utf-8").split("\n\n"):
        fields = dict(re.findall(r"(?ms)^([A-Za-z-]+):[ ]?(.*?)(?=^\S|\Z)",
                                 text + "\n"))
        if fields.get("Status", "").strip() != "install ok installed":
            continue
        name = fields["Package"].strip()
        known[name] = (fields, text)
        for word in re.findall(r"[a-z0-9][a-z0-9.+-]+(?=\s*(?:\(|,|\n|$))",
                               fields.get("Provides", "")):
            provided.setdefault(word, name)
    return known, provided


def closure(wanted, known, provided):
    found, open_ = set(), list(wanted)
    while open_:
        choices = [re.match(r"\s*([a-z0-9.+-]+)", c)[1]
                   for c in open_.pop().split("|")]
        names = [n if n in known else provided.get(n) for n in choices]
        name = next((n for n in names if n), None)
        if not name:
            return None, choices[0]
        if name in found:
            continue
        found.add(name)
        fields = known[name][0]
        for field in ("Pre-Depends", "Depends"):
            text = fields.get(field, "").strip()
            open_ += text.split(",") if text else []
    return found, None


def files_of(names, known):
    info = pathlib.Path("/var/lib/dpkg/info")
    for name in sorted(names):
        arch = known[name][0]["Architecture"].strip()
        for stem in (name, f"{name}:{arch}"):
            if (info / f"{stem}.list").exists():
                for suffix in ("list", "triggers", "md5sums"):
                    if (info / f"{stem}.{suffix}").exists():
                        yield str(info / f"{stem}.{suffix}")
                yield from (info / f"{stem}.list").read_text().splitlines()


def make(root, wanted):
    """Returns None, or the name of a package that this machine lacks."""
    known, provided = installed()
    names, missing = closure(wanted, known, provided)
    if missing:
        return missing
    for name in LINKS:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    paths = set()
    for path in files_of(names, known):
        file = pathlib.Path(path)
        if SKIPPED.match(path) or not file.exists() or (
                file.is_dir() and not file.is_symlink()):
            continue
        top = file.parts[1] if len(file.parts) > 1 else ""
        paths.add("/usr" + path if top in LINKS and
                  pathlib.Path("/" + top).is_symlink() else path)
    subprocess.run(["sh", "-c", f"tar -C / -c --files-from=- | tar -C {root} -x"],
                   input="\n".join(p[1:] for p in sorted(paths)), text=True,
                   check=True, stderr=subprocess.DEVNULL)
    for folder in ("tmp", "proc", "dev", "var/lib/dpkg/updates", "var/log",
                   "var/lib/dpkg/triggers", "etc", "run", "var/tmp"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "var/lib/dpkg/status").write_text(
        "\n\n".join(known[n][1].strip("\n") for n in sorted(names)) + "\n")
    (root / "var/lib/dpkg/available").touch()
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    for name in ("shadow", "gshadow"):
        (root / "etc" / name).write_text("root:*::::::::\n"[:10] + "\n"
                                         if name == "gshadow" else
                                         "root:*:19000:0:99999:7:::\n")
    (root / "etc/gshadow").write_text("root:*::\n")
    (root / "etc/ld.so.conf").write_text("include /etc/ld.so.conf.d/*.conf\n")
    if not (root / "dev/null").exists():
        (root / "dev/null").touch()
    return None
