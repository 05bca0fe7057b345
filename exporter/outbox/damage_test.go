// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slots is how many entries stand on a page.
const slots = 16

// loadDamaged loads what stood on three full pages, of which the second was replaced, and
// holds that this page is loaded as a whole or set aside.
func loadDamaged(tb testing.TB, whole *disk, page []byte) (damaged bool) {
	tb.Helper()
	d := whole.copied()
	const key = "outbox1"
	d.data[key] = page
	f := &fixture{Outbox: newOutbox(tb, testConfig()), tb: tb, disk: d, now: start()}
	found, pages, err := f.Load(tb.Context(), d, f.now)
	require.NoError(tb, err)
	require.True(tb, found)
	require.LessOrEqual(tb, pages, 1)
	if pages == 0 {
		require.Equal(tb, page, d.data[key])
		return false
	}
	require.NotContains(tb, d.data, key)
	require.Equal(tb, page, d.data[asideKey+"1"], "its bytes are kept")
	require.Equal(tb, 2*slots, f.Held().Visitors, "nothing of it is loaded")
	require.Equal(tb, 2*slots, f.Loaded())

	// The outbox goes on, in the same place too.
	f.put(says("new", "n", "1"))
	f.write()
	all := f.restarted().takeAll()
	require.Len(tb, all, 2*slots+1)
	for _, r := range slices.Concat(visitors(3 * slots)[:slots], visitors(3 * slots)[2*slots:]) {
		require.Equal(tb, r.parameters, all[r.visitor].Parameters)
	}
	return true
}

func TestLoad_SetsDamagedPagesAside(t *testing.T) {
	whole := left(t, 3*slots)
	require.Equal(t, 3, whole.pages())
	page := whole.data["outbox1"]
	for i := range page {
		require.True(t, loadDamaged(t, whole, page[:i]), "cut at %d", i)
		flipped := slices.Clone(page)
		flipped[i] ^= 4
		require.True(t, loadDamaged(t, whole, flipped), "byte %d", i)
	}
	require.True(t, loadDamaged(t, whole, append(slices.Clone(page), 0)), "a byte more")
	require.True(t, loadDamaged(t, whole, []byte{}), "empty")
	require.False(t, loadDamaged(t, whole, page), "the page itself")
}

// TestLoad_LoadsNoHalfOfAPage damages what is behind the checksum, as a build with a fault
// would.
func TestLoad_LoadsNoHalfOfAPage(t *testing.T) {
	whole := left(t, 3*slots)
	packer, err := newPacker()
	require.NoError(t, err)
	text, err := packer.Unpack(whole.data["outbox1"])
	require.NoError(t, err)
	for i := range text {
		require.True(t, loadDamaged(t, whole, packer.Pack(text[:i])), "cut at %d", i)
		for _, flip := range []byte{1, 4, 128} {
			flipped := slices.Clone(text)
			flipped[i] ^= flip
			loadDamaged(t, whole, packer.Pack(flipped)) // the text of an id or a value may be any
		}
	}
	require.True(t, loadDamaged(t, whole, packer.Pack(append(slices.Clone(text), 0))), "a byte more")
	last := bytes.LastIndex(text, []byte("v31"))
	text[last-2] = 9 // the kind of the last entry's visitor
	require.True(t, loadDamaged(t, whole, packer.Pack(text)), "the last entry cannot be read, the others could")
}

// TestLoad_LoadsNoEntryThatIsNotWhole has a page of one entry, whose checksum is right.
func TestLoad_LoadsNoEntryThatIsNotWhole(t *testing.T) {
	whole := left(t, 3*slots)
	packer, err := newPacker()
	require.NoError(t, err)
	// The kind of the id, the id, 1 record, when it arrived, 0 attempts and seconds, nothing refused,
	// 1 parameter.
	const good = "\x01\x01v" + "\x01" + "\x00" + "\x00" + "\x00" + "\x00" + "\x01" + "\x01n\x01x"
	for name, tt := range map[string]struct {
		entry   string
		damaged bool
	}{
		"as it should be":                        {good, false},
		"a byte more":                            {good + "\x00", true},
		"a parameter too many is said":           {strings.Replace(good, "\x01\x01n", "\x02\x01n", 1), true},
		"a parameter too few is said":            {strings.Replace(good, "\x01\x01n", "\x00\x01n", 1), true},
		"two thousand million are said":          {strings.Replace(good, "\x01\x01n", "\xff\xff\xff\xff\x07\x01n", 1), true},
		"a number is longer than numbers can be": {"\x01\x01v" + strings.Repeat("\xff", 11) + "\x00", true},
		"another kind of id":                     {"\x02" + good[1:], true},
		"nothing but a kind":                     {"\x01", true},
		"with a word of an earlier build":        {strings.Replace(good, "\x00\x01\x01n", "\x08http_400\x01\x01n", 1), false},
		"with what an upload holds":              {strings.Replace(good, "\x00\x01\x01n", "\x0d\x01\x07\x02\x01\x01a\x011\x01\x01b\x012\x01\x01n", 1), false},
		"with what is cut of it":                 {strings.Replace(good, "\x00\x01\x01n", "\x0c\x01\x07\x02\x01\x01a\x011\x01\x01b\x01\x01\x01n", 1), true},
		"without its row":                        {strings.Replace(good, "\x00\x01\x01n", "\x08\x01\x07\x02\x01\x01a\x011\x01\x01n", 1), true},
		"with a byte more of it":                 {strings.Replace(good, "\x00\x01\x01n", "\x0e\x01\x07\x02\x01\x01a\x011\x01\x01b\x0120\x01\x01n", 1), true},
		"with nothing of it but its mark":        {strings.Replace(good, "\x00\x01\x01n", "\x01\x01\x01\x01n", 1), true},
	} {
		page := append([]byte{byte(len(tt.entry))}, tt.entry...) //nolint:gosec // short
		page = append(page, make([]byte, slots-1)...)
		require.Equal(t, tt.damaged, loadDamaged(t, whole, packer.Pack(page)), name)
	}
}

func FuzzLoad(f *testing.F) {
	whole := left(f, 3*slots)
	packer, err := newPacker()
	require.NoError(f, err)
	page := whole.data["outbox1"]
	text, err := packer.Unpack(page)
	require.NoError(f, err)
	f.Add(page)
	f.Add(page[:20])
	f.Add(text)
	f.Add(text[:len(text)/2])
	f.Add(make([]byte, slots))
	f.Add(append([]byte{5, 1, 1, 'v', 1, 0}, make([]byte, slots-1)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		loadDamaged(t, whole, data)
		loadDamaged(t, whole, packer.Pack(data)) // as a page whose checksum is right
	})
}

func TestLoad_CountsAndSetsAsideEachDamagedPage(t *testing.T) {
	d := left(t, 5*slots)
	for _, number := range []string{"0", "2", "4"} {
		d.data["outbox"+number] = d.data["outbox"+number][:7]
	}
	before := maps.Clone(d.data)
	f := newOutbox(t, testConfig())
	_, damaged, err := f.Load(t.Context(), d, start())
	require.NoError(t, err)
	assert.Equal(t, 3, damaged)
	assert.Equal(t, 2*slots, f.Held().Visitors)
	for _, number := range []string{"0", "2", "4"} {
		assert.Equal(t, before["outbox"+number], d.data[asideKey+number])
		assert.NotContains(t, d.data, "outbox"+number)
	}
	assert.Equal(t, 2, d.pages())

	_, damaged, err = newOutbox(t, testConfig()).Load(t.Context(), d, start())
	require.NoError(t, err)
	assert.Zero(t, damaged, "each is counted once")
}
