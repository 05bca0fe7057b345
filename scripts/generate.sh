#!/usr/bin/env bash
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Writes what mdatagen makes of metadata.yaml; with --check only says what is out of date.
# mdatagen names the package after the folder it runs in, so it works in a copy of the right name.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:-write}
mdatagen=$PWD/.tools/mdatagen
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

copy=$scratch/adobetargetexporter
mkdir "$copy"
for file in go.mod go.sum doc.go metadata.yaml README.md .mdatagen.yaml; do
  if [[ -e $file ]]; then cp "$file" "$copy/"; fi
done
(cd "$copy" && "$mdatagen" metadata.yaml)

generated() { # lists the generated files below a folder
  (cd "$1" && find . \( -path ./dist -o -path ./.tools -o -path ./.git \) -prune -o \
    -type f \( -name 'generated_*' -o -path ./documentation.md -o -path ./README.md \) -print)
}

stale=0
while read -r file; do
  if cmp -s "$file" "$copy/$file"; then continue; fi
  stale=1
  if [[ $mode == --check ]]; then
    diff -u --label "$file" --label "$file, generated" "$file" "$copy/$file" 2>/dev/null || echo "out of date: $file"
  elif [[ -e $copy/$file ]]; then
    mkdir -p "$(dirname "$file")"
    cat "$copy/$file" >"$file"
    echo "wrote $file"
  else
    rm "$file"
    echo "removed $file"
  fi
done < <({ generated .; generated "$copy"; } | sort -u)

if [[ $mode == --check && $stale == 1 ]]; then
  echo "Generated files do not fit metadata.yaml. Run 'make generate'." >&2
  exit 1
fi
