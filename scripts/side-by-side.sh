#!/usr/bin/env bash
# Runs commands at the same time and prints what each says when it has ended, whole: side-by-side.sh COMMAND… It fails
# when one of them does.
set -uo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
pids=()
TIMEFORMAT='(%lR; of processors: %lU, and %lS for the system)'
for command in "$@"; do
  (time bash -c "$command") >"$folder/${#pids[@]}" 2>&1 &
  pids+=($!)
done
failed=0
for i in "${!pids[@]}"; do
  wait "${pids[$i]}" || failed=1
  cat "$folder/$i"
done
exit $failed
