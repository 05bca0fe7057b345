#!/usr/bin/env bash
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Shows what the chart open-telemetry/opentelemetry-collector makes of our values, and of which values that was:
#
#   HELM=helm scripts/chart.sh path/to/opentelemetry-collector
set -euo pipefail
cd "$(dirname "$0")/../deploy/kubernetes"

cat <<'HEADER'
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# What the chart open-telemetry/opentelemetry-collector (Apache-2.0, The OpenTelemetry Authors) makes of the values that have
# these checksums, by scripts/chart.sh. Do not edit.
HEADER
files=(values.yaml values-alerts.yaml)
for file in "${files[@]}"; do
  echo "# $file $(sha256sum <"$file" | cut -d" " -f1)"
done
"${HELM:-helm}" template otelcol-adobetarget "$1" --namespace default --kube-version 1.34.0 "${files[@]/#/--values=}"
