// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

const otherAccount = "globex at https://acme.tt.omtrdc.net"

func TestGuard_RecordsOfAnotherAccountAreNotSent(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(d *disk)
		want   string // "" when it starts
	}{
		"they wait":                              {func(*disk) {}, "3 log records wait there for " + testAccount},
		"they wait behind the queue only":        {func(d *disk) { delete(d.parts[queueName], indexKey) }, "2 log records wait there for " + testAccount},
		"the note of their account is damaged":   {func(d *disk) { d.put(accountKey, []byte("acme")) }, "it is damaged where it says for which account"},
		"nothing waits":                          {func(d *disk) { delete(d.parts[queueName], indexKey); delete(d.parts[queueName], sinkKey) }, ""},
		"they are of a build that kept no note":  {func(d *disk) { delete(d.parts[queueName], accountKey) }, ""},
		"they are, and nothing has been in line": {func(d *disk) { delete(d.parts[queueName], accountKey); delete(d.parts[queueName], indexKey) }, ""},
	} {
		inBubble(t, name, func(t *testing.T) {
			d, _ := backlog(t, 1)
			d.put(sinkKey, []byte("[8,9]"))
			tt.change(d)
			before := d.data()
			r := newRun(t)
			r.guard.set.Account = otherAccount
			err := r.begin(t, d)
			time.Sleep(time.Second)
			require.NoError(t, r.end(t))
			if tt.want == "" {
				require.NoError(t, err)
				assert.Contains(t, string(d.data()[accountKey]), otherAccount)
				return
			}
			require.ErrorContains(t, err, tt.want)
			assert.Equal(t, before, d.data())
			assert.Zero(t, r.said.FilterMessageSnippet("starting with new").Len(), "the helper says nothing else")
		})
	}
}

func TestGuard_TheWayOutIsSaidWithTheAccounts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d, records := backlog(t, 3)
		r := newRun(t)
		r.guard.set.Account = otherAccount
		require.ErrorContains(t, r.begin(t, d), "3 log records wait there for "+testAccount+", and this exporter is configured for "+otherAccount+
			": set client_code and endpoint back until they are sent, or give this exporter another storage")
		require.NoError(t, r.end(t))
		asked := d.copied()
		assert.Equal(t, records, drained(t, d), "set back, they are sent")

		delete(asked.parts, begunName)
		r = newRun(t)
		r.guard.set.Account = otherAccount
		require.NoError(t, r.begin(t, asked), "who has removed it has asked for it")
		time.Sleep(time.Second)
		assert.Equal(t, records, r.sink.taken())
		require.NoError(t, r.end(t))
	})
}

// TestGuard_AnEmptiedQueueIsNotANewOne has runs that leave something, nothing, or are killed, and
// a file that is empty then.
func TestGuard_AnEmptiedQueueIsNotANewOne(t *testing.T) {
	for name, tt := range map[string]struct {
		run   func(t *testing.T) *disk
		fails bool
	}{
		"after a run that has left records": {func(t *testing.T) *disk {
			t.Helper()
			d, _ := backlog(t, 2)
			return d
		}, true},
		"after a run that has left records behind the queue": {func(t *testing.T) *disk {
			t.Helper()
			d := newDisk()
			r := started(t, d)
			r.sink.add(1)
			require.NoError(t, r.end(t))
			return d
		}, true},
		"after a run that was killed": {func(t *testing.T) *disk {
			t.Helper()
			d := newDisk()
			started(t, d)
			return d.copied()
		}, true},
		"after a run that has left nothing": {func(t *testing.T) *disk {
			t.Helper()
			d := newDisk()
			require.NoError(t, started(t, d).end(t))
			return d
		}, false},
		"before the first run": {func(*testing.T) *disk { return newDisk() }, false},
	} {
		inBubble(t, name, func(t *testing.T) {
			d := tt.run(t)
			if d.parts[queueName] != nil {
				clear(d.parts[queueName])
			}
			r := newRun(t)
			err := r.begin(t, d)
			time.Sleep(time.Second)
			require.NoError(t, r.end(t))
			if !tt.fails {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, `file exporter_adobe_target__logs of "file_storage" is empty or new, though an earlier run has left log records `+
				`there or was killed: restore it, or remove file exporter_adobe_target__begun of "file_storage" too`)
			r = newRun(t)
			require.Error(t, r.begin(t, d), "it is no new one the next time either")
			require.NoError(t, r.end(t))
			delete(d.parts, begunName)
			require.NoError(t, started(t, d).end(t))
		})
	}
}

// TestGuard_AFirstStartThatIsCutOffIsNoEmptiedQueue kills the first start after each of its writes.
func TestGuard_AFirstStartThatIsCutOffIsNoEmptiedQueue(t *testing.T) {
	for n := 1; n < 12; n++ {
		bubble(t, func(t *testing.T) {
			d := newDisk()
			d.fail(fromThe(n, func([]*storage.Operation) bool { return true }))
			r := newRun(t)
			_ = r.begin(t, d)
			left := d.copied()
			_ = r.end(t)
			require.NoError(t, started(t, left).end(t), "batch %d", n)
		})
	}
}
