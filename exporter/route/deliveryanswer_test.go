// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

const (
	usualExecute = `{"status":200,"requestId":"q","client":"acme","id":{"tntId":"1.45_0"},"edgeHost":"mboxedge45.tt.omtrdc.net",` +
		`"execute":{"mboxes":[{"index":0,"name":"otel-profile-update"}]}}`
	usualNotification = `{"status":200,"requestId":"q","client":"acme","notifications":[{"id":"RECEIPT"}]}`
)

func TestDelivery_ReadsAnswers(t *testing.T) {
	delivered := Answer{Verdict: Delivered, StatusCode: 202}
	silent := Answer{Verdict: NotNow, StatusCode: 202, Reason: ReasonNotEchoed, Detail: "the answer does not name what was sent"}
	const suspects = "see delivery::mbox, delivery::environment_id and delivery::property_token"
	refused := Answer{Verdict: Rejected, StatusCode: 202, Reason: ReasonRefused, Detail: suspects}
	foreign := func(kind string) Answer {
		return Answer{Verdict: SetupFault, StatusCode: 202, Reason: ReasonForeign, Detail: "the answer is " + kind}
	}
	otherJSON := foreign("other JSON than Target's, or a part of it")
	for name, tt := range map[string]struct {
		form func(*DeliveryConfig)
		body string
		want Answer
	}{
		"an mbox that is named":                         {asItIs, usualExecute, delivered},
		"with options and what else there may be":       {asItIs, strings.Replace(usualExecute, `"index":0`, `"index":0,"options":[{"content":"<b>"}],"metrics":[]`, 1), delivered},
		"with a byte order mark and white space":        {asItIs, "\xef\xbb\xbf \n" + usualExecute + "\n", delivered},
		"with a message that is null":                   {asItIs, strings.Replace(usualExecute, `"status":200`, `"message":null`, 1), delivered},
		"an mbox that is not named":                     {asItIs, `{"status":200,"requestId":"q","client":"acme"}`, silent},
		"another mbox":                                  {asItIs, strings.Replace(usualExecute, "otel-profile-update", "global", 1), silent},
		"a notification for an mbox":                    {asItIs, usualNotification, silent},
		"a notification that is named":                  {asNotification, usualNotification, delivered},
		"among others":                                  {asNotification, strings.Replace(usualNotification, `[{`, `[{"id":"other"},{`, 1), delivered},
		"a notification that is not named":              {asNotification, `{"status":200,"requestId":"q","client":"acme"}`, silent},
		"another notification":                          {asNotification, strings.Replace(usualNotification, "RECEIPT", "other", 1), silent},
		"an mbox for a notification":                    {asNotification, usualExecute, silent},
		"a message":                                     {asItIs, `{"message":"no"}`, refused},
		"a message that is empty":                       {asItIs, `{"message":""}`, refused},
		"a message that is no text":                     {asItIs, `{"message":{"text":"no"}}`, refused},
		"a message beside a success":                    {asItIs, strings.Replace(usualExecute, `"client"`, `"message":"no","client"`, 1), refused},
		"a message beside something of another type":    {asItIs, `{"requestId":1,"message":"no"}`, refused},
		"a message of a bad call":                       {asItIs, `{"status":400,"message":"Invalid property token"}`, Answer{Verdict: Rejected, StatusCode: 202, Reason: "status_400", Detail: suspects}},
		"a message of a missing right":                  {asItIs, `{"status":403,"message":"no"}`, Answer{Verdict: SetupFault, StatusCode: 202, Reason: "status_403"}},
		"a message of a busy session":                   {asItIs, `{"status":420,"message":"Too many requests with same session ID"}`, Answer{Verdict: NotNow, StatusCode: 202, Reason: "status_420"}},
		"a message of an internal error":                {asNotification, `{"status":500,"message":"no"}`, Answer{Verdict: NotNow, StatusCode: 202, Reason: "status_500"}},
		"a status of an error without a message":        {asItIs, `{"status":500}`, Answer{Verdict: NotNow, StatusCode: 202, Reason: "status_500"}},
		"a status that is text":                         {asItIs, `{"status":"503","message":"no"}`, Answer{Verdict: NotNow, StatusCode: 202, Reason: "status_503"}},
		"a status with a fraction of nothing":           {asItIs, `{"status":503.0}`, Answer{Verdict: NotNow, StatusCode: 202, Reason: "status_503"}},
		"a message with a status that HTTP has not":     {asItIs, `{"status":600,"message":"no"}`, refused},
		"a status that HTTP has not":                    {asItIs, `{"status":1000017}`, otherJSON},
		"a status between two":                          {asItIs, `{"status":503.5}`, otherJSON},
		"a status without an end":                       {asItIs, `{"status":"Inf"}`, otherJSON},
		"a status that is no number":                    {asItIs, `{"status":"NaN"}`, otherJSON},
		"a page":                                        {asItIs, "<html><body>message</body></html>", foreign("a page in HTML")},
		"an answer of single updates":                   {asItIs, string(usualAnswer), foreign("other XML than Target's, or a part of it")},
		"nothing":                                       {asItIs, "", foreign("an empty body")},
		"a comment that refuses the host":               {asItIs, "/* no display - unauthorized mbox host */", foreign("Target's refusal of the host: allow it in Administration > Hosts")},
		"another text":                                  {asItIs, "true", foreign("text that is not Target's")},
		"other JSON":                                    {asItIs, `{"ok":true}`, otherJSON},
		"other JSON with a status":                      {asItIs, `{"status":"ok"}`, otherJSON},
		"a list":                                        {asItIs, "[" + usualExecute + "]", otherJSON},
		"a null":                                        {asItIs, "null", foreign("text that is not Target's")},
		"half of an answer":                             {asItIs, usualExecute[:len(usualExecute)-1], otherJSON},
		"two answers":                                   {asItIs, usualExecute + usualExecute, otherJSON},
		"an answer whose parts are of another type":     {asItIs, `{"requestId":"q","client":"acme","execute":[]}`, otherJSON},
		"10 MB of a page":                               {asItIs, "<html>" + strings.Repeat("x", 10<<20), foreign("a page in HTML")},
		"10 MB of JSON":                                 {asItIs, `{"requestId":"` + strings.Repeat("x", 10<<20) + `"}`, otherJSON},
		"10 MB behind what would have been an answer":   {asItIs, usualExecute + strings.Repeat(" ", 10<<20), delivered},
		"10 MB of brackets":                             {asItIs, strings.Repeat("[", 10<<20), otherJSON},
		"10 MB that begin as an answer and end with it": {asItIs, strings.Replace(usualExecute, `"status"`, `"x":"`+strings.Repeat("x", 10<<20)+`","status"`, 1), otherJSON},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var sent struct{ Notifications []struct{ ID string } }
				text, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				assert.NoError(t, json.Unmarshal(text, &sent))
				body := tt.body
				for _, n := range sent.Notifications {
					body = strings.Replace(body, "RECEIPT", n.ID, 1)
				}
				w.Header().Set("Retry-After", "7") // a 2xx cannot ask for it
				w.WriteHeader(http.StatusAccepted)
				_, _ = io.WriteString(w, body)
			}))
			t.Cleanup(server.Close)
			calls := newCalls(t, newDelivery(t, server.URL, tt.form), &http.Client{})
			assert.Equal(t, tt.want, send(t.Context(), t, calls))
		})
	}
}

