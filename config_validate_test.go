// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// invalid says, block by block of testdata/invalid.yaml, what is answered. An ellipsis stands for
// what OTTL says in other words from one version to the next.
var invalid = map[string]string{ //nolint:gosec // these are messages, not credentials
	"no_client_code":                      "client_code: required, the client code of the Target account",
	"malformed_client_code":               `client_code: only lower case letters and digits are allowed, at most 63, got "Acme-Corp"`,
	"endpoint_scheme":                     `endpoint: must be a URL with http or https such as https://acme.tt.omtrdc.net, got "ftp://acme.example"`,
	"endpoint_without_scheme":             `endpoint: must be a URL with http or https`,
	"endpoint_query":                      `endpoint: must not carry a query or a fragment, got one on the host "acme.example"`,
	"endpoint_password":                   "endpoint: must not carry a user or password, use auth or headers",
	"endpoint_malformed":                  "endpoint: must be a URL such as https://acme.tt.omtrdc.net",
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
	"profile_with_a_control_character":    `profile::0::parameter: "loyalty\ntier" must hold no control character`,
	"profile_too_long":                    "is too long, at most 128 characters are allowed",
	"profile_twice_profile":               `profile::0::parameter: "profile.tier": write it without "profile."`,
	"profile_expression":                  `profile::1::value: …undefined function "Nonsense"`,
	"profile_path_without_context":        `profile::0::value: …missing context name for path "attributes[tier]"`,
	"profile_default_map":                 "profile::0: default: must be a string, number or boolean that is finite and not empty, got map[string]interface {}",
	"profile_default_without_parameter":   "profile::0: default: needs a parameter to be the value of",
	"condition":                           "conditions::1: …condition has invalid syntax",
	"condition_empty":                     "conditions::0: the condition is empty",
	"method":                              `api: method: "PUT" is unknown, use POST or GET`,
	"query_with_get":                      `api: parameters: "query" is for method POST only`,
	"parameters":                          `api: parameters: "header" is unknown, use body or query`,
	"path":                                `api: path: "m2/update" must begin with /`,
	"path_query":                          `api: path: "/m2/{client_code}/update?x=1" may hold no query`,
	"path_placeholder":                    `api: path: "/m2/{clientCode}/update" may hold no query, fragment, space or placeholder other than {client_code}`,
	"timeout":                             "timeout: must be at least 1ms, or a call that hangs never ends, got 0s",
	"concurrency":                         "concurrency: must be at least 1, got 0",
	"concurrency_high":                    "concurrency: must be at most 1024, got 5000",
	"rate_zero":                           "rate_limit: calls_per_second: must be above 0, got 0",
	"rate_negative":                       "burst: must be at least 1, got -2",
	"quota_calls":                         "quota: calls: must be at least 1, got 0",
	"quota_window":                        "quota: window: must be at least 1m0s, got 59s",
	"max_value_length":                    "max_value_length: must be at least 0, got -1",
	"max_third_party_id_length":           "max_third_party_id_length: must be at most 256, got 257",
	"removed_max_update_attempts":         `unknown key "max_update_attempts"; allowed: api, auth, bulk, client_code, …, visitor, visitor_placeholders, write_buffer_size`,
	"merge_window_long":                   "outbox: merge_window: must be from 0s to 24h0m0s, got 24h0m1s",
	"merge_window_negative":               "outbox: merge_window: must be from 0s to 24h0m0s, got -1s",
	"max_visitors":                        "outbox: max_visitors: must be from 1 to 1073741824, got 0",
	"max_bytes":                           "outbox: max_bytes: must be at least 1048576, got 1048575",
	"give_up_after":                       "outbox: give_up_after: must be at least 1m, or 0s to go on for ever, got 59s",
	"unknown_key_of_outbox":               `outbox: unknown key "window"; allowed: give_up_after, max_bytes, max_visitors, merge_window`,
	"several_consumers":                   "sending_queue::num_consumers: must be 1, got 2: calls run in parallel by concurrency",
	"no_consumer":                         "sending_queue: `num_consumers` must be positive",
	"initial_interval":                    "retry_on_failure::initial_interval: must be at least 100ms, got 99ms",
	"initial_interval_zero":               "retry_on_failure::initial_interval: must be at least 100ms, got 0s",
	"max_interval":                        "retry_on_failure::max_interval: must be at least 100ms, got 99ms",
	"multiplier":                          "retry_on_failure::multiplier: must be at least 1, got 0.9",
	"multiplier_not_a_number":             "retry_on_failure::multiplier: must be at least 1, got NaN",
	"drain_timeout":                       "drain_timeout: must be at least 0s, got -1s",
	"max_retry_after":                     "max_retry_after: must be from 1s to 24h0m0s, got 999ms",
	"max_retry_after_long":                "max_retry_after: must be from 1s to 24h0m0s, got 24h0m1s",
	"compression":                         `compression: Target reads no compressed calls, remove it or set none, got "gzip"`,
	"cookies":                             "cookies: not allowed",
	"idempotency_key":                     "headers: Idempotency-Key is not allowed",
	"unknown_key":                         `unknown key "qouta"; allowed: api, auth, `,
	"unknown_key_of_quota":                `quota: unknown key "call"; allowed: calls, instances, redis, reservation, storage, window`,
	"unknown_key_of_api":                  `api: unknown key "verb"; allowed: method, parameters, path`,
	"unknown_key_of_an_entry":             `visitor::0: unknown key "attr"; allowed: attribute, parameter, value`,
	"proxy":                               "proxy_url: must be a URL with http, https, socks5 or socks5h and a host, such as http://proxy.example:3128",
	"proxy_without_scheme":                "proxy_url: must be a URL with http, https, socks5 or socks5h",
	"proxy_scheme":                        "proxy_url: must be a URL with http, https, socks5 or socks5h",
	"proxy_host":                          "proxy_url: must be a URL with http, https, socks5 or socks5h",
	"proxy_port":                          "proxy_url: must be a URL with http, https, socks5 or socks5h",
	"accept_encoding":                     "headers: Accept-Encoding is not allowed",
	"content_type":                        "headers: Content-Type is not allowed",
	"host":                                "headers: Host is not allowed, with it calls could reach another account",
	"fewer_connections_than_calls":        "max_conns_per_host: must be 0 or at least the concurrency of 16, got 4",
	"path_escape":                         `api: path: "/%zz" makes no URL`,
	"endpoint_port":                       "endpoint: the port must be at most 65535, got 99999",
	"endpoint_host":                       "endpoint: must be a URL with http or https",
	"endpoint_fragment":                   "endpoint: must not carry a query or a fragment",
	"timeout_without_unit":                `timeout: 10 has no unit, write 10s if seconds are meant`,
	"endpoint_of_the_call":                `endpoint: takes scheme and host, such as https://acme.tt.omtrdc.net; the path "/m2/acme/profile/update" belongs in api::path`,
	"endpoint_of_a_call_before_a_gateway": `endpoint: takes scheme and host, such as https://acme.tt.omtrdc.net; the path "/edge/m2/client/profile/update/" belongs in api::path`,
	"endpoint_of_another_call":            `the path "/rest/v1/delivery" is not part of it, the exporter adds it with route delivery: remove it`,
	"endpoint_with_a_path_at_target":      `the path "/m2/acme" is not part of it, route single adds its own: remove it`,
	"path_of_another_call":                `api: path: "/rest/v1/delivery" is not that of single updates, the exporter adds it with route delivery: remove it`,
	"proxy_password":                      "proxy_url: must not carry a password, which the Collector would print with the configuration",
	"unknown_key_of_the_queue":            `sending_queue: unknown key "batchx"; allowed: batch, block_on_overflow, enabled, num_consumers, queue_size, sizer, storage, wait_for_result`,
	"unknown_key_of_a_batch":              `sending_queue::batch: unknown key "flush_timeoutx"; allowed: enabled, flush_timeout, max_size, min_size, partition, sizer`,
	"unknown_key_of_tls":                  `tls: unknown key "ca_fil"; allowed: ca_file, `,
	"unknown_key_of_retry":                `retry_on_failure: unknown key "max_elapsed"; allowed: enabled, initial_interval, `,
	"unknown_key_of_a_rate_limit":         `rate_limit: unknown key "per_second"; allowed: burst, calls_per_second, enabled`,
	"duration_of_nanoseconds":             "drain_timeout: 30ns is shorter than 1ms, write a number with the unit that is meant, such as 30s",
	"duration_in_quotes":                  "drain_timeout: 30 has no unit, write 30s if seconds are meant",
	"insecure_beside_a_certificate":       "tls: insecure: not allowed beside other settings of tls",
	"insecure_beside_a_version":           "tls: insecure: not allowed beside other settings of tls",
	"fraction_of_a_whole_number":          "concurrency: must be a whole number, got 1.5",
	"map_in_place_of_a_name":              "quota::storage: must be a text, not a map",
	"duration_of_a_fraction":              "drain_timeout: 1.5 has no unit, write 1.5s if seconds are meant",
	"duration_of_another_unit":            `drain_timeout: "1d" is no duration, write a number with a unit, such as 30s`,
	"duration_in_milliseconds":            "outbox::merge_window: 3600000 has no unit",
	"queue":                               "sending_queue: `queue_size` must be positive",
	"queue_without_size":                  "sending_queue: `queue_size` must be positive",
	"queue_smaller_than_batch":            "sending_queue: `min_size` must be less than or equal to `queue_size`",
}

