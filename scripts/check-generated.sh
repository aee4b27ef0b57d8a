#!/usr/bin/env bash
# Regenerates the code of the last commit, in a clone of it, and fails when that changes a file or leaves one that is not in
# git: check-generated.sh PATH… The clone is so that nothing reads a file that is being written.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -z "$(git status --porcelain)" ] || echo 'Only the last commit is checked, not what has changed since.'
clone=$(mktemp -d)
trap 'rm -rf "$clone"' EXIT
git clone -q --shared . "$clone"
ln -s "$PWD/frontend/node_modules" "$clone/frontend/node_modules"
cd "$clone"
make --no-print-directory --old-file frontend/node_modules/.package-lock.json generate
changed=$(git status --porcelain --untracked-files=all -- "$@")
[ -z "$changed" ] && { echo 'Generated code is up to date.'; exit 0; }
{
  echo 'Generated code differs from what is in git. Run make generate and commit:'
  echo "$changed"
  git --no-pager diff --stat -- "$@"
} >&2
exit 1
