#!/bin/sh
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Gets commands that the tests need and that Go does not bring, from Debian's or Ubuntu's packages:
#
#   scripts/debian.sh promtool
#
# What is there already is left alone. A command is taken out of its package into .tools/, which needs no rights and starts
# no server: to install prometheus would listen on :9090. Where there is no apt, it says what to install. It is written for
# any sh, for macOS has an old bash.
set -eu

tools=$(cd "$(dirname "$0")/.." && pwd)/.tools

# take <package> <file in it>
take() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  echo "taking ${2##*/} out of Debian's package $1"
  dir=$(mktemp -d)
  # apt's own user reads nothing of a directory of mktemp.
  if download "$1" "$dir" && mkdir -p "$tools" && dpkg-deb --fsys-tarfile "$dir"/*.deb | tar -xf - -C "$dir" "./$2"; then
    mv "$dir/$2" "$tools/"
    rm -rf "$dir"
    return
  fi
  rm -rf "$dir"
  return 1
}

# download <package> <directory>, with the lists of packages renewed where that is needed and allowed
download() (
  cd "$2"
  apt-get -qq -o APT::Sandbox::User= download "$1" 2>/dev/null && exit
  [ "$(id -u)" = 0 ] && apt-get -qq update && apt-get -qq -o APT::Sandbox::User= download "$1"
)

failed=0
for command in "$@"; do
  case $command in
    promtool) package=prometheus file=usr/bin/promtool elsewhere='https://prometheus.io/download, or "brew install prometheus"' ;;
    *)
      echo "scripts/debian.sh: $command is unknown, it knows promtool" >&2
      exit 2
      ;;
  esac
  if command -v "$command" >/dev/null || [ -x "$tools/$command" ]; then continue; fi
  take "$package" "$file" && continue
  echo "$command is missing, and the tests need it: install Debian's package $package, or see $elsewhere" >&2
  failed=1
done
exit "$failed"
