#!/bin/bash
# Keeps Asterisk running inside its container: the daemon shares the container's network and would lose it otherwise.
set -u
pid=
stop() {
  trap '' TERM INT
  [ -z "$pid" ] || { kill -TERM "$pid" 2>/dev/null; wait "$pid"; }
  exit 0
}
trap stop TERM INT

while true; do
  asterisk -f -C "$ASTERISK_CONFIG" &
  pid=$!
  wait "$pid"
  echo "Asterisk ended with $?, it is started again" >&2
  sleep 1 &
  pid=$!
  wait "$pid"
done
