#!/bin/sh
# SPDX-License-Identifier: MIT
# nightly.sh [fuzz seconds]: what is too long for every change. Each step is
# run, whatever became of those before it; the last lines say how they ended.
set -u
cd "$(dirname "$0")/.."
seconds=${1:-600}
summary=''
failed=0

step() {
  name=$1
  shift
  echo "== $name"
  if "$@"; then
    summary="$summary
passed  $name"
  else
    failed=1
    summary="$summary
FAILED  $name"
  fi
}

step 'every suite on poll(2)' env PEAL_POLLER=poll tools/run_tests.py \
  --nightly release dev asan tsan
step 'every suite beside two busy processes' tools/run_tests.py --nightly --busy 2 \
  release dev
step 'stress: the states of a connection, nine times as many clients' \
  env PEAL_COST_CLIENTS=9000 tools/run_tests.py --only '^cost' release
step 'clients in Java, Go and Rust' make --no-print-directory interop
step 'every client over every way' node tests/interop/matrix.js --whole 1 \
  --server build/release/bin/peal-e2e-fixture \
  --driver build/release/bin/peal-client-driver --python build/venv/bin/python
step 'a cluster in virtual time: a seed for each second of the year, on' \
  build/release/tests/sim/sim --from "$(date +%j%H%M%S)" --count 100000
step 'a cluster whose line to Redis falls silent' \
  node tests/cluster/faults.mjs --long 1 --only silent
for mode in classic dynamic streams; do
  step "all that a cluster does on Valkey, $mode" \
    node tests/cluster/run.mjs --mode $mode --nodes peal,node --redis valkey
done
step "fuzz, $seconds s a target" tools/run_fuzz.sh "$seconds"
echo "$summary"
exit $failed
