// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// runs counts the exporters that were run.
var runs atomic.Int64

var wireID = component.MustNewID("wire")

// wire is an extension that hands each call to the emulator in this goroutine: a socket would stop virtual time.
type wire struct {
	component.StartFunc
	component.ShutdownFunc
	to http.Handler
}

func (w *wire) GetHTTPRoundTripper(context.Context) (extensionmiddleware.WrapHTTPRoundTripperFunc, error) {
	return func(context.Context, http.RoundTripper) (http.RoundTripper, error) { return w, nil }, nil
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil {
		req.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	w.to.ServeHTTP(answer, req)
	return answer.Result(), nil
}

func (w *wire) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{wireID: w}
}

// sent is a call as it went over the wire, or as a preview says that it would.
type sent struct {
	Method, Path string
	Rows         []row
	Bytes        int64
}

type row struct {
	Parameter, ID string
	Values        map[string]string
}

// exported are the calls that the exporter itself makes of requests, in virtual time: the next request comes after a pause.
func exported(t *testing.T, cfg *adobetargetexporter.Config, requests []plog.Logs, pause time.Duration) (calls []sent) {
	t.Helper()
	target, err := emulator.New(emulator.Settings{RecordCalls: 100_000})
	require.NoError(t, err)
	defer target.Close()
	w := &wire{to: target}
	over := *cfg
	// The process keeps an account for each host, and channels of one bubble are of no use in another.
	over.ClientConfig.Endpoint = fmt.Sprintf("https://run-%d.example", runs.Add(1))
	over.ClientConfig.Middlewares = []configmiddleware.Config{{ID: wireID}}
	factory := adobetargetexporter.NewFactory()
	exporter, err := factory.CreateLogs(t.Context(), exportertest.NewNopSettings(factory.Type()), &over)
	require.NoError(t, err)
	require.NoError(t, exporter.Start(t.Context(), w))
	for _, ld := range requests {
		alone := plog.NewLogs()
		ld.CopyTo(alone)
		require.NoError(t, exporter.ConsumeLogs(t.Context(), alone))
		time.Sleep(pause)
	}
	time.Sleep(24 * time.Hour)
	require.NoError(t, exporter.Shutdown(t.Context()))
	for _, c := range target.Calls() {
		if !strings.Contains(c.Path, "batchStatus") {
			calls = append(calls, onTheWire(t, c))
		}
	}
	return calls
}

func onTheWire(t *testing.T, c emulator.Call) sent {
	t.Helper()
	s := sent{Method: c.Method, Path: c.Path, Bytes: int64(len(c.Body))}
	switch {
	case strings.HasSuffix(c.Path, "/batchUpdate"):
		s.Rows = rowsOf(t, string(c.Body))
	case strings.HasSuffix(c.Path, "/delivery"):
		s.Rows = []row{deliveredRow(t, c.Body)}
	case len(c.Body) > 0:
		s.Rows = []row{formRow(t, string(c.Body))}
	default:
		s.Rows, s.Bytes = []row{formRow(t, c.RawQuery)}, int64(len(c.RawQuery))
	}
	return s
}

func formRow(t *testing.T, form string) row {
	t.Helper()
	values, err := url.ParseQuery(form)
	require.NoError(t, err)
	r := row{Values: make(map[string]string)}
	for name, value := range values {
		require.Len(t, value, 1, name)
		if strings.HasPrefix(name, "mbox") {
			r.Parameter, r.ID = name, value[0]
		} else {
			r.Values[name] = value[0]
		}
	}
	return r
}

func deliveredRow(t *testing.T, body []byte) row {
	t.Helper()
	type parameters struct {
		ProfileParameters map[string]string
	}
	var call struct {
		ID            struct{ ThirdPartyID, TntID string }
		Execute       struct{ Mboxes []parameters }
		Notifications []parameters
	}
	require.NoError(t, json.Unmarshal(body, &call))
	r := row{Parameter: "mbox3rdPartyId", ID: call.ID.ThirdPartyID, Values: make(map[string]string)}
	if call.ID.TntID != "" {
		r.Parameter, r.ID = "mboxPC", call.ID.TntID
	}
	for _, of := range append(call.Execute.Mboxes, call.Notifications...) {
		for name, value := range of.ProfileParameters {
			r.Values["profile."+name] = value
		}
	}
	return r
}

func rowsOf(t *testing.T, body string) (rows []row) {
	t.Helper()
	file, ok := strings.CutPrefix(body, "batch=")
	require.True(t, ok)
	lines := strings.Split(file, "\n")
	header := strings.Split(lines[0], ",")
	parameter := map[string]string{"pcId": "mboxPC", "thirdPartyId": "mbox3rdPartyId"}[header[0]]
	for _, line := range lines[1:] {
		r := row{Parameter: parameter, Values: make(map[string]string)}
		for i, field := range strings.Split(line, ",") {
			value, err := url.QueryUnescape(field)
			require.NoError(t, err)
			name, err := url.QueryUnescape(header[i])
			require.NoError(t, err)
			switch {
			case i == 0:
				r.ID = value
			case value != "":
				r.Values["profile."+name] = value
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// previewed are the calls that a preview shows.
func previewed(t *testing.T, e *Exporter, requests []plog.Logs, each bool) (calls []sent) {
	t.Helper()
	p, err := New(e, Options{Each: each, ShowIDs: true})
	require.NoError(t, err)
	result := &Result{}
	_, err = p.Run(t.Context(), all(requests), result)
	require.NoError(t, err)
	for _, c := range result.Calls {
		rows := c.Rows
		if c.Row != nil {
			rows = []Row{*c.Row}
		}
		s := sent{Method: c.Method, Path: c.Path, Bytes: c.Bytes}
		for _, shown := range rows {
			for parameter, id := range shown.Visitor {
				s.Rows = append(s.Rows, row{parameter, id, shown.Parameters})
			}
		}
		calls = append(calls, s)
	}
	return calls
}

func all(requests []plog.Logs) func(func(plog.Logs, error) bool) {
	return func(yield func(plog.Logs, error) bool) {
		for _, ld := range requests {
			if !yield(ld, nil) {
				return
			}
		}
	}
}

// inOrder orders calls of visitors, which are made at once.
func inOrder(calls []sent) []sent {
	slices.SortStableFunc(calls, func(a, b sent) int {
		return cmpOr(strings.Compare(b.Path, a.Path), strings.Compare(a.Rows[0].Parameter, b.Rows[0].Parameter), strings.Compare(a.Rows[0].ID, b.Rows[0].ID))
	})
	return calls
}

func cmpOr(orders ...int) int {
	for _, o := range orders {
		if o != 0 {
			return o
		}
	}
	return 0
}

// read are the records of JSON lines, each a request of its own.
func read(t *testing.T, lines []byte) (requests []plog.Logs) {
	t.Helper()
	for ld, err := range NewReader(bytes.NewReader(lines), Auto, false).Records() {
		require.NoError(t, err)
		requests = append(requests, ld)
	}
	return requests
}