// A call that has no receipt, as a foreign one would not, is not one that an empty id names.
func TestDelivery_AnEmptyIDNamesNothing(t *testing.T) {
	d := newDelivery(t, "https://acme.invalid", asNotification)
	c, _ := d.compose(secretVisitor, []profile.Parameter{secretTier})
	assert.Equal(t, NotNow, d.read(&c, 200, []byte(`{"requestId":"q","notifications":[{}]}`)).Verdict)
}

// Where others would have to wait too, no update is judged by such an answer.
func TestDelivery_AStatusInTheBodyAsksForFewerCallsToo(t *testing.T) {
	d := newDelivery(t, "https://acme.invalid", asItIs)
	for body, want := range map[string]bool{`{"status":429}`: true, `{"status":"420"}`: true, `{"status":503}`: false} {
		assert.Equal(t, want, d.read(&call{}, http.StatusOK, []byte(body)).Throttled(), body)
	}
}

func TestDelivery_OtherStatusesMeanWhatTheyMeanForUpdates(t *testing.T) {
	for status, want := range rows {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"status":200,"message":"SECRET-ID"}`)
		}))
		calls := newCalls(t, newDelivery(t, server.URL, asItIs), &http.Client{})
		if want.Verdict == Rejected {
			want.Detail = calls.api.suspects()
		}
		assert.Equal(t, want, send(t.Context(), t, calls))
		server.Close()
	}
}

func TestDelivery_AnAnswerThatBreaksOffIsHeld(t *testing.T) {
	calls := newCalls(t, newDelivery(t, "http://acme.invalid", asItIs), &http.Client{
		Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			body := io.MultiReader(strings.NewReader(usualExecute), iotest.ErrReader(io.ErrUnexpectedEOF))
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body)}, nil
		}),
	})
	assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonConnectionClosed}, send(t.Context(), t, calls))
}

func TestCaller_NoAnswerOfAnExtensionIsHeld(t *testing.T) {
	for _, resp := range []*http.Response{nil, {StatusCode: http.StatusOK}} {
		calls := newCalls(t, newDelivery(t, "http://acme.invalid", asItIs), &http.Client{
			Transport: roundTripper(func(*http.Request) (*http.Response, error) { return resp, nil }),
		})
		assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonNetwork}, send(t.Context(), t, calls))
	}
}

func TestDelivery_IsNotRepeatedOverHTTP2(t *testing.T) {
	for name, code := range resets {
		t.Run(name, func(t *testing.T) {
			calls := 0
			server := resetServer(t, code, func() { calls++ })
			answer := send(t.Context(), t, newCalls(t, newDelivery(t, server.URL, asItIs), server.Client()))
			server.Close()
			assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonNetwork}, answer)
			assert.Equal(t, 1, calls)
		})
	}
}

func FuzzDelivery_Read(f *testing.F) {
	for _, seed := range []string{usualExecute, usualNotification, `{"message":"no"}`, `{"status":420,"message":""}`, "[[", "null", "<html>", "\xff"} {
		f.Add([]byte(seed))
	}
	d, err := NewDelivery(NewDefaultDeliveryConfig(), "https://acme.invalid", "acme")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body []byte) {
		c := call{receipt: "RECEIPT"}
		a := d.read(&c, http.StatusOK, body)
		assert.NotEqual(t, NotSent, a.Verdict)
		assert.Equal(t, a.Verdict == Delivered, a.Reason == "")
		if a.Verdict == Delivered {
			var members map[string]json.RawMessage
			require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(string(body), "\xef\xbb\xbf")), &members))
			assert.Contains(t, string(body), "otel-profile-update")
		}
	})
}
