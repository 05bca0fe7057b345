// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// hashes are those by which visitors cannot be told apart.
var hashes = map[string]func(profile.Visitor) uint32{
	"all visitors have one hash": func(profile.Visitor) uint32 { return 7 },
	"every ten have one hash": func(v profile.Visitor) uint32 {
		n, _ := strconv.Atoi(v.ID[1:])
		return uint32(n / 10)
	},
}

// collide has an outbox know visitors by a hash, over its restarts too.
func collide(f *fixture, hash func(profile.Visitor) uint32) { f.SetHash(hash) }

func (f *fixture) restartedWith(hash func(profile.Visitor) uint32) *fixture {
	f.tb.Helper()
	next := &fixture{Outbox: newOutbox(f.tb, testConfig()), tb: f.tb, disk: f.disk, now: f.now}
	next.SetHash(hash)
	_, damaged, err := next.Load(f.tb.Context(), f.disk, f.now)
	require.NoError(f.tb, err)
	require.Zero(f.tb, damaged)
	return next
}

func TestOutbox_KeepsVisitorsOfOneHashApart(t *testing.T) {
	const many = 200
	for name, hash := range hashes {
		t.Run(name, func(t *testing.T) {
			inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
				collide(f, hash)
				want := map[string]string{}
				for round := range 6 {
					for i := range many {
						if (i+round)%3 == 0 {
							continue
						}
						id := "v" + strconv.Itoa(i)
						want[id] = strconv.Itoa(round)
						f.put(says(id, "id", id, "round", want[id]))
					}
					f.write()
					if f.disk != nil && round%2 == 1 {
						f = f.restartedWith(hash)
					}
					f.waits(window)
					require.Equal(t, len(want), f.ready(outbox.Fresh))
					for range len(want) / 2 {
						e := f.take(outbox.Fresh)
						id := e.Visitor.ID
						require.Equal(t, parameters("id", id, "round", want[id]), e.Parameters)
						f.put(says("v"+strconv.Itoa(many+round), "id", "v"+strconv.Itoa(many+round), "round", "new"))
						want["v"+strconv.Itoa(many+round)] = "new"
						f.End(e)
						delete(want, id)
					}
					f.write()
				}
				all := f.takeAll()
				require.Len(t, all, len(want))
				for id, round := range want {
					assert.Equal(t, parameters("id", id, "round", round), all[visitor(id)].Parameters)
				}
			})
		})
	}
}

func TestOutbox_TheFirstOfAHashGoesAndComesAgain(t *testing.T) {
	for _, hash := range hashes {
		inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
			collide(f, hash)
			f.put(says("v1", "a", "1"))
			f.write()
			f.waits(window)
			first := f.take(outbox.Fresh)
			f.put(says("v2", "a", "2"), says("v3", "a", "3"))
			f.write()
			f.End(first)
			f.write()
			f.put(says("v2", "b", "2"), says("v1", "b", "1"), says("v3", "b", "3"))
			f.write()
			if f.disk != nil {
				f = f.restartedWith(hash)
			}
			f.put(says("v1", "c", "1"), says("v2", "c", "2"), says("v3", "c", "3"))
			f.write()
			all := f.takeAll()
			require.Len(t, all, 3)
			assert.Equal(t, parameters("b", "1", "c", "1"), all[visitor("v1")].Parameters)
			assert.Equal(t, parameters("a", "2", "b", "2", "c", "2"), all[visitor("v2")].Parameters)
			assert.Equal(t, parameters("a", "3", "b", "3", "c", "3"), all[visitor("v3")].Parameters)
		})
	}
}

func TestOutbox_VisitorsOfOneHashComeInOneBatchAndEndTogether(t *testing.T) {
	for _, hash := range hashes {
		inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
			collide(f, hash)
			for range 3 {
				f.put(visitors(50)...)
				f.write()
				all := f.takeAll()
				require.Len(t, all, 50)
				for _, r := range visitors(50) {
					require.Equal(t, r.parameters, all[r.visitor].Parameters)
					f.End(all[r.visitor])
				}
				f.put(visitors(25)...) // before the others' end is written
				f.write()
				for _, e := range f.takeAll() {
					f.End(e)
				}
				f.write()
				require.Zero(t, f.Held())
			}
		})
	}
}
