#!/bin/sh
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# dpkg says "configure", and at an upgrade the version before; rpm says 1, and 2 at an upgrade.
set -e

if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl try-restart otelcol-adobetarget.service || : # why it does not start is in its log
fi

if [ "$1 $2" = 'configure ' ] || [ "$1" = 1 ]; then
  cat <<'TEXT'
otelcol-adobetarget is installed, and does not run yet. Set TARGET_CLIENT_CODE in
/etc/otelcol-adobetarget/otelcol-adobetarget.conf, write /etc/otelcol-adobetarget/config.yaml, then
  systemctl enable --now otelcol-adobetarget
TEXT
fi
