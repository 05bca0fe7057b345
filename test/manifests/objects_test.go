// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package manifests // import "github.com/otelcol-adobetarget/adobetargetexporter/test/manifests"

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const (
	folder = "../../deploy/kubernetes"
	// rendered is what the chart makes of our values, as scripts/chart.sh shows it.
	rendered = "testdata/chart.yaml"
)

// kinds are those of objects that are expected.
var kinds = map[meta.TypeMeta]func() meta.Object{
	{APIVersion: "v1", Kind: "ConfigMap"}:                            func() meta.Object { return &core.ConfigMap{} },
	{APIVersion: "v1", Kind: "Service"}:                              func() meta.Object { return &core.Service{} },
	{APIVersion: "v1", Kind: "ServiceAccount"}:                       func() meta.Object { return &core.ServiceAccount{} },
	{APIVersion: "apps/v1", Kind: "StatefulSet"}:                     func() meta.Object { return &apps.StatefulSet{} },
	{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}:           func() meta.Object { return &policy.PodDisruptionBudget{} },
	{APIVersion: "monitoring.coreos.com/v1", Kind: "ServiceMonitor"}: func() meta.Object { return &monitoring.ServiceMonitor{} },
	{APIVersion: "monitoring.coreos.com/v1", Kind: "PrometheusRule"}: func() meta.Object { return &monitoring.PrometheusRule{} },
}

var betweenObjects = regexp.MustCompile(`(?m)^---$`)

// objects reads files strictly, an unknown field is an error, and returns what is in them by kind and name.
func objects(t *testing.T, files ...string) map[string]meta.Object {
	t.Helper()
	all := map[string]meta.Object{}
	for _, file := range files {
		for _, text := range betweenObjects.Split(read(t, file), -1) {
			var kind meta.TypeMeta
			require.NoError(t, yaml.Unmarshal([]byte(text), &kind), file)
			if kind == (meta.TypeMeta{}) { // comments
				continue
			}
			require.Contains(t, kinds, kind, file)
			object := kinds[kind]()
			require.NoError(t, yaml.UnmarshalStrict([]byte(text), object), "%s of %s", kind.Kind, file)
			name := kind.Kind + " " + object.GetName()
			require.NotContains(t, all, name, file)
			all[name] = object
		}
	}
	return all
}

// plain are the manifests for those who use no Helm, as their kustomization lists them, with the ConfigMap that it makes.
func plain(t *testing.T) map[string]meta.Object {
	t.Helper()
	var kustomization struct {
		meta.TypeMeta
		Resources          []string
		ConfigMapGenerator []struct {
			Name  string
			Files []string
		}
	}
	dir := filepath.Join(folder, "manifests")
	require.NoError(t, yaml.UnmarshalStrict([]byte(read(t, filepath.Join(dir, "kustomization.yaml"))), &kustomization))
	var files []string
	for _, resource := range kustomization.Resources {
		files = append(files, filepath.Join(dir, resource))
	}
	all := objects(t, files...)
	require.Len(t, kustomization.ConfigMapGenerator, 1)
	made := kustomization.ConfigMapGenerator[0]
	require.Equal(t, []string{"relay=collector.yaml"}, made.Files)
	all["ConfigMap "+made.Name] = &core.ConfigMap{
		TypeMeta:   meta.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: meta.ObjectMeta{Name: made.Name},
		Data:       map[string]string{"relay": read(t, filepath.Join(dir, "collector.yaml"))},
	}
	return all
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file) //nolint:gosec // a file of the repository
	require.NoError(t, err)
	return string(text)
}
