// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// TestAfterAnySequenceOfFailuresEveryVisitorHasItsLatestValues sends random
// batches through a Target that fails at random, sends again what comes back as
// the helper does, and compares the profiles with a model that no call can fail.
func TestAfterAnySequenceOfFailuresEveryVisitorHasItsLatestValues(t *testing.T) {
	for seed := range uint64(50) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			f := newFixture(t, func(set *Settings) {
				set.Concurrency = 1 + random.IntN(8)
				set.MaxForm = 300 // so that updates are split
			})
			var mu sync.Mutex
			f.target.answer = func(string, url.Values) route.Answer {
				mu.Lock()
				defer mu.Unlock()
				if random.IntN(4) == 0 {
					return down
				}
				return delivered
			}

			want := make(map[string]map[string]string)
			total := 0
			for n := range 10 {
				records := randomRecords(random, n, want)
				total += len(records)
				ld := logs(records...)
				for attempt := 0; ; attempt++ {
					err := f.Consume(t.Context(), ld)
					if err == nil {
						break
					}
					if attempt > 10_000 {
						t.Fatal("the batch never gets through")
					}
					if carried, ok := errors.AsType[consumererror.Logs](err); ok {
						ld = carried.Data()
					}
				}
			}
			assert.Equal(t, want, f.target.profile)
			assert.Equal(t, map[string]int{"delivered": total}, f.counts(t, "records"))
		})
	}
}

// randomRecords returns records of a few visitors and adds their values to want.
func randomRecords(random *rand.Rand, batch int, want map[string]map[string]string) []record {
	records := make([]record, random.IntN(60))
	for i := range records {
		visitor := "v" + strconv.Itoa(random.IntN(8))
		if want[visitor] == nil {
			want[visitor] = make(map[string]string)
		}
		records[i] = record{visitor, make(map[string]string)}
		for range 1 + random.IntN(4) {
			name := "p" + strconv.Itoa(random.IntN(6))
			value := fmt.Sprintf("%d/%d/%s", batch, i, strings.Repeat("&", random.IntN(25)))
			records[i].parameters[name] = value
			want[visitor][name] = value
		}
	}
	return records
}
