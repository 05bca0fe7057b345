// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func TestBulkConfig_Validate(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*BulkConfig)
		want   string // "" when the configuration is good
	}{
		"the default":    {func(*BulkConfig) {}, ""},
		"version 1":      {func(c *BulkConfig) { c.Version = BulkV1 }, ""},
		"version 2":      {func(c *BulkConfig) { c.Version = BulkV2 }, ""},
		"no version":     {func(c *BulkConfig) { c.Version = "" }, `version: "" is unknown, use auto, v1 or v2`},
		"a version 3":    {func(c *BulkConfig) { c.Version = "v3" }, `version: "v3" is unknown, use auto, v1 or v2`},
		"a number alone": {func(c *BulkConfig) { c.Version = "2" }, `version: "2" is unknown, use auto, v1 or v2`},

		"the shortest interval":  {func(c *BulkConfig) { c.Interval = time.Second }, ""},
		"the longest interval":   {func(c *BulkConfig) { c.Interval = 24 * time.Hour }, ""},
		"no interval":            {func(c *BulkConfig) { c.Interval = 0 }, "interval: must be from 1s to 24h, got 0s"},
		"too short an interval":  {func(c *BulkConfig) { c.Interval = 999 * time.Millisecond }, "interval: must be from 1s to 24h, got 999ms"},
		"too long an interval":   {func(c *BulkConfig) { c.Interval = 24*time.Hour + 1 }, "interval: must be from 1s to 24h, got 24h0m0.000000001s"},
		"an interval before now": {func(c *BulkConfig) { c.Interval = -time.Minute }, "interval: must be from 1s to 24h, got -1m0s"},

		"a row":        {func(c *BulkConfig) { c.MaxRows = 1 }, ""},
		"500,000 rows": {func(c *BulkConfig) { c.MaxRows = 500_000 }, ""},
		"500,001 rows": {func(c *BulkConfig) { c.MaxRows = 500_001 }, "max_rows: must be from 1 to 500000, got 500001"},
		"no rows":      {func(c *BulkConfig) { c.MaxRows = 0 }, "max_rows: must be from 1 to 500000, got 0"},
		"100 kB":       {func(c *BulkConfig) { c.MaxBytes = 100_000 }, ""},
		"48 MB":        {func(c *BulkConfig) { c.MaxBytes = 48_000_000 }, ""},
		"a byte more":  {func(c *BulkConfig) { c.MaxBytes = 48_000_001 }, "max_bytes: must be from 100000 to 48000000, got 48000001"},
		"a byte less":  {func(c *BulkConfig) { c.MaxBytes = 99_999 }, "max_bytes: must be from 100000 to 48000000, got 99999"},
		"a call":       {func(c *BulkConfig) { c.CallsPerMinute = 1 }, ""},
		"50 calls":     {func(c *BulkConfig) { c.CallsPerMinute = 50 }, ""},
		"51 calls":     {func(c *BulkConfig) { c.CallsPerMinute = 51 }, "calls_per_minute: must be from 1 to 50, got 51"},
		"no calls":     {func(c *BulkConfig) { c.CallsPerMinute = 0 }, "calls_per_minute: must be from 1 to 50, got 0"},
		"no timeout":   {func(c *BulkConfig) { c.Timeout = 0 }, "timeout: must be from 1s to 1h, got 0s"},
		"a long one":   {func(c *BulkConfig) { c.Timeout = time.Hour + time.Second }, "timeout: must be from 1s to 1h, got 1h0m1s"},
		"no memory":    {func(c *BulkConfig) { c.Remember = 0 }, ""},
		"a year of it": {func(c *BulkConfig) { c.Remember = MaxRemember }, ""},
		"more of it":   {func(c *BulkConfig) { c.Remember = MaxRemember + time.Hour }, "remember: must be from 0s to 8760h, got 8761h0m0s"},
		"less of it":   {func(c *BulkConfig) { c.Remember = -1 }, "remember: must be from 0s to 8760h, got -1ns"},

		"no delay of the status":         {func(c *BulkConfig) { c.Status.InitialDelay = 0 }, "status::initial_delay: must be from 1s to 24h, got 0s"},
		"all the same":                   {func(c *BulkConfig) { c.Status = BulkStatusConfig{time.Minute, time.Minute, time.Minute, struct{}{}} }, ""},
		"an interval below the delay":    {func(c *BulkConfig) { c.Status.MaxInterval = time.Minute }, "status::max_interval: must be from status::initial_delay (2m0s) to 24h, got 1m0s"},
		"too long a one":                 {func(c *BulkConfig) { c.Status.MaxInterval = 25 * time.Hour }, "status::max_interval: must be from status::initial_delay (2m0s) to 24h, got 25h0m0s"},
		"a timeout below the delay":      {func(c *BulkConfig) { c.Status.Timeout = time.Minute }, "status::timeout: must be from status::initial_delay (2m0s) to 168h, got 1m0s"},
		"a week of asking":               {func(c *BulkConfig) { c.Status.Timeout = 168 * time.Hour }, ""},
		"more than a week":               {func(c *BulkConfig) { c.Status.Timeout = 169 * time.Hour }, "status::timeout: must be from status::initial_delay (2m0s) to 168h, got 169h0m0s"},
		"a delay above all that follows": {func(c *BulkConfig) { c.Status.InitialDelay = 23 * time.Hour }, "status::max_interval: must be from status::initial_delay (23h0m0s) to 24h, got 10m0s"},
		"all faults are said":            {func(c *BulkConfig) { c.Version, c.MaxRows = "v3", -1 }, "version: \"v3\" is unknown, use auto, v1 or v2\nmax_rows: must be from 1 to 500000, got -1"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := NewDefaultBulkConfig()
			tt.change(&cfg)
			if err := cfg.Validate(); tt.want == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, tt.want)
			}
		})
	}
}

