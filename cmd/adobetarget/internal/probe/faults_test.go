// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

func TestProbe_EndsEarlyWithWhatToDo(t *testing.T) {
	for _, test := range []struct {
		name   string
		faults []emulator.Fault
		token  string
		says   string
		do     string
		calls  int
	}{
		{"Target fails", []emulator.Fault{{Kind: emulator.FaultStatus, Status: 503}}, "", "503", "try again later", 2},
		{"a gateway fails", []emulator.Fault{{Kind: emulator.FaultStatus, Status: 502}}, "", "502", "try again later", 2},
		{"fewer calls are asked for", []emulator.Fault{{Kind: emulator.FaultStatus, Status: 429, RetryAfter: time.Hour}}, "", "429", "try again later", 2},
		{"a proxy asks for credentials", []emulator.Fault{{Kind: emulator.FaultStatus, Status: 407}}, "", "407", "proxy_url", 2},
		{"a redirect is not followed", []emulator.Fault{{Kind: emulator.FaultRedirect, Status: 302, Location: "http://127.0.0.1:1/"}}, "", "302", "see endpoint", 2},
		{"a page in HTML", []emulator.Fault{{Kind: emulator.FaultGarbage}}, "", "a page in HTML", "answers in place of Target", 2},
		{"a connection that is reset", []emulator.Fault{{Kind: emulator.FaultReset}}, "", "no answer: connection_reset", "see endpoint", 2},
		{"an answer that never comes", []emulator.Fault{{Kind: emulator.FaultHang}}, "", "no answer: timeout", "see timeout", 2},
		{"a token that is not given", nil, token, "403", "a token is asked for", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAsked()
			a.config.ClientConfig.Timeout = 200 * time.Millisecond
			r := a.run(t.Context(), t, a.target(t, emulator.Settings{Faults: test.faults, Token: test.token}))

			assert.Contains(t, r.Ended, test.says)
			assert.Contains(t, r.Do, test.do)
			assert.Equal(t, test.calls, r.Calls)
			assert.False(t, r.Fits())
			assert.Equal(t, probe.Open, finding(t, r, "seen").Result)
			assert.NotContains(t, text(t, r), visitorID)
		})
	}
}

func TestProbe_EndsAtAHostThatIsNotThere(t *testing.T) {
	r := newAsked().runAt(t.Context(), t, "http://nowhere.invalid")

	assert.Contains(t, r.Ended, "no answer: ")
	assert.Equal(t, 1, r.Calls)
	assert.Empty(t, r.Settings)
}

func TestProbe_EndsAtOnceWhenItIsInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	a := newAsked()
	a.onPause = func() {
		if len(a.pauses) == 5 {
			stop()
		}
	}
	e := a.target(t, emulator.Settings{})
	r := a.run(ctx, t, e)

	assert.Equal(t, "interrupted", r.Ended)
	assert.Equal(t, 5, r.Calls)
	assert.Equal(t, probe.Fits, finding(t, r, "path").Result, "what was found stays")
	assert.False(t, r.Fits())
}

func TestProbe_LeavesTwoCallsASecond(t *testing.T) {
	a := newAsked()
	a.options.Wait = 0
	r := a.run(t.Context(), t, a.target(t, emulator.Settings{}))

	assert.Len(t, a.pauses, r.Calls-1, "there is one before each call but the first")
	for _, d := range a.pauses {
		assert.Equal(t, 500*time.Millisecond, d)
	}
}

func TestProbe_SetsOnlyParametersOfItsOwn(t *testing.T) {
	a := newAsked()
	a.config.Route, a.config.Overflow = route.ToSingle, route.OverflowToBulk
	e := a.target(t, emulator.Settings{})
	a.run(t.Context(), t, e)

	for _, p := range e.Profiles() {
		for name := range p.Attributes {
			assert.True(t, strings.HasPrefix(name, probe.Prefix), name)
		}
	}
	assert.NotEmpty(t, e.Profiles())
}

