// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
)

func TestConfig_Validate(t *testing.T) {
	tests := map[string]struct {
		change func(*outbox.Config)
		want   string // "" when it can work
	}{
		"the defaults":                      {func(*outbox.Config) {}, ""},
		"no window":                         {func(c *outbox.Config) { c.MergeWindow = 0 }, ""},
		"the longest window":                {func(c *outbox.Config) { c.MergeWindow = 24 * time.Hour }, ""},
		"a longer one":                      {func(c *outbox.Config) { c.MergeWindow = 24*time.Hour + 1 }, "merge_window: must be from 0s to 24h0m0s, got 24h0m0.000000001s"},
		"a window in the past":              {func(c *outbox.Config) { c.MergeWindow = -time.Second }, "merge_window: must be from 0s to 24h0m0s, got -1s"},
		"one visitor":                       {func(c *outbox.Config) { c.MaxVisitors = 1 }, ""},
		"no visitor":                        {func(c *outbox.Config) { c.MaxVisitors = 0 }, "max_visitors: must be from 1 to 1073741824, got 0"},
		"as many as can be told apart":      {func(c *outbox.Config) { c.MaxVisitors = 1 << 30 }, ""},
		"more of them":                      {func(c *outbox.Config) { c.MaxVisitors = 1<<30 + 1 }, "max_visitors: must be from 1 to 1073741824, got 1073741825"},
		"room for a few entries":            {func(c *outbox.Config) { c.MaxBytes = 1 << 20 }, ""},
		"not even that":                     {func(c *outbox.Config) { c.MaxBytes = 1<<20 - 1 }, "max_bytes: must be at least 1048576, got 1048575"},
		"giving up never":                   {func(c *outbox.Config) { c.GiveUpAfter = 0 }, ""},
		"giving up after a minute":          {func(c *outbox.Config) { c.GiveUpAfter = time.Minute }, ""},
		"giving up before anybody can know": {func(c *outbox.Config) { c.GiveUpAfter = time.Minute - 1 }, "give_up_after: must be at least 1m, or 0s to go on for ever, got 59.999999999s"},
		"giving up in the past":             {func(c *outbox.Config) { c.GiveUpAfter = -time.Hour }, "give_up_after: must be at least 1m, or 0s to go on for ever, got -1h0m0s"},
		"all that is wrong is said": {
			func(c *outbox.Config) { *c = outbox.Config{MergeWindow: -1, GiveUpAfter: 1} },
			"merge_window: must be from 0s to 24h0m0s, got -1ns\nmax_visitors: must be from 1 to 1073741824, got 0\n" +
				"max_bytes: must be at least 1048576, got 0\ngive_up_after: must be at least 1m, or 0s to go on for ever, got 1ns",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := outbox.NewDefaultConfig()
			tt.change(&cfg)
			if err := cfg.Validate(); tt.want == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, tt.want)
			}
		})
	}
}
