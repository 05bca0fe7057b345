// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

func TestConfig_BulkHasAnAccountOfItsOwnBesideThatOfSingle(t *testing.T) {
	for _, block := range []string{"bulk", "with_nothing"} {
		cfg, err := loadConfig(t, "bulk.yaml", "adobe_target/"+block)
		require.NoError(t, err)
		assert.Equal(t, route.NewDefaultBulkConfig(), cfg.bulk())
		assert.True(t, cfg.uploads())
		assert.Equal(t, []route.Name{route.ToBulk, route.ToSingle}, cfg.routes())
		api, err := cfg.NewAPI()
		require.NoError(t, err)
		assert.IsType(t, route.Single{}, api, "which carries what bulk cannot")

		bulk, limits, err := cfg.accountOf(route.ToBulk)
		require.NoError(t, err)
		single, _, err := cfg.accountOf(route.ToSingle)
		require.NoError(t, err)
		assert.Equal(t, single.For("bulk"), bulk)
		assert.Equal(t, quota.Limits{
			Quota:   quota.WindowConfig{Calls: 40, Window: time.Minute, Reservation: 1, Redis: quota.NewDefaultRedisConfig()},
			Timeout: 10 * time.Second,
		}, limits)
		assert.Equal(t, 1_000_000, limitsOf(t, cfg, route.ToSingle).Quota.Calls)
	}
}

func TestConfig_BulkHasEverySetting(t *testing.T) {
	cfg, err := loadConfig(t, "bulk.yaml", "adobe_target/all")
	require.NoError(t, err)
	assert.Equal(t, route.BulkConfig{
		Version: route.BulkV2, Interval: time.Hour, MaxRows: 500_000, MaxBytes: 48_000_000, CallsPerMinute: 50,
		Timeout: 10 * time.Minute, Remember: 720 * time.Hour,
		Status: route.BulkStatusConfig{InitialDelay: time.Minute, MaxInterval: 5 * time.Minute, Timeout: 48 * time.Hour},
	}, cfg.bulk())
	quotaStorage := component.MustNewIDWithName("file_storage", "quota")
	assert.Equal(t, quota.Limits{
		Quota:   quota.WindowConfig{Calls: 50, Window: time.Minute, Storage: &quotaStorage, Reservation: 1, Redis: quota.NewDefaultRedisConfig()},
		Timeout: 10 * time.Second,
	}, limitsOf(t, cfg, route.ToBulk))
	assert.Equal(t, quota.Limits{
		Quota: quota.WindowConfig{
			Calls: 500_000, Window: 12 * time.Hour, Storage: &quotaStorage, Reservation: 100, Redis: quota.NewDefaultRedisConfig(), Instances: 1,
		},
		RateLimit: &quota.RateLimitConfig{CallsPerSecond: 10, Burst: 50}, Timeout: 10 * time.Second,
	}, limitsOf(t, cfg, route.ToSingle))
}

func TestConfig_TheAccountOfBulkIsKeptWithTheQueueWhereTheQuotaIsNot(t *testing.T) {
	cfg, err := loadConfig(t, "bulk.yaml", "adobe_target/kept_with_the_queue")
	require.NoError(t, err)
	assert.Equal(t, "file_storage/queue", limitsOf(t, cfg, route.ToBulk).Quota.Storage.String())
	assert.Nil(t, limitsOf(t, cfg, route.ToSingle).Quota.Storage)
}

func TestConfig_SizesHaveUnitsOrNone(t *testing.T) {
	for block, want := range map[string]route.Size{
		"bytes_as_a_number": 100_000, "bytes_as_text": 100_000, "bytes_in_kibibytes": 102_400, "all": 48_000_000, "bulk": 10_000_000,
	} {
		cfg, err := loadConfig(t, "bulk.yaml", "adobe_target/"+block)
		require.NoError(t, err)
		assert.Equal(t, want, cfg.bulk().MaxBytes, block)
	}
}

