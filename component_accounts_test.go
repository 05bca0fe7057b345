// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// A Collector that only validates makes the exporters and starts none.
func TestFactory_RefusesExportersThatShareAnAccountWithOtherLimits(t *testing.T) {
	calls := func(n int) func(*Config) {
		return func(cfg *Config) { cfg.Bulk.GetOrInsertDefault().CallsPerMinute = n }
	}
	bulk := func(cfg *Config) { cfg.Route = route.ToBulk }
	single := func(*Config) {}
	overflow := func(to route.Overflow) func(*Config) { return func(cfg *Config) { cfg.Overflow = to } }
	queuedIn := func(storage string) func(*Config) {
		id := component.MustNewIDWithName("file_storage", storage)
		return func(cfg *Config) { cfg.QueueConfig.Get().StorageID = &id }
	}
	oneQuota := func(cfg *Config) {
		id := component.MustNewIDWithName("file_storage", "quota")
		cfg.Quota.Storage = &id
	}
	updates := func(n int) func(*Config) { return func(cfg *Config) { cfg.Quota.Calls = n } }
	delivery := func(cfg *Config) { cfg.Route, cfg.Quota.Calls = route.ToDelivery, quota.Unlimited }
	type changes []func(*Config)
	for name, tt := range map[string]struct {
		a, b changes
		want string // "" when they may
	}{
		"bulk with as many calls a minute": {changes{bulk}, changes{bulk}, ""},
		"bulk with other calls a minute": {changes{bulk, calls(40)}, changes{bulk, calls(20)}, `quota, bulk::calls_per_minute: exporter "adobe_target/a" uses ` +
			`client_code "acme" and the same endpoint with other limits (bulk::calls_per_minute is 20 here and 40 there)`},
		"bulk beside an overflow into it with other calls": {
			changes{bulk}, changes{overflow(route.OverflowToBulk), calls(20)}, "bulk::calls_per_minute is 20 here and 40 there",
		},
		"bulk beside single, with another quota of what bulk cannot carry": {changes{bulk}, changes{single, updates(5)}, "quota::calls is 5 here and 1000000 there"},
		"bulk in queues of two storages": {
			changes{bulk, queuedIn("a")}, changes{bulk, queuedIn("b")}, "quota::storage (or else sending_queue::storage) is file_storage/b here and file_storage/a there",
		},
		"bulk in queues of two storages, and one for the quota": {changes{bulk, queuedIn("a"), oneQuota}, changes{bulk, queuedIn("b"), oneQuota}, ""},
		"an overflow into delivery beside delivery":             {changes{overflow(route.OverflowToDelivery)}, changes{delivery}, ""},
		"an overflow into delivery beside a capped one": {
			changes{overflow(route.OverflowToDelivery)}, changes{delivery, updates(5)}, "quota::calls is 5 here and without a limit there",
		},
		"no route that both use": {changes{single}, changes{delivery, updates(5)}, ""},
		"bulk, and a dry run with other calls": {
			changes{bulk}, changes{bulk, calls(20), func(cfg *Config) { cfg.DryRun = true }}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			factory := newFactory(&quota.Registry{})
			create := func(name string, of changes) error {
				set := exportertest.NewNopSettings(metadata.Type)
				set.ID = component.NewIDWithName(metadata.Type, name)
				cfg := createDefaultConfig().(*Config)
				cfg.ClientCode = "acme"
				for _, change := range of {
					change(cfg)
				}
				require.NoError(t, cfg.Validate())
				e, err := factory.CreateLogs(t.Context(), set, cfg)
				if err == nil {
					t.Cleanup(func() { assert.NoError(t, e.Shutdown(t.Context())) })
				}
				return err
			}
			require.NoError(t, create("a", tt.a))
			if err := create("b", tt.b); tt.want != "" {
				require.ErrorContains(t, err, tt.want)
			} else {
				require.NoError(t, err)
			}
		})
	}
}
