// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Verdict is what an answer means for the update that was sent.
type Verdict uint8

const (
	// NotSent means that no call was made, as in a dry run.
	NotSent Verdict = iota
	// Delivered means that Target took the update. Taken is not applied: Adobe's
	// answer is "Request successfully submitted".
	Delivered
	// Rejected means that this call is wrong and would be refused again.
	Rejected
	// SetupFault means that the set-up is wrong and not the update: it is to be held
	// until somebody has mended it.
	SetupFault
	// NotNow means that the call may go through later.
	NotNow
)

var verdictNames = [...]string{
	NotSent:    "not_sent",
	Delivered:  "delivered",
	Rejected:   "rejected",
	SetupFault: "setup_fault",
	NotNow:     "not_now",
}

// String returns the verdict as metrics name it.
func (v Verdict) String() string { return verdictNames[v] }

// Reasons of answers that no status tells. Each is declared with the verdicts that it comes with.
var (
	ReasonRefused           = named("refused", http.StatusOK, Rejected)
	ReasonForeign           = named("foreign_answer", http.StatusOK, SetupFault, NotNow)
	ReasonNotEchoed         = named("not_echoed", http.StatusOK, NotNow)
	ReasonProxy             = named("proxy", 0, SetupFault, NotNow)
	ReasonCanceled          = named("canceled", 0, NotNow)
	ReasonTimeout           = named("timeout", 0, NotNow)
	ReasonDNS               = named("dns", 0, SetupFault, NotNow)
	ReasonTLS               = named("tls", 0, SetupFault)
	ReasonConnectionRefused = named("connection_refused", 0, NotNow)
	ReasonConnectionReset   = named("connection_reset", 0, NotNow)
	ReasonConnectionClosed  = named("connection_closed", 0, NotNow)
	ReasonNetwork           = named("network", 0, NotNow)
	ReasonRows              = named("rows_unread", 0, NotNow)
	ReasonForeignHost       = named("foreign_host", 0, NotNow)
)

// usual are the answers that are known before any call was made.
var usual = []Answer{{Verdict: Delivered, StatusCode: http.StatusOK}, unknownUpload}

// named declares a reason.
func named(reason string, status int, verdicts ...Verdict) string {
	for _, v := range verdicts {
		usual = append(usual, Answer{Verdict: v, StatusCode: status, Reason: reason})
	}
	return reason
}

// usualStatuses are those that servers and what stands before them are known to answer with.
var usualStatuses = []int{
	400, 401, 403, 404, 405, 407, 408, 411, 413, 414, 415, statusEnhanceYourCalm, 422, 425, 429, 431,
	500, 502, 503, 504,
}

// Usual returns an answer of each kind that can be named beforehand: all but those with a rare
// status.
func Usual() []Answer {
	answers := slices.Clone(usual)
	for _, status := range usualStatuses {
		answers = append(answers, statusAnswer(status, 0))
	}
	return answers
}

// statusEnhanceYourCalm is no status of HTTP's own. Some servers have it for 429.
const statusEnhanceYourCalm = 420

// Answer is what came of one call.
type Answer struct {
	Verdict Verdict
	// StatusCode is the HTTP status, 0 when there was none.
	StatusCode int
	// Reason says why the call was not delivered: one of the reasons above or status_ and the
	// HTTP status, or that of the error in the body of a 2xx.
	Reason string
	// Detail says more of a fault to who has to mend it, in words that hold nothing of the URL or
	// of what was sent, "" when there is nothing more to say.
	Detail string
	// RetryAfter is for how long Target asked for no further calls, 0 when it did not.
	RetryAfter time.Duration
}

// Held reports whether the update is to be sent again.
func (a Answer) Held() bool { return a.Verdict == SetupFault || a.Verdict == NotNow }

// ErrorType returns why the call was not delivered as OpenTelemetry's conventions for HTTP have
// it, "" when it was: the status if that says it, else the reason.
func (a Answer) ErrorType() string {
	return strings.TrimPrefix(a.Reason, statusReasons)
}

// Throttled reports whether Target asked for fewer calls, of whatever visitor.
func (a Answer) Throttled() bool {
	return a.RetryAfter > 0 || a.Reason == statusReason(http.StatusTooManyRequests) || a.Reason == statusReason(statusEnhanceYourCalm)
}

// statusReasons begin the reasons that are a status.
const statusReasons = "status_"

func statusReason(status int) string { return statusReasons + strconv.Itoa(status) }

// statusAnswer reads a status that is not 2xx.
func statusAnswer(status int, retryAfter time.Duration) Answer {
	a := Answer{StatusCode: status, Reason: statusReason(status)}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusProxyAuthRequired:
		a.Verdict = SetupFault
	case http.StatusRequestTimeout, statusEnhanceYourCalm, http.StatusTooEarly,
		http.StatusTooManyRequests:
		a.Verdict = NotNow
		a.RetryAfter = retryAfter
	default:
		switch {
		case status >= 500:
			a.Verdict = NotNow
			a.RetryAfter = retryAfter
		case status >= 400:
			a.Verdict = Rejected
		default:
			a.Verdict = SetupFault
		}
	}
	return a
}

// retryAfter reads the Retry-After header, in seconds or as a date, and returns no
// more than most.
func retryAfter(header http.Header, now time.Time, most time.Duration) time.Duration {
	value := header.Get("Retry-After")
	var delay time.Duration
	// More seconds than a number holds are many, so they come as the highest one.
	seconds, err := strconv.ParseUint(value, 10, 63)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		if float64(seconds) > most.Seconds() {
			return most
		}
		delay = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(value); err == nil {
		delay = date.Sub(now)
	}
	return min(max(delay, 0), most)
}