func TestProbe_AsksForTheToken(t *testing.T) {
	for _, test := range []struct {
		name, guarded string
		auth          bool
		result        probe.Result
		means         string
		settings      []probe.Setting
	}{
		{"the token is asked for", token, true, probe.Fits, "the token is asked for, and the configuration has one", nil},
		{
			"the token is asked for and not configured", token, false, probe.Differs, "the configuration sends none",
			[]probe.Setting{{Path: "auth::authenticator", Value: "bearertokenauth"}},
		},
		{"the token is not asked for", "", true, probe.Noted, "Require Authentication is off", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAsked()
			a.token = token
			if test.auth {
				a.config.ClientConfig.Auth = configoptional.Some(configauth.Config{AuthenticatorID: component.MustNewID("bearertokenauth")})
			}
			r := a.run(t.Context(), t, a.target(t, emulator.Settings{Token: test.guarded}))

			f := finding(t, r, "token")
			assert.Equal(t, test.result, f.Result)
			assert.Contains(t, f.Meaning, test.means)
			assert.Equal(t, test.settings, f.Settings)
			require.Len(t, f.Cases, 3)
			for _, c := range f.Cases {
				want := http.StatusOK
				if test.guarded != "" {
					want = http.StatusForbidden
				}
				assert.Equal(t, want, c.Answer.Status, c.Asked)
			}
			assert.Equal(t, probe.Fits, finding(t, r, "path").Result)
			assert.Empty(t, r.Ended)
			assert.NotContains(t, text(t, r), token)
		})
	}
}

func TestNewSubject_TakesATokenFromHeaders(t *testing.T) {
	a := newAsked()
	a.config.ClientConfig.Headers = configopaque.MapList{{Name: "authorization", Value: configopaque.String("Bearer " + token)}, {Name: "X-Gateway", Value: "on"}}
	e := a.target(t, emulator.Settings{Token: token})
	r := a.run(t.Context(), t, e)

	assert.Contains(t, finding(t, r, "token").Meaning, "the token is asked for")
	calls := e.Calls()
	require.NotEmpty(t, calls)
	for _, c := range calls {
		assert.Equal(t, "on", c.Header.Get("X-Gateway"))
	}
	assert.NotContains(t, text(t, r), token)
}

func TestNewSubject_RefusesWhatCannotBeStarted(t *testing.T) {
	a := newAsked()
	a.config.ClientConfig.Auth = configoptional.Some(configauth.Config{AuthenticatorID: component.MustNewID("bearertokenauth")})
	_, err := probe.NewSubject("adobe_target", a.config, visitor, "")
	require.ErrorContains(t, err, "--token-file")

	a.config.ClientConfig.Middlewares = []configmiddleware.Config{{ID: component.MustNewID("limiter")}}
	_, err = probe.NewSubject("adobe_target", a.config, visitor, token)
	require.ErrorContains(t, err, "middlewares")
}

// strange is a server that is none of the emulator's.
type strange struct {
	calls atomic.Int64
	// answer is to what an update says, by its form.
	answer func(r *http.Request, form string) (status int, contentType, body string)
	// profile is the answer to a fetch.
	profile func() (status int, body string)
}

