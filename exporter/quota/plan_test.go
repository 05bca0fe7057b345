// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
)

func TestPlan_RefusesOtherLimitsForOneAccount(t *testing.T) {
	a, b := component.MustNewIDWithName("adobe_target", "a"), component.MustNewIDWithName("adobe_target", "b")
	overHTTP := Key{ClientCode: acme.ClientCode, Endpoint: acme.Endpoint, earlier: "http://acme"}
	globex := Key{ClientCode: "globex", Endpoint: acme.Endpoint}
	for name, tt := range map[string]struct {
		exporter component.ID
		key      Key
		calls    int
		want     string // "" when it may
	}{
		"the same limits":              {b, acme, 10, ""},
		"another account":              {b, globex, 20, ""},
		"the exporter itself, changed": {a, acme, 20, ""},
		"other limits": {b, acme, 20, `quota, rate_limit: exporter "adobe_target/a" uses client_code "acme" and the same endpoint with other limits ` +
			`(quota::calls is 20 here and 10 there): they share one account, so give them the same quota and rate_limit`},
		"other limits over another scheme": {b, overHTTP, 20, `exporter "adobe_target/a" uses client_code "acme"`},
	} {
		t.Run(name, func(t *testing.T) {
			var p Plan
			require.NoError(t, p.Add(a, Share{acme, unpaced(10, time.Hour)}))
			err := p.Add(tt.exporter, Share{tt.key, unpaced(tt.calls, time.Hour)})
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
			p.Remove(a)
			assert.NoError(t, p.Add(tt.exporter, Share{tt.key, unpaced(tt.calls, time.Hour)}), "the other one is gone")
		})
	}
}

func TestPlan_ForgetsTheAccountThatAnExporterHasLeft(t *testing.T) {
	a, b := component.MustNewIDWithName("adobe_target", "a"), component.MustNewIDWithName("adobe_target", "b")
	var p Plan
	require.NoError(t, p.Add(a, Share{acme, unpaced(10, time.Hour)}))
	require.NoError(t, p.Add(a, Share{Key{ClientCode: "globex", Endpoint: acme.Endpoint}, unpaced(10, time.Hour)}))
	assert.NoError(t, p.Add(b, Share{acme, unpaced(20, time.Hour)}))
}

func TestPlan_AnExporterSharesSeveralAccounts(t *testing.T) {
	a, b := component.MustNewIDWithName("adobe_target", "a"), component.MustNewIDWithName("adobe_target", "b")
	bulk := acme.For(Bulk)
	minutely := func(calls int, storage *component.ID) Share {
		return Share{bulk, Limits{Quota: WindowConfig{Calls: calls, Window: time.Minute, Storage: storage, Reservation: 1}}}
	}
	single := Share{acme, unpaced(10, time.Hour)}
	for name, tt := range map[string]struct {
		shares []Share
		want   string // "" when they may
	}{
		"both, with the same limits": {[]Share{single, minutely(40, nil)}, ""},
		"the second one alone":       {[]Share{minutely(40, nil)}, ""},
		"the second one with other limits": {
			[]Share{single, minutely(30, nil)},
			`quota, bulk::calls_per_minute: exporter "adobe_target/a" uses client_code "acme" and the same endpoint with other limits ` +
				`(bulk::calls_per_minute is 30 here and 40 there): they share one account, so give them the same bulk::calls_per_minute and ` +
				`quota::storage (or else sending_queue::storage)`,
		},
		"the second one in another storage": {
			[]Share{single, minutely(40, &storageID)},
			`(quota::storage (or else sending_queue::storage) is file_storage here and none there)`,
		},
		"the first one with other limits": {[]Share{{acme, unpaced(20, time.Hour)}, minutely(40, nil)}, "(quota::calls is 20 here and 10 there)"},
	} {
		t.Run(name, func(t *testing.T) {
			var p Plan
			require.NoError(t, p.Add(a, single, minutely(40, nil)))
			err := p.Add(b, tt.shares...)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
			c := component.MustNewIDWithName("adobe_target", "c")
			require.NoError(t, p.Add(c, single, minutely(40, nil)), "who was refused has none")
			p.Remove(c)
			p.Remove(a)
			assert.NoError(t, p.Add(b, tt.shares...), "the other one is gone, from all of them")
		})
	}
}
