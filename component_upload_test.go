// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

const (
	uploadPath = "/m2/acme/v2/profile/batchUpdate"
	statusPath = "/m2/acme/profile/batchStatus"
	singlePath = "/m2/acme/profile/update"
	incomplete = "<response><status>incomplete</status></response>"
	complete   = "<response><status>complete</status></response>"
)

// aRequest is one that a server has got.
type aRequest struct {
	method, path, query, body string
	header                    http.Header
}

// uploadServer is a Target on a socket that takes uploads and says where their status is.
type uploadServer struct {
	url string

	mu       sync.Mutex
	status   string // of all uploads
	refuses  string // what is answered to uploads instead
	where    string // of the status, with the host
	requests []aRequest
}

func startUploadServer(t *testing.T) *uploadServer {
	t.Helper()
	s := &uploadServer{status: complete}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	s.where = s.url + statusPath + "?batchId=acme-1-" + markedID + "&m2Node=00"
	return s
}

func (s *uploadServer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the exporter has hung up
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, aRequest{req.Method, req.URL.Path, req.URL.RawQuery, string(body), req.Header})
	answer := "trueRequest successfully submitted"
	switch {
	case strings.HasSuffix(req.URL.Path, "/batchUpdate") && s.refuses != "":
		answer = s.refuses
	case strings.HasSuffix(req.URL.Path, "/batchUpdate"):
		answer = "<response><success>true</success><batchStatus>" + s.where + "</batchStatus><message>submitted</message></response>"
	case strings.HasSuffix(req.URL.Path, "/batchStatus"):
		answer = s.status
	}
	_, _ = io.WriteString(w, answer)
}

func (s *uploadServer) change(c func(*uploadServer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c(s)
}

// got returns the requests with a path.
func (s *uploadServer) got(path string) (of []aRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		if r.path == path {
			of = append(of, r)
		}
	}
	return of
}

// startUploading starts an exporter whose updates go by uploads to a server, without waiting long, and
// which has all it keeps in the storage if there is one.
func startUploading(t *testing.T, s *uploadServer, changes ...func(*run)) *run {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.ClientCode, cfg.ClientConfig.Endpoint, cfg.Route = "acme", s.url, route.ToBulk
	cfg.Outbox.MergeWindow = 0
	cfg.RetryConfig.InitialInterval, cfg.RetryConfig.MaxInterval = time.Millisecond, time.Millisecond
	cfg.ClientConfig.Headers = configopaque.MapList{{Name: "Authorization", Value: "Bearer " + profileToken}}
	bulk := cfg.Bulk.GetOrInsertDefault()
	bulk.Interval, bulk.Status.InitialDelay, bulk.Status.MaxInterval = time.Millisecond, time.Millisecond, time.Millisecond
	r := &run{cfg: cfg, host: newHost(), telemetry: componenttest.NewTelemetry()}
	for _, change := range changes {
		change(r)
	}
	core, logs := observer.New(zapcore.DebugLevel)
	set := metadatatest.NewSettings(r.telemetry)
	set.Logger, r.logs = zap.New(core), logs
	r.Logs = start(t, set, cfg, r.host)
	return r
}

// eventually waits until a number of records have come to that end.
func (r *run) eventually(t *testing.T, end string, records int64) {
	t.Helper()
	require.Eventually(t, func() bool { return r.count(t).outcomes[end] == records }, 30*time.Second, 10*time.Millisecond, end)
}

