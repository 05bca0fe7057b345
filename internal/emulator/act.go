// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

const garbagePage = "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head><body><h1>We will be right back</h1></body></html>\n"

// replies are the answers of an API that faults are made of.
type replies struct {
	good, refused answer
	silent        answer // good, but without saying what was done
	// other is to the kinds that only this API knows.
	other func() answer
}

// act plays a fault. Latency comes before every answer, also before a reset; a hanging call has no answer to delay.
func (e *Emulator) act(w http.ResponseWriter, r *http.Request, f Fault, of replies) {
	switch f.Kind {
	case FaultHang:
		e.hang(r)
	case FaultReset:
		e.delay(r.Context())
		reset(w)
	case FaultTruncate:
		e.delay(r.Context())
		truncate(w, of.good)
	default:
		e.respond(w, r, e.faultAnswer(f, of))
	}
}

func (e *Emulator) faultAnswer(f Fault, of replies) answer {
	switch f.Kind {
	case FaultRedirect:
		a := updateAnswer(e.settings.Plain, f.Status, false, "moved")
		a.location = f.Location
		if a.status == 0 {
			a.status = http.StatusFound
		}
		if a.location == "" {
			a.location = "/"
		}
		return a
	case FaultGarbage:
		return answer{status: http.StatusOK, contentType: htmlType, body: []byte(garbagePage)}
	case FaultRefuse:
		return of.refused
	case FaultSilent:
		return of.silent
	case FaultEntity, FaultForeign, FaultLarge:
		return of.other()
	default:
		a := jsonError(f.Status, "this failure was asked for")
		a.retryAfter = retryAfter(f.RetryAfter, f.RetryAfterDate, e.settings.Now)
		return a
	}
}

func (e *Emulator) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-e.closed:
	}
	panic(http.ErrAbortHandler)
}

// reset closes the connection so that the kernel sends RST in place of FIN. Where a request has no connection of its own
// (HTTP/2, a test's recorder) aborting it is the closest there is.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secured.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		// Without it the connection is closed in order, which is still no answer.
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// truncate promises the whole of an answer and sends half of it.
func truncate(w http.ResponseWriter, a answer) {
	a.writeHeader(w)
	// The connection is dropped next, so that there is nobody to tell of an error.
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// retryAfter writes a Retry-After in one of the two forms of RFC 9110, or none.
func retryAfter(d time.Duration, date bool, now func() time.Time) string {
	switch {
	case d <= 0:
		return ""
	case date:
		at := now().Add(d)
		if whole := at.Truncate(time.Second); whole.Before(at) {
			at = whole.Add(time.Second)
		}
		return at.UTC().Format(http.TimeFormat)
	}
	return strconv.Itoa(wholeSeconds(d))
}
