// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/featuregate"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// loadConfig reads one block of a file of testdata into the default configuration.
func loadConfig(t *testing.T, file, block string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", file))
	require.NoError(t, err)
	require.True(t, conf.IsSet(block), "no block %s in %s", block, file)
	sub, err := conf.Sub(block)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	if err := sub.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func TestConfig_NeedsOnlyTheClientCode(t *testing.T) {
	cfg, err := loadConfig(t, "config.yaml", "adobe_target")
	require.NoError(t, err)

	assert.Equal(t, "https://acme.tt.omtrdc.net", cfg.endpoint())
	assert.Equal(t, 10*time.Second, cfg.ClientConfig.Timeout)
	assert.Equal(t, route.Config{Method: "POST", Path: "/m2/{client_code}/profile/update"}, cfg.API)
	assert.Equal(t, []mapping.VisitorEntry{
		{Parameter: profile.Mbox3rdPartyID, Attribute: "mbox3rdPartyId"},
		{Parameter: profile.MboxPC, Attribute: "mboxPC"},
	}, cfg.Visitor)
	assert.Equal(t, []mapping.ProfileEntry{{Prefix: "profile."}}, cfg.Profile)
	assert.Empty(t, cfg.Conditions)
	assert.Equal(t, mapping.DefaultPlaceholders(), cfg.VisitorPlaceholders)
	assert.Equal(t, 128, cfg.MaxThirdPartyIDLength)
	assert.Equal(t, 16, cfg.Concurrency)
	assert.Equal(t, outbox.Config{
		MergeWindow: 5 * time.Second, MaxVisitors: 1_000_000, MaxBytes: 268_435_456, GiveUpAfter: 24 * time.Hour,
	}, cfg.Outbox)
	assert.Equal(t, quota.Limits{
		Quota: quota.WindowConfig{
			Calls: 1_000_000, Window: 24 * time.Hour, Reservation: 100, Instances: 1,
			Redis: quota.RedisConfig{Prefix: "adobe_target", ColdStart: quota.Wait, Lease: quota.LeaseConfig{Duration: 30 * time.Second, Calls: 1000}},
		},
		RateLimit: &quota.RateLimitConfig{CallsPerSecond: 50, Burst: 50}, Timeout: 10 * time.Second,
	}, limitsOf(t, cfg, cfg.Route))
	assert.Equal(t, 15*time.Minute, cfg.MaxRetryAfter)
	assert.Equal(t, 30*time.Second, cfg.DrainTimeout)

	queue := cfg.QueueConfig.Get()
	require.NotNil(t, queue)
	assert.Equal(t, 1, queue.NumConsumers)
	assert.Equal(t, int64(50_000), queue.QueueSize)
	assert.Equal(t, exporterhelper.RequestSizerTypeItems, queue.Sizer)
	assert.True(t, queue.BlockOnOverflow)
	assert.False(t, queue.Batch.HasValue())
	assert.True(t, cfg.RetryConfig.Enabled)
	assert.Equal(t, 5*time.Second, cfg.RetryConfig.InitialInterval)
	assert.Zero(t, cfg.RetryConfig.MaxElapsedTime)
}

func TestConfig_HasEverySetting(t *testing.T) {
	cfg, err := loadConfig(t, "config.yaml", "adobe_target/all")
	require.NoError(t, err)

	assert.Equal(t, "https://acme.tt.omtrdc.net", cfg.endpoint())
	assert.Equal(t, 3*time.Second, cfg.ClientConfig.Timeout)
	header, _ := cfg.ClientConfig.Headers.Get("X-Trace")
	assert.Equal(t, configopaque.String("on"), header)
	assert.True(t, cfg.ClientConfig.Auth.HasValue())
	assert.Equal(t, "1.3", cfg.ClientConfig.TLS.MinVersion)
	assert.Equal(t, route.Config{Method: "POST", Parameters: route.Query, Path: "/m2/client/profile/update"}, cfg.API)
	assert.Equal(t, []mapping.VisitorEntry{
		{Parameter: profile.Mbox3rdPartyID, Attribute: "customer.id"},
		{Parameter: profile.MboxPC, Value: `log.body["target"]["pcId"]`},
	}, cfg.Visitor)
	assert.Equal(t, []mapping.ProfileEntry{
		{Prefix: "profile."},
		{Parameter: "loyaltyTier", Attribute: "loyalty.tier"},
		{Parameter: "lastStore", Value: `Concat(["store", resource.attributes["store.id"]], "-")`, Default: "none"},
		{Parameter: "visits", Attribute: "visits", Default: 0},
		{Value: `log.body["profile"]`},
	}, cfg.Profile)
	assert.Equal(t, []mapping.Condition{`log.attributes["channel"] == "offline"`}, cfg.Conditions)
	assert.Equal(t, 256, cfg.MaxValueLength)
	assert.Equal(t, []mapping.Placeholder{"null", "kiosk"}, cfg.VisitorPlaceholders)
	assert.Equal(t, 256, cfg.MaxThirdPartyIDLength)
	assert.Equal(t, 64, cfg.Concurrency)
	assert.Equal(t, outbox.Config{MergeWindow: 10 * time.Minute, MaxVisitors: 5000, MaxBytes: 2 << 20, GiveUpAfter: 2 * time.Hour}, cfg.Outbox)
	quotaStorage := component.MustNewIDWithName("file_storage", "quota")
	assert.Equal(t, quota.Limits{
		Quota: quota.WindowConfig{
			Calls: 500, Window: time.Hour, Storage: &quotaStorage, Reservation: 10, Redis: quota.NewDefaultRedisConfig(), Instances: 2,
		},
		RateLimit: &quota.RateLimitConfig{CallsPerSecond: 11.5, Burst: 20}, Timeout: 3 * time.Second,
	}, limitsOf(t, cfg, cfg.Route))
	assert.True(t, cfg.DryRun)
	assert.Equal(t, 2*time.Minute, cfg.MaxRetryAfter)
	assert.Equal(t, time.Minute, cfg.DrainTimeout)

	queue := cfg.QueueConfig.Get()
	require.NotNil(t, queue)
	assert.Equal(t, 1, queue.NumConsumers)
	assert.Equal(t, int64(5000), queue.QueueSize)
	assert.Equal(t, component.MustNewIDWithName("file_storage", "queue"), *queue.StorageID)
	assert.True(t, queue.BlockOnOverflow, "what is not set keeps our default")
	assert.Equal(t, int64(1000), queue.Batch.Get().MinSize)
	assert.Equal(t, time.Second, cfg.RetryConfig.InitialInterval)
	assert.Equal(t, time.Hour, cfg.RetryConfig.MaxElapsedTime)
}

func TestConfig_PartsCanBeSwitchedOff(t *testing.T) {
	cfg, err := loadConfig(t, "config.yaml", "adobe_target/unpaced")
	require.NoError(t, err)
	assert.False(t, cfg.QueueConfig.HasValue())
	assert.Nil(t, limitsOf(t, cfg, cfg.Route).RateLimit)
}

func TestConfig_TakesWhatIsJustAllowed(t *testing.T) {
	for _, block := range []string{"small_queue", "longest_window", "no_window", "shortest_pauses", "no_retry", "insecure", "insecure_without_tls"} {
		_, err := loadConfig(t, "config.yaml", "adobe_target/"+block)
		assert.NoError(t, err, block)
	}
}

func TestConfig_AListReplacesTheDefaultList(t *testing.T) {
	cfg, err := loadConfig(t, "config.yaml", "adobe_target/one_visitor")
	require.NoError(t, err)
	assert.Equal(t, []mapping.VisitorEntry{{Parameter: profile.MboxPC, Attribute: "pc"}}, cfg.Visitor)
}

func TestConfig_BatchIsOffUntilItIsAskedFor(t *testing.T) {
	for name, gate := range map[string]bool{"as it is": false, "with the gate that batches by default": true} {
		t.Run(name, func(t *testing.T) {
			const batching = "pkg.exporterhelper.queueBatchEnabled"
			require.NoError(t, featuregate.GlobalRegistry().Set(batching, gate))
			t.Cleanup(func() { require.NoError(t, featuregate.GlobalRegistry().Set(batching, false)) })
			cfg, err := loadConfig(t, "config.yaml", "adobe_target")
			require.NoError(t, err)
			assert.False(t, cfg.QueueConfig.Get().Batch.HasValue())
			cfg, err = loadConfig(t, "config.yaml", "adobe_target/batch")
			require.NoError(t, err)
			assert.Equal(t, int64(8192), cfg.QueueConfig.Get().Batch.Get().MinSize, "the helper's own default")
		})
	}
}

// environment is a variable of an example, with what it is when nobody sets it.
var environment = regexp.MustCompile(`\$\{env:\w+:-([^}]*)\}`)

func TestConfig_TakesTheExamples(t *testing.T) {
	examples, err := filepath.Glob("examples/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, examples)
	for _, example := range examples {
		t.Run(filepath.Base(example), func(t *testing.T) {
			text, err := os.ReadFile(example) //nolint:gosec // from the list of the folder
			require.NoError(t, err)
			retrieved, err := confmap.NewRetrievedFromYAML(environment.ReplaceAll(text, []byte("$1")))
			require.NoError(t, err)
			conf, err := retrieved.AsConf()
			require.NoError(t, err)
			if conf.IsSet("exporters::kafka") { // it produces what another one consumes
				return
			}
			sub, err := conf.Sub("exporters::adobe_target")
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			require.NoError(t, sub.Unmarshal(cfg))
			require.NoError(t, confmap.Validate(cfg))
		})
	}
}
