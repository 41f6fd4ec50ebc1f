#!/bin/bash
# SPDX-License-Identifier: MIT
# run_apps.sh <folder of the programs> <data folder>: starts every application
# that is there with simulated devices, and the landing page. Lines of their
# logs begin with their names. One Ctrl-C ends all of them in order; when one
# cannot start, the others are ended, too.
# Ports from the environment: LANDING_PORT, ESP32_PORT, SV30_PORT,
# CARECHAT_PORT, HOSPITAL_PORT, DESKPULSE_PORT.
set -u
bin=$1
data=$2
LANDING_PORT=${LANDING_PORT:-8080}
ESP32_PORT=${ESP32_PORT:-5000}
SV30_PORT=${SV30_PORT:-4000}
CARECHAT_PORT=${CARECHAT_PORT:-5001}
HOSPITAL_PORT=${HOSPITAL_PORT:-5002}
DESKPULSE_PORT=${DESKPULSE_PORT:-5003}
pause=20 # seconds between two simulated tests

mkdir -p "$data" || exit 1
names=() pids=() urls=() ports=()
isStopping=
exec 3>&1

# A group of its own: Ctrl-C comes here alone, and from here once to each. They
# end with this script, however it ends.
alone=(setsid)
if command -v setpriv >/dev/null && setpriv --pdeathsig TERM true 2>/dev/null; then
  # unless it has ended before they could ask for that
  alone+=(setpriv --pdeathsig TERM bash -c '[ "$PPID" = "$0" ] && exec "$@"' $$)
fi

# start <name> <command...>
start() {
  local name=$1
  shift
  "${alone[@]}" "$@" > >(exec setsid sed -u "s/^/$name | /" >&3) 2>&1 &
  names+=("$name")
  pids+=($!)
}

# page <title> <port>: what start has just begun.
page() {
  urls+=("$1  http://localhost:$2/")
  ports+=("$2")
}

stop() {
  [ -n "$isStopping" ] && return
  isStopping=1
  local pid
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null; done
}

simulate_sv30() {
  local device=$1 pid=
  trap 'kill -TERM "$pid" 2>/dev/null; exit 0' TERM
  while :; do
    SOCKETIO_URL="http://localhost:$SV30_PORT" "$device" --simulate \
      --time-scale 30 --data-dir "$data/sv30-device" &
    pid=$!
    wait "$pid"
    sleep "$pause" &
    pid=$!
    wait "$pid"
  done
}

is_open() {
  (exec 4<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Also one that only waits to be looked at.
has_ended() {
  local stat
  ! read -r stat 2>/dev/null <"/proc/$1/stat" || [[ $stat == *') Z '* ]]
}

one_has_ended() {
  local i
  for i in "${!pids[@]}"; do
    if has_ended "${pids[$i]}"; then
      echo "${names[$i]} has ended" >&3
      return 0
    fi
  done
  return 1
}

trap stop INT TERM HUP

if [ -x "$bin/peal-esp32" ]; then
  start esp32 "$bin/peal-esp32" --port "$ESP32_PORT" --simulate 3 \
    --data-dir "$data"
  page 'ESP32 dashboard     ' "$ESP32_PORT"
fi
if [ -x "$bin/peal-sv30-backend" ]; then
  start sv30 "$bin/peal-sv30-backend" --port "$SV30_PORT" \
    --data-dir "$data/sv30-backend"
  page 'SV30 settling tests ' "$SV30_PORT"
fi
if [ -x "$bin/peal-carechat" ]; then
  start carechat "$bin/peal-carechat" --port "$CARECHAT_PORT" --simulate 2 \
    --data-dir "$data/carechat"
  page 'CareChat            ' "$CARECHAT_PORT"
fi
if [ -x "$bin/peal-hospital" ]; then
  start hospital "$bin/peal-hospital" --port "$HOSPITAL_PORT" --simulate 2 \
    --data-dir "$data/hospital"
  page 'Hospital alerts     ' "$HOSPITAL_PORT"
fi
if [ -x "$bin/peal-deskpulse" ]; then
  start deskpulse "$bin/peal-deskpulse" --port "$DESKPULSE_PORT" \
    --data-dir "$data/deskpulse"
  page 'DeskPulse           ' "$DESKPULSE_PORT"
fi
start landing "$bin/peal-landing" --port "$LANDING_PORT" \
  --data-dir "$data/landing" --esp32-url "http://localhost:$ESP32_PORT" \
  --sv30-url "http://localhost:$SV30_PORT" \
  --carechat-url "http://localhost:$CARECHAT_PORT" \
  --hospital-url "http://localhost:$HOSPITAL_PORT" \
  --deskpulse-url "http://localhost:$DESKPULSE_PORT"
page 'all of them         ' "$LANDING_PORT"

# Who finds its port taken ends, before another program's could be mistaken for
# it.
code=0
for port in "${ports[@]}"; do
  until [ -n "$isStopping" ] || is_open "$port"; do
    if one_has_ended; then
      code=1
      stop
    else
      sleep 0.1
    fi
  done
done
sleep 0.3
if [ -z "$isStopping" ] && one_has_ended; then
  code=1
  stop
fi

if [ -z "$isStopping" ]; then
  for device in "$bin/sv30-device" "$bin/peal-sv30-device"; do
    [ -x "$device" ] || continue
    export -f simulate_sv30
    export SV30_PORT data pause
    start sv30-device bash -c 'simulate_sv30 "$0"' "$device"
    break
  done
  {
    echo
    printf '  %s\n' "${urls[@]}"
    echo '  Ctrl-C ends all of them.'
    echo
  } >&3
fi

while [ -z "$isStopping" ]; do
  wait -n "${pids[@]}"
  [ -n "$isStopping" ] && break
  if one_has_ended; then
    code=1
    stop
  fi
done
for pid in "${pids[@]}"; do
  while ! has_ended "$pid"; do wait "$pid" 2>/dev/null; done
done
sleep 0.2 # their last lines
exit "$code"
