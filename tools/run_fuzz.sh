#!/bin/sh
# SPDX-License-Identifier: MIT
# run_fuzz.sh [seconds]: every fuzz target for so long, from its corpus. What
# it finds anew stays in build/fuzz; a crash leaves its input in
# build/fuzz/crashes and ends with exit 1.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-20}
mkdir -p build
cmake --preset fuzz >build/fuzz-configure.log 2>&1 || {
  cat build/fuzz-configure.log
  exit 1
}
cmake --build --preset fuzz
mkdir -p build/fuzz/crashes
failed=
for target in build/fuzz/fuzz/fuzz_*; do
  [ -x "$target" ] || continue
  name=$(basename "$target")
  found=build/fuzz/found/$name
  mkdir -p "$found"
  corpus=
  [ -d "fuzz/corpus/$name" ] && corpus=fuzz/corpus/$name
  log=build/fuzz/$name.log
  # shellcheck disable=SC2086
  if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
    -artifact_prefix="build/fuzz/crashes/$name-" "$found" $corpus \
    >"$log" 2>&1; then
    echo "$name: $(grep -o '^Done.*' "$log" | tail -1)"
  else
    failed="$failed $name"
    tail -40 "$log"
    echo "$name: FAILED"
  fi
done
[ -z "$failed" ] || {
  echo "failed:$failed"
  exit 1
}
