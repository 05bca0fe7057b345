// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"bytes"
	"encoding/xml"
	"net/http"
)

// largeComment is how far FaultLarge moves what a status says.
const largeComment = 10_000_000

// serveBatchStatus counts a call, then looks at the token, the rate, the question, the faults, in this order.
func (e *Emulator) serveBatchStatus(w http.ResponseWriter, r *http.Request, client string) {
	world := e.current()
	world.counters.statuses.Add(1)
	at, over := world.rates.arrive(client, bulkRate, e.settings.Now)
	world.calls.add(r, nil, at)
	watching(w).brings(RouteBulkStatus, client, nil)
	asked, refused := readStatusQuestion(r)
	switch {
	case !e.authorized(r):
		world.counters.unauthorized.Add(1)
		e.respond(w, r, unauthorized(refused))
		return
	case over:
		world.counters.overRate.Add(1)
		e.respond(w, r, overRate(refused))
		return
	case refused != nil:
		world.counters.countRefusal(refused.status)
		watching(w).refusedFor(refused)
		e.respond(w, r, refused.ofStatus())
		return
	}
	bulk := e.bulk.Load()
	u, known := world.uploads.find(client, asked.id, bulk.Keep)
	if !known {
		e.respond(w, r, jsonError(http.StatusNotFound, "no such batch"))
		return
	}
	e.answerStatus(w, r, world, bulk.statusOf(&u, asked.details))
}

func (e *Emulator) answerStatus(w http.ResponseWriter, r *http.Request, world *world, s batchStatus) {
	good := s.answer()
	fault, faulted := e.faults.next(RouteBulkStatus, s.of.holds)
	if !faulted {
		e.respond(w, r, good)
		return
	}
	world.counters.faulted.Add(1)
	watching(w).met(fault)
	e.act(w, r, fault, replies{
		good: good, refused: bulkAnswer(http.StatusOK, false, "", "the question is refused"),
		silent: answer{status: http.StatusOK, contentType: textType},
		other: func() answer {
			if fault.Kind == FaultLarge {
				return enlarged(good)
			}
			s.Message = "Batch status"
			return withEntity(s.answer())
		},
	})
}

type statusQuestion struct {
	id      string
	details bool
}

// readStatusQuestion takes the parameters that Adobe's addresses have.
func readStatusQuestion(r *http.Request) (statusQuestion, *refusal) {
	if r.Method != http.MethodGet {
		return statusQuestion{}, &refusal{status: http.StatusMethodNotAllowed, message: "use GET"}
	}
	pairs, refused := parseForm(r.URL.RawQuery)
	if refused != nil {
		return statusQuestion{}, refused
	}
	var asked statusQuestion
	seen := map[string]struct{}{}
	for _, p := range pairs {
		if _, twice := seen[p.name]; twice {
			return statusQuestion{}, malformed("a parameter is given twice")
		}
		seen[p.name] = struct{}{}
		switch p.name {
		case "batchId":
			asked.id = p.value
		case "showDetails":
			if p.value != "true" && p.value != "false" {
				return statusQuestion{}, malformed("showDetails must be true or false")
			}
			asked.details = p.value == "true"
		case "m2Node":
		default:
			return statusQuestion{}, malformed("a parameter is not known")
		}
	}
	if asked.id == "" {
		return statusQuestion{}, malformed("batchId is not given")
	}
	return asked, nil
}

func (f *refusal) ofStatus() answer {
	a := jsonError(f.status, f.message)
	if f.status == http.StatusMethodNotAllowed {
		a.allow = http.MethodGet
	}
	return a
}

// batchStatus is what the status of a batch says. Rows are named whether or not details are asked for.
type batchStatus struct {
	XMLName  xml.Name    `xml:"response"`
	BatchID  string      `xml:"batchId"`
	Status   string      `xml:"status"`
	Size     int         `xml:"batchSize"`
	Message  string      `xml:"message,omitempty"`
	Consumed *int        `xml:"consumedCount"`
	Updated  *int        `xml:"successfulUpdates"`
	NotFound *int        `xml:"profilesNotFound"`
	Failed   *int        `xml:"failedUpdates"`
	Rows     []rowStatus `xml:"profile"`

	of *upload
}

func (b *Bulk) statusOf(u *upload, details bool) batchStatus {
	s := batchStatus{of: u, BatchID: u.id, Status: u.status, Size: u.lines, Rows: b.rowsOf(u)}
	if b.UnknownWord && u.status == batchIncomplete {
		s.Status = batchUnknown
	}
	if details {
		consumed, failed := 0, len(u.failed)
		if u.status == batchComplete {
			consumed = u.lines
		}
		s.Consumed, s.Updated, s.NotFound, s.Failed = &consumed, &u.updated, &u.notFound, &failed
	}
	return s
}

func (s batchStatus) answer() answer { return xmlAnswer(http.StatusOK, s) }

// enlarged puts a comment in front of all that an answer says.
func enlarged(a answer) answer {
	start, rest, _ := bytes.Cut(a.body, []byte("<response>"))
	comment := append([]byte("<response><!--"), bytes.Repeat([]byte("."), largeComment)...)
	a.body = bytes.Join([][]byte{start, comment, []byte("-->"), rest}, nil)
	return a
}