func (s *strange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	body, _ := io.ReadAll(r.Body)
	if strings.HasPrefix(r.URL.Path, "/rest/v1/profiles/") {
		status, text := s.profile()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
		return
	}
	status, contentType, text := s.answer(r, r.URL.RawQuery+string(body))
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

const submitted = "<response><success>true</success></response>"

func TestProbe_SeesThatABodyIsIgnored(t *testing.T) {
	var kept []string
	server := &strange{
		answer: func(r *http.Request, _ string) (int, string, string) {
			for name, values := range r.URL.Query() {
				kept = append(kept, fmt.Sprintf(`%q:{"value":%q}`, strings.TrimPrefix(name, "profile."), values[0]))
			}
			return 200, "text/xml", submitted
		},
		profile: func() (int, string) { return 200, `{"profileAttributes":{` + strings.Join(kept, ",") + `}}` },
	}
	a := newAsked()
	a.only = []string{"parameters", "seen"}
	r := a.run(t.Context(), t, server)

	f := finding(t, r, "parameters")
	assert.Equal(t, probe.Differs, f.Result)
	assert.Contains(t, f.Meaning, "ignored")
	assert.Equal(t, []probe.Setting{{Path: "api::method", Value: "POST"}, {Path: "api::parameters", Value: "query"}}, f.Settings)
	assert.False(t, r.Fits())
}

func TestProbe_ShowsNoIDThatAnAnswerRepeats(t *testing.T) {
	const visitorID, other, long = "anna", "4711-08", "abcdefghijklmnopqrstuvwxyz"
	server := &strange{
		answer: func(r *http.Request, form string) (int, string, string) {
			return 400, "text/html; charset=utf-8", "<p>" + visitorID + " " + strings.ToUpper(visitorID) + " " + r.Header.Get("Authorization") + " " + other + " " + long + " " + form + "</p>"
		},
		profile: func() (int, string) {
			return 404, `{"status":404,"message":"No profile found for client acme with third party id=` + visitorID + `"}`
		},
	}
	for _, shown := range []bool{false, true} {
		a := newAsked()
		a.token, a.visitor.ID = token, visitorID
		a.options.ShowIDs = shown
		r := a.run(t.Context(), t, server)

		printed := text(t, r)
		assert.Equal(t, shown, strings.Contains(printed, visitorID))
		assert.Equal(t, shown, strings.Contains(printed, strings.ToUpper(visitorID)))
		assert.Equal(t, shown, strings.Contains(printed, other))
		assert.Equal(t, shown, strings.Contains(printed, long))
		assert.NotContains(t, printed, token)
		assert.Contains(t, printed, "No profile found for client acme with third party id=")
		assert.Contains(t, r.Ended, "no way of an update is taken")
	}
}

func TestProbe_ReadsNoAnswerForEver(t *testing.T) {
	server := &strange{
		answer: func(*http.Request, string) (int, string, string) {
			return 200, "application/octet-stream", strings.Repeat("\x00\xff", 3<<20)
		},
		profile: func() (int, string) { return 404, strings.Repeat("[", 5<<20) },
	}
	a := newAsked()
	r := a.run(t.Context(), t, server)

	assert.Contains(t, r.Ended, "bytes that are no text")
	assert.Less(t, len(text(t, r)), 10_000)

	server.profile = func() (int, string) { return 200, strings.Repeat("[", 5<<20) }
	r = a.run(t.Context(), t, server)
	assert.Contains(t, r.Ended, "answered with 200, the answer is JSON")
	assert.Less(t, len(text(t, r)), 10_000)
}

// healthy takes every update, but for what is done in its place.
func healthy(instead func(r *http.Request, form string) (status int)) *strange {
	return &strange{
		profile: func() (int, string) { return 404, "" },
		answer: func(r *http.Request, form string) (int, string, string) {
			if status := instead(r, form); status != 0 {
				return status, "text/plain", ""
			}
			return 200, "text/xml", submitted
		},
	}
}

func TestProbe_OutlivesAnOddCallThatFails(t *testing.T) {
	r := newAsked().run(t.Context(), t, healthy(func(r *http.Request, form string) int {
		if r.URL.Path == "/m2/client/profile/update" || strings.Contains(form, "&profile.adobetargetProbeEmpty=") {
			return http.StatusInternalServerError
		}
		return 0
	}))

	assert.Empty(t, r.Ended)
	assert.Equal(t, probe.Fits, finding(t, r, "path").Result)
	f := finding(t, r, "refusals")
	assert.Equal(t, probe.Differs, f.Result)
	assert.Contains(t, f.Meaning, "1 of 6 are answered as the exporter takes for a fault of the set-up")
}

func TestProbe_EndsWhenOddCallsFailInARow(t *testing.T) {
	r := newAsked().run(t.Context(), t, healthy(func(_ *http.Request, form string) int {
		if !strings.Contains(form, "Path") && !strings.Contains(form, "Place") {
			return http.StatusInternalServerError
		}
		return 0
	}))

	assert.Contains(t, r.Ended, "answered with 500")
	assert.Equal(t, probe.Differs, finding(t, r, "unknown").Result, "the first is an answer")
	assert.Equal(t, probe.Open, finding(t, r, "refusals").Result)
}

func TestProbe_TakesACutConnectionForARefusalOfItsSize(t *testing.T) {
	server := healthy(func(_ *http.Request, form string) int {
		if len(form) > 50_000 {
			panic(http.ErrAbortHandler)
		}
		return 0
	})
	r := newAsked().run(t.Context(), t, server)

	assert.Empty(t, r.Ended)
	assert.Contains(t, finding(t, r, "size").Meaning, "8000 are taken, 60000 are refused")
}

// TestProbe_StopsAtTheBound has every question take the most calls it can.
func TestProbe_StopsAtTheBound(t *testing.T) {
	server := &strange{profile: func() (int, string) { return 200, `{"profileAttributes":{}}` }}
	server.answer = func(r *http.Request, form string) (int, string, string) {
		refused := "<response><success>false</success></response>"
		switch {
		case strings.HasSuffix(r.URL.Path, "/batchUpdate"):
			status := "http://" + r.Host + "/m2/acme/profile/batchStatus?batchId=1"
			return 200, "text/xml", "<response><success>true</success><batchStatus>" + status + "</batchStatus></response>"
		case strings.HasSuffix(r.URL.Path, "/batchStatus"):
			return 200, "text/xml", "<response><status>incomplete</status></response>"
		case strings.HasSuffix(r.URL.Path, "/delivery"):
			return 404, "text/plain", ""
		}
		id := r.URL.Query().Get("mbox3rdPartyId")
		if r.Method != http.MethodGet || r.URL.Path != "/m2/acme/profile/update" || len(form) > 1_000 {
			return 200, "text/xml", refused
		}
		for name, values := range r.URL.Query() {
			if utf8.RuneCountInString(values[0]) > 200 || len(name) > 60 {
				return 200, "text/xml", refused
			}
		}
		if len(id) > 40 {
			return 200, "text/xml", refused
		}
		return 200, "text/xml", submitted
	}
	a := newAsked()
	a.token = token
	a.config.API.Path = "/gateway/profile/update"
	for _, q := range probe.Questions() {
		a.only = append(a.only, q.Name)
	}
	r := a.run(t.Context(), t, server)

	assert.LessOrEqual(t, server.calls.Load(), int64(probe.MaxCalls))
	assert.Equal(t, int64(r.Calls), server.calls.Load())
	assert.Empty(t, r.Ended, "the bound keeps no question from being asked")
	assert.NotEmpty(t, finding(t, r, "seen").Cases)
}

func TestProbe_AsksBulkWhereItIsUsed(t *testing.T) {
	for _, test := range []struct {
		name     string
		bulk     emulator.Bulk
		version  route.BulkVersion
		result   probe.Result
		means    string
		settings []probe.Setting
	}{
		{"v2 alone takes such ids", emulator.Bulk{}, route.BulkAuto, probe.Fits, "version 1 takes no such ids", nil},
		{"v1 takes them too", emulator.Bulk{V1ThirdParty: true}, route.BulkAuto, probe.Fits, "by version 1 too", nil},
		{"v1 is configured and takes none", emulator.Bulk{}, route.BulkV1, probe.Open, "no upload was taken", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAsked()
			a.config.Route = route.ToBulk
			bulk := route.NewDefaultBulkConfig()
			bulk.Version = test.version
			a.config.Bulk = configoptional.Some(bulk)
			test.bulk.StatusScheme = "http"
			e := a.target(t, emulator.Settings{Bulk: test.bulk})
			r := a.run(t.Context(), t, e)

			f := finding(t, r, "bulk")
			assert.Equal(t, test.result, f.Result, f.Meaning)
			assert.Contains(t, f.Meaning, test.means)
			assert.Equal(t, test.settings, f.Settings)
			assert.LessOrEqual(t, e.Stats().Rows, 2)
			if test.result == probe.Fits {
				assert.Contains(t, f.Cases[0].Found, "the status is named by http, on the host of the endpoint, without /v2/")
				assert.Contains(t, f.Cases[1].Found, "complete: 1 rows")
			}
			assert.Contains(t, text(t, r), "a body without batch=: 200 text/xml")
			assert.NotContains(t, text(t, r), visitorID)
		})
	}
}

