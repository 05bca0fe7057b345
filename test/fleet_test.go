// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// fleet are instances to each of which a sender may send.
type fleet struct {
	*instances
	// listed is how many instances are on the list that each has. The sender looks at it too.
	listed         atomic.Int64
	fronts, owners []string
	exports        []exportFunc
	// requests are all, refused those of them that an instance did not take.
	requests, refused int
}

func newFleet(t *testing.T, instances int, settings ...string) *fleet {
	t.Helper()
	f := &fleet{instances: newInstances(t, "fleet.yaml", settings...)}
	for range instances {
		front := freePort(t)
		f.fronts = append(f.fronts, fmt.Sprintf("127.0.0.1:%d", front))
		f.owners = append(f.owners, fmt.Sprintf("127.0.0.1:%d", freePort(t)))
		f.exports = append(f.exports, overGRPC(t, front))
	}
	f.actions = newActions(600, f.export)
	f.variables = func(n int) map[string]string {
		return map[string]string{
			"INSTANCES": "[" + strings.Join(f.owners[:f.listed.Load()], ", ") + "]", "FRONT_ENDPOINT": f.fronts[n], "OWNER_ENDPOINT": f.owners[n],
		}
	}
	return f
}

// list starts so many instances with a list of these.
func (f *fleet) list(t *testing.T, instances int, settings ...string) {
	t.Helper()
	f.listed.Store(int64(instances))
	for n := range instances {
		f.begin(t, n, settings...)
	}
}

// export sends records to one instance after the other until one takes them.
func (f *fleet) export(ctx context.Context, _ []string, records []plog.Logs) error {
	ld := plog.NewLogs()
	for _, record := range records {
		record.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		f.requests++
		if f.exports[f.requests%int(f.listed.Load())](ctx, ld) == nil {
			return nil
		}
		f.refused++
	}
	return errors.New("no instance takes the records")
}

// ofOwn starts a target for each instance, which shows the visitors that the instance has.
func (f *fleet) ofOwn(t *testing.T, instances int) (targets []*adobe) {
	t.Helper()
	f.listed.Store(int64(instances))
	for n := range instances {
		targets = append(targets, startTarget(t, "--sequence", "seq"))
		f.begin(t, n, "--set=exporters.adobe_target.endpoint="+targets[n].url)
	}
	return targets
}

// sentBy waits until the targets have all that was sent, and returns which instance each visitor has.
func (f *fleet) sentBy(t *testing.T, targets []*adobe) map[string]int {
	t.Helper()
	by := make(map[string]int)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		sent := make(map[string]map[string]string)
		for n, target := range targets {
			for visitor, profile := range target.profiles(t) {
				assert.NotContains(c, sent, visitor, "each visitor has one instance")
				sent[visitor], by[visitor] = profile, n
			}
		}
		assert.Equal(c, f.last, sent)
	}, patience, tick)
	for _, target := range targets {
		assert.Zero(t, target.stats(t).Disorders)
	}
	return by
}

// TestAFleetBringsAVisitorToOneInstanceInOrder sends the records of each visitor one after the
// other, to one instance after the other. With a third on the list, only its visitors have another instance.
func TestAFleetBringsAVisitorToOneInstanceInOrder(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 3)
	of := make(map[int]map[string]int)
	for _, instances := range []int{2, 3} {
		targets := f.ofOwn(t, instances)
		for range 50 {
			f.produce(t, 40)
		}
		of[instances] = f.sentBy(t, targets)
		shares := make([]int, instances)
		for _, n := range of[instances] {
			shares[n]++
		}
		t.Logf("of %d visitors: %v", len(of[instances]), shares)
		for _, share := range shares {
			assert.Greater(t, share, len(of[instances])/instances*6/10)
		}
		for n := range instances {
			f.end(t, n)
		}
		clear(f.last)
	}
	moved := 0
	for visitor, before := range of[2] {
		after, found := of[3][visitor]
		if found && after != before {
			moved++
			assert.Equal(t, 2, after, "a visitor moves to the third only")
		}
	}
	t.Logf("%d of %d visitors moved", moved, len(of[2]))
	assert.Positive(t, moved)
	assert.Less(t, moved, len(of[2])/2)
}

// TestAFleetHasOneQuotaOrAShareEach runs both ways of the example: all instances have the quota together, or each a half.
func TestAFleetHasOneQuotaOrAShareEach(t *testing.T) {
	for name, c := range map[string]struct{ shares, limit int }{
		"in Redis":      {0, 1_000_000},
		"without Redis": {2, 500_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t, 2)
			f.shares = c.shares
			f.list(t, 2)
			f.produce(t, 200)
			f.settle(t)
			f.limits(t, c.limit)
		})
	}
}

// TestAFleetKeepsAVisitorsOrder is what docs/fleet.md says of load_balancing, with its figures. In each case records
// of 600 visitors come in, and something happens to two instances.
func TestAFleetKeepsAVisitorsOrder(t *testing.T) {
	for name, c := range map[string]struct {
		settings []string
		run      func(t *testing.T, f *fleet, stop func())
		// breaks is whether some visitors end with an older value.
		breaks bool
	}{
		"killed with much in the outbox, and back": {run: func(t *testing.T, f *fleet, _ func()) {
			f.outage(t)
			f.hold(t, 1)
			f.kill(t, 1)
			f.over(t)
			time.Sleep(time.Second)
			f.begin(t, 1)
			f.goOn(t, 300)
		}},
		"ended and started, one after the other": {run: func(t *testing.T, f *fleet, _ func()) {
			for n := range 2 {
				f.end(t, n)
				f.begin(t, n)
				f.goOn(t, 300)
			}
		}},
		"another list while updates wait": {settings: paced, breaks: true, run: func(t *testing.T, f *fleet, stop func()) {
			f.outage(t)
			f.hold(t, 0, 1)
			f.end(t, 0)
			f.end(t, 1)
			f.list(t, 3)
			f.hold(t, 2)
			stop()
			f.over(t)
		}},
		"another list when nothing waits": {settings: paced, run: func(t *testing.T, f *fleet, _ func()) {
			f.outage(t)
			f.hold(t, 0, 1)
			f.end(t, 0)
			f.end(t, 1)
			f.list(t, 2, "--set=receivers.otlp/front.protocols.grpc.endpoint="+anyPort)
			f.over(t)
			for n := range 2 {
				assert.Zero(t, f.members[n].drained(t, patience))
				f.end(t, n)
			}
			f.list(t, 3)
			f.goOn(t, 300)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t, 3, c.settings...)
			f.list(t, 2)
			stop := f.start(t)
			f.goOn(t, 300)
			c.run(t, f, stop)
			stop()
			end := f.settle(t)
			t.Logf("%d requests, %d refused", f.requests, f.refused)
			if c.breaks {
				assert.Positive(t, end.wrong)
				return
			}
			assert.Zero(t, end.disorders)
			assert.Zero(t, end.wrong)
		})
	}
}
