// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package manifests // import "github.com/otelcol-adobetarget/adobetargetexporter/test/manifests"

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// The chart can not be downloaded where tests run, so what it made is kept.
func TestTheRenderedChartIsOfTheseValues(t *testing.T) {
	for _, file := range []string{"values.yaml", "values-alerts.yaml"} {
		_, after, found := strings.Cut(read(t, rendered), "\n# "+file+" ")
		require.True(t, found, file)
		of, _, _ := strings.Cut(after, "\n")
		assert.Equal(t, fmt.Sprintf("%x", sha256.Sum256([]byte(read(t, folder+"/"+file)))), of,
			"%s has changed: make render-chart CHART=path/to/opentelemetry-collector", file)
	}
}

// ofTheChart are labels and annotations that only what Helm installs has.
var ofTheChart = []string{
	"helm.sh/chart", "app.kubernetes.io/managed-by", "app.kubernetes.io/part-of", "app.kubernetes.io/component",
	"app.kubernetes.io/version", "checksum/config",
}

func TestThePlainManifestsAreWhatTheChartMakes(t *testing.T) {
	want, got := objects(t, rendered), plain(t)
	for _, all := range []map[string]meta.Object{want, got} {
		for _, object := range all {
			withoutTheChart(t, object)
		}
	}
	for name, object := range want {
		assert.Equal(t, asText(t, object), asText(t, got[name]), name)
	}
	assert.Len(t, got, len(want))
}

// withoutTheChart takes away what has no effect, or what the chart gives to every collector.
func withoutTheChart(t *testing.T, object meta.Object) {
	t.Helper()
	object.SetNamespace("")
	metadata := []meta.Object{object}
	switch o := object.(type) {
	case *apps.StatefulSet:
		metadata = append(metadata, &o.Spec.Template)
		c := &o.Spec.Template.Spec.Containers[0]
		c.Env = slices.DeleteFunc(c.Env, func(v core.EnvVar) bool {
			return v.Name == "MY_POD_IP" || strings.HasPrefix(v.Name, "OTEL_K8S_")
		})
	case *core.ConfigMap:
		o.Labels = nil // those that kustomize makes have none
		var config any
		require.NoError(t, yaml.UnmarshalStrict([]byte(o.Data["relay"]), &config))
		o.Data["relay"] = asText(t, config)
	}
	for _, m := range metadata {
		for _, key := range ofTheChart {
			delete(m.GetLabels(), key)
			delete(m.GetAnnotations(), key)
		}
		if len(m.GetAnnotations()) == 0 {
			m.SetAnnotations(nil)
		}
	}
}

// asText is in one order, whatever that of the file is.
func asText(t *testing.T, object any) string {
	t.Helper()
	text, err := yaml.Marshal(object)
	require.NoError(t, err)
	return string(text)
}
