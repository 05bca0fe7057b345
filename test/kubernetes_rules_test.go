// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rulesFor begin the files in which Kubernetes gets the alerts, whose groups follow, further to the right by two.
var rulesFor = map[string]string{
	"../deploy/kubernetes/values-alerts.yaml": `# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# The alerts, as values beside values.yaml, for a cluster with the Prometheus operator. Made of ../prometheus/alerts.yaml by
# "go -C test test -count 1 -run TheRulesForKubernetes -update". Do not edit.

prometheusRule:
  enabled: true
  # Those of the chart are for metrics with other names.
  defaultRules:
    enabled: false
`,
	"../deploy/kubernetes/manifests/prometheusrule.yaml": `# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# The alerts, for a cluster with the Prometheus operator. Made of ../../prometheus/alerts.yaml by
# "go -C test test -count 1 -run TheRulesForKubernetes -update". Do not edit.

apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: otelcol-adobetarget
  labels:
    app.kubernetes.io/name: otelcol-adobetarget
    app.kubernetes.io/instance: otelcol-adobetarget
spec:
`,
}

func TestTheRulesForKubernetesAreMadeOfTheAlerts(t *testing.T) {
	_, alerts, found := strings.Cut(readFile(t, deployed[plain].alerts), "\n\ngroups:")
	require.True(t, found)
	var groups strings.Builder
	for line := range strings.Lines("groups:" + alerts) {
		if strings.TrimSpace(line) != "" {
			groups.WriteString("  ")
		}
		groups.WriteString(line)
	}
	for file, begin := range rulesFor {
		want := begin + groups.String()
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(want), 0o644)) //nolint:gosec // everybody may read it
		}
		assert.Equal(t, want, readFile(t, file), "%s is out of date: go -C test test -count 1 -run TheRulesForKubernetes -update", file)
	}
}
