#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What README.md, CHANGELOG.md and docs/ say must be so.

usage: check_docs.py links ROOT       links, paths and names exist
       check_docs.py fragments ROOT   every C block compiles
       check_docs.py programs ROOT LIB [libraries]  every whole program runs
       check_docs.py options ROOT     options of one name have one default, and
                                      all of clients stand on their page
       check_docs.py --self-test

A C block with main() is a program: it is compiled, started on a free port in
place of its one `.port = N`, asked, and ended by SIGTERM, exit 0. Any other
block is a fragment: definitions as they stand, statements inside a function in
which the objects of the library are at hand.
"""
import itertools
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import gen_reference

FLAGS = ["-std=c17", "-pedantic", "-Wall", "-Wextra", "-Werror",
         "-Wno-unused-function", "-Wno-unused-variable",
         "-Wno-unused-parameter", "-Wno-unused-but-set-variable",
         "-Wno-unused-value"]
HEADERS = ["admin", "cluster", "config", "emitter", "kit", "peal", "store", "test",
           "web"]
AT_HAND = """(peal_server *server, peal_nsp *nsp, peal_socket *socket,
 const peal_event *event, peal_http_server *http, peal_web *app,
 peal_http_req *req, peal_workers *workers, peal_worker *worker,
 peal_store *store, peal_config *config, peal_val body, void *user)"""
DEFINES = re.compile(r"^(static|typedef|struct|#include|#define|int main|"
                     r"void \w+\()", re.M)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
IN_TREE = re.compile(r"^(include|src|apps|cli|bench|cmake|docs|examples|fuzz|tests|"
                     r"tools)/[\w./-]+$")
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.M | re.S)


def pages(root):
    named = [root / "README.md", root / "CHANGELOG.md"]
    pages = [p for p in root.glob("docs/**/*.md")
             if "node_modules" not in p.parts]
    return [p for p in named if p.exists()] + sorted(pages)


def without_code(text):
    return FENCE.sub("", text)


def anchor(heading):
    """As GitHub makes it."""
    words = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip()
    return re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")


def anchors(path):
    text = without_code(path.read_text(encoding="utf-8"))
    return {anchor(h) for h in re.findall(r"^#+ (.+)$", text, re.M)}


# -- links -------------------------------------------------------------------


def link_problem(root, page, target):
    if re.match(r"[a-z]+:", target):
        return None
    name, _, part = target.partition("#")
    path = (page.parent / name).resolve() if name else page
    if not path.exists():
        return f"{target}: no such file"
    if root not in [path, *path.parents]:
        return f"{target}: outside of the tree"
    if part and path.suffix == ".md" and part not in anchors(path):
        return f"{target}: no such heading"
    return None


def sources(root):
    """All words of the library that a page may name."""
    found = set()
    for folder in ("include", "src"):
        for path in (root / folder).rglob("*.[ch]"):
            text = path.read_text(encoding="utf-8", errors="replace")
            found |= set(re.findall(r"\b(?:peal|PEAL)_\w+", text))
    found |= {f"PEAL_ERR_{n}" for n in re.findall(
        r"^  X\((\w+),", (root / "include/peal/base.h").read_text(), re.M)
              } if (root / "include/peal/base.h").exists() else set()
    return found


def code_problem(root, words, known):
    if IN_TREE.match(words):
        if not (root / words).exists() and not list(root.glob(words + ".[ch]")):
            return f"`{words}`: no such file"
        return None
    name = re.match(r"^(peal_\w+|PEAL_\w+)(?:\(\))?$", words)
    if name and name.group(1) not in known:
        return f"`{words}`: no such name in include or src"
    return None


def station_problems(root, page):
    """docs/flow.md: a function stands in a file of its own row."""
    for row in page.read_text(encoding="utf-8").split("\n"):
        files = re.findall(r"`(src/[\w/]+\.c)`", row)
        text = "".join((root / f).read_text(encoding="utf-8") for f in files
                       if (root / f).exists())
        for name in re.findall(r"`([a-z]+_\w+)`", row) if files else []:
            if not re.search(rf"\b{name}\(", text):
                yield f"`{name}` is not in {', '.join(files)}"


COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def code_of(root, pattern):
    return "".join(COMMENT.sub("", p.read_text(encoding="utf-8"))
                   for p in root.glob(pattern))


def way_problems(root, page):
    """docs/flow.md, docs/architecture.md: what they call by name is a function,
    a type or a file of the tree, and stands in the file that they say."""
    text = without_code(page.read_text(encoding="utf-8"))
    code = code_of(root, "src/**/*.[ch]") + code_of(root, "include/**/*.h")
    files = {p.name for p in root.glob("src/**/*.[ch]")}
    stems = {name[:-2] for name in files}
    for word in sorted(set(re.findall(r"`([a-z]\w*(?:\.[ch])?)`", text))):
        if word[-2:] in (".c", ".h"):
            if word not in files:
                yield f"`{word}`: no such file in src"
        elif "_" in word and not word.startswith("uv_") and \
                word not in stems and not re.search(
                    rf"\b{word}\(|(?:struct|enum) {word}\b|\}} {word};", code):
            yield f"`{word}`: no such function or type"
    pairs = re.findall(r"`([a-z]\w+)`\s+in\s+`(src/[\w/]+\.[ch])`", text)
    pairs += [(b, a) for a, b in re.findall(
        r"`(src/[\w/]+\.[ch])`\s+\(`([a-z]\w+)`\)", text)]
    pairs += re.findall(r"`([a-z]\w+)`\s+\(`(src/[\w/]+\.[ch])`\)", text)
    for name, file in pairs:
        if not re.search(rf"\b{name}\(", code_of(root, file)):
            yield f"`{name}` is not in {file}"


def check_links(root):
    known = sources(root)
    flow = root / "docs/flow.md"
    for wrong in station_problems(root, flow) if flow.exists() else []:
        yield flow, wrong
    for way in (flow, root / "docs/architecture.md"):
        for wrong in way_problems(root, way) if way.exists() else []:
            yield way, wrong
    for page in pages(root):
        text = without_code(page.read_text(encoding="utf-8"))
        for target in LINK.findall(re.sub(r"`([^`\n]+)`", "code", text)):
            yield page, link_problem(root, page, target)
        if "docs/reference" in page.as_posix():
            continue
        for words in re.findall(r"`([^`\n]+)`", text):
            yield page, code_problem(root, words, known)


# -- C blocks ----------------------------------------------------------------


def blocks(page):
    """(line, text) of each C block."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        if found.group(1) == "c":
            yield text[:found.start()].count("\n") + 2, found.group(2)


