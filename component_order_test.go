// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// household returns a record of a person in a household.
func household(house, person string, n int) plog.Logs {
	ld := oneRecord("", "n", strconv.Itoa(n))
	attributes := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes()
	attributes.PutStr("house", house)
	attributes.PutStr("person", person)
	return ld
}

func visitorFrom(attribute string) func(*run) {
	return with(func(cfg *Config) {
		cfg.Visitor = []mapping.VisitorEntry{{Parameter: profile.Mbox3rdPartyID, Attribute: attribute}}
	})
}

// TestOrder_HoldsOverAChangedVisitorMapping has a household whose update fails alone, and then a
// run in which each person is a visitor, one of whom has come with a newer value.
func TestOrder_HoldsOverAChangedVisitorMapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := fileStorage(t, t.TempDir())
		w := &wire{answer: but("h", http.StatusServiceUnavailable)}
		r := begin(t, w, on(disk), visitorFrom("house"))
		r.consume(t, household("other", "o", 0))
		r.consume(t, household("h", "p1", 1))
		r.consume(t, household("h", "p2", 2))
		r.watch(t, time.Minute, time.Second)
		r.end(t)

		w.now(but("p1", http.StatusServiceUnavailable))
		r = begin(t, w, on(disk), visitorFrom("person"))
		r.consume(t, household("h", "p2", 3))
		r.watch(t, time.Minute, time.Second)
		w.now(taken)
		r.watch(t, 2*time.Hour, time.Minute)
		assert.Zero(t, r.count(t).held)
		r.end(t)
		w.assertOrder(t)
		for _, c := range w.made() {
			if c.visitor() == "p2" {
				assert.Equal(t, "3", c.form.Get("profile.n"), "what was mapped to the household stays the household's")
			}
		}
	})
}

// TestOrder_HoldsOverRunsThatChangeWhatIsAVisitor ends runs wherever they are, with Target up,
// down, or down for one visitor. The names of houses and persons overlap.
func TestOrder_HoldsOverRunsThatChangeWhatIsAVisitor(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 1))
				names := []string{"a", "b", "c", "d", "e"}
				name := func() string { return names[random.IntN(len(names))] }
				disk := fileStorage(t, t.TempDir())
				w := &wire{answer: taken}
				n, ended := 0, int64(0)
				answers := []func(call) (int, error){taken, down, tooMany, but(name(), http.StatusServiceUnavailable)}
				for range 6 {
					r := begin(t, w, on(disk), visitorFrom([]string{"house", "person"}[random.IntN(2)]), with(func(cfg *Config) {
						cfg.Outbox.MaxVisitors = 1 + random.IntN(5)
						cfg.Outbox.MergeWindow = time.Duration(random.IntN(2)) * time.Second
					}))
					for range 10 {
						w.now(answers[random.IntN(len(answers))])
						for range random.IntN(10) {
							n++
							r.consume(t, household(name(), name(), n))
						}
						r.watch(t, time.Duration(random.IntN(20))*100*time.Millisecond, 700*time.Millisecond)
					}
					r.end(t)
					ended += r.count(t).ended
				}
				w.now(taken)
				r := begin(t, w, on(disk))
				r.watch(t, 2*time.Hour, 10*time.Minute)
				assert.Zero(t, r.count(t).held)
				assert.Equal(t, int64(n), ended+r.count(t).ended)
				r.end(t)
				w.assertOrder(t)
			})
		})
	}
}

func TestOrder_HoldsForWhatComesWhileACallIsOut(t *testing.T) {
	for place, keep := range places {
		for name, status := range map[string]int{"that is taken": http.StatusOK, "that fails": http.StatusServiceUnavailable} {
			t.Run(place+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := &wire{answer: func(call) (int, error) {
						time.Sleep(8 * time.Second)
						return status, nil
					}}
					r := begin(t, w, keep(t), with(func(cfg *Config) { cfg.Outbox.MergeWindow = 0 }))
					for n := range 5 {
						r.consume(t, oneRecord("a", "n", strconv.Itoa(n)))
						time.Sleep(time.Second)
					}
					w.now(taken)
					r.watch(t, time.Minute, time.Second)
					assert.Equal(t, map[string]int64{"delivered": 5}, r.count(t).outcomes)
					r.end(t)
					assert.Equal(t, map[string]int{"a": 4}, w.assertOrder(t))
					assert.Len(t, w.made(), 2)
				})
			})
		}
	}
}
