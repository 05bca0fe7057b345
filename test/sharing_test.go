// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

const (
	// sharedCalls and sharedWindow are the quota that collectors share in Redis.
	sharedCalls, sharedWindow = 500, time.Minute
	// sharedLease is for how long they borrow calls of it.
	sharedLease = 5 * time.Second
)

// atOnce runs tests together that have little to do but to wait.
func atOnce(t *testing.T, tests map[string]func(*testing.T)) {
	t.Helper()
	var all sync.WaitGroup
	for name, test := range tests {
		all.Go(func() { t.Run(name, test) })
	}
	all.Wait()
}

// sharing is several collectors whose quota is one account in Redis, and one target that counts
// what they send together.
type sharing struct {
	row     *row
	target  *adobe
	redis   *redisServer
	random  *rand.Rand
	members []*member
}

// member is one of them. It has visitors of its own.
type member struct {
	setup
	*collector
	account *account
	sender  *sender
	stop    func() // of what is sent to it
}

// share starts so many collectors with a pace, each with so many visitors who always have something to send.
func share(t *testing.T, r *row, redis *redisServer, collectors, visitors int, pace string) *sharing {
	t.Helper()
	target := startSequenced(t, "--quota", strconv.Itoa(sharedCalls), "--quota-window", sharedWindow.String())
	s := &sharing{row: r, target: target, redis: redis, random: rand.New(rand.NewPCG(15, 5))}
	receipts := new(atomic.Int64)
	for i := range collectors {
		m := &member{setup: newSetup(t, target), account: r.account(target)}
		m.exporter = sharedQuota(redis, sharedCalls, sharedWindow) + pace
		m.sender = newSender(overHTTP(m.port), uint64(20+i))
		m.sender.prefix, m.sender.receipts = fmt.Sprintf("m%d-", i), receipts
		m.sender.visitors, m.sender.pause = visitors, 200*time.Millisecond
		m.collector = startCollector(t, m.config())
		s.members = append(s.members, m)
	}
	for _, m := range s.members {
		m.running(t)
		m.stop = m.sender.start(t)
		t.Cleanup(m.stop)
	}
	return s
}

// sharedQuota are the exporter's settings of a quota in Redis.
func sharedQuota(redis *redisServer, calls int, window time.Duration) string {
	return fmt.Sprintf("    concurrency: 8\n    quota: {calls: %d, window: %s, redis: {endpoint: %q, cold_start: allow, lease: {duration: %s}}}\n",
		calls, window, redis.endpoint(), sharedLease)
}

// crash kills any of them, and starts it again after a while.
func (s *sharing) crash(t *testing.T) {
	t.Helper()
	m := s.members[s.random.IntN(len(s.members))]
	m.account.kill(t, m.collector)
	time.Sleep(s.upTo(sharedLease))
	m.collector = m.start(t)
	s.row.restarts++
}

func (s *sharing) upTo(most time.Duration) time.Duration {
	return time.Duration(s.random.Int64N(int64(most)))
}

// calls returns how many attempts have reached the target.
func (s *sharing) calls(t *testing.T) int {
	t.Helper()
	return s.target.stats(t).Attempts
}

// silent asserts that no call arrives for so long.
func (s *sharing) silent(t *testing.T, span time.Duration, why string) {
	t.Helper()
	before := s.calls(t)
	for end := time.Now().Add(span); time.Now().Before(end); time.Sleep(tick) {
		if !assert.Equal(t, before, s.calls(t), "a call leaves: %s, and it is %s to the end", why, time.Until(end)) {
			return
		}
	}
}

// close waits until all has arrived that was taken, ends them, and holds what became of it against what was sent.
func (s *sharing) close(t *testing.T) {
	t.Helper()
	all := taken{receipts: map[string]int{}, model: map[string]map[string]string{}}
	for _, m := range s.members {
		m.stop()
		all.add(m.sender.taken())
	}
	s.target.set(t, "faults", []map[string]any{})
	s.target.becomes(t, all.model, 3*sharedWindow)
	delivered, r := 0, s.row
	for i, m := range s.members {
		held := m.drained(t, patience)
		m.account.end(t, m.collector)
		m.account.balance(t, held)
		assert.Zero(t, held, "records that collector %d still holds", i)
		ended := m.account.total()
		assert.Zero(t, ended.rejected, "records that collector %d has rejected", i)
		delivered += ended.delivered
		r.held += held
		r.rejected += ended.rejected
	}
	together := r.account(s.target)
	r.sent, r.skipped, r.killed = all.records, all.withoutVisitor, true
	r.delivered = together.compare(t, all)
	together.answered(t, delivered, all)
	stats := s.target.stats(t)
	t.Logf("%s: %s, %d calls at most in any window", r.proves, r, stats.MaxInWindow)
	assert.LessOrEqual(t, stats.MaxInWindow, sharedCalls)
}

// add adds what another sender got rid of, whose visitors are others.
func (all *taken) add(s taken) {
	all.records += s.records
	all.withoutVisitor += s.withoutVisitor
	all.receipts[emulator.Mbox3rdPartyID] += s.receipts[emulator.Mbox3rdPartyID]
	maps.Copy(all.model, s.model)
}

// use is how full the window of a quota was, on average over time.
type use struct {
	stop    chan struct{}
	average chan float64
}

// watch looks at the window, once it has been filled for the first time, until it is asked for the average.
func (a *adobe) watch(limit int, window time.Duration) use {
	u := use{stop: make(chan struct{}), average: make(chan float64, 1)}
	go func() {
		sum, looks, began := 0, 0, time.Now()
		looking := time.NewTicker(2 * tick)
		defer looking.Stop()
		for {
			select {
			case <-u.stop:
				u.average <- float64(sum) / float64(max(1, looks)*limit)
				return
			case <-looking.C:
				if held := a.inWindow(); held >= 0 && time.Since(began) > window {
					sum, looks = sum+held, looks+1
				}
			}
		}
	}()
	return u
}

func (u use) end() float64 {
	close(u.stop)
	return <-u.average
}

// inWindow is how many attempts the window of the only client code holds, or -1.
func (a *adobe) inWindow() int {
	var quota struct {
		Windows []struct {
			Attempts int `json:"attempts"`
		} `json:"windows"`
	}
	text, err := get(a.url + "/_emulator/quota")
	if err != nil || json.Unmarshal([]byte(text), &quota) != nil || len(quota.Windows) != 1 {
		return -1
	}
	return quota.Windows[0].Attempts
}
