#!/bin/sh
# Installs the servers of others that the scenarios beside this folder are about, each at the version that is written
# here, into ~/.cache/squall-third-party or where SQUALL_THIRD_PARTY says. Needed once:  sh servers/install.sh
set -eu
home=${SQUALL_THIRD_PARTY:-${XDG_CACHE_HOME:-$HOME/.cache}/squall-third-party}
mkdir -p "$home"

# What is optional to dbhub are drivers of databases and clouds; pg and mysql2 are those that are needed.
npm install --prefix "$home" --omit=optional --ignore-scripts --no-audit --no-fund --no-save --loglevel=error \
  @bytebase/dbhub@1.4.0 pg@8.23.1 mysql2@3.24.6 \
  @modelcontextprotocol/server-everything@2026.8.31 \
  @modelcontextprotocol/server-filesystem@2026.8.31 \
  @modelcontextprotocol/server-memory@2026.8.31 \
  @modelcontextprotocol/server-postgres@0.6.2 \
  @modelcontextprotocol/server-redis@2025.4.25 \
  enhanced-postgres-mcp-server@1.0.1

if command -v python3 >/dev/null; then
  # One folder each: they do not agree on the versions of what they need.
  for server in mcp-email-server==1.13.3 mcp-server-time==2026.10.19 redis-mcp-server==0.5.1; do
    venv=$home/python/${server%%=*}
    [ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$server"
  done
else
  echo "there is no python3: the Python servers are left out" >&2
fi

if command -v go >/dev/null; then
  GOBIN="$home/go" CGO_ENABLED=0 GOFLAGS=-modcacherw \
    go install github.com/modelcontextprotocol/go-sdk/examples/server/everything@v1.2.0
else
  echo "there is no go: the Go server is left out" >&2
fi
