// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"errors"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
)

func keyOf(t *testing.T, endpoint string) Key {
	t.Helper()
	u, err := url.Parse(endpoint)
	require.NoError(t, err)
	return NewKey("acme", u)
}

func TestNewKey_IsOneForEveryWayToWriteAHost(t *testing.T) {
	for want, endpoints := range map[string][]string{
		"https://acme.tt.omtrdc.net": {
			"https://acme.tt.omtrdc.net", "HTTPS://ACME.tt.omtrdc.NET", "https://acme.tt.omtrdc.net.", "https://acme.tt.omtrdc.net:443",
			"https://acme.tt.omtrdc.net.:443", "https://acme.tt.omtrdc.net/a/path", "http://acme.tt.omtrdc.net", "http://acme.tt.omtrdc.net:80",
			"http://Acme.tt.omtrdc.net.:80/",
		},
		"https://acme.tt.omtrdc.net:8443": {"https://acme.tt.omtrdc.net:8443", "http://acme.tt.omtrdc.net.:8443"},
		"https://acme.tt.omtrdc.net:80":   {"https://acme.tt.omtrdc.net:80"},
		"https://[::1]:8443":              {"https://[::1]:8443", "http://[::1]:8443"},
		"https://globex.tt.omtrdc.net":    {"https://globex.tt.omtrdc.net"},
	} {
		for _, endpoint := range endpoints {
			assert.Equal(t, Key{ClientCode: "acme", Endpoint: want}, keyOf(t, endpoint).account(), endpoint)
		}
	}
}

// The names are those of files that earlier versions have written.
func TestKey_NamesOfStoredAccountsStayAsTheyAre(t *testing.T) {
	assert.Equal(t, "quota_acme_bd62b10d9bf2", keyOf(t, "https://acme.tt.omtrdc.net").name())
	assert.Equal(t, "quota_acme_18831ff9745b", keyOf(t, "https://acme.tt.omtrdc.net:8443").name())
	assert.Equal(t, "quota_acme_97a9ef024493", Key{ClientCode: "acme", Endpoint: keyOf(t, "http://acme.tt.omtrdc.net").earlier}.name())
}

func TestKey_OtherRoutesHaveAccountsOfTheirOwn(t *testing.T) {
	var r Registry
	single := keyOf(t, "http://acme.tt.omtrdc.net")
	delivery := single.For("delivery")
	assert.Equal(t, "quota_acme_bd62b10d9bf2_delivery", delivery.name())
	assert.Empty(t, delivery.earlier, "no earlier version kept one")
	assert.Equal(t, delivery.account(), keyOf(t, "https://acme.tt.omtrdc.net").For("delivery").account())

	updates := open(t, &r, single, Limits{Quota: WindowConfig{Calls: 1, Window: time.Hour}})
	paid := open(t, &r, delivery, Limits{Quota: WindowConfig{Calls: Unlimited, Window: time.Hour}})
	for range 1000 {
		require.NoError(t, paid.Wait(t.Context(), &Waits{}))
		paid.Done(time.Now())
	}
	assert.Equal(t, Usage{Limit: Unlimited, Used: 1000}, paid.Usage())
	assert.Zero(t, paid.NextFree())
	assert.Equal(t, Usage{Limit: 1}, updates.Usage())
	updates.Pause(time.Hour)
	require.NoError(t, paid.Wait(t.Context(), &Waits{}), "a pause of the one is none of the other")
	paid.GiveBack()

	_, err := r.Open(delivery, Limits{Quota: WindowConfig{Calls: Unlimited, Window: time.Hour}, RateLimit: &RateLimitConfig{CallsPerSecond: 1, Burst: 1}})
	require.ErrorContains(t, err, "so give them the same quota and delivery::calls_per_second")

	paced := func(pace float64) Limits {
		return Limits{Quota: WindowConfig{Calls: Unlimited, Window: time.Hour}, RateLimit: &RateLimitConfig{CallsPerSecond: pace, Burst: int(pace)}}
	}
	capped := Limits{Quota: WindowConfig{Calls: 5, Window: time.Hour}, RateLimit: &RateLimitConfig{CallsPerSecond: 1, Burst: 1}}
	assert.Contains(t, capped.differences(paced(1), delivery), "quota::calls is 5 here and without a limit there")
	var plan Plan
	require.NoError(t, plan.Add(component.MustNewIDWithName("adobe_target", "a"), Share{delivery, paced(50)}))
	err = plan.Add(component.MustNewIDWithName("adobe_target", "b"), Share{delivery, paced(10)})
	require.EqualError(t, err, `quota, delivery::calls_per_second: exporter "adobe_target/a" uses client_code "acme" and the same endpoint with other limits `+
		`(delivery::calls_per_second is 10 here and 50 there): they share one account, so give them the same quota and delivery::calls_per_second`)
}

