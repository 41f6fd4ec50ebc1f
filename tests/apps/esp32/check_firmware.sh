#!/bin/sh
# SPDX-License-Identifier: MIT
# The sketch against stub headers: syntax and types, in two configurations.
# usage: check_firmware.sh <sketch folder> <stubs folder> <scratch folder>
set -eu
sketch=$1 stubs=$2 scratch=$3
cxx=${CXX:-g++}
if ! command -v "$cxx" >/dev/null; then
  echo "skipped: no C++ compiler"
  exit 77
fi
for config in plain full; do
  mkdir -p "$scratch/$config"
  cp "$sketch/config.h.example" "$scratch/$config/config.h"
done
sed -i -e 's/\(HAS_CAMERA\) 0/\1 1/' -e 's|http://192|https://192|' \
  -e 's/\(DEVICE_KEY\) ""/\1 "key"/' \
  -e 's|^/\* \(#define SERVER_CA_PEM.*\) \*/$|\1|' "$scratch/full/config.h"
grep -q '^#define SERVER_CA_PEM' "$scratch/full/config.h"
grep -q 'HAS_CAMERA 1' "$scratch/full/config.h"
for config in plain full; do
  for file in "$sketch"/*.cpp "$sketch"/*.ino; do
    "$cxx" -std=c++17 -fsyntax-only -Wall -Wextra -Werror -x c++ \
      -I "$scratch/$config" -isystem "$stubs" "$file"
  done
  echo "$config: fine"
done
