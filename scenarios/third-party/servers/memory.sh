#!/bin/sh
# server-memory with one file for all its processes of one run.
set -eu
export MEMORY_FILE_PATH="${TMPDIR:-/tmp}/squall-memory-$(basename "${SQUALL_LEASE:-$$}").jsonl"
exec sh "$(dirname "$0")/start.sh" mcp-server-memory
