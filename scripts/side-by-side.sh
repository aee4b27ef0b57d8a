#!/usr/bin/env bash
# Runs commands at the same time and prints what each says when it has ended, whole: side-by-side.sh COMMAND… Where one
# fails, it ends the others with all that they started, and prints what the failed one said last.
set -muo pipefail # -m: a command and what it starts are a group of processes

folder=$(mktemp -d)
declare -A said=() # what the commands that run say is in these files, by their groups
TIMEFORMAT='(%lR; of processors: %lU, and %lS for the system)'

signal() { # NAME: to all that runs; fails when nothing does
  local group reached=1
  for group in "${!said[@]}"; do
    kill -s "$1" -- "-$group" && reached=0
  done
  return $reached
}

# Ends all that runs; ten seconds are for PostgreSQL, browsers and what else is ended in order.
stop() {
  signal TERM
  for _ in {1..100}; do
    signal 0 || return
    sleep 0.1
  done
  signal KILL
} 2>/dev/null # what the shell says of each that was ended

trap 'stop; rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
for command in "$@"; do
  (time bash -c "$command") >"$folder/${#said[@]}" 2>&1 </dev/null &
  said[$!]=$folder/${#said[@]}
done
while [ ${#said[@]} -gt 0 ]; do
  wait -n -p ended "${!said[@]}" || failed=${said[$ended]}
  [ -z "${failed:-}" ] || break
  cat "${said[$ended]}"
  unset "said[$ended]"
done
[ -n "${failed:-}" ] || exit 0
stop
for output in "${said[@]}"; do
  [ "$output" = "$failed" ] || { cat "$output"; echo '(ended, as another one failed)'; }
done
cat "$failed"
exit 1