func TestSize_IsANumberOfBytesWithOrWithoutAUnit(t *testing.T) {
	for text, want := range map[string]Size{
		"10MB": 10_000_000, "10 MB": 10_000_000, "10MiB": 10 << 20, "5KB": 5_000, "5KiB": 5 << 10, "7B": 7, "123456": 123_456, "0": 0, " 8 KB": 8_000,
	} {
		var got Size
		require.NoError(t, got.UnmarshalText([]byte(text)), text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "MB", "10mb", "10M", "10GB", "1.5MB", "-1MB", "1e6", "ten", "10MB MB", "99999999999999999999", "9223372036854775807KiB", "9223372036854MB"} {
		got := Size(3)
		require.EqualError(t, got.UnmarshalText([]byte(text)), `"`+text+`" is no size, write bytes, or a number with B, KB, MB, KiB or MiB, such as 10MB`)
		assert.EqualValues(t, 3, got, "it stays as it was")
	}
}

func TestBulkConfig_IsReadFromYAML(t *testing.T) {
	for name, tt := range map[string]struct {
		maxBytes any
		want     Size
		err      string
	}{
		"a size with a unit":   {"20MB", 20_000_000, ""},
		"a number":             {20_000_000, 20_000_000, ""},
		"a number as text":     {"20000000", 20_000_000, ""},
		"what is no size":      {"20 monkeys", 0, `"20 monkeys" is no size`},
		"a size below nothing": {-5, -5, ""}, // Validate refuses it
		"a size with a half":   {"1.5MB", 0, `"1.5MB" is no size`},
		"a list":               {[]any{1}, 0, "max_bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := NewDefaultBulkConfig()
			conf := confmap.NewFromStringMap(map[string]any{
				"version": "v1", "interval": "1m", "max_bytes": tt.maxBytes, "status": map[string]any{"timeout": "1h"},
			})
			err := conf.Unmarshal(&cfg)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				require.ErrorContains(t, err, "max_bytes")
				return
			}
			require.NoError(t, err)
			want := NewDefaultBulkConfig()
			want.Version, want.Interval, want.MaxBytes, want.Status.Timeout = BulkV1, time.Minute, tt.want, time.Hour
			assert.Equal(t, want, cfg)
			printed := confmap.New()
			require.NoError(t, printed.Marshal(cfg))
			var again BulkConfig
			require.NoError(t, printed.Unmarshal(&again))
			assert.Equal(t, cfg, again, "what is printed can be read again")
		})
	}
}
