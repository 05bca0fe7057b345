#!/usr/bin/env bash
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Installs commands that the tests need and that Go does not bring, from Debian's or Ubuntu's packages:
#
#   scripts/debian.sh promtool chromium
#
# What is there already is left alone. Where apt is not to be had, or may not be used, it says what to install.
set -euo pipefail

declare -A package=(
  [promtool]=prometheus
  [chromium]=chromium
)
declare -A source=(
  [promtool]='https://prometheus.io/download, or "brew install prometheus"'
  [chromium]='https://www.google.com/chrome, and set CHROME to its path where it is not on the PATH'
)
# What does as well.
declare -A instead=(
  [chromium]="chromium-browser google-chrome ${CHROME:-}"
)

has() { # has <command>
  local command
  for command in "$1" ${instead[$1]:-}; do
    if command -v "$command" >/dev/null; then return 0; fi
  done
  return 1
}

missing=()
for command in "$@"; do
  if [[ -z ${package[$command]:-} ]]; then
    echo "scripts/debian.sh: $command is unknown, it knows ${!package[*]}" >&2
    exit 2
  fi
  has "$command" || missing+=("$command")
done
[[ ${#missing[@]} == 0 ]] && exit

root=()
if [[ $(id -u) != 0 ]]; then root=(sudo -n); fi
if command -v apt-get >/dev/null && "${root[@]}" true 2>/dev/null; then
  packages=()
  for command in "${missing[@]}"; do packages+=("${package[$command]}"); done
  echo "installing ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  install=("${root[@]}" apt-get install -y -q --no-install-recommends "${packages[@]}")
  "${install[@]}" >/dev/null || { "${root[@]}" apt-get update -q >/dev/null && "${install[@]}" >/dev/null; }
  exit
fi

for command in "${missing[@]}"; do
  echo "$command is missing, and the tests need it: install Debian's package ${package[$command]}, or see ${source[$command]}" >&2
done
exit 1
