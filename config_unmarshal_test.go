// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func TestUnmarshal_GivesAQueueASizeInItsUnit(t *testing.T) {
	for block, want := range map[string]int64{
		"adobe_target":                    50_000,
		"adobe_target/queue_in_bytes":     100 << 20,
		"adobe_target/queue_in_requests":  1000,
		"adobe_target/queue_of_500_bytes": 500,
		"adobe_target/empty_queue":        50_000,
	} {
		t.Run(block, func(t *testing.T) {
			cfg, err := loadConfig(t, "config.yaml", block)
			require.NoError(t, err)
			require.True(t, cfg.QueueConfig.HasValue())
			assert.Equal(t, want, cfg.QueueConfig.Get().QueueSize)
		})
	}
}

func TestUnmarshal_LeavesAQueueOffThatHasASizer(t *testing.T) {
	cfg, err := loadConfig(t, "config.yaml", "adobe_target/no_queue_in_bytes")
	require.NoError(t, err)
	assert.False(t, cfg.QueueConfig.HasValue())
	assert.True(t, cfg.waits())
	assert.Nil(t, cfg.storage())
}

func TestUnmarshal_TakesAnEmptyListOfPlaceholders(t *testing.T) {
	cfg, err := loadConfig(t, "config.yaml", "adobe_target/no_placeholders")
	require.NoError(t, err)
	assert.Empty(t, cfg.VisitorPlaceholders)
}

// yamlText is a provider of YAML that is written behind its scheme, as the environment is.
type yamlText struct{}

func (yamlText) Scheme() string                 { return "text" }
func (yamlText) Shutdown(context.Context) error { return nil }
func (yamlText) Retrieve(_ context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	return confmap.NewRetrievedFromYAML([]byte(strings.TrimPrefix(uri, "text:")))
}

func TestUnmarshal_TakesADefaultFromElsewhereAsTheTextItIs(t *testing.T) {
	for given, want := range map[string]any{
		`"${text:0017}"`:     "0017",
		`"${text:01234}"`:    "01234",
		`"${text:1.10}"`:     "1.10",
		`"${text:0x1F}"`:     "0x1F",
		`"${text:1e5}"`:      "1e5",
		`"${text:yes}"`:      "yes",
		`"${text:True}"`:     "True",
		`"${text:gold}"`:     "gold",
		`"${text:2026-1-2}"`: "2026-1-2",
		`"ab${text:0017}"`:   "ab0017",
		`"${text:}"`:         nil, // nothing is no default
		`17`:                 17,
		`1.5`:                1.5,
		`true`:               true,
		`"0017"`:             "0017",
	} {
		t.Run(given, func(t *testing.T) {
			resolver, err := confmap.NewResolver(confmap.ResolverSettings{
				URIs: []string{"text:" + "{client_code: acme, profile: [{prefix: p.}, {parameter: store, attribute: store.id, default: " + given + "}]}"},
				ProviderFactories: []confmap.ProviderFactory{
					confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return yamlText{} }),
				},
			})
			require.NoError(t, err)
			conf, err := resolver.Resolve(t.Context())
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			require.NoError(t, conf.Unmarshal(cfg))
			require.NoError(t, confmap.Validate(cfg))
			require.Len(t, cfg.Profile, 2)
			assert.Equal(t, want, cfg.Profile[1].Default)
			assert.Equal(t, "p.", cfg.Profile[0].Prefix)
		})
	}
}
