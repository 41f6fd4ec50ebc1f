#!/bin/sh
# SPDX-License-Identifier: MIT
# musl.sh <folder>: what stands on nothing but C (src/base, src/wire, src/proto,
# libpeal_device) is built on musl, warnings are errors, and the replayers of its
# fuzz targets run there, static. Debian has libuv, OpenSSL and zlib for glibc
# alone: what stands on those is not built here.
set -eu
cd "$(dirname "$0")/.."
out=$1
command -v musl-gcc >/dev/null || {
  echo "left out: no musl-gcc (musl-tools)"
  exit 77
}
mkdir -p "$out/objects"
jobs=$(nproc)
flags='-std=c17 -O1 -pedantic -Wall -Wextra -Wconversion -Wshadow -Werror'
flags="$flags -Iinclude -Isrc"
# shellcheck disable=SC2086
ls src/base/*.c src/wire/*.c src/proto/*.c |
  xargs -P "$jobs" -I{} sh -c \
    "musl-gcc $flags -c {} -o '$out'/objects/\$(basename {} .c).o"
rm -f "$out/libpure.a"
ar rcs "$out/libpure.a" "$out"/objects/*.o

cmake -S . -B "$out/device" -G Ninja -DPEAL_DEVICE_ONLY=ON \
  -DCMAKE_C_COMPILER=musl-gcc -DCMAKE_BUILD_TYPE=Debug >"$out/log" 2>&1 ||
  { cat "$out/log" && exit 1; }
cmake --build "$out/device" -j "$jobs" >"$out/log" 2>&1 ||
  { cat "$out/log" && exit 1; }

main="$out/replay_main.o"
musl-gcc -std=c17 -O1 -D_POSIX_C_SOURCE=200809L -Iinclude -Isrc \
  -c fuzz/replay_main.c -o "$main"
ran=0
for source in fuzz/fuzz_*.c; do
  stem=$(basename "$source" .c)
  corpus=fuzz/corpus/$stem.corpus
  name=${stem#fuzz_}
  [ -e "$corpus" ] || continue
  pure=
  for folder in base wire proto; do
    [ ! -e "src/$folder/$name.h" ] || pure=1
  done
  [ -n "$pure" ] || continue
  musl-gcc -std=c17 -O1 -Iinclude -Isrc -Ifuzz -static "$source" "$main" \
    "$out/libpure.a" -o "$out/$stem"
  "$out/$stem" "$corpus" >"$out/log" 2>&1 || {
    echo "$stem on musl:"
    tail -20 "$out/log"
    exit 1
  }
  ran=$((ran + 1))
done
[ "$ran" -gt 10 ]
echo "musl: $(ls "$out/objects" | wc -l) files, $ran fuzz targets replayed"
