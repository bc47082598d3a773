#!/bin/sh
# A Redis for one run, in memory alone:  sh redis.sh PORT
# Anybody on this machine may enter, at redis://127.0.0.1:PORT/0.
set -eu
command -v redis-server >/dev/null || { echo "Redis is not installed: on Debian, apt-get install redis-server" >&2; exit 127; }
exec redis-server --port "${1:?expected a port}" --bind 127.0.0.1 --save "" --appendonly no --daemonize no
