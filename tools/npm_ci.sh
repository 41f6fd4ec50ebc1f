#!/bin/sh
# SPDX-License-Identifier: MIT
# npm_ci.sh <folder>...: npm ci where package-lock.json changed since last time.
set -eu
for folder; do
  [ -f "$folder/package-lock.json" ] || continue
  sum=$(cat "$folder/package.json" "$folder/package-lock.json" | cksum)
  stamp=$folder/node_modules/.lock-sum
  if [ "$(cat "$stamp" 2>/dev/null || true)" = "$sum" ]; then
    touch "$stamp"
    continue
  fi
  echo "npm ci in $folder"
  (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error)
  printf '%s\n' "$sum" >"$stamp"
done
