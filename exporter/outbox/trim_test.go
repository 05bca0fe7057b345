// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
)

// TestOutbox_KeepsFewPagesBesideThoseInUse has more pages in use than a trim looks at, all of which
// were loaded before the others.
func TestOutbox_KeepsFewPagesBesideThoseInUse(t *testing.T) {
	const inUse, others, spare = 2_000, 2_000, 100
	f := stored(t, testConfig(), newDisk())
	f.put(visitors(inUse * slots)...)
	f.write()
	calls := f.takeAll()
	require.Equal(t, inUse, f.PagesInMemory())
	for i := range others {
		records := make([]record, slots)
		for n := range records {
			records[n] = says("w"+strconv.Itoa(i*slots+n), "a", "1")
		}
		f.put(records...)
		f.write()
		require.LessOrEqual(t, f.PagesInMemory(), inUse+outbox.KeptPages+spare)
	}
	for _, e := range calls {
		f.End(e)
	}
	f.write()
	assert.LessOrEqual(t, f.PagesInMemory(), outbox.KeptPages)
	assert.Len(t, f.takeAll(), others*slots)
	f.write()
}
