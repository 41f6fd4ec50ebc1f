#!/bin/sh
# SPDX-License-Identifier: MIT
# backup.sh <data folder> <backups> [keep]: a copy of a node's store as it is at
# one moment, while the node runs or not, in a folder of its own in <backups>;
# of older ones as many are left that there are <keep> (14). The last line is
# that folder.
set -eu
umask 077
[ $# -ge 2 ] || { echo "usage: backup.sh <data folder> <backups> [keep]" >&2; exit 2; }
data=$1 backups=$2 keep=${3:-14}
case $keep in '' | *[!0-9]* | 0) echo "backup.sh: keep is 1 or more" >&2; exit 2 ;; esac
store=$data/hospital.db
[ -f "$store" ] || { echo "backup.sh: $store is missing" >&2; exit 1; }

mkdir -p "$backups"
name=hospital-$(date -u +%Y%m%dT%H%M%SZ)
while [ -e "$backups/$name" ]; do # one was made in this second
  sleep 0.2
  name=hospital-$(date -u +%Y%m%dT%H%M%SZ)
done
into=$backups/$name
part=$backups/.$name.$$
trap 'rm -rf "$part"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$part"

# In a transaction: without one the copy begins anew with every change, and a
# busy node's would never end.
sqlite3 -bail "$store" '.timeout 10000' 'BEGIN' \
  'SELECT count(*) FROM sqlite_master' ".backup '$part/hospital.db'" \
  'COMMIT' >/dev/null
said=$(sqlite3 -bail "$part/hospital.db" 'PRAGMA journal_mode = DELETE' \
  'PRAGMA integrity_check' | tail -n 1)
[ "$said" = ok ] || { echo "backup.sh: the copy is not whole: $said" >&2; exit 1; }
# Its secrets: what signs tokens and binds sign-ins, where that is not made of
# SECRET_KEY; the first password, if that was made.
for file in token.keys refresh.secret admin.password; do
  [ ! -f "$data/$file" ] || cp -p "$data/$file" "$part/"
done
(cd "$part" && sha256sum -- * >SHA256SUMS)
sync "$part"/* "$part"
mv "$part" "$into"
sync "$backups"

ls -1 "$backups" | grep -E '^hospital-[0-9]{8}T[0-9]{6}Z$' | sort -r |
  tail -n "+$((keep + 1))" | while read -r old; do rm -rf "${backups:?}/$old"; done
echo "$into"
