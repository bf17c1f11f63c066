#!/bin/bash
# Calls somebody of the demo from outside, over the trunk: call.sh [NUMBER OF THE CALLER] [EXTENSION OR NUMBER]
set -u
caller=${1:-+493023125001}
callee=${2:-101}
for number in "$caller" "$callee"; do
  [[ $number =~ ^\+?[0-9]{1,32}$ ]] || { echo "$number is not a telephone number: write digits, or + and digits" >&2; exit 2; }
done
[ ${#callee} -ne 3 ] || callee=+498999998$callee

log=$(mktemp)
echo "$caller calls $callee ..."
sipp "127.0.0.1:${AMI_BRIDGE_SIP_PORT:-5060}" -sf /srv/telephones/call.xml -m 1 -i 127.0.0.2 -mi 127.0.0.2 \
  -p $((20000 + RANDOM % 5000)) -mp $((25000 + 2 * (RANDOM % 2500))) -cp $((30000 + RANDOM % 2000)) -rtp_echo \
  -key caller "$caller" -key callee "$callee" -nostdin -trace_logs -log_file "$log" >/dev/null
code=$?
sed 's/^/  /' "$log"
exit "$code"
