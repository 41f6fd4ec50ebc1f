#!/bin/sh
# SPDX-License-Identifier: MIT
# tarball.sh device|library: the tarball is the same each time, its sum is right,
# and what is in it builds by itself: libpeal_device, or the library without its
# optional parts, which is installed and has a program on it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if ! git -C "$PEAL_SOURCE" rev-parse -q --verify HEAD >/dev/null 2>&1; then
  echo "left out: no git tree"
  exit 77
fi
"$PEAL_SOURCE/tools/make_dist.sh" "$folder/one"
"$PEAL_SOURCE/tools/make_dist.sh" "$folder/two" >"$folder/log"
cmp "$folder/one/SHA256SUMS" "$folder/two/SHA256SUMS"
(cd "$folder/one" && sha256sum -c --quiet SHA256SUMS)
tar -C "$folder" -xf "$folder"/one/peal-*.tar.gz
cd "$folder"/peal-*/
quiet() { "$@" >"$folder/log" 2>&1 || {
  tail -40 "$folder/log"
  exit 1
}; }
if [ "$1" = device ]; then
  quiet cmake -S . -B build -G Ninja -DPEAL_DEVICE_ONLY=ON
  quiet cmake --build build -j 1
  find build -name libpeal_device.a | grep .
  exit 0
fi
quiet cmake -S . -B build -G Ninja -DPEAL_WEB=OFF -DPEAL_CLUSTER=OFF \
  -DPEAL_ADMIN=OFF -DPEAL_TESTS=OFF -DPEAL_PROGRAMS=OFF \
  -DCMAKE_BUILD_TYPE=Debug -DCMAKE_INSTALL_PREFIX="$folder/usr"
quiet cmake --build build -j 1
quiet cmake --install build
PKG_CONFIG_PATH=$(dirname "$(find "$folder/usr" -name peal.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046
quiet cc -std=c17 -o "$folder/version" tests/install/outside/version.c \
  $(pkg-config --cflags --libs peal)
LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH") "$folder/version"
