// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"debug/buildinfo"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// collectorModules returns the versions of the modules of the Collector that a program was built with.
func collectorModules(t *testing.T, program string) map[string]string {
	t.Helper()
	info, err := buildinfo.ReadFile(binary(t, program))
	require.NoError(t, err)
	versions := make(map[string]string)
	for _, module := range info.Deps {
		if strings.HasPrefix(module.Path, "go.opentelemetry.io/collector") || strings.Contains(module.Path, "/opentelemetry-collector-contrib/") {
			versions[module.Path] = module.Version
		}
	}
	return versions
}

// A preview with another OTTL or confmap would show what the distribution does not do.
func TestTheCompanionIsBuiltWithTheCollectorOfTheDistribution(t *testing.T) {
	companion, distribution := collectorModules(t, "adobetarget"), collectorModules(t, "otelcol-adobetarget")
	for _, needed := range []string{
		"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl",
		"go.opentelemetry.io/collector/confmap", "go.opentelemetry.io/collector/config/confighttp",
	} {
		assert.Contains(t, companion, needed)
	}
	for path, version := range companion {
		if carried, both := distribution[path]; both {
			assert.Equal(t, carried, version, "%s: make cmd/adobetarget/go.mod ask for the version of the distribution", path)
		}
	}
}
