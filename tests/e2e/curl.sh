#!/bin/bash
# SPDX-License-Identifier: MIT
# The protocol by hand, with curl: handshake, POST, GET, close.
#   curl.sh --server node|PATH [--port-base N] [--workers N]
set -u
here=$(cd "$(dirname "$0")" && pwd)
passed=0
failed=0

check() { # name expected-pattern got
  if [[ $3 =~ $2 ]]; then
    passed=$((passed + 1))
    echo "ok   $1"
  else
    failed=$((failed + 1))
    printf 'FAIL %s\n     expected %q\n     got      %q\n' "$1" "$2" "$3"
  fi
}

coproc SERVER { exec node "$here/serve.js" "$@"; }
server_pid=$SERVER_PID
read -r word port <&"${SERVER[0]}"
if [[ $word != ready ]]; then
  echo "FAIL the server did not start"
  exit 1
fi
url="http://127.0.0.1:$port/socket.io/?EIO=4&transport=polling"
ask() { curl -sS --max-time 10 "$@"; }
separator=$'\x1e'

open=$(ask "$url")
check 'handshake' '^0\{"sid":"[A-Za-z0-9_-]{20}","upgrades":\["websocket"\]' \
  "$open"
sid=$(sed -E 's/.*"sid":"([^"]+)".*/\1/' <<<"$open")
session="$url&sid=$sid"

check 'CONNECT by POST' '^ok$' "$(ask --data-binary '40' "$session")"
check 'CONNECT answered' '^40\{"sid":"[A-Za-z0-9_-]{20}"\}$' "$(ask "$session")"
check 'event by POST' '^ok$' \
  "$(ask -H 'Content-Type: text/plain' --data-binary '42["echo","hi"]' \
    "$session")"
check 'event echoed' '^42\["echo","hi"\]$' "$(ask "$session")"
check 'two packets by POST' '^ok$' \
  "$(ask -H 'Content-Type: text/plain' \
    --data-binary "421[\"echo\",1]${separator}422[\"echo\",2]" "$session")"
check 'two acknowledgements' "^431\[1\]${separator}432\[2\]$" \
  "$(ask "$session")"
check 'compressed on request' 'xxxx"\]$' "$(
  ask -o /dev/null -H 'Content-Type: text/plain' \
    --data-binary "42[\"echo\",\"$(printf 'x%.0s' {1..3000})\"]" "$session"
  ask --compressed "$session")"
check 'status of an unknown sid' '^400$' \
  "$(ask -o /dev/null -w '%{http_code}' "$url&sid=unknown")"
check 'close by POST' '^ok$' "$(ask --data-binary '1' "$session")"
check 'gone after the close' '"code":1' "$(ask "$session")"
check 'a body in chunks' "^POST /http/echo 5" \
  "$(ask -H 'Transfer-Encoding: chunked' --data-binary hello \
    "http://127.0.0.1:$port/http/echo" | tr '\n' ' ')"
check 'a large body with Expect' '^200 100' \
  "$(head -c 2000000 /dev/zero | head -c 900000 | ask -o /dev/null \
    -H 'Expect: 100-continue' -w '%{http_code} %{size_upload}' \
    --data-binary @- "http://127.0.0.1:$port/http/echo" |
    sed 's/ 900000$/ 100/')"
check 'the client script' '^200 application/javascript' \
  "$(ask -o /dev/null -w '%{http_code} %{content_type}' \
    "http://127.0.0.1:$port/socket.io/socket.io.js")"
check 'a WebSocket handshake' '^HTTP/1.1 101 ' \
  "$(curl -sS -i -N --max-time 1 --http1.1 -H 'Connection: Upgrade' \
    -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
    "http://127.0.0.1:$port/socket.io/?EIO=4&transport=websocket" \
    2>/dev/null | tr -d '\0' | head -1)"

exec {SERVER[1]}>&-
if ! wait "$server_pid"; then
  failed=$((failed + 1))
  echo 'FAIL the server did not end well'
fi
echo "$passed passed, $failed failed"
((failed == 0))
