#!/usr/bin/env bash
# Runs a command with DEV_POSTGRES_URL naming an empty database of a PostgreSQL that lives as long as the command:
# with-postgres.sh COMMAND… A DEV_POSTGRES_URL that is set already is used as it is.
set -euo pipefail

[ -n "${DEV_POSTGRES_URL:-}" ] && exec "$@"

# The newest one; Debian keeps them off the PATH.
bin=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -1) || bin=$(dirname "$(command -v initdb || true)")
[ -x "$bin/initdb" ] || { echo 'PostgreSQL is not installed; on Debian: apt-get install postgresql' >&2; exit 1; }

folder=$(mktemp -d)
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

server initdb --no-sync --auth=trust --username=postgres --encoding=UTF8 -D "$folder/data" >/dev/null
server pg_ctl start -w -D "$folder/data" -l "$folder/log" \
  -o "-c listen_addresses= -c unix_socket_directories=$folder -c fsync=off" >/dev/null
DEV_POSTGRES_URL="postgres://postgres@/postgres?host=$folder&sslmode=disable" "$@"
