#!/usr/bin/env bash
# Looks for inputs that break what reads the bytes of clients and upstreams: fuzz.sh TIME [WORKERS], for each fuzz target.
# What it finds is written to the testdata folder beside the target, and is a test from then on. With WORKERS it leaves out
# the packages that need a database: to compile all of it for a fuzzer takes two minutes. Only few tries go into making an
# input smaller: by default that takes a minute for each input that reaches a new line, and nearly all of a short time.
set -euo pipefail
cd "$(dirname "$0")/.."
time=$1
workers=${2:-}
failed=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT
while IFS=: read -r file target; do
  package=./$(dirname "$file")
  if [[ -n $workers ]] && go list -deps "$package" | grep -qx broker/server/database; then
    continue
  fi
  printf '\n==> %s %s\n' "$package" "$target"
  if go test -vet=off -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 100x ${workers:+-parallel "$workers"} "$package" 2>&1 | tee "$output"; then
    continue
  fi
  # Go calls it a failure when its own time ends while it makes an interesting input smaller: that found nothing.
  if grep -q '^    context deadline exceeded$' "$output" && ! grep -qE 'Failing input written|panic:|hung or terminated' "$output"; then
    echo "the time was up while an input was made smaller: no failure"
  else
    failed=1
  fi
done < <(grep -roE '^func Fuzz[A-Za-z]+' --include=*_test.go graph server | sed 's/func //' | sort)
exit $failed
