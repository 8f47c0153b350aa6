#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints the folder that holds PostgreSQL's initdb, pg_ctl and postgres, for tests that start a server of their own.
# Looks where they usually are; as root on Debian or Ubuntu it installs them when they are nowhere. Only the folder goes
# to stdout.
set -euo pipefail

say() { echo "postgres.sh: $*" >&2; }

# complete FOLDER: does it hold all that a test server needs?
complete() {
  [[ -n $1 && -x $1/initdb && -x $1/pg_ctl && -x $1/postgres ]]
}

candidates() {
  if command -v pg_config >/dev/null; then
    pg_config --bindir || true
  fi
  # Debian keeps each major version apart: the highest first.
  printf '%s\n' /usr/lib/postgresql/*/bin | sort --version-sort --reverse
  local found
  if found=$(command -v pg_ctl); then
    dirname "$(readlink -f "$found")"
  fi
}

find_server() {
  local folder
  while read -r folder; do
    if complete "$folder"; then
      echo "$folder"
      return 0
    fi
  done <<<"$(candidates)"
  return 1
}

# install gets Debian's server. Its package would create and start a cluster of its own: both are switched off meanwhile.
install() {
  local policy=/usr/sbin/policy-rc.d conf=/etc/postgresql-common/createcluster.conf undo=""
  say "no PostgreSQL server here: installing Debian's package"
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    undo="$policy"
  fi
  # shellcheck disable=SC2064 # the name is known now
  trap "rm -f $undo" EXIT
  (
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends postgresql-common
    [[ -e $conf ]] && cp -p "$conf" "$conf.handoff"
    echo 'create_main_cluster = false' >>"$conf"
    status=0
    apt-get install -qq -y --no-install-recommends postgresql || status=$?
    if [[ -e $conf.handoff ]]; then mv "$conf.handoff" "$conf"; else rm -f "$conf"; fi
    exit "$status"
  ) </dev/null >&2
}

if [[ -n ${HANDOFF_POSTGRES_BIN:-} ]]; then
  complete "$HANDOFF_POSTGRES_BIN" || {
    say "HANDOFF_POSTGRES_BIN=$HANDOFF_POSTGRES_BIN does not hold initdb, pg_ctl and postgres"
    exit 1
  }
  echo "$HANDOFF_POSTGRES_BIN"
  exit 0
fi

find_server && exit 0

if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
  install # not in a condition: bash would then carry on after a failed command inside
  find_server && exit 0
  say "the package was installed, and still there is no initdb, pg_ctl and postgres in one folder"
  exit 1
fi

say "no PostgreSQL server found. Install one (Debian, Ubuntu: 'apt-get install postgresql'; Fedora: 'dnf install
postgresql-server'; macOS: 'brew install postgresql@17') or set HANDOFF_POSTGRES_BIN to the folder of initdb, pg_ctl and postgres."
exit 1
