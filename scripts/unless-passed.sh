#!/usr/bin/env bash
# Runs a command, unless it has passed with the same files, the same Go and the same Node: unless-passed.sh PATH… -- COMMAND…
# Only what is in git counts: where something under a path has changed since the last commit, the command runs. What has
# passed is known for a month, in the user's cache.
set -euo pipefail
cd "$(dirname "$0")/.."

paths=()
while [ "$1" != -- ]; do
  paths+=("$1")
  shift
done
shift

# Fails where the files are not as in the last commit, or not in git at all.
key() {
  local changed files
  changed=$(git status --porcelain --untracked-files=all -- "${paths[@]}") && [ -z "$changed" ] || return
  files=$(git ls-files --stage -- "${paths[@]}") && [ -n "$files" ] || return
  printf '%s\n' "$*" "$(go version)" "$(node --version)" "$files" | git hash-object --stdin
} 2>/dev/null

passed=${XDG_CACHE_HOME:-$HOME/.cache}/broker-passed
if before=$(key "$@") && [ -e "$passed/$before" ]; then
  echo "Has passed with the same files: $*"
  exit 0
fi
"$@"
if after=$(key "$@") && [ "$after" = "$before" ]; then
  mkdir -p "$passed"
  find "$passed" -type f -mtime +30 -delete
  touch "$passed/$after"
fi
