// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

func TestConfig_RedisHasEverySetting(t *testing.T) {
	cfg, err := loadConfig(t, "quota.yaml", "adobe_target/redis")
	require.NoError(t, err)
	redis := cfg.Quota.Redis
	security := *redis.TLS.Get()
	assert.Equal(t, "/etc/redis/ca.pem", security.CAFile)
	assert.Equal(t, "1.3", security.MinVersion)
	redis.TLS = quota.NewDefaultRedisConfig().TLS
	assert.Equal(t, quota.RedisConfig{
		Endpoint: "redis.example:6380", Username: "adobe-target", Password: "a secret", DB: 3, SentinelMaster: "quotas",
		Prefix: "offline", ColdStart: quota.Allow, Lease: quota.LeaseConfig{Duration: time.Minute, Calls: 200},
	}, redis)
	cluster, err := loadConfig(t, "quota.yaml", "adobe_target/redis_cluster")
	require.NoError(t, err)
	assert.True(t, cluster.Quota.Redis.Cluster)
	assert.False(t, cluster.Quota.Redis.TLS.HasValue())
	byTLS, err := loadConfig(t, "quota.yaml", "adobe_target/redis_by_tls")
	require.NoError(t, err)
	assert.True(t, byTLS.Quota.Redis.TLS.HasValue())
}

// TestConfig_EveryAccountIsInRedis has no route count on its own.
func TestConfig_EveryAccountIsInRedis(t *testing.T) {
	for block, routes := range map[string][]route.Name{
		"redis_with_bulk":     {route.ToSingle, route.ToBulk},
		"redis_with_delivery": {route.ToSingle, route.ToDelivery},
	} {
		cfg, err := loadConfig(t, "quota.yaml", "adobe_target/"+block)
		require.NoError(t, err)
		assert.Equal(t, routes, cfg.routes())
		for _, n := range routes {
			limits := limitsOf(t, cfg, n)
			assert.True(t, limits.Quota.InRedis(), n)
			assert.Nil(t, limits.Quota.Storage, n)
			assert.Equal(t, cfg.ClientConfig.Timeout, limits.Timeout, n)
		}
	}
}

// TestConfig_InstancesDivideEveryLimit is of three, and what is left over no one has.
func TestConfig_InstancesDivideEveryLimit(t *testing.T) {
	type share struct {
		calls     int
		perSecond float64
		burst     int
	}
	for block, want := range map[string]map[route.Name]share{
		"shared":               {route.ToSingle: {333_333, 10, 6}},
		"shared_with_bulk":     {route.ToSingle: {333_333, 10, 6}, route.ToBulk: {13, 0, 0}},
		"shared_with_delivery": {route.ToSingle: {333_333, 10, 6}, route.ToDelivery: {quota.Unlimited, 0.5, 1}},
		"shared_unpaced":       {route.ToSingle: {333_333, 0, 0}},
	} {
		cfg, err := loadConfig(t, "quota.yaml", "adobe_target/"+block)
		require.NoError(t, err)
		for n, part := range want {
			limits := limitsOf(t, cfg, n)
			got := share{calls: limits.Quota.Calls}
			if limits.RateLimit != nil {
				got.perSecond, got.burst = limits.RateLimit.CallsPerSecond, limits.RateLimit.Burst
			}
			assert.Equal(t, part, got, "%s, %s", block, n)
		}
	}
}

func TestConfig_RefusesAnAccountThatCannotBeShared(t *testing.T) {
	assertRefused(t, "quota.yaml", map[string]string{
		"shared_by_none":                      "quota: instances: must be at least 1 and at most calls, got 0",
		"shared_by_too_many":                  "quota: instances: must be at least 1 and at most calls, got 11",
		"shared_uploads_by_many":              "quota::instances: must be at most bulk::calls_per_minute, or none of them makes a call, got 5 of 4",
		"shared_and_in_redis":                 "quota: instances: is for processes without redis, which shares the quota by need, got 2",
		"redis_and_storage":                   "quota: redis: is in place of storage, set one of them",
		"redis_without_endpoint":              "quota::redis: endpoint: is missing, write host:port, such as redis:6379",
		"redis_of_a_variable_that_is_not_set": "quota::redis::endpoint: is empty, write host:port, such as redis:6379, or leave the key out",
		"redis_port_of_letters":               "quota::redis: endpoint: must be host:port, such as redis:6379",
		"redis_port_and_database":             "quota::redis: endpoint: must be host:port, such as redis:6379",
		"redis_unknown_key":                   `quota::redis: unknown key "address"; allowed: cluster, cold_start, db, endpoint, lease, password, prefix, sentinel_master, tls, username`,
		"redis_lease_without_a_unit": "quota::redis::lease::duration: 30 has no unit, write 30s if seconds are meant\n" +
			"quota::redis: lease::duration: must be from 1s to 1h0m0s, got 30ns",
		"redis_lease_of_half_a_call":  "quota::redis::lease::calls: must be a whole number, got 1.5",
		"redis_tls_unknown_key":       `quota::redis::tls: unknown key "ca"; allowed: ca_file, `,
		"redis_as_a_url":              "quota::redis: endpoint: must be host:port, such as redis:6379",
		"redis_as_a_url_without_port": "quota::redis: endpoint: must be host:port, such as redis:6379",
		"redis_port_zero":             "quota::redis: endpoint: must be host:port, such as redis:6379",
		"redis_of_two_kinds":          "quota::redis: cluster: is not for sentinel_master, the endpoint is a node or a sentinel",
		"redis_db_in_a_cluster":       "quota::redis: db: must be at least 0, and 0 in a cluster, got 1",
		"redis_username_alone":        "quota::redis: username: needs password beside it",
		"redis_with_a_line_break":     "quota::redis: password: must not hold a line break, such as the one at the end of a file",
		"redis_prefix_with_braces":    `quota::redis: prefix: must be a text without braces, got "{a}"`,
		"redis_cold_start":            `quota::redis: cold_start: must be wait or allow, got "never"`,
		"redis_lease_short":           "quota::redis: lease::duration: must be from 1s to 1h0m0s, got 500ms",
		"redis_lease_of_nothing":      "quota::redis: lease::calls: must be at least 1, got 0",
	})
}
