#!/bin/sh
# A mail server for one run that delivers to nobody and lets anybody log in:  sh smtp.sh PORT [MAILBOX]
# Each mail becomes a line of JSON in the file MAILBOX, which goes with the run. Those of this run:  sh smtp.sh mails
set -eu
mailbox=${2:-${TMPDIR:-/tmp}/squall-mails-$(basename "${SQUALL_LEASE:-$$}")}
if [ "${1:-}" = mails ]; then
  cat "$mailbox"
  exit
fi

here=$(dirname "$0")
for python in python3 /usr/bin/python3; do
  "$python" -c "import aiosmtpd" 2>/dev/null && break
  python=
done
[ -n "$python" ] || {
  echo "aiosmtpd is not installed: on Debian, apt-get install python3-aiosmtpd; elsewhere pip install aiosmtpd" >&2
  exit 127
}

leave() {
  kill "$server" 2>/dev/null || true
  wait "$server" || true
  rm -f "$mailbox"
}
"$python" "$here/smtp.py" "${1:?expected a port}" "$mailbox" &
server=$!
trap leave EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
wait "$server"
