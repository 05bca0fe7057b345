#!/usr/bin/env bash
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Packs the two programs of a directory for an architecture: deb, rpm and an archive of each program.
#
#   scripts/packages.sh amd64 dist/linux_amd64 dist/packages
#
# The same commit gives the same packages: what is in them is as old as the commit, and belongs to root. VERSION,
# SOURCE_DATE_EPOCH and FORMATS may be set. It needs GNU tar.
set -euo pipefail
arch=$1
binaries=$(cd "$2" && pwd)
mkdir -p "$3"
out=$(cd "$3" && pwd)
cd "$(dirname "$0")/.."

version=${VERSION:-$(scripts/version.sh)}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}

archive() { # archive <program>
  tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
    -cf - -C "$binaries" "$1" -C "$PWD" LICENSE README.md examples testdata/actions.jsonl |
    gzip -n >"$out/$1_${version}_linux_$arch.tar.gz"
}

for format in ${FORMATS:-deb rpm tar.gz}; do
  case $format in
    tar.gz)
      archive otelcol-adobetarget
      archive adobetarget
      ;;
    *)
      ARCH=$arch VERSION=$version BINARIES=$binaries .tools/nfpm package --config packaging/nfpm.yaml --packager "$format" --target "$out/"
      ;;
  esac
done
