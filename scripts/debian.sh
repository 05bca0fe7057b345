#!/bin/sh
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Gets programs that the tests need and that Go does not bring, from Debian's or Ubuntu's packages:
#
#   scripts/debian.sh promtool chromium
#
# What is there already is left alone. promtool is taken out of its package into .tools/, which needs no rights and starts
# no server: to install prometheus would listen on :9090. chromium, rpm and systemd need all that they depend on, and so
# root to install them.
# redis-server starts none either: its program is in redis-tools under another name, and does what it is called.
# Where there is no apt, it says what to install. It is written for any sh, for macOS has an old bash.
set -eu

tools=$(cd "$(dirname "$0")/.." && pwd)/.tools

# there <program>...: any of them is
there() {
  for one in "$@"; do
    if command -v "$one" >/dev/null || [ -x "$tools/$one" ]; then return 0; fi
  done
  return 1
}

# take <package> <file in it>
take() {
  there apt-get && there dpkg-deb || return 1
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

# install <package>, with the lists of packages renewed where that is needed
install() {
  there apt-get && [ "$(id -u)" = 0 ] || return 1
  echo "installing Debian's package $1"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq install -y --no-install-recommends "$1" >/dev/null 2>&1 && return
  apt-get -qq update && apt-get -qq install -y --no-install-recommends "$1" >/dev/null
}

# link <program> <name>: .tools has the program by that name
link() {
  path=$(command -v "$1") && mkdir -p "$tools" && ln -sf "$path" "$tools/$2"
}

failed=0
for program in "$@"; do
  case $program in
    promtool)
      there promtool || take prometheus usr/bin/promtool && continue
      package=prometheus elsewhere='https://prometheus.io/download, or "brew install prometheus"'
      ;;
    chromium)
      there chromium chromium-browser google-chrome "${CHROME:-chromium}" || install chromium && continue
      package=chromium elsewhere='https://www.google.com/chrome, and set CHROME to its path where it is not on the PATH'
      ;;
    redis-server)
      there redis-server || link redis-check-rdb redis-server || { install redis-tools && link redis-check-rdb redis-server; } && continue
      package=redis-tools elsewhere='https://redis.io/docs/latest/operate/oss_and_stack/install, or "brew install redis"'
      ;;
    rpm)
      there rpm || install rpm && continue
      package=rpm elsewhere=https://rpm.org
      ;;
    systemd)
      there systemd-analyze || install systemd && continue
      package=systemd elsewhere=https://systemd.io
      ;;
    *)
      echo "scripts/debian.sh: $program is unknown, it knows promtool, chromium, redis-server, rpm and systemd" >&2
      exit 2
      ;;
  esac
  echo "$program is missing, and the tests need it: install Debian's package $package, or see $elsewhere" >&2
  failed=1
done
exit "$failed"
