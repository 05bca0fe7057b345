// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

const (
	bulkV1 = "v1"
	bulkV2 = "v2"

	v1Suffix     = "/profile/batchUpdate"
	v2Suffix     = "/v2/profile/batchUpdate"
	statusSuffix = "/profile/batchStatus"

	// maxBatchBytes is the first size that is too large, of Adobe's "less than 50 MB".
	maxBatchBytes = 50_000_000
)

// bulkRate is Adobe's for the calls of a client code, uploads of both versions and their statuses together.
var bulkRate = Quota{Calls: 50, Window: time.Minute}

// edge is what stands in a host in the place of a client code where Adobe names one for the status.
var edge = regexp.MustCompile(`^mboxedge\d+$`)

// bulkPath finds the handler of a path of the bulk API, and its client code.
func (e *Emulator) bulkPath(host, path string) (code string, serve func(http.ResponseWriter, *http.Request, string)) {
	rest, found := strings.CutPrefix(path, "/m2/")
	if !found {
		return "", nil
	}
	for _, one := range []struct {
		suffix string
		serve  func(http.ResponseWriter, *http.Request, string)
	}{
		{v2Suffix, e.serveUpload(bulkV2)},
		{v1Suffix, e.serveUpload(bulkV1)},
		{statusSuffix, e.serveBatchStatus},
	} {
		if code, found = strings.CutSuffix(rest, one.suffix); found && e.hasBulk(host, code) {
			return code, one.serve
		}
	}
	return "", nil
}

// hasBulk reports whether a client code is served at a host. Here a path always names the code itself.
func (e *Emulator) hasBulk(host, code string) bool {
	served, ofHost := e.settings.ClientCode, clientOfHost(host)
	return isClientCode(code) && (served == code || served == "" && code != literalCode) &&
		(ofHost == "" || ofHost == code || edge.MatchString(ofHost))
}

// serveUpload counts a call, then looks at the token, the rate, the batch, the faults, in this order.
func (e *Emulator) serveUpload(version string) func(http.ResponseWriter, *http.Request, string) {
	return func(w http.ResponseWriter, r *http.Request, client string) {
		world := e.current()
		world.counters.uploads.Add(1)
		world.counters.concurrent(e.inFlight.Add(1))
		defer e.inFlight.Add(-1)
		at, over := world.rates.arrive(client, bulkRate, e.settings.Now)
		got, size, refused := e.readBatch(world, watching(w), r, at)
		watching(w).bringsBatch(client, got.lines, size)
		if refused == nil {
			if err := e.bulk.Load().refusesKey(version, got.parameter); err != nil {
				refused = refusedUpdate(err.Error())
			}
		}
		switch {
		case !e.authorized(r):
			world.counters.unauthorized.Add(1)
			e.respond(w, r, unauthorized(refused))
		case over:
			world.counters.overRate.Add(1)
			e.respond(w, r, overRate(refused))
		case refused != nil:
			world.counters.countRefusal(refused.status)
			watching(w).refusedFor(refused)
			e.respond(w, r, refused.ofUpload())
		default:
			e.upload(w, r, &upload{batch: got, client: client, version: version, size: size})
		}
	}
}

// upload takes a batch before its answer is on the way.
func (e *Emulator) upload(w http.ResponseWriter, r *http.Request, u *upload) {
	world := e.current() // as it may have taken long to read
	u.submitted = e.settings.Now()
	world.uploads.name(u)
	fault, faulted := e.faults.next(RouteBulk, u.holds)
	if faulted {
		watching(w).met(fault)
	}
	if !faulted || fault.takesEffect() {
		e.take(world, u)
	}
	address := e.statusAddress(r, u)
	good := e.uploadAnswer(address)
	switch {
	case !faulted:
		world.counters.accepted.Add(1)
	case fault.takesEffect():
		world.counters.faultedApplied.Add(1)
		fallthrough
	default:
		world.counters.faulted.Add(1)
	}
	switch {
	case !faulted:
		e.confirm(w, r, world, u, good)
	case fault.Kind == FaultEntity:
		e.confirm(w, r, world, u, withEntity(good))
	case fault.Kind == FaultForeign:
		e.confirm(w, r, world, u, e.uploadAnswer(foreignAddress(fault, address)))
	case fault.Kind == FaultNoStatus:
		e.confirm(w, r, world, u, e.uploadAnswer(""))
	default:
		e.act(w, r, fault, replies{
			good: good, refused: refusedUpdate("the batch is refused").ofUpload(),
			silent: answer{status: http.StatusOK, contentType: textType},
		})
	}
}

// confirm answers that the batch was taken. A caller that no longer waits was not told.
func (e *Emulator) confirm(w http.ResponseWriter, r *http.Request, world *world, u *upload, a answer) {
	e.delay(r.Context())
	world.uploads.tell(u)
	a.write(w)
}

// take has a batch wait for its time, and judges whether it came too early for a visitor.
func (e *Emulator) take(world *world, u *upload) {
	for _, f := range e.faults.fates(u.holds) {
		u.meet(f)
	}
	u.due = u.submitted.Add(e.bulk.Load().Processing)
	world.counters.rows.Add(int64(u.lines))
	world.counters.overlaps.Add(int64(world.uploads.add(u)))
}

// readBatch reads a body to its end, unless it is too large, and keeps its rows.
func (e *Emulator) readBatch(world *world, watch *watched, r *http.Request, at time.Time) (batch, int, *refusal) {
	tooLarge := &refusal{status: http.StatusRequestEntityTooLarge, message: "the body has 50,000,000 bytes or more"}
	body := &measured{from: watch.reads(r.Body)}
	recorded := &bytes.Buffer{}
	if world.calls.wantsMore() {
		body.from = io.TeeReader(body.from, recorded)
	}
	defer func() { world.calls.add(r, recorded.Bytes(), at) }()
	if r.ContentLength >= maxBatchBytes {
		return batch{}, 0, tooLarge
	}
	var got batch
	refused := uploadRefusal(r)
	if refused == nil {
		var err error
		if got, err = parseBatch(body, e.settings.ThirdPartyIDLength); err != nil {
			refused = refusedUpdate(err.Error())
		}
	}
	// A caller that is still writing would not see the answer.
	switch _, err := io.Copy(io.Discard, body); {
	case errors.Is(err, errTooLarge):
		return batch{}, 0, tooLarge
	case err != nil:
		return batch{}, 0, malformed("the body could not be read to its end")
	}
	return got, body.size, refused
}

// uploadRefusal is what a call is refused for whatever its body says.
func uploadRefusal(r *http.Request) *refusal {
	switch {
	case r.Method != http.MethodPost:
		return &refusal{status: http.StatusMethodNotAllowed, message: "use POST"}
	case len(r.Header.Values("Content-Encoding")) > 0:
		return unsupported("a Content-Encoding is not accepted")
	case !isForm(r.Header.Values("Content-Type")):
		return unsupported("the body must be application/x-www-form-urlencoded in UTF-8")
	case r.URL.RawQuery != "":
		return malformed("an upload has no query")
	}
	return nil
}

var errTooLarge = errors.New("too large")

// measured is a body that ends with an error once it is too large. An error of its own stays.
type measured struct {
	from io.Reader
	size int
	err  error
}

func (m *measured) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	n, err := m.from.Read(p)
	m.size += n
	if m.size >= maxBatchBytes {
		err = errTooLarge
	}
	m.err = err
	return n, err
}
