#!/bin/sh
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# dpkg says "remove", rpm 0; at an upgrade they say something else, and the service runs on.
set -e

case "$1" in
  remove | 0)
    # A unit that somebody has deleted must not keep the package from being removed.
    if [ -d /run/systemd/system ]; then systemctl stop otelcol-adobetarget.service || :; fi
    if command -v systemctl >/dev/null; then systemctl disable otelcol-adobetarget.service || :; fi
    ;;
esac
