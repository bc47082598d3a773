#!/bin/sh
# server-filesystem with one folder for all its processes of one run. What is in it:  sh files.sh list
set -eu
folder="${TMPDIR:-/tmp}/squall-files-$(basename "${SQUALL_LEASE:-$$}")"
mkdir -p "$folder"
if [ "${1:-}" = list ]; then
  exec ls "$folder"
fi
exec sh "$(dirname "$0")/start.sh" mcp-server-filesystem "$folder"
