// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// sendFunc sends records, each of the visitor with the id in the same place, until they are taken.
type sendFunc = func(ctx context.Context, ids []string, records []plog.Logs) error

// actions are records of a few visitors, with a number that rises from record to record.
type actions struct {
	send     sendFunc
	random   *rand.Rand
	visitors int

	mu   sync.Mutex
	sent int
	last map[string]map[string]string
}

func newActions(visitors int, send sendFunc) *actions {
	return &actions{
		send: send, random: rand.New(rand.NewPCG(0, 15)), visitors: visitors, last: make(map[string]map[string]string),
	}
}

// produce sends so many records at once.
func (a *actions) produce(t *testing.T, number int) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	ids, records := make([]string, number), make([]plog.Logs, number)
	for n := range number {
		a.sent++
		id, seq := fmt.Sprintf("cust %d", a.random.IntN(a.visitors)), strconv.Itoa(a.sent)
		a.last[id] = map[string]string{"seq": seq}
		ld := plog.NewLogs()
		attributes := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes()
		attributes.PutStr("customer.id", id)
		attributes.PutStr("profile.seq", seq)
		ids[n], records[n] = id, ld
	}
	assert.NoError(t, a.send(context.WithoutCancel(t.Context()), ids, records))
}

// start sends up to 500 records a second until the function it returns is called.
func (a *actions) start(t *testing.T) (stop func()) {
	t.Helper()
	stopping, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stopping:
				return
			case <-time.After(20 * time.Millisecond):
				a.produce(t, 10)
			}
		}
	}()
	stop = sync.OnceFunc(func() { close(stopping); <-done })
	t.Cleanup(stop)
	return stop
}

// goOn waits until so many more records were sent.
func (a *actions) goOn(t *testing.T, records int) {
	t.Helper()
	begin := a.number()
	require.Eventually(t, func() bool { return a.number() >= begin+records }, patience, tick)
}

// number returns how many records were sent.
func (a *actions) number() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sent
}

// wrong returns how many visitors have another value than the last one sent.
func (a *actions) wrong(profiles map[string]map[string]string) (visitors int) {
	for visitor, values := range a.last {
		if !maps.Equal(values, profiles[visitor]) {
			visitors++
		}
	}
	return visitors
}
