#!/bin/sh
# SPDX-License-Identifier: MIT
# units.sh <peal-hospital>: the units as systemd reads them, and how much they
# keep from the program; started, too, where systemd runs and we may.
set -eu
program=$1
files=$PEAL_SOURCE/apps/hospital/deploy
folder=$(mktemp -d)
unit=peal-hospital-test-$$
port=
stop() {
  if [ -n "$port" ]; then
    systemctl stop "$unit@$port.service" || true
    rm -f "/run/systemd/system/$unit@.service"
    systemctl daemon-reload
  fi
  rm -rf "$folder"
}
trap stop EXIT

# The places where these are installed may be empty here.
for kind in service timer; do
  for file in "$files"/systemd/*."$kind"; do
    sed -e "s|/usr/bin/peal-hospital|$program|" \
      -e "s|/usr/share/peal/hospital/deploy/|$files/|" "$file" \
      >"$folder/$(basename "$file" | sed 's/@/@5002/')"
  done
done
check() { (cd "$folder" && systemd-analyze verify --man=no ./*.service ./*.timer) >"$folder/said" 2>&1; }
check && ! [ -s "$folder/said" ] || { cat "$folder/said"; exit 1; }
echo "ok - systemd-analyze verify"

systemd-analyze security --offline=yes --threshold=20 --no-pager \
  "$folder/peal-hospital@5002.service" >"$folder/said" 2>&1 || { cat "$folder/said"; exit 1; }
echo "ok - $(tail -n 1 "$folder/said")"

# What is wrong is found.
sed -i 's/^ProtectSystem=strict/ProtectSystm=strict/' "$folder/peal-hospital@5002.service"
check || true
grep -q ProtectSystm "$folder/said" || { echo "a word that systemd does not know was taken"; exit 1; }
echo "ok - the check can fail"

# The files that they name are there, the options of hospital.env are known.
[ -x "$files/backup.sh" ]
"$program" --help >"$folder/help"
sed -n 's/^\([A-Z_]*\)=.*/\1/p' "$files/hospital.env" | while read -r name; do
  grep -qw "$name" "$folder/help" || { echo "no option $name"; exit 1; }
done
echo "ok - the options of hospital.env"

if [ ! -d /run/systemd/system ] || [ "$(id -u)" != 0 ]; then
  echo "# not started: systemd does not run here, or we are not root"
  exit 0
fi
port=5992
sed -e "s|/usr/bin/peal-hospital|$program|" -e "s|/etc/peal/hospital.env|$folder/env|" \
  -e "s|peal-hospital/%i|$unit/%i|" -e "s|ProtectHome=yes|ProtectHome=read-only|" \
  "$files/systemd/peal-hospital@.service" \
  >"/run/systemd/system/$unit@.service"
printf 'SECRET_KEY=of this test\nPEAL_HOSPITAL_HOST=127.0.0.1\n' >"$folder/env"
chmod 755 "$folder"
systemctl daemon-reload
systemctl start "$unit@$port.service"
tries=0
until curl -fsS "http://127.0.0.1:$port/health" >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { systemctl status "$unit@$port.service"; exit 1; }
  sleep 0.1
done
systemctl stop "$unit@$port.service"
[ "$(systemctl show -p Result --value "$unit@$port.service")" = success ]
rm -rf "/var/lib/private/$unit" "/var/lib/$unit"
echo "ok - started and stopped by systemd"
