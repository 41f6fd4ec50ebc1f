#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes docs/reference/*.md from the comments of include/peal/*.h.

usage: gen_reference.py [--check | --self-test] [ROOT]
--check compares instead of writing: exit 1 and the names of stale files.

A header is read as a list of comments and declarations. A comment belongs to
the declaration right behind it; a comment followed by an empty line stands
alone; `/* -- name ---- */` begins a section. Fields of structs and constants
of enums with comments become tables; "default …" in a field's comment becomes
a column.
"""
import pathlib
import re
import sys

ORDER = ["peal", "base", "val", "server", "handle", "engine", "ws", "worker", "http", "web",
         "store",
         "config"]
NOTE = "<!-- Made by tools/gen_reference.py from include/peal: edit there. -->"
SECTION = re.compile(r"/\* -- (.+?) -+ \*/")
NAME = re.compile(r"\b(peal_\w+|PEAL_\w+)\b")


def text_of(comment):
    """The words of a comment without its marks."""
    body = re.sub(r"^/\*|\*/$", "", comment.strip())
    lines = [re.sub(r"^\s*\* ?", "", line) if i else line.lstrip()
             for i, line in enumerate(body.split("\n"))]
    return "\n".join(lines).strip()


def pieces(source):
    """Yields (kind, text, glued): comment, code; glued: next line follows."""
    source = re.sub(r"#ifdef __cplusplus\n.*?#endif\n", "", source, flags=re.S)
    lines = source.split("\n")
    i = 0
    while i < len(lines):
        line = lines[i]
        if not line.strip():
            i += 1
            continue
        start = i
        if line.startswith("/*"):
            while "*/" not in lines[i]:
                i += 1
            i += 1
            glued = i < len(lines) and lines[i].strip() != ""
            yield "comment", "\n".join(lines[start:i]), glued
        elif line.startswith("#"):
            while lines[i].endswith("\\"):
                i += 1
            i += 1
            yield "code", "\n".join(lines[start:i]), False
        else:
            depth = 0
            while True:
                bare = re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", lines[i])
                depth += bare.count("{") - bare.count("}")
                ended = depth == 0 and re.search(r"[;}]\s*$", bare.rstrip())
                i += 1
                if ended or i >= len(lines):
                    break
            yield "code", "\n".join(lines[start:i]), False


def is_public(code):
    if code.startswith("#define"):
        name = re.match(r"#define (\w+)", code).group(1)
        return not name.endswith("_")
    if code.startswith("#") or code.startswith("extern") or code == "}":
        return False
    name = name_of(code)
    return bool(name) and not name.endswith("_")


def is_forward(code, source):
    """A bare typedef whose struct the same header shows."""
    found = re.match(r"typedef (struct \w+) \w+;", code)
    return found and f"\n{found.group(1)} {{" in source


def name_of(code):
    if code.startswith("#define"):
        return re.match(r"#define (\w+)", code).group(1)
    typedef = re.match(r"typedef (?:struct|enum|union) (\w+)", code)
    if typedef:
        return typedef.group(1)
    pointer = re.match(r"typedef .*?\(\*(\w+)\)", code, re.S)
    if pointer:
        return pointer.group(1)
    alias = re.match(r"typedef [\w ]+?(\w+);", code)
    if alias:
        return alias.group(1)
    struct = re.match(r"struct (\w+)", code)
    if struct:
        return struct.group(1)
    function = re.search(r"\b(peal_\w+)\(", code)
    return function.group(1) if function else None


def shown(code):
    """A declaration as the reader needs it: no attributes, no bodies."""
    if code.startswith("static inline") or "static inline" in code:
        code = re.sub(r"\) \{.*", ");", code, flags=re.S)
        code = code.replace("static inline ", "")
    if code.startswith("#define"):
        head = re.match(r"#define \w+(\([^)]*\))?", code).group(0)
        value = code[len(head):].strip()
        return code if "\\\n" not in code and len(value) < 40 else head
    code = re.sub(r"\bPEAL_API\s+|\bPEAL_MUST_CHECK\s+", "", code)
    code = re.sub(r"\s*PEAL_PRINTF\([^)]*\)", "", code).strip()
    return code if "{" in code else wrapped(code)


def wrapped(code):
    """A prototype on one line, or with its arguments below one another."""
    line = re.sub(r"\( ", "(", join(code))
    if len(line) <= 80 or "(" not in line:
        return line
    at = line.index("(", line.index(")(") + 1 if ")(" in line else 0) + 1
    out, current = [], line[:at]
    for part in re.split(r"(?<=,) (?![^(]*\))|(?<=,) ", line[at:]):
        glue = "" if current.endswith("(") else " "
        if len(current) + len(glue) + len(part) > 80:
            out.append(current.rstrip())
            current = " " * at + part
        else:
            current += glue + part
    return "\n".join(out + [current])


def join(text):
    return re.sub(r"\s+", " ", text).strip()


def prose(text):
    """Marks that Markdown would take for its own, outside of `code`."""
    parts = text.split("`")
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"\*(\w+)(?![\w*])", r"\\*\1",
                          parts[i].replace("<", "&lt;"))
    return "`".join(parts)


def cell(text):
    return prose(join(text)).replace("|", "\\|")


def default_of(words):
    """What stands behind "default" or in brackets, up to the next stop."""
    found = (re.search(r'\b[Dd]efault:? ("[^"]*"|[^;(]+?)(?=[;(]|[:,.] |$)',
                       words) or re.search(r"\[(.+)\]", words))
    return cell(found.group(1).rstrip(".")) if found else ""


def fields_of(code):
    """(declaration, words) of each member of a struct or enum."""
    inner = code[code.index("{") + 1:code.rindex("}")]
    end = "," if "enum" in code.split("{")[0] else ";"
    rows, before, bare, depth, last_on_line = [], [], "", 0, False
    for token in re.findall(r"/\*.*?\*/|\n|[{}();,]|[^/{}();,\n]+|/", inner,
                            re.S):
        if token == "\n":
            bare += " "
            last_on_line = False
        elif token.startswith("/*"):
            words = join(text_of(token))
            if bare.strip():
                before.append(words)
            elif rows and last_on_line:
                rows[-1] = (rows[-1][0], join(rows[-1][1] + " " + words))
            else:
                before.append(words)
        elif token == end and depth == 0:
            rows.append((join(bare), join(" ".join(before))))
            before, bare, last_on_line = [], "", True
        else:
            depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(token, 0)
            bare += token
    if bare.strip():
        rows.append((join(bare), join(" ".join(before))))
    return rows


def linked(words):
    """Example paths become links; lines that are indented stay as they are."""
    return re.sub(r"\b(examples/[\w/]+\.c)\b", r"[\1](../../\1)", words)


def paragraph(text):
    """Prose is joined, indented blocks stay, as Markdown."""
    out, code = [], False
    for line in text.split("\n"):
        indented = line.startswith("  ")
        if indented and not code:
            out += ["", "```text"]
        elif not indented and code and line.strip():
            out += ["```", ""]
        elif not indented and code and not line.strip():
            out += ["```", ""]
            code = False
            continue
        code = indented
        out.append(line[2:] if indented else linked(prose(line)))
    if code:
        out.append("```")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip()


def members(code):
    if "{" not in code or code.startswith("#") or "static inline" in code:
        return []
    if not re.match(r"(typedef )?(struct|enum)", code) or "union" in code:
        return []
    rows = fields_of(code)
    return rows if any(words for _, words in rows) else []


def table(rows, is_enum):
    with_default = not is_enum and any(default_of(words) for _, words in rows)
    head = "| member | default | |" if with_default else "| member | |"
    out = [head, "|---" * (3 if with_default else 2) + "|"]
    for bare, words in rows:
        middle = f" {default_of(words)} |" if with_default else ""
        out.append(f"| `{bare}` |{middle} {cell(words)} |".replace("  |", " |"))
    return out


def entry(code, words):
    name = name_of(code)
    out = [f"### {name}", ""]
    if re.match(r"(typedef )?(struct|enum) ", code) and "{" in code:
        rows = members(code)
        kind = "enum" if re.match(r"(typedef )?enum", code) else "struct"
        if words:
            out += [paragraph(words), ""]
        if rows:
            return (out + [f"`{kind} {name}`", ""] +
                    table(rows, kind == "enum") + [""])
        return out + ["```c", *shown(code).split("\n"), "```", ""]
    out += ["```c", *shown(code).split("\n"), "```", ""]
    if words:
        out += [paragraph(words), ""]
    return out


def errors(code):
    """The table of errors behind PEAL_ERR_MAP."""
    out = ["| error | number | class | message | close code | HTTP |",
           "|---|---|---|---|---|---|"]
    line = re.compile(r'X\((\w+), (-\d+), (\w+), "([^"]*)", (\d+), (\d+)\)')
    for name, number, kind, words, ws, http in line.findall(code):
        out.append(f"| `PEAL_ERR_{name}` | {number} | {kind.lower()} | {words} | "
                   f"{ws if ws != '0' else '–'} | "
                   f"{http if http != '0' else '–'} |")
    return out


def page(stem, source):
    parts = list(pieces(source))
    out, words, glued, intro = [NOTE, f"# `<peal/{stem}.h>`", ""], "", False, 0
    for kind, text, follows in parts:
        if kind == "comment":
            section = SECTION.match(text)
            if "SPDX" in text or "clang-format" in text:
                continue
            if section:
                out += [f"## {section.group(1)}", ""]
            elif not intro:
                out += [paragraph(text_of(text)), ""]
                intro = 1
            elif follows:
                words, glued = text_of(text), True
            else:
                out += [paragraph(text_of(text)), ""]
            continue
        note = re.fullmatch(r"(#define [^\n]*?)\s*(/\*[^\n]*\*/)", text)
        if note:
            text, words, glued = note.group(1), text_of(note.group(2)), True
        if text.startswith("#define PEAL_ERR_MAP"):
            out += ["### Errors", "", paragraph(words), "", *errors(text), ""]
        elif is_public(text) and not is_forward(text, source):
            out += entry(text, words if glued else "")
        words, glued = "", False
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).rstrip() + "\n"


def index(pages):
    out = [NOTE, "# Reference", "",
           "One page per public header, made from its comments.", "",
           "| header | |", "|---|---|"]
    for stem, source in pages:
        first = text_of(next(t for k, t, _ in pieces(source)
                             if k == "comment" and "SPDX" not in t))
        words = re.split(r"(?<=[.:])\s", join(first).split(": ", 1)[-1])[0]
        words = cell(words).rstrip(".:")
        out.append(f"| [`<peal/{stem}.h>`]({stem}.md) | {words} |")
    return "\n".join(out) + "\n"


def reference(root):
    """Path below docs/reference -> text."""
    folder = root / "include/peal"
    stems = sorted((p.stem for p in folder.glob("*.h")),
                   key=lambda s: (ORDER.index(s) if s in ORDER else 99, s))
    pages = [(s, (folder / f"{s}.h").read_text(encoding="utf-8"))
             for s in stems]
    out = {f"{s}.md": page(s, source) for s, source in pages}
    out["README.md"] = index(pages)
    return out


def stale(root):
    folder = root / "docs/reference"
    want = reference(root)
    have = {p.name: p.read_text(encoding="utf-8")
            for p in folder.glob("*.md")} if folder.exists() else {}
    return sorted(n for n in want.keys() | have.keys()
                  if want.get(n) != have.get(n))


def write(root):
    folder = root / "docs/reference"
    folder.mkdir(parents=True, exist_ok=True)
    want = reference(root)
    for path in folder.glob("*.md"):
        if path.name not in want:
            path.unlink()
    for name, text in want.items():
        (folder / name).write_text(text, encoding="utf-8")


SAMPLE = '''/* SPDX-License-Identifier: MIT */
#pragma once
/* sample: what it is. */
#include <stdint.h>

/* -- things ------ */

typedef struct peal_thing_opts {
  const char *name; /* default "x"; of the thing */
  /* How many there may be. */
  unsigned count;
} peal_thing_opts;

/* Makes one. Returns NULL if memory is out. */
PEAL_API PEAL_MUST_CHECK peal_thing *peal_thing_new(const peal_thing_opts *o);
#define PEAL_HIDDEN_(x) x
'''


def self_test():
    made = page("sample", SAMPLE)
    for want in ("## things", "### peal_thing_new", '| "x" |',
                 "| `unsigned count` |", "How many there may be.",
                 "peal_thing *peal_thing_new(const peal_thing_opts *o);",
                 "Makes one. Returns NULL if memory is out."):
        if want not in made:
            raise SystemExit(f"gen_reference: expected {want!r} in\n{made}")
    for unwanted in ("PEAL_API", "PEAL_HIDDEN_", "SPDX"):
        if unwanted in made:
            raise SystemExit(f"gen_reference: {unwanted!r} in\n{made}")


def main():
    words = [a for a in sys.argv[1:] if not a.startswith("--")]
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(words[0]) if words else here
    if "--self-test" in sys.argv:
        self_test()
    elif "--check" in sys.argv:
        old = stale(root)
        for name in old:
            print(f"docs/reference/{name} is stale: run tools/gen_reference.py")
        return 1 if old else 0
    else:
        write(root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
