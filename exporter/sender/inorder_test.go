// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newRandom returns numbers below n, the same for the same seed, to who asks at once too.
func newRandom(seed int) func(n int) int {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(uint64(seed), 7)) //nolint:gosec // a test's
	return func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return random.IntN(n)
	}
}

// inOrder sees the calls of several routes as one Target does: the values of a parameter grow.
type inOrder struct {
	broken atomic.Int64 // one call in so many fails

	mu           sync.Mutex
	latest, want map[string]int // by visitor and parameter
}

func (o *inOrder) see(t *testing.T, c call) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, text := range c.parameters {
		value, err := strconv.Atoi(strings.TrimSuffix(text, large))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, value, o.latest[c.visitor+name], "of %s, %s", c.visitor, name)
		o.latest[c.visitor+name] = value
	}
}