// prefetching takes prefetch as execute, as a Target may that saves its parameters.
type prefetching struct{ to *emulator.Emulator }

func (p prefetching) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	changed := bytes.Replace(body, []byte(`"prefetch"`), []byte(`"execute"`), 1)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
	if bytes.Equal(body, changed) {
		p.to.ServeHTTP(w, r)
		return
	}
	recorded := httptest.NewRecorder()
	p.to.ServeHTTP(recorded, r)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(bytes.Replace(recorded.Body.Bytes(), []byte(`"execute"`), []byte(`"prefetch"`), 1))
}

func TestProbe_AsksDeliveryWhereItIsUsed(t *testing.T) {
	for _, prefetches := range []bool{false, true} {
		a := newAsked()
		a.config.Route = route.ToDelivery
		a.token = token // which must not go with Delivery calls: the emulator refuses it
		e := a.target(t, emulator.Settings{Token: token})
		var handler http.Handler = e
		if prefetches {
			handler = prefetching{e}
		}
		r := a.run(t.Context(), t, handler)

		f := finding(t, r, "delivery")
		assert.Equal(t, probe.Fits, f.Result, f.Meaning)
		require.Len(t, f.Cases, 3)
		assert.Equal(t, "delivered", f.Cases[0].Answer.Verdict)
		assert.Equal(t, "delivered", f.Cases[1].Answer.Verdict)
		assert.Equal(t, prefetches, f.Cases[2].Answer.Verdict == "delivered")
		require.NotNil(t, f.Cases[0].Seen)
		assert.True(t, *f.Cases[0].Seen)
		for _, other := range r.Findings {
			assert.NotEqual(t, "path", other.Question, "single updates are not used")
		}
		assert.NotContains(t, text(t, r), visitorID)
		e.Close()
	}
}

