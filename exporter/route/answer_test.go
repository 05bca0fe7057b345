// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rows is the table of answers by status. What it leaves out follows from the
// class.
var rows = map[int]Answer{
	301: {SetupFault, 301, "status_301", "", 0},
	302: {SetupFault, 302, "status_302", "", 0},
	303: {SetupFault, 303, "status_303", "", 0},
	307: {SetupFault, 307, "status_307", "", 0},
	308: {SetupFault, 308, "status_308", "", 0},
	401: {SetupFault, 401, "status_401", "", 0},
	403: {SetupFault, 403, "status_403", "", 0},
	404: {SetupFault, 404, "status_404", "", 0},
	407: {SetupFault, 407, "status_407", "", 0},

	400: {Rejected, 400, "status_400", "", 0},
	405: {Rejected, 405, "status_405", "", 0},
	411: {Rejected, 411, "status_411", "", 0},
	413: {Rejected, 413, "status_413", "", 0},
	414: {Rejected, 414, "status_414", "", 0},
	415: {Rejected, 415, "status_415", "", 0},
	422: {Rejected, 422, "status_422", "", 0},
	431: {Rejected, 431, "status_431", "", 0},

	408: {NotNow, 408, "status_408", "", 7 * time.Second},
	420: {NotNow, 420, "status_420", "", 7 * time.Second},
	425: {NotNow, 425, "status_425", "", 7 * time.Second},
	429: {NotNow, 429, "status_429", "", 7 * time.Second},
	500: {NotNow, 500, "status_500", "", 7 * time.Second},
	502: {NotNow, 502, "status_502", "", 7 * time.Second},
	503: {NotNow, 503, "status_503", "", 7 * time.Second},
	504: {NotNow, 504, "status_504", "", 7 * time.Second},
}

func wantAnswer(status int) Answer {
	if want, listed := rows[status]; listed {
		return want
	}
	reason := "status_" + strconv.Itoa(status)
	switch status / 100 {
	case 3:
		return Answer{SetupFault, status, reason, "", 0}
	case 4:
		return Answer{Rejected, status, reason, "", 0}
	case 5:
		return Answer{NotNow, status, reason, "", 7 * time.Second}
	default:
		return Answer{SetupFault, status, ReasonForeign, "the answer is an empty body", 0} // 204 has none
	}
}

func TestEveryStatusHasItsMeaning(t *testing.T) {
	var status int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		// Success in the body and a delay in the header change nothing where the status
		// says otherwise.
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		_, _ = w.Write(usualAnswer)
	}))
	t.Cleanup(server.Close)
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			client := newSingle(t, way, server.URL, &http.Client{})
			for status = 200; status < 600; status++ {
				want := wantAnswer(status)
				if status/100 == 2 && status != http.StatusNoContent {
					want = Answer{Verdict: Delivered, StatusCode: status}
				}
				require.Equal(t, want, send(t.Context(), t, client))
			}
		})
	}
}

func TestAnswer_IsThrottledWhenTargetAsksForFewerCalls(t *testing.T) {
	for status := range 1000 {
		_, asks := rows[status]
		asks = (asks && wantAnswer(status).RetryAfter > 0) || status >= 500
		assert.Equal(t, asks, statusAnswer(status, time.Second).Throttled(), "%d with Retry-After", status)
		if asks {
			assert.Equal(t, time.Second, statusAnswer(status, time.Second).RetryAfter, status)
		}
		assert.Equal(t, status == 420 || status == 429, statusAnswer(status, 0).Throttled(), "%d without", status)
	}
	assert.False(t, Answer{}.Throttled())
	assert.False(t, Answer{Verdict: NotNow, Reason: ReasonTimeout}.Throttled())
}

func TestStatusesOutsideHTTPAreHeld(t *testing.T) {
	assert.Equal(t, Answer{NotNow, 600, "status_600", "", time.Minute}, statusAnswer(600, time.Minute))
	assert.Equal(t, Answer{NotNow, 999, "status_999", "", time.Minute}, statusAnswer(999, time.Minute))
	assert.Equal(t, Answer{SetupFault, 99, "status_99", "", 0}, statusAnswer(99, time.Minute))
}

func TestSwitchedProtocolsDoNotHang(t *testing.T) {
	server := newWireServer(t, answering("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"))
	client := newSingle(t, postBody, server.url(), &http.Client{})
	assert.Equal(t, Answer{SetupFault, 101, "status_101", "", 0}, send(t.Context(), t, client))
}

