// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// TestSender_NoValueEverGoesBack pushes at random to a Target that fails at random, and looks
// at the values of each visitor's parameters in the order of the calls.
func TestSender_NoValueEverGoesBack(t *testing.T) {
	answers := []route.Answer{down, down, down, throttled, forbidden, refused, {Verdict: route.NotNow, Reason: route.ReasonTimeout}}
	for seed := range uint64(40) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 0))
				f := newFixture(t, func(set *setup) {
					set.Concurrency = 1 + random.IntN(8)
					set.outbox.MergeWindow = time.Duration(random.IntN(3)) * time.Second
					set.route.perCall = random.IntN(4)
					set.route.latency = time.Duration(random.IntN(2000)) * time.Millisecond
				})
				var mu sync.Mutex
				broken := 4
				f.route.decide(func(call) route.Answer {
					mu.Lock()
					defer mu.Unlock()
					if random.IntN(broken) == 0 {
						return answers[random.IntN(len(answers))]
					}
					return taken
				})
				f.Start()
				want := make(map[string]int) // the last value by visitor and parameter
				records := 0
				for value := range 200 {
					mu.Lock()
					broken = 1 + random.IntN(6) // 1: nothing gets through
					r := record{"v" + strconv.Itoa(random.IntN(6)), make(map[string]string)}
					for range 1 + random.IntN(4) {
						name := "p" + strconv.Itoa(random.IntN(6))
						r.parameters[name] = strconv.Itoa(value)
						want[r.visitor+name] = value
					}
					pause := time.Duration(random.IntN(3000)) * time.Millisecond
					mu.Unlock()
					f.push(t, r)
					records++
					time.Sleep(pause)
				}
				f.route.answers(taken)
				time.Sleep(3 * time.Hour)
				f.Stop()

				got := make(map[string]int)
				for _, c := range f.route.calls() {
					for name, text := range c.parameters {
						value, err := strconv.Atoi(text)
						require.NoError(t, err)
						require.GreaterOrEqual(t, value, got[c.visitor+name], "of %s, %s", c.visitor, name)
						got[c.visitor+name] = value
					}
				}
				assert.Equal(t, want, got)
				assert.Equal(t, 1, f.route.most)
				assert.Zero(t, f.outbox.Held().Records)
				counted := 0
				for _, n := range f.counts("records") {
					counted += n
				}
				assert.Equal(t, records, counted, "each record ends once")
			})
		})
	}
}
