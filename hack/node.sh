#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints the folder that holds node and npm, for tests that have the vendors' own JavaScript clients drive the fakes of CRMs. As root on Debian or
# Ubuntu it installs them when they are nowhere. Only the folder goes to stdout.
set -euo pipefail

say() { echo "node.sh: $*" >&2; }

# complete FOLDER: does it hold both, and is node young enough for what the clients need (fetch, WebStreams)?
complete() {
  [[ -n $1 && -x $1/node && -x $1/npm ]] || return 1
  local major
  major=$("$1/node" --version | sed -E 's/^v([0-9]+).*/\1/')
  [[ $major -ge 20 ]]
}

find_node() {
  local found
  found=$(command -v node) || return 1
  for folder in "$(dirname "$found")" "$(dirname "$(readlink -f "$found")")"; do
    if complete "$folder"; then
      echo "$folder"
      return 0
    fi
  done
  return 1
}

if [[ -n ${HANDOFF_NODE_BIN:-} ]]; then
  complete "$HANDOFF_NODE_BIN" || {
    say "HANDOFF_NODE_BIN=$HANDOFF_NODE_BIN does not hold npm and node of version 20 or later"
    exit 1
  }
  echo "$HANDOFF_NODE_BIN"
  exit 0
fi

find_node && exit 0

if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
  say "no node of version 20 or later with npm here: installing Debian's packages"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -qq -y --no-install-recommends nodejs npm; } </dev/null >&2
  find_node && exit 0
  say "the packages were installed, and still there is no node of version 20 or later with npm in one folder"
  exit 1
fi

say "no node of version 20 or later with npm found. Install them (Debian 13: 'apt-get install nodejs npm'; macOS: 'brew install node') or set
HANDOFF_NODE_BIN to the folder of node and npm. Tests that need them are left out with HANDOFF_SKIP_CLIENTS=1."
exit 1
