#!/usr/bin/env bash
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs every fuzz function for FUZZTIME (default 10s), one after the other.
set -euo pipefail
cd "$(dirname "$0")/.."

found=0
while IFS=: read -r file line; do
  name=$(sed -E 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/' <<<"$line")
  found=$((found + 1))
  echo "== $name in $(dirname "$file")"
  (cd "$(dirname "$file")" && go test -run='^$' -fuzz="^$name\$" -fuzztime="${FUZZTIME:-10s}" .)
done < <(git grep --untracked -E '^func Fuzz[A-Za-z0-9_]*\(' -- '*_test.go')
echo "$found fuzz functions ran."
