#!/usr/bin/env bash
# Runs go test: go-test.sh FLAG… -- PACKAGE…. A busy machine may be slow once; what fails twice is broken: up to three tests
# that failed are run again, one at a time, and named when they passed. Data races, panics and what does not compile are
# errors at once.
set -euo pipefail

flags=()
while [ "$1" != -- ]; do
  flags+=("$1")
  shift
done
shift

said=$(mktemp)
trap 'rm -f "$said"' EXIT
go test "${flags[@]}" "$@" 2>&1 | tee "$said" && exit 0
if grep -qE '^(WARNING: DATA RACE|panic:|fatal error:)|^FAIL.*\[(build|setup) failed\]' "$said"; then exit 1; fi

# Lines of a package and its failed tests: what go test prints of a package ends with its verdict.
failed=$(awk -F '\t' '
  /^--- FAIL: / { split($0, word, " "); tests = tests (tests ? "|" : "") word[3]; number++ }
  /^(ok  |FAIL|---)\t/ && $2 {
    if ($1 == "FAIL") { if (!tests) number = 99; print $2 "\t^(" tests ")$" }
    tests = ""
  }
  END { exit number == 0 || number > 3 }' "$said") || exit 1

while IFS=$'\t' read -r package tests; do
  printf '\nonce more: %s of %s\n' "$tests" "$package"
  go test "${flags[@]}" -count 1 -p 1 -parallel 1 -run "$tests" "$package" </dev/null
done <<<"$failed"
printf '\nfailed while others ran, and passed alone:\n%s\n' "$failed"
