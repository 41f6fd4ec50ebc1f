#!/bin/sh
# SPDX-License-Identifier: MIT
# need.sh <command:package>...: names, in one message, every command that is
# missing, by its Debian package.
set -eu
missing=
for pair; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
[ -z "$missing" ] && exit 0
echo "Peal is built by programs that are not installed:$missing" >&2
echo "On Debian 12: apt-get install$missing" >&2
echo "or \`make run\` or \`tools/install.sh\`, which install what is missing." >&2
exit 1