func TestUpload_WhatTargetSees(t *testing.T) {
	t.Parallel()
	s := startUploadServer(t)
	r := startUploading(t, s)
	r.consume(t, oneRecord("cust 1", "name", "Zoë & \"Søn\"", "tier", "gold"))
	r.eventually(t, "delivered", 1)
	r.consume(t, oneRecord("cust 1", "tier", "silver"))
	r.consume(t, oneRecord("cust 2", "store", "Oslo, S"))
	r.eventually(t, "delivered", 3)
	r.end(t)

	uploads := s.got(uploadPath)
	require.Len(t, uploads, 2)
	assert.Equal(t, http.MethodPost, uploads[0].method)
	assert.Equal(t, "batch=thirdPartyId,name,tier\ncust%201,Zo%C3%AB%20%26%20%22S%C3%B8n%22,gold", uploads[0].body)
	assert.Equal(t, "batch=thirdPartyId,name,tier\ncust%201,Zo%C3%AB%20%26%20%22S%C3%B8n%22,silver", uploads[1].body, "it holds what the first held")
	statuses := s.got(statusPath)
	require.Len(t, statuses, 2)
	assert.Equal(t, http.MethodGet, statuses[0].method)
	assert.Equal(t, "batchId=acme-1-"+markedID+"&m2Node=00&showDetails=true", statuses[0].query)
	single := s.got(singlePath)
	require.Len(t, single, 1, "what no upload carries goes by a call")
	assert.Contains(t, single[0].body, "Oslo%2C%20S")
	for _, call := range append(append(single, uploads...), statuses...) {
		assert.Equal(t, "Bearer "+profileToken, call.header.Get("Authorization"))
		if call.method == http.MethodPost {
			assert.Equal(t, "application/x-www-form-urlencoded", call.header.Get("Content-Type"))
		}
	}
}

// The token would go along, and so would the batch's id: an answer may not send them anywhere.
func TestUpload_AStatusElsewhereIsNotCalled(t *testing.T) {
	t.Parallel()
	elsewhere := startUploadServer(t)
	s := startUploadServer(t)
	s.where = elsewhere.url + statusPath + "?batchId=1"
	r := startUploading(t, s, with(func(cfg *Config) { cfg.Bulk.Get().Status.Timeout = time.Millisecond }))
	r.consume(t, oneRecord("v", "tier", "gold"))
	r.eventually(t, "delivered unconfirmed", 1)
	r.end(t)
	assert.Empty(t, elsewhere.requests)
	assert.Empty(t, s.got(statusPath))
	assert.Equal(t, 1, r.logs.FilterMessageSnippet("Uploads are taken and cannot be followed").Len())
}

func TestUpload_After503ThereIsNoBulkCallFor65Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: down}
		r := begin(t, w, on(fileStorage(t, t.TempDir())), with(func(cfg *Config) {
			cfg.Route = route.ToBulk
			cfg.Bulk.GetOrInsertDefault().Interval = time.Second
		}))
		r.consume(t, oneRecord("v", "tier", "gold"))
		r.watch(t, 10*time.Minute, 10*time.Second)
		r.end(t)
		calls := w.made()
		require.Greater(t, len(calls), 5)
		for i, c := range calls {
			assert.Equal(t, uploadPath, c.URL.Path)
			if i > 0 {
				assert.GreaterOrEqual(t, c.at.Sub(calls[i-1].at), 65*time.Second)
			}
		}
	})
}

