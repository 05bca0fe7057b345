// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"
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
	"removed_max_update_attempts":         "invalid keys: max_update_attempts",
	"merge_window_long":                   "outbox: merge_window: must be from 0s to 24h0m0s, got 24h0m1s",
	"merge_window_negative":               "outbox: merge_window: must be from 0s to 24h0m0s, got -1s",
	"max_visitors":                        "outbox: max_visitors: must be from 1 to 1073741824, got 0",
	"max_bytes":                           "outbox: max_bytes: must be at least 1048576, got 1048575",
	"give_up_after":                       "outbox: give_up_after: must be at least 1m, or 0s to go on for ever, got 59s",
	"unknown_key_of_outbox":               "invalid keys: window",
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
	"fewer_connections_than_calls":        "max_conns_per_host: must be 0 or at least the concurrency of 16, got 4",
	"path_escape":                         `api: path: "/%zz" makes no URL`,
	"endpoint_port":                       "endpoint: the port must be at most 65535, got 99999",
	"endpoint_host":                       "endpoint: must be a URL with http or https",
	"endpoint_fragment":                   "endpoint: must not carry a query or a fragment",
	"timeout_without_unit":                "timeout: must be at least 1ms, or a call that hangs never ends, got 10ns",
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
		"http://proxy.example:3128", "https://proxy.example", "socks5://user:password@127.0.0.1:1080", "socks5h://[::1]:1080", "HTTP://proxy.example",
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
