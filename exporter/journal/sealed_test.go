// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package journal // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func FuzzWhatWasSealedOpensAndNothingElse(f *testing.F) {
	f.Add([]byte("text"), uint(3), byte(1))
	f.Add([]byte{}, uint(0), byte(128))
	f.Fuzz(func(t *testing.T, text []byte, at uint, flip byte) {
		stored := Seal(text)
		opened, whole := Unseal(stored)
		require.True(t, whole)
		require.Equal(t, string(text), string(opened))

		cut := stored[:at%uint(len(stored))]
		if _, whole = Unseal(cut); whole {
			require.Empty(t, cut[min(len(cut), sumSize):], "a shorter text is not whole, but by chance for the empty one")
		}
		if flip != 0 {
			stored[at%uint(len(stored))] ^= flip
			_, whole = Unseal(stored)
			require.False(t, whole, "one byte is another")
		}
	})
}

func TestAnEmptyValueIsNotWhole(t *testing.T) {
	_, whole := Unseal(nil)
	assert.False(t, whole)
}
