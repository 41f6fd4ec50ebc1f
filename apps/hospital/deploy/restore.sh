#!/bin/sh
# SPDX-License-Identifier: MIT
# restore.sh <backup> <data folder>: puts a backup back in place of a node's
# store; refused while the node runs. What was there is kept beside it, in
# before-restore-<time>.
set -eu
umask 077
[ $# = 2 ] || { echo "usage: restore.sh <backup> <data folder>" >&2; exit 2; }
backup=$1 data=$2
[ -f "$backup/hospital.db" ] || { echo "restore.sh: no backup: $backup" >&2; exit 1; }
(cd "$backup" && sha256sum --quiet --strict -c SHA256SUMS >&2) ||
  { echo "restore.sh: the backup is not as it was made: $backup" >&2; exit 1; }

mkdir -p "$data"
# The node holds this as long as it runs, and we as long as we are at work.
exec 9>>"$data/lock"
flock -n 9 || { echo "restore.sh: a node runs in $data: stop it first" >&2; exit 1; }

said=$(sqlite3 -readonly "$backup/hospital.db" 'PRAGMA integrity_check' | tail -n 1)
[ "$said" = ok ] || { echo "restore.sh: the backup is not whole: $said" >&2; exit 1; }
cp "$backup/hospital.db" "$data/.restored.db"
sync "$data/.restored.db"
before=$data/before-restore-$(date -u +%Y%m%dT%H%M%SZ)
mkdir "$before"
# The journal with its store: beside another one it would be played into that.
for file in hospital.db hospital.db-wal hospital.db-shm; do
  [ ! -e "$data/$file" ] || mv "$data/$file" "$before/"
done
mv "$data/.restored.db" "$data/hospital.db"
for file in token.keys refresh.secret admin.password; do
  [ -f "$backup/$file" ] || continue
  [ ! -f "$data/$file" ] || cp -p "$data/$file" "$before/"
  cp -p "$backup/$file" "$data/$file"
done
# What is restored belongs to whom the folder belongs.
if [ "$(id -u)" = 0 ]; then
  for file in hospital.db token.keys refresh.secret admin.password lock; do
    [ ! -f "$data/$file" ] || chown --reference="$data" "$data/$file"
  done
  chown -R --reference="$data" "$before"
fi
sync "$data"
echo "$data/hospital.db"
