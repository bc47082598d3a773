#!/bin/sh
# Becomes one of the servers that install.sh has installed:  sh start.sh NAME ARGUMENT...
# Whether it is there:  sh start.sh has NAME
set -eu
home=${SQUALL_THIRD_PARTY:-${XDG_CACHE_HOME:-$HOME/.cache}/squall-third-party}
has=
if [ "$1" = has ]; then
  has=1
  shift
fi
name=$1
shift
for program in "$home/node_modules/.bin/$name" "$home/python/$name/bin/$name" "$home/go/$name"; do
  [ -x "$program" ] || continue
  [ -n "$has" ] && exit
  exec "$program" "$@"
done
echo "$name is not installed: sh scenarios/third-party/servers/install.sh" >&2
exit 127
