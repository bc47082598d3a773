#!/bin/sh
# A mail server for one run that delivers to nobody:  sh smtp.sh PORT MAILBOX
# Each mail becomes a line of JSON in the file MAILBOX, which is emptied first.
set -eu
here=$(dirname "$0")
for python in python3 /usr/bin/python3; do
  "$python" -c "import aiosmtpd" 2>/dev/null || continue
  : "${1:?expected a port}"
  exec "$python" "$here/smtp.py" "$@"
done
echo "aiosmtpd is not installed: on Debian, apt-get install python3-aiosmtpd; elsewhere pip install aiosmtpd" >&2
exit 127
