#!/bin/sh
# SPDX-License-Identifier: MIT
# production_unit.sh: the unit that docs/guide/production.md prints, as systemd
# reads it, and how much it keeps from the program.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unit=$folder/mine.service
sed -n '/^```ini$/,/^```$/p' "$PEAL_SOURCE/docs/guide/production.md" |
  sed -e '/^```/d' -e 's|/usr/local/bin/mine|/bin/true|' >"$unit"
grep -q '^ExecStart=/bin/true' "$unit" || { echo "no unit in the guide"; exit 1; }

systemd-analyze verify --man=no "$unit" >"$folder/said" 2>&1 &&
  ! [ -s "$folder/said" ] || { cat "$folder/said"; exit 1; }
echo "ok - systemd-analyze verify"
systemd-analyze security --offline=yes --threshold=20 --no-pager "$unit" \
  >"$folder/said" 2>&1 || { cat "$folder/said"; exit 1; }
echo "ok - $(tail -n 1 "$folder/said")"

sed -i 's/^ProtectSystem=/ProtectSystm=/' "$unit"
systemd-analyze verify --man=no "$unit" >"$folder/said" 2>&1 || true
grep -q ProtectSystm "$folder/said" || { echo "a word that systemd does not know was taken"; exit 1; }
echo "ok - the check can fail"
