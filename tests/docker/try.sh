#!/usr/bin/env bash
# Builds the containers, starts them, places real calls through them, looks at what was promised, removes everything.
# Needs docker with compose; nothing else. Takes about a minute, downloads aside.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Ports and a name of its own, so that it can run beside the demo.
export AMI_BRIDGE_WEB_PORT=${AMI_BRIDGE_WEB_PORT:-18788} AMI_BRIDGE_SIP_PORT=${AMI_BRIDGE_SIP_PORT:-15760}
export AMI_BRIDGE_DAV_PORT=${AMI_BRIDGE_DAV_PORT:-15932} AMI_BRIDGE_RTP_PORTS=${AMI_BRIDGE_RTP_PORTS:-12000-12019}
export COMPOSE_PROJECT_NAME=ami-bridge-try
services=(asterisk radicale daemon telephones)
heard=$(mktemp)
watcher=$COMPOSE_PROJECT_NAME-watch

say() { printf '%4d s  %s\n' "$SECONDS" "$1"; }
fail() {
  say "FAILED: $1"
  docker compose logs --tail 20 || true
  docker compose exec -T asterisk tail -n 30 /srv/pbx/town/log/messages || true
  tail -n 12 "$heard"
  exit 1
}
clean() {
  docker rm -f "$watcher" >/dev/null 2>&1 || true
  docker compose down -v --timeout 10 >/dev/null 2>&1 || true
  rm -f "$heard"
}
trap clean EXIT

# until_heard SECONDS PATTERN: wait for a message of the websocket.
until_heard() {
  for _ in $(seq $(($1 * 10))); do
    ! grep -qE "$2" "$heard" || return 0
    sleep 0.1
  done
  fail "the websocket did not tell within $1 s: $2"
}
call() { docker compose exec -T telephones call.sh "$@" 2>&1; }

docker compose build --quiet
say "built"
docker compose up --detach --wait --wait-timeout 120 >/dev/null 2>&1 || fail "not every service became healthy"
say "up: ${services[*]} are healthy"

# Ready means able to work; names come with the first reading of the books, a moment later.
for _ in $(seq 60); do
  ! docker compose logs daemon | grep -q contacts.synced || break
  sleep 0.5
done
say "the address book is read"

# A person's view, through the published port, from outside the set.
for _ in $(seq 40); do
  token=$(docker compose exec -T daemon ami-bridge token new --user anna --name try 2>/dev/null) && break || sleep 0.5
done
[ -n "${token:-}" ] || fail "no token could be made for anna"
docker run --rm --interactive --name "$watcher" --network host --read-only --cap-drop ALL ami-bridge watch --json \
  --url "ws://127.0.0.1:$AMI_BRIDGE_WEB_PORT/api/v1/ws" --token-file /dev/stdin <<<"$token" >"$heard" 2>&1 &
until_heard 20 '"topic":"calls.self".*"calls":\[\]'
say "anna watches her calls through port $AMI_BRIDGE_WEB_PORT of the host"

call +493023125001 101 &
until_heard 10 '"state":"ringing".*"name":"Sabine Schröder","org":"Bäckerei Schröder"'
say "101 rings, and the websocket has the name of the address book: Sabine Schröder, Bäckerei Schröder"
until_heard 20 '"state":"ended".*"result":"missed"'
say "the caller gave up: missed"
wait %2 || fail "the call went otherwise than played"

[[ $(call +493023125001 103) == *answered*bye* ]] || fail "103 did not answer"
say "103 answered; its call is nobody else's business"
! grep -q '"exten":"103"' "$heard" || fail "anna was told of a call of 103"

# What must not be.
for service in "${services[@]}"; do
  [ "$(docker compose exec -T "$service" id -u)" -ge 10001 ] || fail "$service runs as root"
  ! docker compose exec -T "$service" touch /opt/x 2>/dev/null || fail "$service can write into its image"
done
say "every service runs without rights on a root it cannot write"
for port in 5038 8089; do
  ! docker compose exec -T radicale python -c "import socket; socket.create_connection(('asterisk', $port), 2)" \
    2>/dev/null || fail "port $port is open to other containers"
done
say "the manager interface and the dialplan's questions are on the loopback alone"
mapfile -t containers < <(docker compose ps -aq)
published=$(docker inspect -f '{{range $p, $b := .NetworkSettings.Ports}}{{range $b}}{{.HostIp}} {{end}}{{end}}' "${containers[@]}")
[ "$(tr ' ' '\n' <<<"$published" | sort -u | xargs)" = 127.0.0.1 ] || fail "published beyond the loopback: $published"
say "ports are published on 127.0.0.1 only"
secrets=$(docker compose exec -T daemon sh -c 'for f in /etc/ami-bridge/*.secret /etc/ami-bridge/*.password; do cat "$f"; echo; done')
[ "$(wc -w <<<"$secrets")" -eq 3 ] || fail "three secrets were expected"
inspected=$(docker inspect "${containers[@]}"; docker history --no-trunc ami-bridge; docker history --no-trunc ami-bridge-asterisk)
while read -r secret; do
  [[ $inspected != *"$secret"* ]] || fail "a secret stands in an environment or in an image's history"
done <<<"$secrets"
say "no secret in any environment or image"

# Asterisk dies and comes back in the same network; the daemon notices both.
docker compose exec -T asterisk sh -c 'asterisk -C "$ASTERISK_CONFIG" -rx "core stop now"' >/dev/null || true
until_heard 10 '"event":"bridge.changed".*"ami":"down"'
until_heard 20 '"event":"bridge.changed".*"ami":"up"'
say "Asterisk ended, and everything found together again"
call +493023125001 101 >/dev/null &
for _ in $(seq 100); do
  [ "$(grep -c '"rev":1,"state":"ringing"' "$heard")" -lt 2 ] || break
  sleep 0.1
done
[ "$(grep -c '"rev":1,"state":"ringing"' "$heard")" -eq 2 ] || fail "no call after Asterisk came back"
say "the next call rings"
wait %% || fail "the call after it went otherwise than played"

docker compose up --detach --wait --wait-timeout 120 >/dev/null 2>&1 || fail "a second start failed"
docker compose logs setup | grep -q "told the first time" || fail "a second start made new passwords"
say "a second start keeps passwords and books"
say "all as promised"