func TestValidate_NamesThePlaceAndWhatIsAllowed(t *testing.T) {
	for block, want := range invalid {
		t.Run(block, func(t *testing.T) {
			_, err := loadConfig(t, "invalid.yaml", "adobe_target/"+block)
			for part := range strings.SplitSeq(want, "…") {
				require.ErrorContains(t, err, part)
			}
			assert.NotContains(t, err.Error(), "secret-token")
		})
	}
}

func TestValidate_TakesProxiesThatNetHTTPKnows(t *testing.T) {
	for _, proxy := range []string{
		"http://proxy.example:3128", "https://proxy.example", "socks5://user@127.0.0.1:1080", "socks5h://[::1]:1080", "HTTP://proxy.example",
	} {
		cfg := wiredConfig()
		cfg.ClientConfig.ProxyURL = proxy
		assert.NoError(t, cfg.Validate(), proxy)
	}
}

func TestValidate_KnowsEveryBlockOfInvalidYAML(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "invalid.yaml"))
	require.NoError(t, err)
	for block := range conf.ToStringMap() {
		assert.Contains(t, invalid, strings.TrimPrefix(block, "adobe_target/"))
	}
}

// TestValidate_EveryDurationNeedsAUnit knows the durations by their types, so that none is forgotten.
func TestValidate_EveryDurationNeedsAUnit(t *testing.T) {
	places := durations("", keysOf(reflect.TypeFor[Config]()))
	assert.Subset(t, places, []string{
		"timeout", "max_retry_after", "drain_timeout", "keepalive::idle_conn_timeout", "tls::reload_interval", "outbox::merge_window",
		"quota::window", "sending_queue::batch::flush_timeout", "retry_on_failure::initial_interval",
	})
	given := map[string]any{"client_code": "acme"}
	var want []string
	for _, place := range places {
		given[place] = 5
		want = append(want, place+": 5 has no unit, write 5s if seconds are meant")
	}
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(given).Unmarshal(cfg))
	err := cfg.Validate()
	require.Error(t, err)
	assert.ElementsMatch(t, want, strings.Split(err.Error(), "\n"))
}

func durations(place string, keys map[string]reflect.Type) (places []string) {
	for key, t := range keys {
		key = strings.TrimPrefix(place+"::"+key, "::")
		switch {
		case t == reflect.TypeFor[time.Duration]():
			places = append(places, key)
		case meant(t).Kind() == reflect.Struct:
			places = append(places, durations(key, keysOf(t))...)
		}
	}
	return places
}

func TestValidate_TakesDurationsThatSayTheirUnit(t *testing.T) {
	for _, d := range []any{"30s", "1ms", "0s", "0", 0, 0.0, "1h30m", 30 * time.Second} {
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, confmap.NewFromStringMap(map[string]any{"client_code": "acme", "drain_timeout": d}).Unmarshal(cfg))
		assert.NoError(t, cfg.Validate(), "%v", d)
	}
}

func TestValidate_WhatIsMisreadIsNoConfiguration(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"client_code": "acme", "qouta": 5}).Unmarshal(cfg))
	_, err := NewFactory().CreateLogs(t.Context(), exportertest.NewNopSettings(metadata.Type), cfg)
	require.ErrorContains(t, err, `unknown key "qouta"`)
}
