// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// made is a call that reached Target at some time from left to over.
type made struct {
	left time.Time
	over time.Time // zero while it is in flight
}

// processes is one account in several exporters of a process, over the restarts and
// crashes of the process and its machine, with one storage, with another and
// without, and what really was sent.
type processes struct {
	t        *testing.T
	seed     uint64
	random   *rand.Rand
	limits   Limits
	machine  *machine
	folders  []*folder
	at       *folder // nil while there is no storage
	registry *Registry
	counts   map[*made]bool // the calls that the process has to count
	users    []*Account
	flying   []*made
	calls    int
}

func (p *processes) upTo(d time.Duration) time.Duration {
	return time.Duration(p.random.Int64N(int64(d)))
}

func (p *processes) open() {
	limits := p.limits
	if p.at == nil {
		limits.Quota.Storage = nil
	}
	for range 1 + p.random.IntN(3) {
		a, err := p.registry.Open(acme, limits)
		require.NoError(p.t, err)
		a.now = p.machine.now
		p.users = append(p.users, a)
		if p.at != nil {
			_, err = a.Persist(p.t.Context(), p.at.disk, storageID, acme)
			require.NoError(p.t, err)
		}
	}
	if p.at != nil {
		maps.Copy(p.counts, p.at.holds)
		p.at.holds = maps.Clone(p.counts)
		p.look()
	}
}

// begin lets a call of one of the exporters leave, unless it has to wait too long.
func (p *processes) begin() {
	ctx, cancel := context.WithTimeout(p.t.Context(), p.upTo(p.limits.Quota.Window/8))
	defer cancel()
	err := p.users[p.random.IntN(len(p.users))].Wait(ctx, new(Waits))
	p.look()
	if err != nil {
		return
	}
	c := &made{left: time.Now()}
	p.calls++
	p.flying = append(p.flying, c)
	p.counts[c] = true
	if p.at != nil {
		p.at.holds[c] = true
	}
	p.check()
}

// check looks at the windows that end now.
func (p *processes) check() {
	n := 0
	for c := range p.counts {
		if c.over.IsZero() || time.Since(c.over) < p.limits.Quota.Window {
			n++
		}
	}
	require.LessOrEqual(p.t, n, p.limits.Quota.Calls, "seed %d, the window that ends at %s", p.seed, time.Now())
}

func (p *processes) end() {
	if len(p.flying) == 0 {
		return
	}
	i := p.random.IntN(len(p.flying))
	p.flying[i].over = time.Now()
	p.flying = slices.Delete(p.flying, i, i+1)
	p.users[0].Done(time.Now())
}

// stop ends the exporters in order.
func (p *processes) stop() {
	for len(p.flying) > 0 {
		p.end()
	}
	for _, a := range p.users {
		if p.at != nil {
			require.NoError(p.t, a.Unpersist(p.t.Context()))
		}
		p.registry.Close(acme)
	}
	p.look()
	p.users = nil
}

// crash ends the process at once. What it had let through was sent or was not.
func (p *processes) crash() {
	for _, c := range p.flying {
		c.over = time.Now()
		if p.random.IntN(2) == 0 {
			p.calls--
			for _, f := range p.folders {
				delete(f.holds, c)
			}
		}
	}
	p.flying, p.users = nil, nil
}

// reload loads a changed configuration.
func (p *processes) reload() {
	account := p.users[0]
	p.stop()
	used := account.Usage().Used
	p.choose()
	known := p.at == nil || p.at.writer == nil || p.at.writer == p.registry
	p.open()
	if known {
		assert.Equal(p.t, used, account.Usage().Used, "nothing is counted twice, or forgotten")
	}
	assert.Same(p.t, account, p.users[0])
}

// visit lets another process use a storage while this one does not.
func (p *processes) visit() {
	f := p.folders[p.random.IntN(len(p.folders))]
	if f == p.at {
		return
	}
	other := *p
	other.registry, other.counts, other.at, other.users, other.flying = &Registry{}, make(map[*made]bool), f, nil, nil
	other.open()
	for range p.random.IntN(10) {
		other.begin()
	}
	other.stop()
	p.calls = other.calls
}

func (p *processes) step() {
	switch n := p.random.IntN(100); {
	case n < 45:
		p.begin()
	case n < 75:
		p.end()
	case n < 90:
		time.Sleep(p.upTo(p.limits.Quota.Window / 50))
	case n < 93:
		p.setClock()
	case n < 95:
		p.reload()
	case n < 96:
		p.visit()
	case n < 98:
		p.startAnew()
	default:
		time.Sleep(p.upTo(p.limits.Quota.Window))
	}
}

func TestNoWindowHoldsMoreCallsThanTheLimitWhateverHappensToProcessesAndClocks(t *testing.T) {
	calls := 0
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			p := &processes{
				t: t, seed: seed, random: random, registry: &Registry{}, counts: make(map[*made]bool),
				limits:  stored(1+random.IntN(30), 1+random.IntN(8)),
				machine: &machine{named: seed%3 == 0, hasUptime: seed%3 != 2, started: time.Now().Add(-time.Hour)},
			}
			if seed%2 == 0 {
				p.limits.RateLimit = &RateLimitConfig{CallsPerSecond: 0.2, Burst: 3}
			}
			for range 3 {
				p.folders = append(p.folders, &folder{disk: newDisk(), holds: make(map[*made]bool)})
			}
			p.at = p.folders[0]
			p.open()
			for range 600 {
				p.step()
			}
			p.stop()
			calls += p.calls
		})
	}
	assert.Greater(t, calls, 30*100, "and calls are made")
	t.Log(calls, "calls")
}
