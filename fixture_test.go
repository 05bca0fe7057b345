// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
)

var (
	wireID         = component.MustNewID("wire")
	queueStorageID = component.MustNewIDWithName("file_storage", "queue")
)

// wire is an auth extension that answers calls itself, so that whole exporters run in virtual
// time: a real socket would stop it.
type wire struct {
	component.StartFunc
	component.ShutdownFunc
	header http.Header // of every answer

	mu     sync.Mutex
	answer func(call) (status int, err error)
	calls  []call
}

// call is one that was made.
type call struct {
	*http.Request
	at   time.Time
	form url.Values
}

func (c call) visitor() string { return c.form.Get("mbox3rdPartyId") + c.form.Get("mboxPC") }

func (w *wire) RoundTripper(http.RoundTripper) (http.RoundTripper, error) { return w, nil }

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	text := []byte(req.URL.RawQuery)
	if req.Body != nil {
		var err error
		if text, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(text))
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	c := call{req, time.Now(), form}
	w.mu.Lock()
	w.calls = append(w.calls, c)
	answer := w.answer
	w.mu.Unlock()
	status, err := answer(c)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: status, Header: w.header.Clone(), Request: req,
		Body: io.NopCloser(strings.NewReader("trueRequest successfully submitted")),
	}, nil
}

func (w *wire) now(answer func(call) (int, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = answer
}

func (w *wire) made() []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

// assertOrder checks that no call carried an older value of n than one that left before, of
// that visitor, and returns the last value of each.
func (w *wire) assertOrder(t *testing.T) (newest map[string]int) {
	t.Helper()
	newest = make(map[string]int)
	for _, c := range w.made() {
		n, err := strconv.Atoi(c.form.Get("profile.n"))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, n, newest[c.visitor()], c.visitor())
		newest[c.visitor()] = n
	}
	return newest
}

func taken(call) (int, error)   { return http.StatusOK, nil }
func down(call) (int, error)    { return http.StatusServiceUnavailable, nil }
func tooMany(call) (int, error) { return http.StatusTooManyRequests, nil }

// hang answers nothing until the call's own timeout ends it.
func hang(c call) (int, error) {
	<-c.Context().Done()
	return 0, c.Context().Err()
}

// but answers the calls of one visitor with that status.
func but(visitor string, status int) func(call) (int, error) {
	return func(c call) (int, error) {
		if c.visitor() == visitor {
			return status, nil
		}
		return http.StatusOK, nil
	}
}

// host is a Collector with extensions that keeps the status events.
type host struct {
	extensions map[component.ID]component.Component
	events     chan *componentstatus.Event
}

func newHost() *host {
	return &host{extensions: make(map[component.ID]component.Component), events: make(chan *componentstatus.Event, 100)}
}

func (h *host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *host) Report(event *componentstatus.Event) { h.events <- event }

// fileStorage starts the storage extension of the distribution on a folder.
func fileStorage(t *testing.T, folder string) storage.Extension {
	t.Helper()
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory = folder
	extension, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, extension.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { assert.NoError(t, extension.Shutdown(context.WithoutCancel(t.Context()))) })
	return extension.(storage.Extension)
}

// flawed is a storage extension whose queue fails when it is told to.
type flawed struct {
	storage.Extension
	mu    sync.Mutex
	fails func(ops []*storage.Operation) error
}

func (f *flawed) now(fails func(ops []*storage.Operation) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fails = fails
}

func (f *flawed) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	client, err := f.Extension.GetClient(ctx, kind, id, name)
	if err != nil || name != "logs" {
		return client, err
	}
	return &flawedClient{client, f}, nil
}

type flawedClient struct {
	storage.Client
	of *flawed
}

func (c *flawedClient) Batch(ctx context.Context, ops ...*storage.Operation) error {
	c.of.mu.Lock()
	fails := c.of.fails
	c.of.mu.Unlock()
	if fails != nil {
		if err := fails(ops); err != nil {
			return err
		}
	}
	return c.Client.Batch(ctx, ops...)
}

// testConfig returns a configuration without a queue that sends to that address.
func testConfig(endpoint string) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.ClientCode = "acme"
	cfg.ClientConfig.Endpoint = endpoint
	cfg.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()
	cfg.RetryConfig.InitialInterval = time.Millisecond
	cfg.RetryConfig.MaxInterval = time.Millisecond
	return cfg
}

// wiredConfig returns the default configuration for an exporter in virtual time.
func wiredConfig() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.ClientCode = "acme"
	cfg.ClientConfig.Endpoint = "http://target.example"
	cfg.ClientConfig.Auth = configoptional.Some(configauth.Config{AuthenticatorID: wireID})
	return cfg
}

func oneRecord(visitor string, parameters ...string) plog.Logs {
	ld := plog.NewLogs()
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.Attributes().PutStr("mbox3rdPartyId", visitor)
	for pair := range slices.Chunk(parameters, 2) {
		lr.Attributes().PutStr("profile."+pair[0], pair[1])
	}
	return ld
}

// severalRecords are of visitors v0, v1, … and, one in five, of nobody.
func severalRecords(n int) plog.Logs {
	ld := plog.NewLogs()
	for i := range n {
		visitor := "v" + strconv.Itoa(i)
		if i%5 == 4 {
			visitor = ""
		}
		oneRecord(visitor, "n", strconv.Itoa(i)).ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	}
	return ld
}
