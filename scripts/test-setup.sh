#!/usr/bin/env bash
# Installs what the tests need and is missing: on Debian and its kin as root, by apt. Elsewhere it names what is
# missing; the tests that need it are then skipped, unless CI is set, which makes it an error.
set -euo pipefail
cd "$(dirname "$0")/.."

need=()  # Debian packages

# want PACKAGE COMMAND…: the package is needed where the command fails.
want() {
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || need+=("$package")
}

has() { command -v "$1"; }

has_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' || has initdb; }

has_nginx() { has nginx || [ -x /usr/sbin/nginx ]; }

# grep reads all of it: where it stops early, php may die of the broken pipe, and pipefail takes that for an answer.
has_extension() { php -m | grep -ix "$1" >/dev/null; }

# Programs that apt cannot bring in the version that is needed.
own_programs() {
  local missing=0 program
  for program in go node npm; do
    has "$program" >/dev/null || { echo "$program is not installed; README.md says which version" >&2; missing=1; }
  done
  return $missing
}

look() {
  need=()
  want git has git
  want openssh-client has ssh-keygen
  want openssh-server test -x /usr/sbin/sshd
  want curl has curl
  want gcc has gcc               # the race detector links with it
  want libc6-dev test -e /usr/include/stdlib.h
  want postgresql has_postgres
  want redis-server has redis-server
  want php-cli has php
  want php-curl has_extension curl
  want php-zip has_extension zip
  want php-mbstring has_extension mbstring
  want composer has composer
  want unzip has unzip
  want nginx-light has_nginx
  want chromium-headless-shell has chromium-headless-shell
}

# Debian starts the services it installs; the tests start their own.
without_services() {
  local policy=/usr/sbin/policy-rc.d
  [ -e "$policy" ] && return
  trap "rm -f $policy" EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}

# Not ended with us: packages that are half installed have to be mended by hand.
apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq </dev/null &&
    setsid --wait apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@" </dev/null
}

install_missing() {
  echo "installing: $*"
  without_services
  apt_install "$@" && return
  echo 'once more in 10 seconds' >&2
  sleep 10
  apt_install "$@"
}

own_programs
look
if [ ${#need[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && has apt-get >/dev/null; then
  install_missing "${need[@]}"
  look
fi
if [ ${#need[@]} -eq 0 ]; then
  echo 'everything is installed'
  exit 0
fi
echo "missing; on Debian: apt-get install ${need[*]}" >&2
[ -z "${CI:-}" ] || exit 1
echo 'the Go tests that need them are skipped' >&2
