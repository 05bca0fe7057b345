// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
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

func TestOnlyTheClientCodeIsRequired(t *testing.T) {
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
	assert.Equal(t, 128, cfg.MaxThirdPartyIDLength)
	assert.Equal(t, 16, cfg.Concurrency)
	assert.Equal(t, 10, cfg.MaxUpdateAttempts)
	assert.Equal(t, quota.Limits{
		Quota:     quota.WindowConfig{Calls: 1_000_000, Window: 24 * time.Hour, Reservation: 100},
		RateLimit: &quota.RateLimitConfig{CallsPerSecond: 50, Burst: 50},
	}, cfg.limits())
	assert.Equal(t, 15*time.Minute, cfg.MaxRetryAfter)
	assert.Equal(t, 30*time.Second, cfg.DrainTimeout)

	queue := cfg.QueueConfig.Get()
	require.NotNil(t, queue)
	assert.Equal(t, 1, queue.NumConsumers)
	assert.Equal(t, int64(50_000), queue.QueueSize)
	assert.Equal(t, exporterhelper.RequestSizerTypeItems, queue.Sizer)
	assert.True(t, queue.BlockOnOverflow)
	require.True(t, queue.Batch.HasValue())
	assert.Equal(t, 5*time.Second, queue.Batch.Get().FlushTimeout)
	assert.Equal(t, int64(10_000), queue.Batch.Get().MinSize)
	assert.Equal(t, int64(0), queue.Batch.Get().MaxSize)
	assert.True(t, cfg.RetryConfig.Enabled)
	assert.Zero(t, cfg.RetryConfig.MaxElapsedTime)
}

func TestEverySettingReachesTheConfiguration(t *testing.T) {
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
	assert.Equal(t, 256, cfg.MaxThirdPartyIDLength)
	assert.Equal(t, 64, cfg.Concurrency)
	assert.Equal(t, 25, cfg.MaxUpdateAttempts)
	quotaStorage := component.MustNewIDWithName("file_storage", "quota")
	assert.Equal(t, quota.Limits{
		Quota:     quota.WindowConfig{Calls: 500, Window: time.Hour, Storage: &quotaStorage, Reservation: 10},
		RateLimit: &quota.RateLimitConfig{CallsPerSecond: 11.5, Burst: 20},
	}, cfg.limits())
	assert.True(t, cfg.DryRun)
	assert.Equal(t, 2*time.Minute, cfg.MaxRetryAfter)
	assert.Equal(t, time.Minute, cfg.DrainTimeout)

	queue := cfg.QueueConfig.Get()
	require.NotNil(t, queue)
	assert.Equal(t, 2, queue.NumConsumers)
	assert.Equal(t, int64(5000), queue.QueueSize)
	assert.Equal(t, component.MustNewIDWithName("file_storage", "queue"), *queue.StorageID)
	assert.True(t, queue.BlockOnOverflow, "what is not set keeps our default")
	assert.Equal(t, int64(1000), queue.Batch.Get().MinSize)
	assert.Equal(t, 5*time.Second, queue.Batch.Get().FlushTimeout, "what is not set keeps our default")
	assert.Equal(t, time.Second, cfg.RetryConfig.InitialInterval)
	assert.Equal(t, time.Hour, cfg.RetryConfig.MaxElapsedTime)
}

func TestPartsCanBeSwitchedOff(t *testing.T) {
	cfg, err := loadConfig(t, "config.yaml", "adobe_target/unpaced")
	require.NoError(t, err)
	assert.Equal(t, configoptional.None[exporterhelper.QueueBatchConfig]().HasValue(), cfg.QueueConfig.HasValue())
	assert.Nil(t, cfg.limits().RateLimit)
}

func TestTheDefaultBatchIsNoLargerThanWhatTheUserSets(t *testing.T) {
	for block, want := range map[string]int64{"small_queue": 500, "small_batch": 50} {
		cfg, err := loadConfig(t, "config.yaml", "adobe_target/"+block)
		require.NoError(t, err)
		assert.Equal(t, want, cfg.QueueConfig.Get().Batch.Get().MinSize)
	}
}

