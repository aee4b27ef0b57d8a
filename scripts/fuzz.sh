#!/usr/bin/env bash
# Looks for inputs that break what reads the bytes of clients and upstreams: fuzz.sh TIME, for each fuzz target. What it
# finds is written to the testdata folder beside the target, and is a test from then on.
set -euo pipefail
cd "$(dirname "$0")/.."
time=$1
failed=0
while IFS=: read -r file target; do
  package=./$(dirname "$file")
  printf '\n==> %s %s\n' "$package" "$target"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package" || failed=1
done < <(grep -roE '^func Fuzz[A-Za-z]+' --include=*_test.go graph server | sed 's/func //')
exit $failed
