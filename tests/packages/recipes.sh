#!/bin/sh
# SPDX-License-Identifier: MIT
# The files for Alpine and Homebrew can be read, have what their tools ask for, and
# the version and the options that the build knows.
set -eu
cd "$PEAL_SOURCE"
version=$(sed -n 's/^#define PEAL_VERSION "\(.*\)"/\1/p' include/peal/base.h)
alpine=packaging/alpine/APKBUILD
brew=packaging/homebrew/peal.rb
fail() {
  echo "$1"
  exit 1
}
sh -n "$alpine"
(
  set +u
  # shellcheck disable=SC1090
  . "./$alpine"
  [ "$pkgver" = "$version" ] || fail "$alpine: expected pkgver=$version"
  for field in pkgname pkgver pkgrel pkgdesc url arch license source; do
    eval "[ -n \"\$$field\" ]" || fail "$alpine: no $field"
  done
  for step in build package tools static; do
    command -v "$step" >/dev/null || fail "$alpine: no $step()"
  done
)
if command -v ruby >/dev/null; then
  ruby -c "$brew" >/dev/null
fi
for word in desc homepage license head depends_on 'def install' 'test do'; do
  grep -q "^  $word" "$brew" || fail "$brew: no $word"
done
grep -oh 'DPEAL_[A-Z]*' "$alpine" "$brew" | sort -u | while read -r option; do
  grep -q "^option(${option#D} " CMakeLists.txt ||
    fail "expected an option of CMakeLists.txt, not ${option#D}"
done
