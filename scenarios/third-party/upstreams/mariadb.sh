#!/bin/sh
# A MariaDB for one run, in a folder of its own that goes with it:  sh mariadb.sh PORT [TABLES.sql]
# Anybody on this machine may enter, at mysql://squall:squall@127.0.0.1:PORT/squall.
# A server that was killed finds its data again when the run starts it once more.
set -eu
PATH=$PATH:/usr/sbin:/opt/homebrew/bin
command -v mariadbd >/dev/null || { echo "MariaDB is not installed: on Debian, apt-get install mariadb-server" >&2; exit 127; }

port=${1:?expected a port}
tables=${2:-/dev/null}

# It refuses to run as root.
user=$(id -un)
if [ "$user" = root ]; then
  user=mysql
  id "$user" >/dev/null 2>&1 || user=nobody
fi

folder=${TMPDIR:-/tmp}/squall-mariadb-$port-$(basename "${SQUALL_LEASE:-$$}")
settings=""
if [ ! -d "$folder/data" ]; then
  mkdir -m 700 "$folder"
  {
    echo "CREATE DATABASE squall;"
    echo "CREATE USER squall@'127.0.0.1' IDENTIFIED BY 'squall';"
    echo "GRANT ALL ON squall.* TO squall@'127.0.0.1';"
    echo "USE squall;"
    cat "$tables"
  } >"$folder/tables.sql"
  [ "$(id -u)" != 0 ] || chown -R "$user" "$folder"
  mariadb-install-db --no-defaults --user="$user" --datadir="$folder/data" --skip-test-db \
    --auth-root-authentication-method=normal >/dev/null 2>&1
  settings="--init-file=$folder/tables.sql"
fi

leave() {
  kill -TERM "$server" 2>/dev/null || true
  wait "$server" || true
  rm -rf "$folder"
}
# Names are not looked up, so that it knows its guests by the address alone.
mariadbd --no-defaults --user="$user" --datadir="$folder/data" --socket="$folder/socket" --pid-file="$folder/pid" \
  --port="$port" --bind-address=127.0.0.1 --skip-name-resolve --innodb-flush-log-at-trx-commit=0 $settings &
server=$!
trap leave EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
wait "$server"
