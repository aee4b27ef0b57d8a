#!/usr/bin/env bash
# Fails when a generated file differs from what git has, or is not in git: check-generated.sh PATH…
set -euo pipefail
cd "$(dirname "$0")/.."

changed=$(git status --porcelain --untracked-files=all -- "$@")
[ -z "$changed" ] && { echo 'Generated code is up to date.'; exit 0; }
{
  echo 'Generated code differs from what is in git. Run make generate and commit:'
  echo "$changed"
  git --no-pager diff --stat -- "$@"
} >&2
exit 1
