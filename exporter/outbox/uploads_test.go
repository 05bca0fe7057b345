// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
)

// uploads has all that is due stand in a new upload, and returns its number.
func (f *fixture) uploads(note string) (number uint32) {
	f.tb.Helper()
	number = f.Begin(note)
	for f.ready(outbox.Fresh) > 0 {
		e := f.take(outbox.Fresh)
		e.Upload, e.Sent, e.Parameters = number, e.Parameters, nil
		e.Uploaded, e.Records = e.Records, 0
		f.Enlist(e)
	}
	return number
}

// TestUploads_OneThatHasRowsIsKnownAfterAnyBeginningOfAWrite ends one upload and begins another in one
// write, of a storage that is not atomic: what becomes of rows is known by the note alone.
func TestUploads_OneThatHasRowsIsKnownAfterAnyBeginningOfAWrite(t *testing.T) {
	f := stored(t, testConfig(), newDisk())
	f.put(visitors(100)...)
	f.write()
	f.waits(time.Hour)
	first := f.uploads("first")
	f.write()
	require.True(t, f.Written(first))
	for more := true; more; {
		var err error
		more, err = f.Unload(t.Context(), first, func(e *outbox.Entry) time.Time {
			e.Parameters, e.Records, e.Sent = e.Sent, e.Uploaded, nil
			return f.now.Add(time.Hour)
		})
		require.NoError(t, err)
	}
	f.Close(first)
	f.Begin("second")
	ops, _ := f.Owed()
	for n := range len(ops) + 1 {
		disk := f.disk.copied()
		disk.apply(ops[:n]...)
		rows := 0
		again := storedAt(t, testConfig(), disk, f.now)
		for _, u := range again.Uploads() {
			rows += u.Rows
			assert.True(t, u.Rows == 0 || u.Note == "first", "%d rows of upload %d after %d of %d operations", u.Rows, u.Number, n, len(ops))
		}
		assert.Len(t, again.takeAll(), 100-rows)
	}
}
