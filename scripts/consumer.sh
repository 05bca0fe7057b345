#!/usr/bin/env bash
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Says what those who require the exporter download for nothing: modules that only our own tests bring. `go mod tidy`
# reads the tests of what a program imports, so they are in everybody's go.sum. What the exporter itself imports is
# left out of it by tidying a program that imports just that.
set -euo pipefail
cd "$(dirname "$0")/.."

# What the tests beside the exporter may bring: the storage it is used with, and what judges YAML as editors do.
# Tests that need more belong to the module test/, which nobody requires.
readonly may='github.com/google/jsonschema-go
github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage'

exporter=$(go list -m)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# modules <name> <go mod edit flags>...: those with sources in the go.sum of a program that imports what it reads
modules() {
  local program=$scratch/$1
  shift
  mkdir "$program"
  { echo 'package main'; sed 's/.*/import _ "&"/'; echo 'func main() {}'; } >"$program/main.go"
  cp go.mod go.sum "$program/"
  go -C "$program" mod edit -module example.com/program "$@"
  go -C "$program" mod tidy
  awk '$2 !~ "/go.mod$" { print $1 }' "$program/go.sum" | sort -u
}

imports=$(go list -deps -f '{{with .Module}}{{if .Main}}{{join $.Imports "\n"}}{{end}}{{end}}' . |
  grep -E '^[^/]+\.' | grep -v "^$exporter/" | sort -u)
modules imports <<<"$imports" >"$scratch/imported"
modules exporter -require="$exporter@v0.0.0" -replace="$exporter=$PWD" <<<"$exporter" >"$scratch/all"
ours=$(comm -13 "$scratch/imported" "$scratch/all")

if ! diff -u --label 'what they may bring' <(echo "$may") --label 'what they bring' <(echo "$ours"); then
  echo 'The tests of the exporter bring other modules to those who require it than scripts/consumer.sh says.' >&2
  exit 1
fi
echo "Who requires the exporter gets $(wc -l <"$scratch/all") modules, $(wc -l <<<"$ours") of them for its tests alone."