// Uploads that are under way when bulk goes out of use are followed to their end, and nobody who stands
// in one is called before.
func TestUpload_IsFollowedToItsEndByAnyRoute(t *testing.T) {
	t.Parallel()
	for _, to := range []route.Name{route.ToSingle, route.ToDelivery} {
		t.Run(string(to), func(t *testing.T) {
			t.Parallel()
			s := startUploadServer(t)
			s.status = incomplete
			disk := fileStorage(t, t.TempDir())
			r := startUploading(t, s, on(disk))
			r.consume(t, oneRecord("v", "tier", "gold"))
			require.Eventually(t, func() bool { return len(s.got(statusPath)) > 0 }, 30*time.Second, time.Millisecond)
			r.consume(t, oneRecord("v", "tier", "silver"))
			r.end(t)

			path := map[route.Name]string{route.ToSingle: singlePath, route.ToDelivery: "/rest/v1/delivery"}[to]
			r = startUploading(t, s, on(disk), with(func(cfg *Config) {
				cfg.Route = to
				if to == route.ToDelivery {
					cfg.ClientConfig.Headers = nil
				}
			}))
			assert.EqualValues(t, 2, r.count(t).recovered)
			r.consume(t, oneRecord("another", "tier", "gold"))
			asked := len(s.got(statusPath))
			require.Eventually(t, func() bool { return len(s.got(path)) > 0 && len(s.got(statusPath)) > asked+1 }, 30*time.Second, time.Millisecond)
			for _, call := range s.got(path) {
				assert.NotContains(t, call.body, "silver", "it stands in an upload")
			}
			s.change(func(s *uploadServer) { s.status = complete })
			require.Eventually(t, func() bool {
				calls := s.got(path)
				return strings.Contains(calls[len(calls)-1].body, "silver")
			}, 30*time.Second, time.Millisecond)
			assert.Len(t, s.got(uploadPath), 1)
			open, err := r.telemetry.GetMetric("otelcol.adobe_target.uploads.open")
			require.NoError(t, err)
			assert.Zero(t, sum(open.Data))
			r.end(t)
		})
	}
}

// A shutdown without a storage does not wait until Target is done: it makes what it can, and says so.
func TestUpload_AShutdownInMemoryMakesUploadsAndAsksNothing(t *testing.T) {
	t.Parallel()
	s := startUploadServer(t)
	s.status = incomplete
	r := startUploading(t, s, with(func(cfg *Config) {
		cfg.Bulk.Get().Interval, cfg.Bulk.Get().Status.InitialDelay = time.Hour, time.Hour
	}))
	r.consume(t, severalRecords(20))
	r.end(t)
	assert.Equal(t, map[string]int64{"delivered unconfirmed": 16, "skipped no_visitor": 4}, r.count(t).outcomes)
	assert.Len(t, s.got(uploadPath), 1)
	assert.Empty(t, s.got(statusPath))
}

func TestUpload_ADryRunShowsItAndSendsNothing(t *testing.T) {
	t.Parallel()
	s := startUploadServer(t)
	s.status = incomplete
	disk := fileStorage(t, t.TempDir())
	r := startUploading(t, s, on(disk))
	r.consume(t, oneRecord("left", "tier", "gold"))
	require.Eventually(t, func() bool { return len(s.got(statusPath)) > 0 }, 30*time.Second, time.Millisecond)
	r.end(t)
	before := len(s.got(uploadPath)) + len(s.got(statusPath))

	r = startUploading(t, s, on(disk), with(func(cfg *Config) {
		cfg.DryRun, cfg.Bulk.Get().Status.Timeout = true, 4*time.Second
	}))
	r.consume(t, oneRecord("v", "tier", "gold"))
	r.eventually(t, "skipped dry_run", 1)
	r.eventually(t, "delivered unconfirmed", 1)
	r.end(t)
	shown := r.logs.FilterMessageSnippet("Dry run, not sent: upload 1").All()
	require.Len(t, shown, 1)
	assert.Equal(t, "batch=thirdPartyId,tier\nv,gold", shown[0].ContextMap()["body"])
	assert.Equal(t, s.url+uploadPath, shown[0].ContextMap()["url"])
	assert.Equal(t, before, len(s.got(uploadPath))+len(s.got(statusPath)))
}

func TestUpload_WarnsOnceOfProfilesThatAChangeOfTheRouteCreates(t *testing.T) {
	for version, want := range map[route.BulkVersion]int{route.BulkAuto: 1, route.BulkV1: 0} {
		t.Run(string(version), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: down}
				disk := fileStorage(t, t.TempDir())
				again := func(to route.Name) int {
					r := begin(t, w, on(disk), with(func(cfg *Config) {
						cfg.Route, cfg.Bulk.GetOrInsertDefault().Version = to, version
					}))
					if to == route.ToSingle {
						r.consume(t, oneRecord("v", "tier", "gold"))
					}
					time.Sleep(10 * time.Minute)
					r.end(t)
					return r.logs.FilterMessageSnippet("an upload by v2 creates the profile").Len()
				}
				assert.Zero(t, again(route.ToSingle))
				assert.Equal(t, want, again(route.ToBulk))
				assert.Zero(t, again(route.ToBulk), "what waits stands in an upload")
			})
		})
	}
}

