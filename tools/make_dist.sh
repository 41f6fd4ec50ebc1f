#!/bin/sh
# SPDX-License-Identifier: MIT
# make_dist.sh <folder>: the source as git has it at HEAD, peal-<version>.tar.gz,
# and SHA256SUMS of it and of the packages that are there, in <folder>.
set -eu
cd "$(dirname "$0")/.."
out=$1
version=$(sed -n 's/^#define PEAL_VERSION "\(.*\)"/\1/p' include/peal/base.h)
mkdir -p "$out"
# git stamps the files with the commit's time, gzip -n none: the same bytes each
# time.
git archive --format=tar --prefix="peal-$version/" HEAD |
  gzip -9n >"$out/peal-$version.tar.gz"
cd "$out"
set -- "peal-$version.tar.gz"
for deb in *.deb; do
  [ ! -e "$deb" ] || set -- "$@" "$deb"
done
sha256sum "$@" >SHA256SUMS
cat SHA256SUMS
