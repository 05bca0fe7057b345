// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// direct is one request on its way, whose caller waits for its outcome.
type direct struct {
	*mapped
	held   []bool       // by record
	failed atomic.Int64 // calls in a row

	mu  sync.Mutex
	why route.Answer // the first answer for which records are held
}

// PushAndWait sends what a request says and returns when each record has its outcome. What
// could not be sent goes back to the caller, in the error: without a queue nothing here keeps
// it. The error is never a permanent one.
func (s *Sender) PushAndWait(ctx context.Context, ld plog.Logs) error {
	d := &direct{mapped: s.mapRecords(ctx, ld)}
	defer s.release(d.mapped)
	d.held = make([]bool, d.records)
	s.count(d.mapped)
	var workers errgroup.Group
	workers.SetLimit(s.set.Concurrency)
	visitors := d.batch.Len()
	first := rand.IntN(max(1, visitors)) // whoever sends again what is held is not held up by the same few
	for i := range visitors {
		workers.Go(func() error {
			s.deliver(ctx, d, (first+i)%visitors)
			return nil
		})
	}
	_ = workers.Wait() // no worker returns an error: outcomes are kept by record
	held := count(d.held)
	s.outcomes.received(d.records - held)
	if held == 0 {
		return nil
	}
	err := consumererror.NewLogs(heldError(held, d.records, d.why), subset(ld, d.held))
	if d.why.RetryAfter > 0 {
		return exporterhelper.NewThrottleRetry(err, d.why.RetryAfter)
	}
	return err
}

// deliver sends the update of one visitor of a request, unless there is no sense in it.
func (s *Sender) deliver(ctx context.Context, d *direct, i int) {
	e := &outbox.Entry{Visitor: d.batch.Visitor(i), Records: d.batch.Records(i), First: time.Now()}
	parameters, _ := d.batch.Parameters(i, nil)
	e.Parameters = slices.Clone(parameters)
	answer := s.sendNow(ctx, d, e)
	if !answer.Held() {
		d.failed.Store(0)
		s.conclude(s.primary, answer, e.Records) //nolint:contextcheck // what was delivered is counted whoever still waits
		return
	}
	d.failed.Add(1)
	for record := range d.batch.RecordNumbers(i) {
		d.held[record] = true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.why.Reason == "" || d.why.Reason == route.ReasonCanceled {
		d.why = answer
	}
}

// sendNow makes the calls of a visitor whose caller waits, while no other call of that visitor is under way.
func (s *Sender) sendNow(ctx context.Context, d *direct, e *outbox.Entry) route.Answer {
	waiting, done := context.WithCancel(ctx)
	defer done()
	defer context.AfterFunc(s.run.stopping, done)() //nolint:contextcheck // the one context is to end with the other
	leave, err := s.busy.enter(waiting, e.Visitor)
	if err != nil {
		return canceled
	}
	defer leave()
	if d.failed.Load() >= fewFailures || !s.awaitTurn(waiting, s.primary) {
		return canceled
	}
	defer s.turns.leave()
	if err := s.await(waiting, s.primary); err != nil {
		if errors.Is(err, quota.ErrStorage) {
			return route.Answer{Verdict: route.NotNow, Reason: reasonQuotaStorage}
		}
		return canceled
	}
	if s.run.stopping.Err() != nil { // waiting may not have heard of it yet
		s.primary.account.GiveBack()
		return canceled
	}
	answer := s.send(context.WithoutCancel(ctx), e, s.primary)
	now := time.Now()
	vouched := s.primary.health.vouched(now)
	s.blame(e, s.primary, answer, now)
	if answer.Verdict == route.Rejected && answer != unsendable && !vouched {
		answer.Verdict = route.SetupFault // who knows whether it is Target that refuses
	}
	return answer
}

func count(marked []bool) (n int) {
	for _, is := range marked {
		if is {
			n++
		}
	}
	return n
}

// heldError says how many records of a request are held, and for what answer. Receivers pass
// its code on to their clients, who send again what is Unavailable, and drop what is forbidden
// or not found; a token that has expired is not their data's fault.
func heldError(held, records int, why route.Answer) error {
	code := codes.Unavailable
	if why.Reason == route.ReasonCanceled {
		code = codes.Canceled
	}
	return status.Error(code, fmt.Sprintf("%d of %d log records are held: %s", held, records, explain(why)))
}

// explain says for what records are held, in words that hold nothing of them.
func explain(a route.Answer) string {
	status, ofStatus := strings.CutPrefix(a.Reason, "status_")
	switch {
	case ofStatus:
		return "Target answered with the status " + status
	case a.Reason == route.ReasonCanceled:
		return "the exporter or the caller stopped before they could be sent"
	case a.Reason == reasonQuotaStorage:
		return "the quota account cannot be written"
	case a.Reason == route.ReasonForeign, a.Reason == route.ReasonRefused:
		return "Target's answer does not count, " + why(a)
	case a.StatusCode != 0:
		return fmt.Sprintf("Target answered with the status %d", a.StatusCode)
	default:
		return "no answer from Target, " + why(a)
	}
}

// busy lets one call of a visitor be under way at most. Its zero value is ready.
type busy struct {
	mu       sync.Mutex
	visitors map[profile.Visitor]chan struct{}
}

// enter waits until no other call of the visitor is under way.
func (b *busy) enter(ctx context.Context, v profile.Visitor) (leave func(), err error) {
	for {
		b.mu.Lock()
		other, taken := b.visitors[v]
		if !taken {
			mine := make(chan struct{})
			if b.visitors == nil {
				b.visitors = make(map[profile.Visitor]chan struct{})
			}
			b.visitors[v] = mine
			b.mu.Unlock()
			return func() { b.leave(v, mine) }, nil
		}
		b.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (b *busy) leave(v profile.Visitor, mine chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.visitors, v)
	close(mine)
}

// subset returns a copy of the chosen records.
func subset(ld plog.Logs, chosen []bool) plog.Logs {
	rest := plog.NewLogs()
	ld.CopyTo(rest)
	n := 0
	rest.ResourceLogs().RemoveIf(func(resource plog.ResourceLogs) bool {
		resource.ScopeLogs().RemoveIf(func(scope plog.ScopeLogs) bool {
			scope.LogRecords().RemoveIf(func(plog.LogRecord) bool {
				n++
				return !chosen[n-1]
			})
			return scope.LogRecords().Len() == 0
		})
		return resource.ScopeLogs().Len() == 0
	})
	return rest
}