func TestAListInTheYAMLReplacesTheDefaultList(t *testing.T) {
	cfg, err := loadConfig(t, "config.yaml", "adobe_target/one_visitor")
	require.NoError(t, err)
	assert.Equal(t, []mapping.VisitorEntry{{Parameter: profile.MboxPC, Attribute: "pc"}}, cfg.Visitor)
}

func TestInvalidConfigurationIsRefusedWithItsPlaceAndWhatIsAllowed(t *testing.T) {
	for block, want := range map[string]string{
		"no_client_code":                      "client_code: required, the client code of the Target account",
		"malformed_client_code":               `client_code: only lower case letters and digits are allowed, at most 63, got "Acme-Corp"`,
		"endpoint_scheme":                     `endpoint: has to be a URL with http or https such as https://acme.tt.omtrdc.net, got "ftp://acme.example"`,
		"endpoint_without_scheme":             `endpoint: has to be a URL with http or https`,
		"endpoint_query":                      `endpoint: may not carry a query or a fragment, got one on the host "acme.example"`,
		"endpoint_password":                   "endpoint: may not carry a user or password, use auth or headers",
		"endpoint_malformed":                  "endpoint: has to be a URL such as https://acme.tt.omtrdc.net",
		"visitor_without_source":              "visitor::0: set exactly one of attribute, value, got none",
		"visitor_with_two_sources":            "visitor::0: set exactly one of attribute, value, got attribute and value",
		"visitor_parameter_unknown":           `visitor::1::parameter: "marketingCloudVisitorId" is not a visitor parameter, use one of mboxPC, mbox3rdPartyId`,
		"visitor_parameter_missing":           "visitor::0::parameter: required, one of mboxPC, mbox3rdPartyId",
		"visitor_none":                        "visitor: needs at least one entry",
		"visitor_expression":                  "visitor::0::value: …expression has invalid syntax",
		"profile_none":                        "profile: needs at least one entry",
		"profile_without_source":              "profile::0: set exactly one of attribute, value, prefix, got none",
		"profile_with_two_sources":            "profile::0: set exactly one of attribute, value, prefix, got attribute and prefix",
		"profile_with_three_sources":          "profile::0: set exactly one of attribute, value, prefix, got attribute and value and prefix",
		"profile_attribute_without_parameter": "profile::0: parameter: required beside attribute",
		"profile_prefix_with_parameter":       "profile::0: parameter: not allowed beside prefix",
		"profile_reserved":                    `profile::0::parameter: "user.tier" is reserved by Target; not allowed are user.*, mbox*`,
		"profile_reserved_mbox":               `profile::0::parameter: "mboxPC" is reserved by Target`,
		"profile_too_long":                    "is too long, at most 128 characters are allowed",
		"profile_twice_profile":               `profile::0::parameter: "profile.tier": write it without "profile."`,
		"profile_expression":                  `profile::1::value: …undefined function "Nonsense"`,
		"profile_path_without_context":        `profile::0::value: …missing context name for path "attributes[tier]"`,
		"profile_default_map":                 "profile::0: default: has to be a string, number or boolean that is finite and not empty, got map[string]interface {}",
		"profile_default_without_parameter":   "profile::0: default: needs a parameter to be the value of",
		"condition":                           "conditions::1: …condition has invalid syntax",
		"condition_empty":                     "conditions::0: the condition is empty",
		"method":                              `api: method: "PUT" is unknown, use POST or GET`,
		"query_with_get":                      `api: parameters: "query" is for method POST only`,
		"parameters":                          `api: parameters: "header" is unknown, use body or query`,
		"path":                                `api: path: "m2/update" must begin with /`,
		"path_query":                          `api: path: "/m2/{client_code}/update?x=1" may hold no query`,
		"path_placeholder":                    `api: path: "/m2/{clientCode}/update" may hold no query, fragment, space or placeholder other than {client_code}`,
		"timeout":                             "timeout: has to be 1ms or more, or a call that hangs never ends, got 0s",
		"concurrency":                         "concurrency: has to be 1 or more, got 0",
		"concurrency_high":                    "concurrency: has to be 1024 or less, got 5000",
		"rate_zero":                           "rate_limit: calls_per_second: must be above 0, got 0",
		"rate_negative":                       "burst: must be at least 1, got -2",
		"quota_calls":                         "quota: calls: must be at least 1, got 0",
		"quota_window":                        "quota: window: must be at least 1m0s, got 59s",
		"max_value_length":                    "max_value_length: has to be 0 or more, got -1",
		"max_third_party_id_length":           "max_third_party_id_length: has to be 256 or less, got 257",
		"one_attempt":                         "max_update_attempts: has to be 2 or more, or 0 to go on for ever, got 1",
		"drain_timeout":                       "drain_timeout: has to be 0 or more, got -1s",
		"max_retry_after":                     "max_retry_after: has to be from 1s to 24h0m0s, got 999ms",
		"max_retry_after_long":                "max_retry_after: has to be from 1s to 24h0m0s, got 24h0m1s",
		"compression":                         `compression: Target reads no compressed calls, remove it or set none, got "gzip"`,
		"cookies":                             "cookies: not allowed",
		"idempotency_key":                     "headers: Idempotency-Key is not allowed",
		"unknown_key":                         "invalid keys: qouta",
		"unknown_key_of_quota":                "invalid keys: call",
		"unknown_key_of_api":                  "invalid keys: verb",
		"unknown_key_of_an_entry":             "invalid keys: attr",
		"proxy":                               "proxy_url: must be a URL with http, https, socks5 or socks5h such as http://proxy.example:3128",
		"proxy_without_scheme":                "proxy_url: must be a URL with http, https, socks5 or socks5h",
		"proxy_scheme":                        "proxy_url: must be a URL with http, https, socks5 or socks5h",
		"proxy_host":                          "proxy_url: must be a URL with http, https, socks5 or socks5h",
		"proxy_port":                          "proxy_url: must be a URL with http, https, socks5 or socks5h",
		"accept_encoding":                     "headers: Accept-Encoding is not allowed",
		"content_type":                        "headers: Content-Type is not allowed",
		"host":                                "headers: Host is not allowed, with it calls could reach another account",
		"fewer_connections_than_calls":        "max_conns_per_host: has to be 0 or at least the concurrency of 16, got 4",
		"path_escape":                         `api: path: "/%zz" makes no URL`,
		"endpoint_port":                       "endpoint: the port has to be 65535 or less",
		"endpoint_host":                       "endpoint: has to be a URL with http or https",
		"endpoint_fragment":                   "endpoint: may not carry a query or a fragment",
		"timeout_without_unit":                "timeout: has to be 1ms or more, or a call that hangs never ends, got 10ns",
		"queue":                               "sending_queue: `queue_size` must be positive",
		"queue_smaller_than_batch":            "sending_queue: `min_size` must be less than or equal to `queue_size`",
	} {
		t.Run(block, func(t *testing.T) {
			_, err := loadConfig(t, "invalid.yaml", "adobe_target/"+block)
			// OTTL's messages begin in another way from one version to the next.
			for part := range strings.SplitSeq(want, "…") {
				require.ErrorContains(t, err, part)
			}
			assert.NotContains(t, err.Error(), "secret-token")
		})
	}
}

func TestProxiesThatNetHTTPKnowsAreTaken(t *testing.T) {
	for _, proxy := range []string{
		"http://proxy.example:3128", "https://proxy.example", "socks5://user:password@127.0.0.1:1080", "socks5h://[::1]:1080", "HTTP://proxy.example",
	} {
		cfg := testConfig("https://acme.example")
		cfg.ClientConfig.ProxyURL = proxy
		assert.NoError(t, cfg.Validate(), proxy)
	}
}

func TestEveryInvalidBlockIsRefused(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "invalid.yaml"))
	require.NoError(t, err)
	for block := range conf.ToStringMap() {
		_, err := loadConfig(t, "invalid.yaml", block)
		assert.Error(t, err, block)
	}
}
