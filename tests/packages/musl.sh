#!/bin/sh
# SPDX-License-Identifier: MIT
# What needs no library is built on musl and tried there.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$PEAL_SOURCE/tools/musl.sh" "$folder"
