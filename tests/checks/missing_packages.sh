#!/bin/sh
# SPDX-License-Identifier: MIT
# On a machine without the packages the build names all of them, in one
# message, and says how to get them; so it does for its own tools.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/empty" "$folder/bin"

expect() {
  for words; do
    tr '\n' ' ' <"$folder/log" | tr -s ' ' | grep -qF -- "$words" || {
      echo "expected \"$words\" in:"
      cat "$folder/log"
      exit 1
    }
  done
}

# pkg-config is there and knows of nothing.
if PKG_CONFIG_LIBDIR=$folder/empty PKG_CONFIG_PATH='' cmake -S "$PEAL_SOURCE" \
  -B "$folder/build" -G Ninja -DPEAL_TESTS=OFF >"$folder/log" 2>&1; then
  echo "expected that cmake fails without the packages"
  exit 1
fi
expect "libuv1-dev libssl-dev zlib1g-dev libsqlite3-dev" "libjose-dev" \
  "libcurl4-openssl-dev" "libturbojpeg0-dev libpng-dev" \
  "apt-get install libuv1-dev" "make run" "tools/install.sh"
[ "$(grep -c 'CMake Error' "$folder/log")" = 1 ] || {
  echo "expected one message, got:"
  cat "$folder/log"
  exit 1
}

# There is a shell and nothing else.
ln -s "$(command -v sh)" "$folder/bin/sh"
if PATH=$folder/bin "$PEAL_SOURCE/tools/need.sh" cmake:cmake \
  ninja:ninja-build sh:dash 2>"$folder/log"; then
  echo "expected that need.sh fails without cmake"
  exit 1
fi
expect "apt-get install cmake ninja-build" "make run"
if grep -q dash "$folder/log"; then
  echo "need.sh named what is there"
  exit 1
fi