// Whatever Target answers to an upload or its status, nothing is said of what it carried, nor where
// its status is.
func TestUpload_NothingIsSaidOfWhatItCarries(t *testing.T) {
	for name, change := range map[string]func(*uploadServer){
		"complete": func(*uploadServer) {},
		"a row that fails": func(s *uploadServer) {
			s.status = "<response><status>complete</status><batchSize>1</batchSize><failedUpdates>1</failedUpdates>" +
				"<profile><id>" + markedID + "</id><status>failed</status></profile></response>"
		},
		"rows that fail and are not named": func(s *uploadServer) {
			s.status = "<response><status>complete</status><batchSize>1</batchSize><failedUpdates>1</failedUpdates></response>"
		},
		"stuck":                   func(s *uploadServer) { s.status = "<response><status>stuck</status></response>" },
		"a status that is a page": func(s *uploadServer) { s.status = "<html>" + markedID + markedValue },
		"a refusal": func(s *uploadServer) {
			s.refuses = "<response><success>false</success><message>" + markedID + "</message></response>"
		},
		"a page":                  func(s *uploadServer) { s.refuses = "<html>" + markedID + markedValue },
		"other text":              func(s *uploadServer) { s.refuses = markedID + markedValue },
		"a status elsewhere":      func(s *uploadServer) { s.where = "http://" + markedID + ".invalid/batchStatus?batchId=" + markedValue },
		"a status that is no URL": func(s *uploadServer) { s.where = "http://" + markedID + "%zz" },
		"no answer":               func(s *uploadServer) { s.url = "http://127.0.0.1:1" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startUploadServer(t)
			s.change(change)
			follows := s.refuses == "" && strings.HasPrefix(s.where, s.url+"/")
			r := startUploading(t, s, with(func(cfg *Config) {
				cfg.ClientConfig.Headers = configopaque.MapList{{Name: "Authorization", Value: "Bearer MARKED-TOKEN"}}
				cfg.Bulk.Get().CallsPerMinute, cfg.DrainTimeout = 8, 200*time.Millisecond
			}))
			r.consume(t, oneRecord(markedID, "tier", markedValue))
			calls := func() int64 {
				made, err := r.telemetry.GetMetric("otelcol.adobe_target.calls")
				require.NoError(t, err)
				return sum(made.Data)
			}
			require.Eventually(t, func() bool { return calls() >= 1 && (!follows || len(s.got(statusPath)) > 0) }, 30*time.Second, 10*time.Millisecond)
			said := r.allSaid(t)
			assert.Contains(t, said, "adobe_target/upload")
			for _, secret := range []string{"MARKED", "marked", "batchId", "batchStatus", "batchUpdate", "m2/acme"} {
				assert.NotContains(t, said, secret)
			}
		})
	}
}

// allSaid ends a run and returns all that it has said in logs, spans, metrics and events.
func (r *run) allSaid(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	require.NoError(t, r.Shutdown(t.Context()))
	for _, entry := range r.logs.All() {
		fmt.Fprintln(&all, entry.Message, entry.ContextMap())
	}
	for _, span := range r.telemetry.SpanRecorder.Ended() {
		fmt.Fprintln(&all, span.Name(), span.Attributes(), span.Events(), span.Status())
	}
	metrics, err := r.telemetry.GetMetric("otelcol.adobe_target.records")
	require.NoError(t, err)
	fmt.Fprintf(&all, "%+v\n", metrics)
	close(r.host.events)
	for event := range r.host.events {
		fmt.Fprintln(&all, event.Err())
	}
	require.NoError(t, r.telemetry.Shutdown(t.Context()))
	return all.String()
}
