// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// survives puts records of one visitor, has its call fail, and holds that another run finds
// the entry as it was left.
func survives(tb testing.TB, attempts int, failing time.Duration, records ...record) {
	tb.Helper()
	f := stored(tb, testConfig(), newDisk())
	f.put(records...)
	f.write()
	added := f.restarted()

	f.waits(window)
	e := f.take(outbox.Fresh)
	want := contentOf(e)
	model := map[string]string{}
	for _, r := range records {
		for _, p := range r.parameters {
			model[profile.CleanName(p.Name)] = p.Value
		}
	}
	require.Equal(tb, records[0].visitor, e.Visitor)
	require.Equal(tb, model, valuesOf(e.Parameters))
	require.Equal(tb, len(records), e.Records)
	require.Equal(tb, want, contentOf(added.takeAll()[e.Visitor]), "as it was added")
	require.Equal(tb, len(records), added.Loaded())

	e.Attempts, e.Failing = attempts, failing
	want = contentOf(e)
	f.Retry(e, f.now)
	f.write()
	put := f.restarted()
	got := put.takeAll()[e.Visitor]
	require.NotNil(tb, got)
	require.Equal(tb, want, contentOf(got), "as it was put off")
	require.Zero(tb, got.Seen, "the sender's clock begins anew")
	require.Equal(tb, f.Held().Bytes, put.Held().Bytes)

	e = f.takeAll()[e.Visitor]
	e.Upload, e.Uploaded, e.Records = f.Begin(e.Visitor.ID), (e.Records+1)/2, e.Records/2
	third := len(e.Parameters) / 3
	e.Sent, e.Row, e.Parameters = e.Parameters[:third], e.Parameters[third:2*third], e.Parameters[2*third:]
	want = contentOf(e)
	f.Enlist(e)
	f.write()
	next := f.restarted()
	require.Equal(tb, want, next.rows(tb, e.Upload)[e.Visitor], "as it was put into an upload")
	require.Equal(tb, f.Uploads(), next.Uploads())
	require.Equal(tb, f.Held(), next.Held())
}

func TestOutbox_AnEntrySurvivesTheStorage(t *testing.T) {
	for name, records := range map[string][]record{
		"one parameter":             {says("v", "tier", "gold")},
		"several records":           {says("v", "tier", "gold"), says("v", "tier", "silver", "store", "17"), says("v")},
		"no parameters":             {says("v")},
		"an mboxPC":                 {{visitor: profile.Visitor{Parameter: profile.MboxPC, ID: "1.2"}, parameters: parameters("a", "1")}},
		"an empty value":            {says("v", "a", "")},
		"bytes that are no text":    {says("v\xff\x00", "a\xff", "\xfe\x00\x80")},
		"an id of 127 bytes":        {says(strings.Repeat("v", 127), "a", "1")},
		"an id of 128 bytes":        {says(strings.Repeat("v", 128), "a", "1")},
		"what would fill a call":    {says("v", "a", strings.Repeat("x", 60_000))},
		"what would fill ten calls": {says("v", "a", strings.Repeat("&", 200_000), "b", strings.Repeat("x", 200_000))},
		"a thousand parameters":     {{visitor: visitor("v"), parameters: manyParameters(1_000)}},
	} {
		t.Run(name, func(t *testing.T) {
			survives(t, 0, 0, records...)
			survives(t, 1, time.Second, records...)
			survives(t, 1_000_000, 48*time.Hour, records...)
		})
	}
}

// manyParameters returns parameters of different names, in order.
func manyParameters(n int) []profile.Parameter {
	all := make([]profile.Parameter, n)
	for i := range all {
		all[i] = profile.Parameter{Name: string(rune('a'+i/676)) + string(rune('a'+i/26%26)) + string(rune('a'+i%26)), Value: strings.Repeat("x", i%9)}
	}
	return all
}

func TestOutbox_TimeIsStoredToTheSecondAndTheRecordsArrivalToTheMillisecond(t *testing.T) {
	f := stored(t, testConfig(), newDisk())
	e := called(f)
	e.Attempts, e.Failing = 1, 2*time.Second+999*time.Millisecond
	f.Retry(e, f.now)
	f.write()
	got := f.restarted().takeAll()[visitor("v")]
	assert.Equal(t, 2*time.Second, got.Failing)
	assert.True(t, e.First.Equal(got.First))
	assert.Equal(t, time.Duration(0), got.First.Sub(got.First.Truncate(time.Millisecond)))
}

func FuzzAnEntrySurvivesTheStorage(f *testing.F) {
	f.Add("customer-17", true, []byte("abc"), "tier", "gold", uint16(0), uint16(0))
	f.Add("", false, []byte("\x00\x01\xff\xfe"), "\xff", "\x00", uint16(3), uint16(7200))
	f.Add(strings.Repeat("v", 300), true, []byte("zzzzzzzzzzzzzzzzzzzzzz"), strings.Repeat("n", 200), strings.Repeat("&", 2_000), uint16(65535), uint16(1))
	f.Fuzz(func(t *testing.T, id string, pc bool, data []byte, name, value string, attempts, failing uint16) {
		v := visitor(id)
		if pc {
			v.Parameter = profile.MboxPC
		}
		records := []record{{visitor: v}}
		for _, c := range data[:min(len(data), 100)] {
			last := &records[len(records)-1]
			last.parameters = append(last.parameters, profile.Parameter{
				Name: name[:min(len(name), int(c>>4))] + string(c&7), Value: value[min(len(value), int(c&31)):] + string(c),
			})
			if c%5 == 0 {
				records = append(records, record{visitor: v})
			}
		}
		survives(t, int(attempts), time.Duration(failing)*time.Second, records...)
	})
}
