#!/bin/sh
# SPDX-License-Identifier: MIT
# run_fuzz.sh [seconds]: every fuzz target for so long, from its corpus. What
# it finds anew stays in build/fuzz/found (tools/fuzz_corpus.py packs it); the
# input of a crash is left in build/fuzz/crashes.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build
cmake --preset fuzz -DPEAL_FUZZ_SECONDS="${1:-20}" >build/fuzz.log 2>&1 || {
  cat build/fuzz.log
  exit 1
}
cmake --build --preset fuzz
exec ctest --test-dir build/fuzz -j 2 --output-on-failure
