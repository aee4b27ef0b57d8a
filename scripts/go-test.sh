#!/usr/bin/env bash
# Runs go test: go-test.sh FLAG… -- PACKAGE…. A busy machine may be slow once; what fails twice is broken: up to three tests
# that failed are run again, one at a time, and named when they passed. Anything else that fails is an error at once: data
# races, panics, programs that die, what does not compile, and what go test says nothing of. Results that go has kept are
# run again when the programs changed that the tests start.
set -euo pipefail

flags=()
while [ "$1" != -- ]; do
  flags+=("$1")
  shift
done
shift

export TEST_CHANCE=${TEST_CHANCE:-$RANDOM} # what tests leave to chance is the same the second time
TEST_PROGRAMS=$(PATH=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -1):$PATH:/usr/sbin
for program in git ssh sshd ssh-keygen redis-server php composer unzip nginx postgres; do
  command -v "$program" | xargs -r ls -lL || true
done | cksum)
export TEST_PROGRAMS
said=$(mktemp)
trap 'rm -f "$said"' EXIT
status=0
go test "${flags[@]}" "$@" 2>&1 | tee "$said" || status=${PIPESTATUS[0]}
[ "$status" != 0 ] || exit 0
[ "$status" = 1 ] || exit "$status"
if grep -qE '(WARNING: DATA RACE|panic: |fatal error: |signal: |\*\*\* Test killed|SIG[A-Z]+: )|\[(build|setup) failed\]' "$said"; then exit 1; fi

# Lines of a package and its tests that failed. What go test prints of a package ends with its verdict; the test program's
# own is the line before, where it came to its end.
failed=$(awk -v packages="$(go list "$@" | wc -l)" '
  /--- FAIL: Test/ && !/^ / { sub(/.*--- FAIL: /, ""); sub(/ .*/, ""); tests = tests (tests ? "|" : "") $0; number++ }
  /^(ok  |FAIL|\?   )\t/ {
    split($0, column, "\t")
    verdicts++
    if (/^FAIL/) { if (!tests || before != "FAIL") wrong = 1; print column[2] "\t^(" tests ")$" }
    tests = ""
  }
  { before = $0 }
  END { exit wrong || number > 3 || verdicts != packages }' "$said") || exit 1

while IFS=$'\t' read -r package tests; do
  printf '\nonce more: %s of %s\n' "$tests" "$package"
  go test "${flags[@]}" -count 1 -p 1 -parallel 1 -run "$tests" "$package" </dev/null
done <<<"$failed"
printf '\nfailed while others ran, and passed alone:\n%s\n' "$failed"
