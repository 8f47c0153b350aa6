#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# verify-generated.sh MAKE PATH... : runs `MAKE generate` in place and fails if that changed, added or removed anything
# below the paths. It compares with the files as they were a moment ago, not with the last commit, so that work in
# progress does not count as stale.
set -euo pipefail

make=$1
shift

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT

# keep PATH... : a copy of what exists, under its own path.
keep() {
  local path
  for path in "$@"; do
    [[ -e $path ]] && cp -a --parents "$path" "$before/"
  done
  return 0
}

keep "$@"
"$make" --no-print-directory generate

stale=0
for path in "$@"; do
  [[ -e $before/$path || -e $path ]] || continue
  diff -ruN "$before/$path" "$path" 2>/dev/null || stale=1
done

if ((stale)); then
  echo "Generated files were stale: they are written anew now; look at them and commit them." >&2
  exit 1
fi
