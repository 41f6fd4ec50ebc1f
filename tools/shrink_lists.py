#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Takes out of the lists of exceptions (tools/*_allowed.txt) what is no longer
so, and writes docs/tour.md anew. Nothing is put into a list.

usage: shrink_lists.py <build>/layers
"""
import pathlib
import sys

import check_circles
import check_comments
import check_headers
import gen_tour
import shrinking

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    check_circles.shrink(ROOT, pathlib.Path(sys.argv[1]))
    shrinking.keep_only(ROOT, "comments", {
        f"{file}: {name}" for file, name in check_comments.unknown(ROOT)})
    shrinking.keep_only(ROOT, "tour", gen_tour.missing(ROOT))
    shrinking.keep_only(ROOT, "unwritten", check_headers.made_by_macros(ROOT))
    (ROOT / "docs/tour.md").write_text(gen_tour.tour(ROOT), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
