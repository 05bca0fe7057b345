// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Emulator is an Adobe Target in memory. It is an http.Handler and safe for concurrent use. Faults that end a connection
// without an answer panic with http.ErrAbortHandler, which an http.Server expects of its handlers.
type Emulator struct {
	settings    Settings
	known       map[Visitor]struct{}
	token       atomic.Pointer[string]
	quota       atomic.Pointer[Quota]
	single      atomic.Pointer[Single]
	bulk        atomic.Pointer[Bulk]
	latency     *delays
	faults      *faultList
	world       atomic.Pointer[world]
	connections connections
	inFlight    atomic.Int64
	streams     atomic.Int64
	closed      chan struct{}
	closeOnce   sync.Once
}

// world is everything a reset forgets. A call keeps the world it arrived in.
type world struct {
	started  time.Time
	counters counters
	quotas   *quotas
	rates    *quotas // of the bulk API
	store    *store
	calls    *recorder
	recent   *recent
	sessions *sessions
	uploads  *uploads
	receipts atomic.Pointer[receipts]
}

// New makes an emulator, or says which setting is impossible.
func New(settings Settings) (*Emulator, error) {
	settings = settings.withDefaults()
	if err := settings.validate(); err != nil {
		return nil, err
	}
	e := &Emulator{settings: settings, latency: &delays{}, faults: &faultList{}, closed: make(chan struct{})}
	if settings.Known != nil {
		e.known = make(map[Visitor]struct{}, len(settings.Known))
		for _, v := range settings.Known {
			e.known[v] = struct{}{}
		}
	}
	e.Reset()
	return e, nil
}

// Reset makes the emulator as it was when it started: no profiles, no counts, and the settings it was made with. Calls
// under way are not ended, and connections stay open.
func (e *Emulator) Reset() {
	started := e.settings.Now()
	e.SetToken(e.settings.Token)
	e.quota.Store(&e.settings.Quota)
	e.single.Store(&e.settings.Single)
	e.bulk.Store(&e.settings.Bulk)
	e.latency.reset(e.settings.Latency, e.settings.Seed)
	e.faults.reset(e.settings.Faults, e.settings.Seed)
	e.connections.reset()
	e.world.Store(&world{
		started: started,
		quotas:  newQuotas(started),
		rates:   newQuotas(started),
		store:   newStore(e.settings.History, e.settings.Sequences),
		calls:   &recorder{limit: e.settings.RecordCalls},
		recent:  newRecent(started, e.settings.RecentCalls),

		sessions: newSessions(),
		uploads:  newUploads(),
	})
}

// Close ends the calls that hang or wait, by dropping their connections. Calls that come later are dropped where they
// would wait.
func (e *Emulator) Close() {
	e.closeOnce.Do(func() { close(e.closed) })
}

// SetToken changes the bearer token that updates and fetches must carry; an empty one asks for none.
func (e *Emulator) SetToken(token string) {
	e.token.Store(&token)
}

// SetLatency changes the time answers take.
func (e *Emulator) SetLatency(latency Latency) error {
	if err := latency.validate(); err != nil {
		return err
	}
	e.latency.set(latency)
	return nil
}

// SetQuota changes the quota. Another window begins to count anew, as the attempts it should hold may be forgotten.
func (e *Emulator) SetQuota(quota Quota) error {
	quota = quota.withDefaults()
	if err := quota.validate(); err != nil {
		return err
	}
	if previous := e.quota.Swap(&quota); previous.Window != quota.Window {
		e.world.Load().quotas.restart()
	}
	return nil
}

// SetFaults replaces the active faults; none lifts them all.
func (e *Emulator) SetFaults(faults []Fault) error {
	if err := validateFaults(faults); err != nil {
		return err
	}
	e.faults.set(faults)
	return nil
}

// Faults returns the active faults, each with the count it has left.
func (e *Emulator) Faults() []Fault {
	return e.faults.list()
}

const (
	updateSuffix  = "/profile/update"
	fetchPrefix   = "/rest/v1/profiles/"
	deliveryPath  = "/rest/v1/delivery"
	controlPrefix = "/_emulator/"
)

// ServeHTTP tells the paths apart by their encoded form, so that no escape or dot segment leads from one to another.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if e.settings.RecentCalls > 0 && isWatched(path) {
		watched := e.watch(w, r)
		defer watched.end()
		w = watched
	}
	if code, ok := updatePath(path); ok && e.single.Load().has(code) {
		if client, exists := e.clientOf(r.Host, code); exists {
			e.serveUpdate(w, r, client)
			return
		}
	}
	if code, serve := e.bulkPath(r.Host, path); serve != nil {
		serve(w, r, code)
		return
	}
	switch {
	case path == deliveryPath:
		e.serveDelivery(w, r)
	case strings.HasPrefix(path, fetchPrefix):
		e.serveFetch(w, r, strings.TrimPrefix(path, fetchPrefix))
	case strings.HasPrefix(path, controlPrefix):
		e.serveControl(w, r, strings.TrimPrefix(path, controlPrefix))
	case path == "/":
		e.serveSummary(w, r)
	default:
		e.serveNotFound(w, r)
	}
}

func (e *Emulator) serveNotFound(w http.ResponseWriter, r *http.Request) {
	world := e.world.Load()
	world.counters.notFound.Add(1)
	world.calls.add(r, nil, e.settings.Now())
	jsonError(http.StatusNotFound, "no such path or client code").write(w)
}

func updatePath(path string) (code string, ok bool) {
	rest, isUpdate := strings.CutPrefix(path, "/m2/")
	if !isUpdate {
		return "", false
	}
	code, isUpdate = strings.CutSuffix(rest, updateSuffix)
	return code, isUpdate && isClientCode(code)
}

// literalCode stands in the path of Adobe's current page, where older pages have the client code.
const literalCode = "client"

// clientOf finds the client code that a call means and tells whether it is served. A host of Adobe's shape and a path must
// name the same code.
func (e *Emulator) clientOf(host, code string) (string, bool) {
	served := e.settings.ClientCode
	ofHost := clientOfHost(host)
	switch {
	case code != literalCode:
		if ofHost != "" && ofHost != code {
			return "", false
		}
	case ofHost != "":
		code = ofHost
	case served != "":
		code = served
	}
	return code, served == "" || served == code
}

var adobeHost = regexp.MustCompile(`^([a-z0-9]+)\.tt\.omtrdc\.net(:\d+)?$`)

func clientOfHost(host string) string {
	if match := adobeHost.FindStringSubmatch(strings.ToLower(host)); match != nil {
		return match[1]
	}
	return ""
}

func isClientCode(code string) bool {
	return code != "" && strings.Trim(code, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}
