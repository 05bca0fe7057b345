#!/usr/bin/env bash
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Makes go.newest.mod and go.newest.sum: go.mod with the newest Collector in place of the one we build against.
# With --check only says whether they are out of date.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly core=go.opentelemetry.io/collector contrib=github.com/open-telemetry/opentelemetry-collector-contrib
readonly beta=v0.165.0 stable=v1.71.0 collection=v0.165.1

newest() { # prints the newest version of a module, or nothing when it stays as it is
  case "$1 $2" in
    "$core/config/confighttp "*) echo $stable ;; # v0 until v0.161.0
    "$core/"*" v0."*) echo $beta ;;
    "$core/"*" v1."*) echo $stable ;;
    "$contrib/pkg/ottl "*) echo v1.4.0 ;;
    "$contrib/extension/storage/filestorage "*) echo $collection ;;
  esac
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mod=$scratch/go.newest.mod sum=$scratch/go.newest.sum
cp go.mod "$mod"
cp go.sum "$sum"

while read -r module version; do
  wanted=$(newest "$module" "$version")
  if [[ -n $wanted ]]; then go mod edit -require="$module@$wanted" "$mod"; fi
done < <(awk '$1 == "require" && $2 == "(" { inside = 1; next } $1 == ")" { inside = 0 }
  $0 ~ "// indirect" { next } inside { print $1, $2 } !inside && $1 == "require" { print $2, $3 }' go.mod)
go mod tidy -modfile="$mod"

if [[ ${1:-} == --check ]]; then
  if ! diff -u go.newest.mod "$mod" || ! cmp go.newest.sum "$sum"; then
    echo "go.newest.mod does not fit go.mod. Run 'make tidy'." >&2
    exit 1
  fi
else
  cp "$mod" "$sum" .
fi
