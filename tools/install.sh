#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh [run|test|bench]: installs what this step needs and is missing.
# A second run finds everything in place and does nothing.
set -eu
cd "$(dirname "$0")/.."
step=${1:-run}

build='build-essential ca-certificates cmake ninja-build pkg-config libuv1-dev libssl-dev
  zlib1g-dev libsqlite3-dev libcurl4-openssl-dev libturbojpeg0-dev libpng-dev
  libjose-dev libedit-dev libhiredis-dev tzdata'
test='libcmocka-dev libjansson-dev libglib2.0-dev clang-14 libclang-rt-14-dev
  clang-format-14 valgrind chromium curl sqlite3 python3-venv fonts-dejavu-core
  libpcre2-8-0 gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-user redis-server
  systemd openssl python3-yaml mandoc musl-tools adduser'
case $step in
run) packages=$build ;;
test) packages="$build $test" ;;
bench) packages="$build curl python3" ;;
*)
  echo "usage: tools/install.sh [run|test|bench]" >&2
  exit 2
  ;;
esac

# Node from elsewhere is as good as Debian's, if it is new enough and has npm.
node_is_fine() {
  command -v npm >/dev/null 2>&1 &&
    node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' \
      >/dev/null 2>&1
}
node_is_fine || packages="$packages nodejs npm"
packages=$(echo $packages)

is_debian_12() {
  [ -r /etc/os-release ] || return 1
  # shellcheck disable=SC1091
  (. /etc/os-release && [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 12 ])
}

# Tests start Redis servers of their own. Debian's package starts one at the
# usual port as well, which we do not leave behind where there was none.
stop_redis() {
  case " $missing " in *" redis-server "*) ;; *) return 0 ;; esac
  if [ -d /run/systemd/system ]; then
    $sudo systemctl -q disable --now redis-server || true
  else
    $sudo service redis-server stop >/dev/null 2>&1 || true
    $sudo update-rc.d redis-server disable >/dev/null 2>&1 || true
  fi
}

if ! is_debian_12; then
  if [ "${PEAL_SKIP_INSTALL:-}" != 1 ]; then
    echo "needed, by their Debian 12 names: $packages" >&2
    echo "install.sh: expected Debian 12; install these yourself and set PEAL_SKIP_INSTALL=1" >&2
    exit 1
  fi
else
  missing=
  for package in $packages; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
      grep -qx installed || missing="$missing $package"
  done
  if [ -n "$missing" ]; then
    sudo=
    if [ "$(id -u)" != 0 ]; then
      command -v sudo >/dev/null 2>&1 || {
        echo "install.sh: not root and no sudo; as root: apt-get install$missing" >&2
        exit 1
      }
      sudo=sudo
    fi
    echo "installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get update -qq
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
      --no-install-recommends -o Dpkg::Use-Pty=0 $missing </dev/null >/dev/null
    stop_redis
  fi
fi

tools/npm_ci.sh . apps/hospital/front
if [ "$step" = test ]; then
  tools/proxies.sh
  tools/npm_ci.sh tests/e2e tests/browser tests/cluster
  requirements=tests/e2e/requirements.txt
  if [ -f "$requirements" ]; then
    sum=$(cksum <"$requirements")
    if [ "$(cat build/venv/.sum 2>/dev/null || true)" != "$sum" ]; then
      echo "python packages in build/venv"
      python3 -m venv build/venv
      build/venv/bin/pip install -q --disable-pip-version-check \
        -r "$requirements"
      printf '%s\n' "$sum" >build/venv/.sum
    fi
  fi
fi
if [ "$step" != run ]; then
  tools/npm_ci.sh bench
fi