func TestBodyOf2xxDecides(t *testing.T) {
	foreign := func(kind string) Answer { return Answer{SetupFault, 202, "foreign_answer", "the answer is " + kind, 0} }
	tests := map[string]struct {
		body string
		want Answer
	}{
		"success in XML is delivered":                                            {string(usualAnswer), Answer{Verdict: Delivered, StatusCode: 202}},
		"success in text is delivered":                                           {"trueRequest successfully submitted", Answer{Verdict: Delivered, StatusCode: 202}},
		"no success in XML is refused":                                           {"<response><success>false</success></response>", Answer{Rejected, 202, "refused", "", 0}},
		"no success in text is refused":                                          {"false", Answer{Rejected, 202, "refused", "", 0}},
		"a page of somebody else says nothing of the update":                     {"<html><body>true</body></html>", foreign("a page in HTML")},
		"a page with a document type says nothing of the update":                 {"\n<!DOCTYPE HTML><html>", foreign("a page in HTML")},
		"nothing says nothing of the update":                                     {"", foreign("an empty body")},
		"an object in JSON says nothing of the update":                           {"{\"success\": true}", foreign("JSON")},
		"a list in JSON says nothing of the update":                              {"[true]", foreign("JSON")},
		"bytes of an encoding that was not asked for says nothing of the update": {"\x1f\x8b\x08\x00\xff", foreign("bytes that are no text")},
		"other XML says nothing of the update":                                   {"<Error><Code>AccessDenied</Code></Error>", foreign("other XML than Target's, or a part of it")},
		"half an answer says nothing of the update":                              {"<response><success>true</suc", foreign("other XML than Target's, or a part of it")},
		"a comment of Target's that refuses the host says nothing of the update": {"/* no display - unauthorized mbox host */", foreign("text that is not Target's")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				// Asks for a delay that a 2xx cannot ask for.
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(http.StatusAccepted)
				_, _ = w.Write([]byte(tt.body))
			}))
			t.Cleanup(server.Close)
			client := newSingle(t, postBody, server.URL, &http.Client{})
			assert.Equal(t, tt.want, send(t.Context(), t, client))
		})
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	tests := map[string]struct {
		value string
		want  time.Duration
	}{
		"seconds":                                {"120", 2 * time.Minute},
		"no seconds":                             {"0", 0},
		"seconds with leading zeros":             {"007", 7 * time.Second},
		"a day":                                  {"86400", 24 * time.Hour},
		"more than a day is a day":               {"86401", 24 * time.Hour},
		"more than a Duration holds is a day":    {"9223372036854775807", 24 * time.Hour},
		"more than a number holds is a day":      {"9223372036854775808", 24 * time.Hour},
		"as many digits as one likes is a day":   {"99999999999999999999999999999999999999", 24 * time.Hour},
		"a date":                                 {"Mon, 04 May 2026 03:12:01 GMT", 10 * time.Minute},
		"a date in RFC 850":                      {"Monday, 04-May-26 03:12:01 GMT", 10 * time.Minute},
		"a date as asctime has it":               {"Mon May  4 03:12:01 2026", 10 * time.Minute},
		"this very second":                       {"Mon, 04 May 2026 03:02:01 GMT", 0},
		"a past date asks for nothing":           {"Mon, 04 May 2026 03:02:00 GMT", 0},
		"a date before the epoch":                {"Thu, 01 Jan 1500 00:00:00 GMT", 0},
		"a date of another year is a day":        {"Fri, 31 Dec 9999 23:59:59 GMT", 24 * time.Hour},
		"negative seconds ask for nothing":       {"-5", 0},
		"a sign is no digit":                     {"+5", 0},
		"parts of a second are not in the rules": {"1.5", 0},
		"words ask for nothing":                  {"soon", 0},
		"a unit asks for nothing":                {"5s", 0},
		"hexadecimal asks for nothing":           {"0x10", 0},
		"nothing asks for nothing":               {"", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, retryAfter(http.Header{"Retry-After": {tt.value}}, now, 24*time.Hour))
		})
	}
	assert.Zero(t, retryAfter(http.Header{}, now, 24*time.Hour), "no header asks for nothing")
}

func TestRetryAfterIsCappedInBothForms(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	const most = 90500 * time.Millisecond // no whole number of seconds
	for value, want := range map[string]time.Duration{
		"90": 90 * time.Second, "91": most, "Mon, 04 May 2026 03:03:31 GMT": 90 * time.Second, "Mon, 04 May 2026 03:03:32 GMT": most,
	} {
		assert.Equal(t, want, retryAfter(http.Header{"Retry-After": {value}}, now, most), value)
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"1", "-1", "99999999999999999999", "Mon, 04 May 2026 03:12:01 GMT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		d := retryAfter(http.Header{"Retry-After": {value}}, time.Unix(1_700_000_000, 0), 24*time.Hour)
		assert.GreaterOrEqual(t, d, time.Duration(0))
		assert.LessOrEqual(t, d, 24*time.Hour)
	})
}

func TestVerdictsAreNamedAsMetricsNameThem(t *testing.T) {
	want := map[Verdict]string{
		Delivered: "delivered", Rejected: "rejected", SetupFault: "setup_fault", NotNow: "not_now", NotSent: "not_sent",
	}
	got := maps.Collect(func(yield func(Verdict, string) bool) {
		for v := range Verdict(len(verdictNames)) {
			if !yield(v, v.String()) {
				return
			}
		}
	})
	assert.Equal(t, want, got)
}

func TestAnswer_ItsErrorTypeIsTheStatusWhereThatIsTheError(t *testing.T) {
	for name, tt := range map[string]struct {
		answer Answer
		want   string
	}{
		"delivered":                      {Answer{Verdict: Delivered, StatusCode: 200}, ""},
		"Target fails":                   {statusAnswer(503, 0), "503"},
		"the call is wrong":              {statusAnswer(414, 0), "414"},
		"a redirect":                     {statusAnswer(308, 0), "308"},
		"a status below those of HTTP":   {statusAnswer(99, 0), "99"},
		"Target refuses":                 {Answer{Verdict: Rejected, StatusCode: 200, Reason: ReasonRefused}, "refused"},
		"an answer that is not Target's": {Answer{Verdict: SetupFault, StatusCode: 204, Reason: ReasonForeign}, "foreign_answer"},
		"no answer in time":              {Answer{Verdict: NotNow, Reason: ReasonTimeout}, "timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, tt.answer.ErrorType())
		})
	}
}
