#!/bin/sh
# Becomes one of the servers that install.sh has installed:  sh start.sh NAME ARGUMENT...
set -eu
home=${SQUALL_THIRD_PARTY:-${XDG_CACHE_HOME:-$HOME/.cache}/squall-third-party}
name=$1
shift
for program in "$home/node_modules/.bin/$name" "$home/python/$name/bin/$name" "$home/go/$name"; do
  [ -x "$program" ] && exec "$program" "$@"
done
echo "$name is not installed: sh $(dirname "$0")/install.sh" >&2
exit 127
