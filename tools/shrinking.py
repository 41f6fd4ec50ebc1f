# SPDX-License-Identifier: MIT
"""Lists of exceptions that can only shrink: tools/<name>_allowed.txt, one a
line, # begins a comment. What is not listed is an error, and so is a line that
is no longer needed."""


def read(root, name):
    """The lines of the list, in order; none if there is no list."""
    file = root / "tools" / f"{name}_allowed.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    words = [" ".join(line.split("#")[0].split()) for line in lines]
    return [line for line in words if line]


def keep_only(root, name, found):
    """Take out of the list what is no longer so; nothing is put in."""
    file = root / "tools" / f"{name}_allowed.txt"
    kept = [line for line in file.read_text().splitlines(True)
            if line.startswith("#") or
            " ".join(line.split("#")[0].split()) in found]
    file.write_text("".join(kept))


def compare(root, name, found):
    """`found` maps lines to complaints; yields those of lines that are not
    listed, and one for each line that has no complaint any more."""
    allowed = read(root, name)
    for line in sorted(found):
        if line not in allowed:
            yield found[line]
    for line in allowed:
        if line not in found:
            yield f"{line}: is no longer so: take it out of " \
                  f"tools/{name}_allowed.txt"
