#!/bin/bash
# SPDX-License-Identifier: MIT
# The web layer by hand, with curl: what a user of a shell would try.
#   web_curl.sh <example-web_hello>
set -u
home=$(mktemp -d)
mkdir "$home/site"
seq 1 2000 >"$home/site/numbers.txt"
head -c 300000 /dev/urandom >"$home/site/picture.jpg"
"$1" --port 0 --data "$home/x.db" --web-dir "$home/site" \
  >"$home/out" 2>"$home/err" &
pid=$!
trap 'kill "$pid" 2>/dev/null; rm -rf "$home"' EXIT
for _ in $(seq 100); do
  url=$(head -1 "$home/out")
  [[ $url ]] && break
  sleep 0.1
done
failed=0

check() { # name expected-pattern got
  if [[ $3 =~ $2 ]]; then
    echo "ok   $1"
  else
    failed=1
    printf 'FAIL %s\n     expected %q\n     got      %q\n' "$1" "$2" "$3"
  fi
}
ask() { curl -sS --max-time 10 "$@"; }

check 'a route' '^\{"hello":"you"' "$(ask "$url/api/hello/you")"
check 'a JSON body' '^\{"id":1\}$' \
  "$(ask -H 'Content-Type: application/json' -d '{"text":"hi"}' \
    "$url/api/notes")"
check 'a body without its type' \
  '^\{"status":"error","message":"Content-Type must be application/json"\}400$' \
  "$(ask -w '%{http_code}' -d '{}' "$url/api/sensor")"
check 'a form with a file' '"bytes":300000,"fields":\{"note":"hi"\}' \
  "$(ask -F note=hi -F "image=@$home/site/picture.jpg" "$url/upload")"
check 'a file with Expect and chunks' '"bytes":300000' \
  "$(ask -H 'Content-Type: image/jpeg' -H 'Transfer-Encoding: chunked' \
    -H 'Expect: 100-continue' --data-binary "@$home/site/picture.jpg" \
    "$url/upload")"
check 'log in and be known' '^\{"name":"bob"\}$' \
  "$(ask -L -c "$home/jar" -d name=bob "$url/login")"
check 'known later' '^\{"name":"bob"\}$' \
  "$(ask -b "$home/jar" "$url/api/private/whoami")"
ask --compressed -o "$home/got" "$url/numbers.txt"
check 'compressed' '^same$' \
  "$(cmp "$home/got" "$home/site/numbers.txt" && echo same)"
ask -r 0-99999 -o "$home/got" "$url/picture.jpg"
ask -C - -o "$home/got" "$url/picture.jpg"
check 'a broken download goes on' '^same$' \
  "$(cmp "$home/got" "$home/site/picture.jpg" && echo same)"
ask -o "$home/got" -R "$url/numbers.txt"
check 'asked by date' '^304$' \
  "$(ask -o /dev/null -z "$home/got" -w '%{http_code}' "$url/numbers.txt")"
check 'asked by path as it is' '^404$' \
  "$(ask -o /dev/null --path-as-is -w '%{http_code}' "$url/../x.db")"
check 'HTTP/1.0' '^\{"name":""\}$' "$(ask -0 "$url/api/whoami")"

kill -TERM "$pid"
wait "$pid"
check 'ends well' '^0$' "$?"
"$1" --prot=1 2>"$home/err"
check 'an unknown flag' '^1 .*did you mean port' "$? $(cat "$home/err")"
exit $failed
