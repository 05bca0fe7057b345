#!/usr/bin/env bash
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Says which files lack the two-line licence header; with --add writes it.
set -euo pipefail
cd "$(dirname "$0")/.."

missing() {
  git ls-files --cached --others --exclude-standard -- '*.go' '*.sh' '*.yaml' '*.yml' Makefile .ci/run |
    while read -r file; do
      if [[ ! -f $file ]] || head -n 3 "$file" | grep -q '^// Code generated .* DO NOT EDIT\.$'; then continue; fi
      if ! head -n 4 "$file" | grep -A1 -E '^(//|#) Copyright The adobetargetexporter Authors$' |
        grep -q -E '^(//|#) SPDX-License-Identifier: Apache-2\.0$'; then
        echo "$file"
      fi
    done
}

files=$(missing)
if [[ -z $files ]]; then exit 0; fi
if [[ ${1:-} == --add ]]; then
  xargs .tools/addlicense -c 'The adobetargetexporter Authors' -s=only -y '' <<<"$files"
else
  printf 'Without licence header:\n%s\nRun "make license-add".\n' "$files" >&2
  exit 1
fi
