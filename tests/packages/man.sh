#!/bin/sh
# SPDX-License-Identifier: MIT
# man.sh <programs>: the pages are what the programs say, and no formatter has a
# word against them.
set -eu
cd "$PEAL_SOURCE"
python3 tools/gen_man.py "$1" --check
for page in cli/man/*.1 packaging/man/*.[17]; do
  said=$(MANPAGER=cat man --warnings -l "$page" 2>&1 >/dev/null)
  if command -v mandoc >/dev/null; then
    said=$said$(mandoc -Tlint -Wwarning "$page" 2>&1 || true)
  fi
  if [ -n "$said" ]; then
    echo "$page: $said"
    exit 1
  fi
done
# That a lint can fail.
if command -v mandoc >/dev/null &&
  printf '.Dd x\n.Bogus\n' | mandoc -Tlint -Wwarning >/dev/null 2>&1; then
  echo "expected a word against a page without a title"
  exit 1
fi