func TestConfig_RefusesWhatMakesNoSenseWithBulk(t *testing.T) {
	assertRefused(t, "bulk.yaml", map[string]string{
		"bulk_with_single":                  "bulk: is for route: bulk and overflow: bulk only, set one of them or remove it",
		"bulk_with_delivery":                "bulk: is for route: bulk and overflow: bulk only",
		"delivery_with_bulk":                "delivery: is for route: delivery and overflow: delivery only",
		"switched_off":                      "bulk::enabled: must not be false with route bulk, remove one of them",
		"without_a_queue":                   "sending_queue: must be on with route bulk, records wait for longer than a caller does: remove enabled: false",
		"callers_wait":                      "sending_queue::wait_for_result: must be false with route bulk, records wait for longer than a caller does",
		"remembered_by_v1":                  "bulk::remember: is for version v2 only, with v1 nothing is remembered: remove it",
		"version_unknown":                   `bulk: version: "v3" is unknown, use auto, v1 or v2`,
		"interval_short":                    "bulk: interval: must be from 1s to 24h, got 999ms",
		"interval_without_unit":             "bulk::interval: 300 has no unit, write 300s if seconds are meant\nbulk: interval: must be",
		"status_without_unit":               "bulk::status::initial_delay: 120 has no unit, write 120s if seconds are meant\nbulk: status::initial_delay: must be",
		"rows":                              "bulk: max_rows: must be from 1 to 500000, got 500001",
		"bytes_too_many":                    "bulk: max_bytes: must be from 100000 to 48000000, got 50000000",
		"bytes_of_another_unit":             `bulk::max_bytes: "1GB" is no size, write bytes, or a number with B, KB, MB, KiB or MiB, such as 10MB`,
		"bytes_empty":                       "bulk::max_bytes: is empty, write a size such as 10MB or leave the key out\nbulk: max_bytes: must be",
		"bytes_as_a_fraction":               "such as 10MB\nbulk: max_bytes: must be",
		"calls":                             "bulk: calls_per_minute: must be from 1 to 50, got 51",
		"status_after_its_end":              "bulk: status::timeout: must be from status::initial_delay (2m0s) to 168h, got 1m0s",
		"unknown_key":                       `bulk: unknown key "rows"; allowed: calls_per_minute, enabled, interval, max_bytes, max_rows, remember, status, timeout, version`,
		"unknown_key_of_status":             `bulk::status: unknown key "interval"; allowed: initial_delay, max_interval, timeout`,
		"endpoint_of_an_upload":             `the path "/edge/m2/acme/v2/profile/batchUpdate" is not part of it, the exporter adds it with route bulk: remove it`,
		"endpoint_of_an_upload_with_single": `the path "/edge/m2/acme/profile/batchUpdate" is not part of it, the exporter adds it with route bulk: remove it`,
		"endpoint_of_a_status":              `the path "/edge/m2/acme/profile/batchStatus" is not part of it, the exporter adds it with route bulk: remove it`,
		"endpoint_of_an_update":             `the path "/edge/m2/acme/profile/update" belongs in api::path`,
		"path_of_an_upload":                 `api: path: "/m2/{client_code}/v2/profile/batchUpdate" is not that of single updates, the exporter adds it with route bulk: remove it`,
		"several_faults": "overflow: is for route single only, whose quota it is about: set route: single, or overflow: none, got \"delivery\"\n" +
			"sending_queue: must be on",
	})
}

// assertRefused checks what is said of blocks of a file, in which no other is refused.
func assertRefused(t *testing.T, file string, refused map[string]string) {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", file))
	require.NoError(t, err)
	for block := range conf.ToStringMap() {
		name := strings.TrimPrefix(block, "adobe_target/")
		want, wrong := refused[name]
		t.Run(name, func(t *testing.T) {
			_, err := loadConfig(t, file, block)
			if !wrong {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, want)
			assert.NotContains(t, err.Error(), "s3cret")
			lines := strings.Split(err.Error(), "\n")
			assert.Len(t, slices.Compact(slices.Sorted(slices.Values(lines))), strings.Count(want, "\n")+1, "nothing else is said: %s", err)
		})
		delete(refused, name)
	}
	assert.Empty(t, refused, "not in %s", file)
}
