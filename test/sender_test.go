// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// parameters are those that a sender's records may set, each with the record's
// number, so that all of them have to rise.
var parameters = []string{"seq", "p1", "p2", "p3", "large1", "large2"}

// receiptPrefix begins the name of a parameter that no other record has, by which the
// emulator tells that the record took effect, whatever it was merged with.
const receiptPrefix = "r"

// largeDigits is the length of a value of which two do not fit one call.
const largeDigits = 40_000

// exportFunc exports records once.
type exportFunc = func(ctx context.Context, ld plog.Logs) error

// sender sends records by OTLP as a careful client does: one request after the
// other, each again until it is taken. It keeps what the profiles have to become.
type sender struct {
	export   exportFunc
	random   *rand.Rand
	visitors int
	// perRequest is how many records a request has.
	perRequest int
	// large is the share of the records with values so large that an update takes
	// several calls.
	large float64
	// pause is the time between requests.
	pause time.Duration
	// plain records have no receipt. Those of uploads have none: each is a column of its own.
	plain bool

	// prefix begins the ids of its visitors.
	prefix string
	// receipts is the last one given. Senders of one target share it, so that all receipts differ.
	receipts *atomic.Int64

	// seq is of the last record made, for the sending goroutine alone.
	seq int

	mu sync.Mutex
	figures
	last map[string]map[string]string
}

// figures are what a sender has got rid of.
type figures struct {
	requests, refusals int
	// records were taken; withoutVisitor of them have to be skipped.
	records, withoutVisitor int
}

func newSender(export exportFunc, seed uint64) *sender {
	return &sender{
		export: export, random: rand.New(rand.NewPCG(seed, 2)),
		visitors: 300, perRequest: 20, prefix: "v", receipts: new(atomic.Int64), last: make(map[string]map[string]string),
	}
}

// start sends until the function it returns is called, which waits for a request
// under way to be taken. When the test has failed nobody may be there to take it.
func (s *sender) start(t *testing.T) (stop func()) {
	t.Helper()
	stopping, done := make(chan struct{}), make(chan struct{})
	ctx, giveUp := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() {
		defer close(done)
		for {
			select {
			case <-stopping:
				return
			case <-time.After(s.pause):
				s.send(ctx)
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(stopping)
		if t.Failed() {
			giveUp()
		}
		<-done
		giveUp()
	})
}

// send sends one request until it is taken, or the context ends.
func (s *sender) send(ctx context.Context) {
	ld, last, withoutVisitor := s.request()
	for {
		err := s.export(ctx, ld)
		s.mu.Lock()
		if err == nil {
			s.requests++
			s.records += ld.LogRecordCount()
			s.withoutVisitor += withoutVisitor
			for visitor, values := range last {
				if s.last[visitor] == nil {
					s.last[visitor] = make(map[string]string)
				}
				maps.Copy(s.last[visitor], values)
			}
			s.mu.Unlock()
			return
		}
		s.refusals++
		s.mu.Unlock()
		if ctx.Err() != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// sent returns the figures of now.
func (s *sender) sent() figures {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.figures
}

// model returns what the profiles have to become.
func (s *sender) model() map[string]map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]map[string]string, len(s.last))
	for visitor, values := range s.last {
		all[visitor] = maps.Clone(values)
	}
	return all
}

// taken returns what was taken, once the sender has stopped.
func (s *sender) taken() taken {
	sent := s.sent()
	all := taken{records: sent.records, withoutVisitor: sent.withoutVisitor, model: s.model()}
	if !s.plain {
		all.receipts = map[string]int{emulator.Mbox3rdPartyID: sent.records - sent.withoutVisitor}
	}
	return all
}

// request makes a request of records of a few visitors, with a number that rises
// from record to record. Each record sets some of the parameters.
func (s *sender) request() (ld plog.Logs, last map[string]map[string]string, withoutVisitor int) {
	ld, last = plog.NewLogs(), make(map[string]map[string]string)
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range s.perRequest {
		s.seq++
		attributes := records.AppendEmpty().Attributes()
		values := s.values()
		for name, value := range values {
			attributes.PutStr("profile."+name, value)
		}
		if s.seq%50 == 0 {
			withoutVisitor++
			continue
		}
		visitor := s.prefix + strconv.Itoa(s.random.IntN(s.visitors))
		attributes.PutStr("mbox3rdPartyId", visitor)
		if !s.plain {
			attributes.PutStr("profile."+receiptPrefix+strconv.FormatInt(s.receipts.Add(1), 10), "1")
		}
		if last[visitor] == nil {
			last[visitor] = make(map[string]string)
		}
		maps.Copy(last[visitor], values)
	}
	return ld, last, withoutVisitor
}

func (s *sender) values() map[string]string {
	values := map[string]string{}
	for _, name := range parameters[:4] {
		if len(values) == 0 || s.random.IntN(2) == 0 {
			values[name] = strconv.Itoa(s.seq)
		}
	}
	if s.random.Float64() < s.large {
		for _, name := range parameters[4:] {
			values[name] = fmt.Sprintf("%0*d", largeDigits, s.seq)
		}
	}
	return values
}

// overHTTP exports by OTLP/HTTP.
func overHTTP(port int) exportFunc {
	url := fmt.Sprintf("http://127.0.0.1:%d/v1/logs", port)
	return func(ctx context.Context, ld plog.Logs) error {
		body, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-protobuf")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", resp.StatusCode)
		}
		return nil
	}
}

// overGRPC exports by OTLP/gRPC.
func overGRPC(t *testing.T, port int) exportFunc {
	t.Helper()
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	client := plogotlp.NewGRPCClient(conn)
	return func(ctx context.Context, ld plog.Logs) error {
		_, err := client.Export(ctx, plogotlp.NewExportRequestFromLogs(ld))
		return err
	}
}