def is_program(block):
    return "int main(" in block


def wrapped(block, headers):
    head = "".join(f"#include <peal/{h}.h>\n" for h in headers)
    head += "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
    if is_program(block):
        return block
    if DEFINES.search(block):
        return head + block
    return f"{head}void doc{AT_HAND};\nvoid doc{AT_HAND} {{\n{block}\n}}\n"


def compile_c(root, text, output=None, libraries=()):
    """Returns the compiler's words, or None."""
    target = ["-o", str(output)] if output else ["-fsyntax-only"]
    done = subprocess.run(
        ["cc", *FLAGS, "-fno-lto", f"-I{root / 'include'}", "-xc", "-", "-xnone", *target,
         *map(str, libraries)], input=text, text=True, capture_output=True)
    return None if done.returncode == 0 else done.stderr


def check_fragments(root):
    headers = [h for h in HEADERS if (root / f"include/peal/{h}.h").exists()]
    for page in pages(root):
        if "docs/reference" in page.as_posix():
            continue
        for line, block in blocks(page):
            said = compile_c(root, wrapped(block, headers))
            yield page, said and f"line {line} does not compile\n{said}"


# -- programs ----------------------------------------------------------------


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answer(url):
    """The body, whatever the status; None while nobody listens."""
    try:
        return urllib.request.urlopen(url, timeout=5).read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()
    except OSError:
        return None


def ask(process, block, port):
    """Returns what is wrong, or None."""
    path, want = "/", ""
    if "peal_server_new" in block:
        path, want = "/socket.io/?EIO=4&transport=polling", '0{"sid":"'
    body = None
    for _ in range(200):
        if process.poll() is not None:
            return f"ended at once with {process.returncode}"
        body = answer(f"http://127.0.0.1:{port}{path}")
        if body is not None:
            break
        time.sleep(0.05)
    if body is None or not body.startswith(want):
        return f"GET {path}: expected {want!r}, got {body!r}"
    return None


def run_program(block, program, port, folder):
    process = subprocess.Popen([program], stdin=subprocess.DEVNULL, cwd=folder)
    try:
        wrong = ask(process, block, port)
        if wrong is None:
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=20)
            wrong = f"exit {code} on SIGTERM" if code else None
        return wrong
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def check_client(root, block, libraries):
    """A client needs a server, an emitter a Redis: their examples are run by
    examples_test.js."""
    with tempfile.TemporaryDirectory(prefix="peal-docs-") as name:
        return compile_c(root, block, pathlib.Path(name) / "program", libraries)


def check_program(root, block, libraries):
    if re.search(r"\bpeal_(client|simple|emitter)_\w+\(", block):
        return check_client(root, block, libraries)
    port = free_port()
    text, count = re.subn(r"\.port = (argc > 1 \? atoi\(argv\[1\]\) : )?\d+",
                          lambda m: f".port = {'argv[argc] ? 0 : ' if m[1] else ''}{port}",
                          block)
    if count != 1:
        return f"expected one .port = N, found {count}"
    with tempfile.TemporaryDirectory(prefix="peal-docs-") as name:
        folder = pathlib.Path(name)
        for word in set(re.findall(r'"(public|web|data)"', block)):
            (folder / word).mkdir()
        said = compile_c(root, text, folder / "program", libraries)
        return said or run_program(block, folder / "program", port, folder)


