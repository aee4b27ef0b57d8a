#!/usr/bin/env bash
# Looks for inputs that break what reads the bytes of clients and upstreams: fuzz.sh TIME [WORKERS], for each fuzz target.
# What it finds is written to the testdata folder beside the target, and is a test from then on. With WORKERS, it is not led
# by which lines an input reaches: to compile everything for that takes longer than a short try.
# Only few tries go into making an input smaller: by default that takes a minute for each input that reaches a new line, and
# nearly all of a short time.
set -euo pipefail
cd "$(dirname "$0")/.."
time=$1
workers=${2:-}
failed=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

run() { # the package's folder, the target
  local short=(-fuzz "^$2\$" -fuzztime "$time" -fuzzminimizetime 100x ${workers:+-parallel "$workers"})
  if [[ -z $workers ]]; then
    go test -vet=off -run '^$' "${short[@]}" "./$1"
    return
  fi
  local binary=$folder/${1//\//-}.test
  [[ -x $binary ]] || go test -vet=off -c -o "$binary" "./$1"
  (cd "$1" && "$binary" -test.run '^$' -test.fuzzcachedir "$folder/cache" "${short[@]/#-/-test.}")
}

while IFS=: read -r file target; do
  package=$(dirname "$file")
  printf '\n==> ./%s %s\n' "$package" "$target"
  if run "$package" "$target" >"$folder/output" 2>&1; then
    cat "$folder/output"
  # Go calls it a failure when its own time ends while it makes an interesting input smaller: that found nothing.
  elif grep -q '^    context deadline exceeded$' "$folder/output" && ! grep -qE 'Failing input written|failing input|panic:|hung or terminated' "$folder/output"; then
    grep '^fuzz: ' "$folder/output"
    echo 'the time was up while an input was made smaller: no failure'
  else
    cat "$folder/output"
    failed=1
  fi
done < <(grep -roE '^func Fuzz[A-Za-z0-9_]+' --include=*_test.go graph server | sed 's/func //' | sort)
exit $failed
