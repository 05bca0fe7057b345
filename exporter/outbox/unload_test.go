// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func TestOutbox_WhatIsLeftOfARow(t *testing.T) {
	ended := func(*outbox.Entry) time.Time { return time.Time{} }
	tests := map[string]struct {
		during     []record
		settle     func(e *outbox.Entry) time.Time
		gone       int // records of which settle has told the end
		want       []profile.Parameter
		records    int // 0 when nothing waits
		sent       []profile.Parameter
		remembered bool
	}{
		"nothing, when it has arrived and is not to be remembered": {
			settle: ended, gone: 1,
		},
		"what it held, when that is to be remembered": {
			settle: arrived, gone: 1, sent: parameters("a", "1", "b", "1"), remembered: true,
		},
		"what came since": {
			during: []record{says("v", "b", "2"), says("v", "c", "2")},
			settle: ended, gone: 1, want: parameters("b", "2", "c", "2"), records: 2,
		},
		"what came since beside what it held": {
			during: []record{says("v", "b", "2")},
			settle: arrived, gone: 1, want: parameters("b", "2"), records: 1, sent: parameters("a", "1", "b", "1"),
		},
		"all of it, when it goes again": {
			settle: again, want: parameters("a", "1", "b", "1"), records: 1,
		},
		"all of it and what came since, when it goes again": {
			during: []record{says("v", "b", "2")},
			settle: again, want: parameters("a", "1", "b", "2"), records: 2,
		},
		"a record of no parameters that came since": {
			during: []record{says("v")},
			settle: ended, gone: 1, want: parameters(), records: 1,
		},
		"a record of no parameters beside what is to be remembered": {
			during: []record{says("v")},
			settle: arrived, gone: 1, want: parameters(), records: 1, sent: parameters("a", "1", "b", "1"),
		},
		"nothing, when what came since is given up as well": {
			during: []record{says("v", "b", "2")},
			settle: func(e *outbox.Entry) time.Time {
				e.Parameters, e.Records = nil, 0
				return ended(e)
			},
			gone: 2,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inMemoryAndStored(t, remembering(), func(t *testing.T, f *fixture) {
				upload := f.uploads("note", says("v", "a", "1", "b", "1"))
				f.put(tt.during...)
				before := f.Held().Records
				room(f)
				more, err := f.Unload(t.Context(), upload, tt.settle)
				require.NoError(t, err)
				assert.False(t, more)
				assert.Equal(t, tt.records == 0, room(f), "there is room when it has gone")
				f.Close(upload)
				for range 2 {
					f.write()
					held := f.Held()
					assert.Equal(t, before-tt.gone, held.Records)
					assert.Equal(t, tt.records, held.Records)
					assert.Zero(t, held.Uploaded)
					assert.Equal(t, tt.remembered, held.Remembered == 1)
					f = f.nextRun(remembering())
				}
				if tt.remembered {
					assert.Equal(t, map[string][]profile.Parameter{"v": tt.sent}, f.remembered())
				}
				left := f.takeAll()
				if tt.records == 0 {
					assert.Empty(t, left)
					return
				}
				require.NotNil(t, left[visitor("v")])
				got := contentOf(left[visitor("v")])
				assert.ElementsMatch(t, tt.want, got.Parameters)
				assert.Equal(t, tt.records, got.Records)
				assert.Equal(t, tt.sent, got.Sent)
				assert.Zero(t, got.Upload)
				assert.Zero(t, got.Uploaded)
			})
		})
	}
}

// room reports whether there may be room that there was not.
func room(f *fixture) bool {
	select {
	case <-f.Room():
		return true
	default:
		return false
	}
}

func TestOutbox_ARowThatGoesAgainIsDueWhenItsSettlingSays(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		f.unload(f.uploads("note", says("v", "a", "1")), func(e *outbox.Entry) time.Time {
			e.Attempts = 1
			again(e)
			return f.now.Add(time.Minute)
		})
		f.waits(time.Minute - 1)
		f.takeNothing()
		f.waits(1)
		assert.Equal(t, 1, f.take(outbox.FailingAlone).Attempts)
	})
}

func TestOutbox_AgeIsThatOfWhatCameSinceWhenARowHasArrived(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		upload := f.uploads("note", says("v", "a", "1"))
		f.waits(time.Hour)
		assert.GreaterOrEqual(t, f.Age(f.now), time.Hour, "records wait until the upload has ended")
		f.put(says("v", "a", "2"))
		f.waits(time.Minute)
		f.unload(upload, arrived)
		assert.Equal(t, time.Minute, f.Age(f.now))
	})
}

// TestOutbox_UnloadsNothingWhenAPageCannotBeRead has an upload of more rows than stay in memory.
func TestOutbox_UnloadsNothingWhenAPageCannotBeRead(t *testing.T) {
	packer, err := newPacker()
	require.NoError(t, err)
	for name, damages := range map[string]func(d *disk){
		"the storage fails":            func(d *disk) { d.fails = reads },
		"all pages are damaged":        func(d *disk) { d.replace(func(page []byte) []byte { return page[:9] }) },
		"their entries cannot be read": func(d *disk) { d.replace(func([]byte) []byte { return packer.Pack(make([]byte, slots)) }) },
	} {
		t.Run(name, func(t *testing.T) {
			f := stored(t, testConfig(), newDisk())
			upload := f.uploads("note", visitors(evicting)...)
			whole := f.disk.copied()
			damages(f.disk)
			var failed error
			for _, err := range f.Rows(t.Context(), upload) {
				failed = err
			}
			require.Error(t, failed)
			settled := map[string]int{}
			settle := func(e *outbox.Entry) time.Time {
				settled[e.Visitor.ID]++
				return arrived(e)
			}
			failures := 0
			for more := true; more && failures < 3; {
				before := len(settled)
				if more, err = f.Unload(t.Context(), upload, settle); err != nil {
					failures++
					require.True(t, more)
					require.Len(t, settled, before, "all of a step or nothing")
				}
			}
			require.Equal(t, 3, failures)
			require.Equal(t, evicting-len(settled), f.Uploads()[0].Rows)
			if name == "their entries cannot be read" {
				return // the outbox keeps such pages in memory
			}
			f.disk.data, f.disk.fails = whole.data, nil
			f.unload(upload, settle)
			assert.Len(t, settled, evicting, "when the storage works again no row is missing")
			for id, times := range settled {
				require.Equal(t, 1, times, id)
			}
			assert.Zero(t, f.Held())
		})
	}
}
