#!/bin/sh
# SPDX-License-Identifier: MIT
# proxies.sh: nginx, HAProxy and Caddy for the tests, unpacked into build/proxies where
# they are not installed: their packages would start services of this machine.
set -eu
cd "$(dirname "$0")/.."
into=build/proxies
has() { command -v "$1" >/dev/null 2>&1 || [ -x "$into/usr/sbin/$1" ] ||
  [ -x "$into/usr/bin/$1" ]; }

wanted=
has nginx || wanted="$wanted nginx"
has caddy || wanted="$wanted caddy"
has haproxy ||
  wanted="$wanted haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1"
[ -n "$wanted" ] || exit 0
if ! command -v dpkg >/dev/null 2>&1; then
  echo "proxies.sh: install these for the tests behind proxies:$wanted" >&2
  exit 1
fi
echo "unpacking in $into:$wanted"
rm -rf "$into.new"
mkdir -p "$into.new" "$into"
(
  cd "$into.new"
  # shellcheck disable=SC2086
  fetch() { apt-get download -qq -o APT::Sandbox::User=root $wanted >/dev/null; }
  if ! fetch; then
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq
    fetch
  fi
  for package in *.deb; do
    dpkg -x "$package" "../proxies"
  done
)
rm -rf "$into.new"
