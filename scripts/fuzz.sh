#!/usr/bin/env bash
# Looks for inputs that break what reads the bytes of clients and upstreams: fuzz.sh TIME [WORKERS], for each fuzz target.
# What it finds is written to the testdata folder beside the target, and is a test from then on. With WORKERS it leaves out
# the packages that need a database: to compile all of it for a fuzzer takes two minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
time=$1
workers=${2:-}
failed=0
while IFS=: read -r file target; do
  package=./$(dirname "$file")
  if [[ -n $workers ]] && go list -deps "$package" | grep -qx broker/server/database; then
    continue
  fi
  printf '\n==> %s %s\n' "$package" "$target"
  go test -vet=off -run '^$' -fuzz "^$target\$" -fuzztime "$time" ${workers:+-parallel "$workers"} "$package" || failed=1
done < <(grep -roE '^func Fuzz[A-Za-z]+' --include=*_test.go graph server | sed 's/func //' | sort)
exit $failed
