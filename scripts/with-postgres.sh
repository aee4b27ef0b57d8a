#!/usr/bin/env bash
# Runs a command beside a PostgreSQL that lives as long as the command: with-postgres.sh COMMAND… DEV_POSTGRES_URL and
# TEST_POSTGRES_URL name its database postgres, as its superuser; one that is set already is used as it is. In the folder
# TEST_RUN_FOLDER, which lives as long, test programs leave each other what all of them need.
set -euo pipefail

given=${TEST_POSTGRES_URL:-${DEV_POSTGRES_URL:-}}
if [ -n "$given" ]; then
  DEV_POSTGRES_URL=$given TEST_POSTGRES_URL=$given exec "$@"
fi

# The newest one; Debian keeps them off the PATH.
bin=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -1) || bin=$(dirname "$(command -v initdb || true)")
[ -x "$bin/initdb" ] || { echo 'PostgreSQL is not installed; on Debian: apt-get install postgresql' >&2; exit 1; }

# In memory where there is plenty of it: what hundreds of databases write then goes to no disk, and is gone at once.
enough() { # GiB of memory
  local free room
  free=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo) && room=$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }') || return
  [ "${free:-0}" -ge $(($1 << 20)) ] && [ "${room:-0}" -ge $(($1 << 20)) ]
} 2>/dev/null
if enough 14; then parent=/dev/shm; fi
folder=$(mktemp -d -p "${parent:-${TMPDIR:-/tmp}}")
as=()
if [ "$(id -u)" = 0 ]; then # as whom PostgreSQL refuses to run
  as=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
  chown nobody "$folder"
fi
server() { (cd "$folder" && "${as[@]}" "$bin/$@"); }
finish() {
  server pg_ctl stop -D "$folder/data" -m immediate >/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

server initdb --no-sync --auth=trust --username=postgres --encoding=UTF8 --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US -D "$folder/data" >/dev/null
for try in 1 2 3 4 5; do # on a port that nobody else has
  port=$((20000 + RANDOM % 10000))
  server pg_ctl start -w -D "$folder/data" -l "$folder/log" -o "-p $port -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories= -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off -c max_connections=1000" >/dev/null && break
  [ "$try" != 5 ] || { cat "$folder/log" >&2; exit 1; }
done
url="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
mkdir "$folder/run"
DEV_POSTGRES_URL=$url TEST_POSTGRES_URL=$url TEST_RUN_FOLDER=$folder/run "$@"
