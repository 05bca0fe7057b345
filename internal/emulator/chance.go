// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"math/rand/v2"
	"sync"
	"time"
)

// dice rolls the same numbers for the same seed.
type dice struct {
	source *rand.PCG
}

func newDice(seed uint64) dice {
	return dice{source: rand.NewPCG(seed, 0)}
}

// roll returns a number from 0 up to 1, 1 left out.
func (d dice) roll() float64 {
	const bits = 53
	return float64(d.source.Uint64()>>(64-bits)) / (1 << bits)
}

// delays gives each answer its latency.
type delays struct {
	mu      sync.Mutex
	dice    dice
	current Latency
}

func (d *delays) reset(latency Latency, seed uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dice = newDice(seed)
	d.current = latency
}

func (d *delays) set(latency Latency) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.current = latency
}

func (d *delays) get() Latency {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.current
}

func (d *delays) next() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	wait := d.current.Fixed
	if d.current.Jitter > 0 {
		wait += time.Duration(d.dice.roll() * float64(d.current.Jitter))
	}
	return wait
}
