#!/bin/sh
# SPDX-License-Identifier: MIT
# The library builds without its web layer, without clusters and without the admin
# side, and then knows nothing of SQLite, hiredis and crypt.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cmake -S "$PEAL_SOURCE" -B "$folder" -G Ninja -DPEAL_WEB=OFF -DPEAL_CLUSTER=OFF \
  -DPEAL_ADMIN=OFF -DPEAL_TESTS=OFF -DPEAL_PROGRAMS=OFF -DCMAKE_BUILD_TYPE=Debug >"$folder/log" 2>&1 || {
  cat "$folder/log"
  exit 1
}
cmake --build "$folder" -j 1 >"$folder/log" 2>&1 || {
  tail -40 "$folder/log"
  exit 1
}
if nm -u "$folder/lib/libpeal.a" | grep sqlite3_; then
  echo "expected no SQLite without the web layer"
  exit 1
fi
if nm -u "$folder/lib/libpeal.a" | grep redisReader; then
  echo "expected no hiredis without clusters"
  exit 1
fi
if nm -u "$folder/lib/libpeal.a" | grep crypt_r; then
  echo "expected no crypt without the admin side"
  exit 1
fi
