#!/bin/sh
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# What waits for Target stays when the package is removed. dpkg's "purge" takes it away, and the token with it. The user
# stays, or a later one could get its number and with it what is left of its files.
set -e

if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
if [ "$1" = purge ]; then
  rm -f /etc/otelcol-adobetarget/token
  state=/var/lib/otelcol-adobetarget
  if [ -d $state ]; then
    find $state -mindepth 1 -delete
    rmdir $state || : # it may be a disk of its own
  fi
fi
