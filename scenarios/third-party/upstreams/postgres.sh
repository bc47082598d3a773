#!/bin/sh
# A PostgreSQL for one run, in a folder of its own that goes with it:  sh postgres.sh PORT [TABLES.sql]
# Anybody on this machine may enter, at postgres://squall@127.0.0.1:PORT/postgres.
# TABLES.sql has one statement a line. A server that was killed finds its data again when the run starts it once more.
set -eu
for bin in "$(dirname "$(command -v initdb || echo /)")" /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin; do
  [ -x "$bin/initdb" ] && break
done
[ -x "$bin/initdb" ] || { echo "PostgreSQL is not installed: on Debian, apt-get install postgresql" >&2; exit 127; }

port=${1:?expected a port}
tables=$(realpath "${2:-/dev/null}")

# It refuses to run as root.
as=""
if [ "$(id -u)" = 0 ]; then
  user=postgres
  id "$user" >/dev/null 2>&1 || user=nobody
  as="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups"
fi

folder=${TMPDIR:-/tmp}/squall-postgres-$port-$(basename "${SQUALL_LEASE:-$$}")
if [ ! -d "$folder/data" ]; then
  mkdir -m 700 "$folder"
  [ -z "$as" ] || chown "$user" "$folder"
  cd "$folder"
  $as "$bin/initdb" --pgdata="$folder/data" --username=squall --auth=trust --no-sync --locale=C --encoding=UTF8 >/dev/null
  $as "$bin/postgres" --single -D "$folder/data" postgres <"$tables" >/dev/null
fi

leave() {
  # SIGTERM lets it wait for its clients; this does not.
  kill -INT "$server" 2>/dev/null || true
  wait "$server" || true
  rm -rf "$folder"
}
cd "$folder"
$as "$bin/postgres" -D "$folder/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
  -c fsync=off -c dynamic_shared_memory_type=mmap &
server=$!
trap leave EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
wait "$server"
