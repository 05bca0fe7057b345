// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
)

// TestOutbox_EntriesAreStoredAsTheyEverWere holds that earlier builds could read what this one
// writes, but for uploads, of which they know nothing.
func TestOutbox_EntriesAreStoredAsTheyEverWere(t *testing.T) {
	// Two records, when the first arrived, three attempts, a minute of failing, and the parameters.
	const head, first = "\x01\x01v" + "\x02", "\x80\x80\xe6\x82\xb9\x66"
	const plain = head + first + "\x03" + "\x3c" + "\x00" + "\x02" + "\x05store\x0217" + "\x04tier\x04gold"
	tests := map[string]struct {
		then func(f *fixture, e *outbox.Entry)
		want string
	}{
		"an entry": {
			then: func(f *fixture, e *outbox.Entry) { f.Retry(e, f.now) },
			want: plain,
		},
		"an entry in an upload": {
			then: func(f *fixture, e *outbox.Entry) {
				e.Sent, e.Row, e.Parameters = parameters("a", "1"), e.Parameters[:1], e.Parameters[1:]
				e.Upload, e.Uploaded = f.Begin(""), 300
				f.Enlist(e)
			},
			want: head + first + "\x03" + "\x3c" + "\x13\x01" + "\x01" + "\xac\x02" + "\x01" + "\x01a\x011" + "\x01" + "\x05store\x0217" + "\x01" + "\x04tier\x04gold",
		},
		"an entry of which uploads held something": {
			then: func(f *fixture, e *outbox.Entry) {
				e.Sent = parameters("a", "1")
				f.Retry(e, f.now)
			},
			want: head + first + "\x03" + "\x3c" + "\x09\x01" + "\x00" + "\x00" + "\x01" + "\x01a\x011" + "\x00" + "\x02" + "\x05store\x0217" + "\x04tier\x04gold",
		},
	}
	packer, err := newPacker()
	require.NoError(t, err)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := stored(t, testConfig(), newDisk())
			f.now = time.UnixMilli(1_760_000_000_000)
			f.put(says("v", "tier", "silver", "store", "17"), says("v", "tier", "gold"))
			f.write()
			f.waits(window)
			e := f.take(outbox.Fresh)
			e.Attempts, e.Failing = 3, time.Minute
			tt.then(f, e)
			f.write()
			page, err := packer.Unpack(f.disk.data[firstPage])
			require.NoError(t, err)
			want := append(binary.AppendUvarint(nil, uint64(len(tt.want))), tt.want...)
			want = append(want, make([]byte, slots-1)...)
			assert.Equal(t, want, page)
		})
	}
}
