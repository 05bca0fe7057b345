// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package journal // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newPacker(tb testing.TB) *Packer {
	tb.Helper()
	p, err := NewPacker()
	require.NoError(tb, err)
	return p
}

func TestPacker_UnpacksWhatWasPacked(t *testing.T) {
	p := newPacker(t)
	for name, value := range map[string][]byte{
		"nothing":                      {},
		"a short value":                []byte("abc"),
		"just too short to compress":   bytes.Repeat([]byte("a"), worthPacking-1),
		"just long enough":             bytes.Repeat([]byte("a"), worthPacking),
		"longer than what is searched": []byte(strings.Repeat("a record like the others, ", farthest/8)),
		"a value that was packed":      p.Pack([]byte("packed")),
		"a mark alone":                 []byte(mark),
	} {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(value)
			stored := p.Pack(value)
			assert.True(t, Packed(stored))
			unpacked, err := p.Unpack(stored)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(value, unpacked))
			assert.True(t, bytes.Equal(before, value), "the value itself is not changed")
			if len(value) >= worthPacking {
				assert.Less(t, len(stored), len(value)/10)
			}
		})
	}
}

func TestPacker_FindsDamageWhereverItIs(t *testing.T) {
	p := newPacker(t)
	for _, value := range [][]byte{{}, []byte("short"), bytes.Repeat([]byte("record"), 1000)} {
		stored := p.Pack(value)
		for i := range stored {
			damaged := slices.Clone(stored)
			damaged[i] ^= 4
			_, err := p.Unpack(damaged)
			require.ErrorIs(t, err, ErrDamaged, "byte %d", i)
			_, err = p.Unpack(stored[:i])
			require.ErrorIs(t, err, ErrDamaged, "cut at %d", i)
		}
		_, err := p.Unpack(append(slices.Clone(stored), 0))
		require.ErrorIs(t, err, ErrDamaged, "one byte more")
	}
}

func TestPacker_TakesNothingElse(t *testing.T) {
	p := newPacker(t)
	marked := func(text string) []byte { return append([]byte(mark), Seal([]byte(text))...) }
	for name, stored := range map[string][]byte{
		"nothing":                        nil,
		"a mark without a value":         []byte(mark),
		"a value that is sealed only":    Seal([]byte("value")),
		"a value without its kind":       marked(""),
		"a kind that a newer build has":  marked("\x02value"),
		"compressed what is not":         marked(string(compressed) + "value"),
		"compressed text that is cut":    marked(string(compressed) + string(p.encoder.EncodeAll(make([]byte, 2000), nil)[:9])),
		"what the queue stores itself":   []byte("\x0a\x10resource"),
		"a mark that is not quite there": append([]byte("\xffTQ2"), Seal([]byte("\x00value"))...),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Unpack(stored)
			require.ErrorIs(t, err, ErrDamaged)
		})
	}
}

func TestPacked(t *testing.T) {
	for stored, want := range map[string]bool{
		mark:          true,
		mark + "text": true,
		"":            false,
		mark[:3]:      false,
		"text" + mark: false,
		"\x0a\x03abc": false,
	} {
		assert.Equal(t, want, Packed([]byte(stored)), "%q", stored)
	}
}

func TestPacker_IsForSeveralAtOnce(t *testing.T) {
	p := newPacker(t)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 50 {
				value := bytes.Repeat(fmt.Appendf(nil, "value %d of %d, ", i, worker), 200)
				unpacked, err := p.Unpack(p.Pack(value))
				require.NoError(t, err)
				assert.True(t, bytes.Equal(value, unpacked))
			}
		})
	}
	wg.Wait()
}

func FuzzPacker(f *testing.F) {
	f.Add([]byte(nil), uint(0), byte(1))
	f.Add([]byte("short"), uint(9), byte(128))
	f.Add(bytes.Repeat([]byte("record"), 1000), uint(20), byte(7))
	p := newPacker(f)
	f.Fuzz(func(t *testing.T, value []byte, at uint, flip byte) {
		stored := p.Pack(value)
		unpacked, err := p.Unpack(stored)
		require.NoError(t, err)
		require.True(t, bytes.Equal(value, unpacked))

		at %= uint(len(stored))
		_, err = p.Unpack(stored[:at])
		require.ErrorIs(t, err, ErrDamaged)
		if flip != 0 {
			stored[at] ^= flip
			_, err = p.Unpack(stored)
			require.ErrorIs(t, err, ErrDamaged)
		}

		// Whatever is stored is no reason to panic, even where its checksum is right.
		_, _ = p.Unpack(value)
		for _, kind := range []byte{plain, compressed, 2} {
			_, _ = p.Unpack(append([]byte(mark), Seal(append([]byte{kind}, value...))...))
		}
	})
}

func BenchmarkPacker(b *testing.B) {
	p := newPacker(b)
	value := []byte(strings.Repeat("a record of some hundred bytes that is like the one before it but for its visitor, ", 400))
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Unpack(p.Pack(value)); err != nil {
			b.Fatal(err)
		}
	}
}
