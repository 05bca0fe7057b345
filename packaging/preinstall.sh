#!/bin/sh
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Before the files of the package are there, which belong to this user in part.
set -e

user=otelcol-adobetarget
if ! getent passwd $user >/dev/null; then
  useradd --system --user-group --no-create-home --home-dir /var/lib/$user --shell /usr/sbin/nologin $user
fi