func TestRegistry_BothSchemesOfAHostShareAnAccount(t *testing.T) {
	var r Registry
	plain, secure := keyOf(t, "http://acme.tt.omtrdc.net"), keyOf(t, "https://acme.tt.omtrdc.net")
	limits := stored(10, 1)
	first := open(t, &r, plain, limits)
	assert.Same(t, first, open(t, &r, secure, limits))
	_, err := r.Open(secure, stored(20, 1))
	require.Error(t, err)
	r.Close(secure)
	r.Close(plain)
	open(t, &r, secure, stored(20, 1))
}

// earlierRun is a run of an earlier version, which kept an account for each scheme.
func earlierRun(t *testing.T, d *disk, scheme string, calls int) {
	t.Helper()
	a := NewAccount(stored(100, 10))
	a.now = oneStart
	_, err := a.Persist(t.Context(), d, storageID, Key{ClientCode: "acme", Endpoint: scheme + "://acme.tt.omtrdc.net"})
	require.NoError(t, err)
	makeCalls(t, a, calls)
	require.NoError(t, a.Unpersist(t.Context()))
}

func TestPersist_CountsWhatAnEarlierVersionStoredForEachScheme(t *testing.T) {
	for name, tt := range map[string]struct {
		plain, secure int      // calls that the earlier version has stored
		starts        []string // the schemes of this version's exporters
		want          int
	}{
		"http":                           {7, 0, []string{"http"}, 7},
		"https":                          {0, 5, []string{"https"}, 5},
		"http, where both were in use":   {7, 5, []string{"http"}, 12},
		"both, the one with http first":  {7, 5, []string{"http", "https"}, 12},
		"both, the one with https first": {7, 5, []string{"https", "http"}, 12},
		"two of http":                    {7, 0, []string{"http", "http"}, 7},
		"http that used to be https":     {0, 5, []string{"http"}, 5},
		"nothing":                        {0, 0, []string{"http"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDisk()
				if tt.plain > 0 {
					earlierRun(t, d, "http", tt.plain)
				}
				if tt.secure > 0 {
					earlierRun(t, d, "https", tt.secure)
				}
				for range 3 { // a restart counts nothing again
					a := NewAccount(stored(100, 10))
					a.now = oneStart
					for i, scheme := range tt.starts {
						cold, err := a.Persist(t.Context(), d, storageID, keyOf(t, scheme+"://acme.tt.omtrdc.net"))
						require.NoError(t, err)
						assert.Equal(t, i == 0 && tt.want == 0, cold)
					}
					assert.Equal(t, tt.want, a.Usage().Used)
					assert.Equal(t, tt.want, persisted(t, d.copied(), stored(100, 10), oneStart).Usage().Used, "by a crash right now, under https")
					makeCalls(t, a, 1)
					tt.want++
					for range tt.starts {
						require.NoError(t, a.Unpersist(t.Context()))
					}
				}
			})
		})
	}
}

func TestPersist_WhatAnEarlierVersionStoredIsNotForgottenWhenItCannotBeMoved(t *testing.T) {
	d := newDisk()
	earlierRun(t, d, "http", 7)
	d.full = errors.New("no space left on device")
	key := keyOf(t, "http://acme.tt.omtrdc.net")
	_, err := NewAccount(stored(100, 10)).Persist(t.Context(), d, storageID, key)
	require.ErrorIs(t, err, d.full)
	d.full = nil
	a := NewAccount(stored(100, 10))
	_, err = a.Persist(t.Context(), d, storageID, key)
	require.NoError(t, err)
	assert.Equal(t, 7, a.Usage().Used)
}

func TestPersist_ADamagedAccountOfAnEarlierVersionIsRefused(t *testing.T) {
	d := newDisk()
	earlierRun(t, d, "http", 7)
	key := keyOf(t, "http://acme.tt.omtrdc.net")
	client, err := d.GetClient(t.Context(), component.KindExporter, component.MustNewIDWithName("adobe_target", "quota"),
		Key{ClientCode: "acme", Endpoint: key.earlier}.name())
	require.NoError(t, err)
	require.NoError(t, client.Set(t.Context(), statementKey, []byte("hello")))
	_, err = NewAccount(stored(100, 10)).Persist(t.Context(), d, storageID, key)
	require.ErrorContains(t, err, "damaged")
}

func TestPersist_OpensNoOtherFileForHTTPS(t *testing.T) {
	d := newDisk()
	persisted(t, d, stored(10, 1), oneStart)
	assert.Len(t, d.files, 1)
}
