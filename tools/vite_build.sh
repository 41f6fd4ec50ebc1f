#!/bin/sh
# SPDX-License-Identifier: MIT
# vite_build.sh <folder> <out> <file>...: the pages of a folder, made by Vite
# out of these files, in <out>. What was made of the same before, by another
# configuration, is copied.
set -eu
folder=$1
out=$2
shift 2
sum=$(cat "$@" | cksum)
made=$folder/dist
if [ "$(cat "$made/.sum" 2>/dev/null || true)" != "$sum" ]; then
  (cd "$folder" && node node_modules/vite/bin/vite.js build --logLevel warn \
    --emptyOutDir)
  printf '%s\n' "$sum" >"$made/.sum"
fi
# The folder stays: a program that runs serves what is in it.
mkdir -p "$out"
cp -R "$made/." "$out"
rm "$out/.sum"
(cd "$out" && find . -type f) | while read -r file; do
  [ -e "$made/$file" ] || rm "$out/$file"
done
