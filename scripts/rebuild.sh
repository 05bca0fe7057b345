#!/usr/bin/env bash
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds the packages of this commit in another folder, and compares them byte for byte with those in dist/packages/. It
# finds what depends on the place or the time of a build, and what was built of files that are not committed.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! git diff --quiet HEAD; then
  echo 'scripts/rebuild.sh: commit your changes first, for only a commit can be built again' >&2
  exit 1
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
git clone --quiet --no-local . "$scratch/again"
ln -s "$PWD/.tools" "$scratch/again/.tools"
touch -d @0 "$scratch"/again/internal/tools/go.{mod,sum} # the tools are built
make -C "$scratch/again" packages >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }

status=0
for file in dist/packages/*; do
  cmp "$file" "$scratch/again/$file" || status=1
done
if [[ $status == 0 ]]; then echo "$(find dist/packages -type f | wc -l) files are the same when they are built again."; fi
exit $status
