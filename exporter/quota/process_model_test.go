// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// machine tells the time as a machine does whose clock is set now and then.
type machine struct {
	named, hasUptime bool // what the system tells of its start
	boot             int
	started          time.Time
	set              time.Duration // by how much its clock is wrong
	written          time.Duration // by how much it was when the account was last written
}

func (m *machine) now() instant {
	m.written = m.set
	now := instant{wall: time.Now().Add(m.set)}
	if m.named {
		now.boot = fmt.Sprint("boot ", m.boot)
	}
	if m.hasUptime {
		now.uptime = time.Since(m.started).Truncate(uptimeStep)
	}
	return now
}

// made is a call that reached Target at some time from left to over.
type made struct{ left, over time.Time }

// processes is one account in several exporters of a process, over the restarts and
// crashes of the process and its machine, and what really was sent.
type processes struct {
	t        *testing.T
	random   *rand.Rand
	limits   Limits
	disk     *disk
	machine  machine
	registry *Registry
	users    []*Account
	flying   []made
	calls    []made
}

func (p *processes) upTo(d time.Duration) time.Duration {
	return time.Duration(p.random.Int64N(int64(d)))
}

func (p *processes) open() {
	for range 1 + p.random.IntN(3) {
		a, err := p.registry.Open(acme, p.limits)
		require.NoError(p.t, err)
		a.now = p.machine.now
		_, err = a.Persist(p.t.Context(), p.disk, storageID, acme)
		require.NoError(p.t, err)
		p.users = append(p.users, a)
	}
}

// begin lets a call of one of the exporters leave, unless it has to wait too long.
func (p *processes) begin() {
	ctx, cancel := context.WithTimeout(p.t.Context(), p.upTo(p.limits.Quota.Window/8))
	defer cancel()
	if p.users[p.random.IntN(len(p.users))].Wait(ctx, new(Waits)) == nil {
		p.flying = append(p.flying, made{left: time.Now()})
	}
}

func (p *processes) end() {
	if len(p.flying) == 0 {
		return
	}
	i := p.random.IntN(len(p.flying))
	p.calls = append(p.calls, made{p.flying[i].left, time.Now()})
	p.flying = slices.Delete(p.flying, i, i+1)
	p.users[0].Done()
}

// stop ends the exporters in order.
func (p *processes) stop() {
	for len(p.flying) > 0 {
		p.end()
	}
	for _, a := range p.users {
		require.NoError(p.t, a.Unpersist(p.t.Context()))
		p.registry.Close(acme)
	}
	p.users = nil
}

// crash ends the process at once. What it had let through was sent or was not.
func (p *processes) crash() {
	for _, c := range p.flying {
		if p.random.IntN(2) == 0 {
			p.calls = append(p.calls, made{c.left, time.Now()})
		}
	}
	p.flying, p.users = nil, nil
	p.disk = p.disk.copied()
}

// startAnew starts the process after it was stopped or has crashed, on the same
// machine, on one that was started anew, or on another one.
func (p *processes) startAnew() {
	if p.random.IntN(2) == 0 {
		p.stop()
	} else {
		p.crash()
	}
	time.Sleep(p.upTo(p.limits.Quota.Window / 4))
	switch p.random.IntN(4) {
	case 0:
		p.machine.boot++
		p.machine.started = time.Now()
		time.Sleep(p.upTo(time.Minute))
		p.setClock()
	case 1:
		p.machine.boot++
		p.machine.started = time.Now().Add(-p.upTo(10 * p.limits.Quota.Window))
		p.machine.set = p.machine.written - p.upTo(time.Minute) // clocks of machines agree
	case 2:
		p.setClock()
	}
	p.registry = &Registry{}
	p.open()
}

// setClock sets the clock of the machine wherever it likes.
func (p *processes) setClock() {
	p.machine.set = p.upTo(4*p.limits.Quota.Window) - 2*p.limits.Quota.Window
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
	case n < 95: // a changed configuration is loaded
		account := p.users[0]
		p.stop()
		used := account.Usage()
		p.open()
		assert.Equal(p.t, used, p.users[0].Usage(), "nothing is counted twice, or forgotten")
	case n < 97:
		p.startAnew()
	default:
		time.Sleep(p.upTo(p.limits.Quota.Window))
	}
}

// checkAll looks at every window that begins when a call was over: there it holds
// the most calls.
func (p *processes) checkAll(seed uint64) {
	for _, c := range p.calls {
		n := 0
		for _, other := range p.calls {
			if !other.over.Before(c.over) && other.left.Before(c.over.Add(p.limits.Quota.Window)) {
				n++
			}
		}
		require.LessOrEqual(p.t, n, p.limits.Quota.Calls, "seed %d, the window from %s on", seed, c.over)
	}
}

func TestNoWindowHoldsMoreCallsThanTheLimitWhateverHappensToProcessesAndClocks(t *testing.T) {
	calls := 0
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			p := &processes{
				t: t, random: random, disk: newDisk(), registry: &Registry{},
				limits:  stored(1+random.IntN(30), 1+random.IntN(8)),
				machine: machine{named: seed%3 == 0, hasUptime: seed%3 != 2, started: time.Now().Add(-time.Hour)},
			}
			if seed%2 == 0 {
				p.limits.RateLimit = &RateLimitConfig{CallsPerSecond: 0.2, Burst: 3}
			}
			p.open()
			for range 600 {
				p.step()
			}
			p.stop()
			p.checkAll(seed)
			calls += len(p.calls)
		})
	}
	assert.Greater(t, calls, 30*100, "and calls are made")
	t.Log(calls, "calls")
}
