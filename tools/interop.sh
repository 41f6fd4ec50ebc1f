#!/bin/sh
# SPDX-License-Identifier: MIT
# interop.sh [client...]: builds the clients of tests/interop that `make test`
# leaves out, installs what that needs and is missing, and runs the scenarios
# with them (all: java go rust). A client that cannot be built is a failure.
set -u
cd "$(dirname "$0")/.."
root=$PWD
built=$root/build/interop
drivers=$root/tests/interop/drivers
server=$root/build/release/bin/peal-e2e-fixture
failed=0
summary=''

# install <command> <package>...: by Debian's names, if the command is not here.
install() {
  command -v "$1" >/dev/null 2>&1 && return 0
  shift
  [ "${PEAL_SKIP_INSTALL:-}" = 1 ] && return 1
  sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  echo "installing: $*"
  $sudo apt-get update -qq &&
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
      --no-install-recommends "$@" </dev/null >/dev/null
}

build_java() {
  install javac default-jdk-headless && install mvn maven || return 1
  mkdir -p "$built/java/classes"
  mvn -q -B -f "$drivers/java/pom.xml" dependency:copy-dependencies \
    -DoutputDirectory="$built/java/lib" &&
    javac -Xlint:all -Werror -cp "$built/java/lib/*" -d "$built/java/classes" \
      "$drivers/java/JavaDriver.java"
}

build_go() {
  install go golang-go || return 1
  (cd "$drivers/go" && go build -p 2 -o "$built/go/driver" .)
}

build_rust() {
  install cargo cargo && install pkg-config pkg-config || return 1
  (cd "$drivers/rust" &&
    CARGO_TARGET_DIR="$built/rust" cargo build -q --release --locked -j 2)
}

# The program of the guide in this language beside the one in C.
beside() {
  sources=tests/docs/side_by_side
  case $1 in
  go) (cd "$sources/go" && go build -p 2 -o "$built/go/side" .) &&
    program=$built/go/side ;;
  rust) (cd "$sources/rust" &&
    CARGO_TARGET_DIR="$built/rust" cargo build -q --release --locked -j 2) &&
    program=$built/rust/release/peal-side-by-side ;;
  *) return 0 ;;
  esac || return 1
  node tests/docs/side_by_side.js "$1" build/release/bin/example-side_by_side \
    "$program"
}

run() {
  if "build_$1" &&
    node tests/interop/run.js --server "$server" --client "$1" \
      --built "$built" --port-base 29000 && beside "$1"; then
    summary="$summary
passed  interop.$1"
  else
    failed=1
    summary="$summary
FAILED  interop.$1"
  fi
}

[ $# -gt 0 ] || set -- java go rust
for client; do
  case $client in
  java | go | rust) run "$client" ;;
  *)
    echo "usage: tools/interop.sh [java|go|rust...]" >&2
    exit 2
    ;;
  esac
done
echo "$summary"
exit $failed
