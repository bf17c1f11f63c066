#!/bin/bash
# The demo's telephones: one baresip for each folder, and the provider's, which answers every outgoing call.
# `telephones.sh check` says whether all are registered.
set -u

# Ask a telephone over its control connection (netstrings of JSON) for its registration.
registered() {
  local port question='{"command":"reginfo","token":"check"}' said
  port=$(sed -n 's/^ctrl_tcp_listen .*://p' "$1/config")
  exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
  printf '%d:%s,' "${#question}" "$question" >&3
  while read -r -t 2 -d , said <&3; do
    [[ $said != *OK* ]] || { exec 3>&-; return 0; }
  done
  exec 3>&-
  return 1
}
if [ "${1:-}" = check ]; then
  for folder in /srv/telephones/*/; do
    registered "${folder%/}" || exit 1
  done
  exit 0
fi

stop() {
  trap '' TERM INT
  # shellcheck disable=SC2046 # process ids are words of their own
  kill -TERM $(jobs -p) 2>/dev/null
  wait
  exit "${1:-0}"
}
trap stop TERM INT

for folder in /srv/telephones/*/; do
  baresip -4 -f "${folder%/}" >/dev/null 2>&1 &
done
sipp "127.0.0.1:${AMI_BRIDGE_SIP_PORT:-5060}" -sf /srv/telephones/provider.xml -i 127.0.0.2 -p 5080 -mi 127.0.0.2 \
  -rtp_echo -nostdin >/dev/null 2>&1 &

wait -n
echo "A telephone broke, all are started again" >&2
stop 1
