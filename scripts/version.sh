#!/usr/bin/env bash
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Says the version of this commit as dpkg and rpm sort it. A tag v0.2.0 is 0.2.0, and v0.2.0-rc.1 is 0.2.0~rc.1, before it.
# Commits behind a tag sort after it, and those on the way to the version of builder-config.yaml before that one.
set -euo pipefail
cd "$(dirname "$0")/.."

next=$(sed -n 's/^  version: *//p' builder-config.yaml)
if described=$(git describe --tags --long --match 'v[0-9]*' 2>/dev/null); then
  commit=${described##*-g} rest=${described%-g*}
  commits=${rest##*-} tag=${rest%-*}
else
  commit=$(git rev-parse --short HEAD) commits=$(git rev-list --count HEAD) tag=
fi
released=${tag#v}
released=${released/-/\~}
if [[ -n $tag && $commits == 0 ]]; then
  echo "$released"
elif [[ $released == "$next" || $released == "$next~"* ]]; then
  echo "$released+$commits.g$commit"
else
  echo "$next~dev.$commits.g$commit"
fi
