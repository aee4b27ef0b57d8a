#!/usr/bin/env bash
# Fails when a document's configuration table and a program's settings are not the same:
# check-settings.sh PROGRAM DOCUMENT
set -euo pipefail

has=$(env -i "$1" config | grep -oE '^BROKER_[A-Z_]+' | sort)
says=$(grep -E '^\| `BROKER_' "$2" | cut -d'|' -f2 | grep -oE 'BROKER_[A-Z_]+' | sort)
if ! diff <(echo "$has") <(echo "$says"); then
  echo "$2 (>) does not name the settings of $1 (<)" >&2
  exit 1
fi
echo "$2 names all $(wc -l <<<"$has") settings."
