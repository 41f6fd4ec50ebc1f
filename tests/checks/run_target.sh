#!/bin/sh
# SPDX-License-Identifier: MIT
# run_target.sh <build>: `make run` builds the programs that it starts and the
# pages, and no test, fuzzer, example or benchmark.
set -eu
build=$1
cd "$(dirname "$0")/../.."

targets=$(make -n run | sed -n 's/.*--build .*--target //p')
[ -n "$targets" ] || { echo "make run names no targets" >&2; exit 1; }
# shellcheck disable=SC2086
commands=$(ninja -C "$build" -t commands $targets)

for needed in bin/peal-esp32 bin/peal-esp32-sim bin/peal-sv30-backend \
  bin/peal-sv30-device bin/peal-carechat bin/peal-carechat-sim bin/peal-deskpulse \
  bin/peal-hospital bin/peal-hospital-sim \
  bin/peal-landing share/peal/esp32/web/app.js share/peal/sv30-backend/web/js/dom.js \
  share/peal/carechat/web/vitals.html share/peal/deskpulse/web/app.js \
  share/peal/landing/web/app.js share/peal/hospital/web; do
  echo "$commands" | grep -Eq "$needed( |\$)" ||
    { echo "make run does not make $needed" >&2; exit 1; }
done
if echo "$commands" | grep -E ' -c .*/(tests|fuzz|examples|bench)/' >&2; then
  echo "make run builds what it does not start" >&2
  exit 1
fi