func TestProbe_AsksForAnMboxPC(t *testing.T) {
	a := newAsked()
	a.visitor = profile.Visitor{Parameter: profile.MboxPC, ID: "1368007744041-575948.01_00"}
	r := a.run(t.Context(), t, a.target(t, emulator.Settings{}))

	assert.True(t, r.Fits(), text(t, r))
	assert.NotContains(t, text(t, r), "1368007744041")
}

func TestProbe_CallsAsTheConfigurationHasIt(t *testing.T) {
	for _, test := range []struct {
		name     string
		insecure bool
		says     string
	}{
		{"a certificate that is not known", false, "no answer: tls"},
		{"a certificate that is not looked at", true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAsked()
			a.only = []string{"path"}
			a.config.ClientConfig.TLS.InsecureSkipVerify = test.insecure
			server := httptest.NewUnstartedServer(a.target(t, emulator.Settings{}))
			server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that fails
			server.EnableHTTP2 = true
			server.StartTLS()
			defer server.Close()
			r := a.runAt(t.Context(), t, server.URL)

			assert.Equal(t, test.says == "", r.Fits())
			assert.Contains(t, r.Ended, test.says)
		})
	}
}

func TestProbe_UsesAConnectionOnce(t *testing.T) {
	a := newAsked()
	a.options.Wait = 0
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(a.target(t, emulator.Settings{}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	r := a.runAt(t.Context(), t, server.URL)

	assert.Equal(t, int64(r.Calls), opened.Load(), "on one that was used before, net/http repeats what has no body")
}
