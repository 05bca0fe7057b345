// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sample // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/sample"

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheCommittedSampleHoldsEveryOddKind(t *testing.T) {
	s := NewDefaultSettings()
	assert.GreaterOrEqual(t, s.Records/s.OddEvery, len(Kinds()))
}

func TestOddKinds(t *testing.T) {
	plainRecord := `{"time":"2026-01-05T08:00:00.000Z","channel":"offline","action":"kiosk accessed",` +
		`"customer.id":"CRM-000001","profile":{"actionCount":1}}`
	for kind, want := range map[string]string{
		"online action": `{"time":"2026-01-05T08:00:00.000Z","channel":"online","action":"page viewed",` +
			`"customer.id":"CRM-000001","profile":{"actionCount":1}}`,
		"no id": `{"time":"2026-01-05T08:00:00.000Z","channel":"offline","action":"kiosk accessed",` +
			`"profile":{"actionCount":1}}`,
		"empty id": `{"time":"2026-01-05T08:00:00.000Z","channel":"offline","action":"kiosk accessed",` +
			`"profile":{"actionCount":1},"customer.id":""}`,
		"unusable customer id beside a good pcId": `{"time":"2026-01-05T08:00:00.000Z","channel":"offline",` +
			`"action":"kiosk accessed","profile":{"actionCount":1},"customer.id":"CRM/000030",` +
			`"target.pcId":"1368007744041-000030.17_00"}`,
		"nothing to send": `{"time":"2026-01-05T08:00:00.000Z","channel":"offline","customer.id":"CRM-000001",` +
			`"action":null,"profile":{}}`,
		"names that differ in case": `{"time":"2026-01-05T08:00:00.000Z","channel":"offline",` +
			`"action":"kiosk accessed","customer.id":"CRM-000001",` +
			`"profile":{"actionCount":1,"favorite":"lower","Favorite":"UPPER"}}`,
		"numbers of every size": `{"time":"2026-01-05T08:00:00.000Z","channel":"offline",` +
			`"action":"kiosk accessed","customer.id":"CRM-000001","profile":{"actionCount":1,"numbers":` +
			`{"big":9007199254740993,"huge":1e21,"small":0.0000001,"negative":-12.50,"zero":0}}}`,
		"lists and deep maps": `{"time":"2026-01-05T08:00:00.000Z","channel":"offline",` +
			`"action":"kiosk accessed","customer.id":"CRM-000001","profile":{"actionCount":1,` +
			`"scores":[1,2.5,true,"four","five,six"],"empty":[],"deep":{"deeper":{"deepest":{"found":true}}}}}`,
		"value that would add parameters": `{"time":"2026-01-05T08:00:00.000Z","channel":"offline",` +
			`"action":"kiosk accessed","customer.id":"CRM-000001","profile":{"actionCount":1,` +
			`"note":"x&mbox3rdPartyId=someone-else&profile.tier=stolen"}}`,
		"value of several lines": `{"time":"2026-01-05T08:00:00.000Z","channel":"offline",` +
			`"action":"kiosk accessed","customer.id":"CRM-000001","profile":{"actionCount":1,` +
			`"note":"first line\nsecond line\r\n\tthird line"}}`,
	} {
		t.Run(kind, func(t *testing.T) {
			r := &record{
				{"time", "2026-01-05T08:00:00.000Z"},
				{"channel", "offline"},
				{"action", KioskAccessed},
				{"customer.id", "CRM-000001"},
				{profileKey, &record{{"actionCount", 1}}},
			}
			before, err := r.appendJSON(nil)
			require.NoError(t, err)
			require.Equal(t, plainRecord, string(before))

			kindNamed(t, kind).alter(r, 30)
			got, err := r.appendJSON(nil)
			require.NoError(t, err)
			assert.Equal(t, want, string(got))
			assert.True(t, json.Valid(got))
		})
	}
}

func TestARecordCannotHoldWhatJSONHasNoPlaceFor(t *testing.T) {
	r := &record{{"profile", &record{{"list", []any{make(chan int)}}}}}
	_, err := r.appendJSON(nil)
	assert.ErrorContains(t, err, "a record cannot hold a chan int")
}

func kindNamed(t *testing.T, name string) oddKind {
	t.Helper()
	for _, k := range oddKinds() {
		if k.name == name {
			return k
		}
	}
	require.Fail(t, "no such kind", name)
	return oddKind{}
}