def printed_problem(root):
    """The README prints two examples, without their comments."""
    programs = [b for _, b in blocks(root / "README.md") if is_program(b)]
    for index, name in enumerate(("chat", "client_print")):
        path = root / f"examples/{name}/main.c"
        bare = re.sub(r"\A(/\*.*?\*/\n)+", "",
                      path.read_text(encoding="utf-8"), flags=re.S)
        if len(programs) <= index or programs[index] != bare:
            return f"program {index + 1} is not examples/{name}/main.c as it is"
    return None


def check_programs(root, libraries):
    yield root / "README.md", printed_problem(root)
    for page in pages(root):
        for line, block in blocks(page):
            if is_program(block):
                wrong = check_program(root, block, libraries)
                yield page, wrong and f"line {line}: {wrong}"


# -- this script -------------------------------------------------------------


# -- options ------------------------------------------------------------------------

# The same options of servers that stand on each other: (header, struct).
SHARED = [("http", "peal_http_server_opts"),
          ("engine", "peal_engine_server_opts"),
          ("server", "peal_server_opts")]
OWN = {"const char *path"}


def defaults_of(source, struct):
    """{member: its default in words, or ""}"""
    code = re.search(rf"typedef struct {struct} \{{.*?\n\}} {struct};", source,
                     re.S)
    return {member: gen_reference.default_of(words)
            for member, words in gen_reference.fields_of(code[0])}


# Every member of these is named, as `member`, on the page of options.
CLIENTS = [("client", "peal_client_opts"), ("client", "peal_client_how"),
           ("tls", "peal_client_tls"), ("simple", "peal_simple_opts")]
UNNAMED = {"reserved", "header_count", "query_count", "pin_user"}


def check_client_options(root):
    page = root / "docs/guide/client-options.md"
    text = page.read_text()
    for header, struct in CLIENTS:
        source = (root / "include/peal" / f"{header}.h").read_text()
        for words in defaults_of(source, struct):
            for member in (re.findall(r"\(\*(\w+)\)", words) or
                           re.findall(r"(\w+)(?:\[\d+\])?(?=,|$)", words)):
                wrong = member not in UNNAMED and f"`{member}`" not in text
                yield page, (f"{struct} has {member}, and no row here"
                             if wrong else "")


def check_options(root):
    known = {}
    for header, struct in SHARED:
        page = root / "include/peal" / f"{header}.h"
        for member, default in defaults_of(page.read_text(), struct).items():
            if member in OWN:
                continue
            first = known.setdefault(member, default) or default
            wrong = default and default != first
            yield page, (f"{struct}: the default of {member} is {default}, "
                         f"elsewhere {first}" if wrong else "")


def self_test():
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name).resolve()
        (root / "include/peal").mkdir(parents=True)
        (root / "include/peal/base.h").write_text("int peal_real(void);\n")
        (root / "README.md").write_text(
            "# Top\n[a](gone.md) [b](#gone) [c](#top) `peal_fake` "
            "`peal_real` `src/gone.c`\n```c\nstatic int x = y;\n```\n")
        (root / "docs").mkdir()
        (root / "src").mkdir()
        (root / "src/real.c").write_text("/* gone_by( */ int real_by(void);")
        (root / "docs/flow.md").write_text(
            "`gone_by` `real_by` `gone.c` `real.c`; `real_by` in `src/real.c`,"
            " `real_on` (`src/real.c`)\n")
        for header, struct in SHARED:
            default = 2 if header == "server" else 1
            (root / f"include/peal/{header}.h").write_text(
                f"typedef struct {struct} {{\n  int a; /* default {default} */\n"
                f"}} {struct};\n")
        options = [w for _, w in check_options(root) if w]
        links = [w for _, w in check_links(root) if w]
        fragments = [w for _, w in check_fragments(root) if w]
    if len(links) != 9 or len(fragments) != 1 or len(options) != 1:
        print(f"expected 9, 1 and 1 complaints, got {links}, {fragments} and "
              f"{options}")
        return 1
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    what, root = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    checks = {"links": lambda: check_links(root),
              "fragments": lambda: check_fragments(root),
              "options": lambda: itertools.chain(
                  check_options(root), check_client_options(root)),
              "programs": lambda: check_programs(root, sys.argv[3:])}
    count = bad = 0
    for page, wrong in checks[what]():
        count += 1
        if wrong:
            bad += 1
            print(f"{os.path.relpath(page, root)}: {wrong}")
    print(f"{what}: {count} looked at, {bad} wrong")
    return 1 if bad or not count else 0


if __name__ == "__main__":
    sys.exit(main())
