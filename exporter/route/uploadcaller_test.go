// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

const (
	batchID    = "acme-1760000000000-12345678"
	statusPath = "/m2/acme/profile/batchStatus?batchId=" + batchID
)

// uploadedAnswer is Target's answer to a file that it took.
func uploadedAnswer(status string) string {
	return "<response><success>true</success><batchStatus>" + status + "</batchStatus><message>Batch submitted for processing</message></response>"
}

// newUploadCaller returns a caller whose connections end with the test.
func newUploadCaller(tb testing.TB, endpoint string, c *http.Client) *UploadCaller {
	tb.Helper()
	if c.Transport == nil {
		c.Transport = &http.Transport{}
	}
	tb.Cleanup(c.CloseIdleConnections)
	return NewUploadCaller(newBulk(tb, endpoint), c, userAgent, 10*time.Second, time.Hour, noop.Tracer{})
}

// upload uploads one row that holds what is secret.
func upload(ctx context.Context, t *testing.T, u *UploadCaller) (Answer, string) {
	t.Helper()
	rows := []Row{{secretVisitor, []profile.Parameter{secretTier}}}
	answer, status := u.Upload(ctx, sheetOf(profile.MboxPC, rows), seq(rows))
	assertUsual(t, answer)
	return answer, status
}

// answers returns what a server answers with.
func answers(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func startServer(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

func TestUploadCaller_SendsTheFile(t *testing.T) {
	server := newWireServer(t, func(conn *net.TCPConn, _ int) bool {
		body := uploadedAnswer("http://e.tt.omtrdc.net/s?b=1&m=2")
		_, err := fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		return err == nil
	})
	u := newUploadCaller(t, server.url(), &http.Client{})
	host := strings.TrimPrefix(server.url(), "http://")

	answer, status := upload(t.Context(), t, u)
	assert.Equal(t, Answer{Verdict: Delivered, StatusCode: 200}, answer)
	assert.Equal(t, "https://e.tt.omtrdc.net/s?b=1&m=2", status)
	rows := []Row{{customer("1"), nil}}
	answer, _ = u.Upload(t.Context(), sheetOf(profile.Mbox3rdPartyID, rows), seq(rows))
	assert.Equal(t, Delivered, answer.Verdict)
	common := " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: " + userAgent + "\r\nContent-Length: %d\r\nContent-Type: application/x-www-form-urlencoded\r\nAccept-Encoding: gzip\r\n\r\n"
	assert.Equal(t, []string{
		fmt.Sprintf("POST /m2/acme/profile/batchUpdate"+common, 38) + "batch=pcId,tier\nSECRET-ID,SECRET-VALUE",
		fmt.Sprintf("POST /m2/acme/v2/profile/batchUpdate"+common, 20) + "batch=thirdPartyId\n1",
	}, server.seen())
}

func TestUploadCaller_SendsManyRowsOverEitherHTTP(t *testing.T) {
	rows := manyRows()
	sheet := sheetOf(profile.Mbox3rdPartyID, rows)
	want := bodyOf(t, sheet, rows)
	for _, proto := range []int{1, 2} {
		t.Run(strconv.Itoa(proto), func(t *testing.T) {
			var got string
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				got = string(body)
				assert.NoError(t, err)
				assert.Equal(t, proto, r.ProtoMajor)
				assert.Equal(t, sheet.Bytes, r.ContentLength)
				_, _ = io.WriteString(w, uploadedAnswer("http://e.tt.omtrdc.net/s"))
			}))
			server.EnableHTTP2 = proto == 2
			server.StartTLS()
			t.Cleanup(server.Close)
			cfg := confighttp.NewDefaultClientConfig()
			cfg.TLS.InsecureSkipVerify = true
			c, closeIdle, err := NewHTTPClient(
				t.Context(), cfg, newBulk(t, server.URL), 1, host(nil), componenttest.NewNopTelemetrySettings())
			require.NoError(t, err)
			t.Cleanup(closeIdle)
			answer, status := newUploadCaller(t, server.URL, c).Upload(t.Context(), sheet, seq(rows))
			assert.Equal(t, Answer{Verdict: Delivered, StatusCode: 200}, answer)
			assert.Equal(t, "https://e.tt.omtrdc.net/s", status)
			assert.Equal(t, want, got)
		})
	}
}

// TestUploadCaller_NeverSendsAWrongFile looks from the server's side: what it gets of a wrong file is
// never as long as the request said.
func TestUploadCaller_NeverSendsAWrongFile(t *testing.T) {
	for _, proto := range []int{1, 2} {
		for name, tt := range broken {
			t.Run(name+" over HTTP/"+strconv.Itoa(proto), func(t *testing.T) {
				var whole atomic.Int64
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if _, err := io.Copy(io.Discard, r.Body); err == nil {
						whole.Add(1)
					}
					_, _ = io.WriteString(w, uploadedAnswer("http://e.tt.omtrdc.net/s"))
				}))
				server.EnableHTTP2 = proto == 2
				server.StartTLS()
				sheet, rows := tt.make()
				transport := &http.Transport{ForceAttemptHTTP2: proto == 2, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // the server's certificate is made for the test
				answer, status := newUploadCaller(t, server.URL, &http.Client{Transport: transport}).Upload(t.Context(), sheet, rows)
				assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonRows, Detail: tt.want}, answer)
				assertUsual(t, answer)
				assert.Empty(t, status)
				server.Close()
				assert.Zero(t, whole.Load())
			})
		}
	}
}

func TestUploadCaller_RefusesAFileBeforeItIsSent(t *testing.T) {
	server := newWireServer(t, answering(okAnswer))
	row := []Row{{secretVisitor, []profile.Parameter{secretTier}}}
	for name, tt := range map[string]struct {
		change func(*Sheet)
		want   string
	}{
		"500,001 rows":             {func(s *Sheet) { s.Rows = 500_001 }, fileTooLong},
		"51 MB":                    {func(s *Sheet) { s.Bytes = 51_000_000 }, fileTooBig},
		"a byte too much":          {func(s *Sheet) { s.Bytes = MaxBulkBytes + 1 }, fileTooBig},
		"no rows":                  {func(s *Sheet) { s.Rows = 0 }, fileEmpty},
		"ids of no kind":           {func(s *Sheet) { s.Of = "tntId" }, fileUnknown},
		"a column of two names":    {func(s *Sheet) { s.Names = []string{"a,b"} }, rowForeign},
		"a column of ids too much": {func(s *Sheet) { s.Names = []string{"thirdPartyId"} }, rowForeign},
	} {
		t.Run(name, func(t *testing.T) {
			sheet := sheetOf(profile.MboxPC, row)
			tt.change(sheet)
			rows := func(func(Row, error) bool) { assert.Fail(t, "the rows are read") }
			want := Answer{Verdict: NotNow, Reason: ReasonRows, Detail: tt.want}
			answer, status := newUploadCaller(t, server.url(), &http.Client{}).Upload(t.Context(), sheet, rows)
			assert.Equal(t, want, answer)
			assert.Empty(t, status)
			answer, _ = NewUploadDryRun(newBulk(t, server.url()), nil).Upload(t.Context(), sheet, rows)
			assert.Equal(t, want, answer)
		})
	}
	assert.Empty(t, server.seen())
}

// Such a name goes by no upload any more, but an upload of an earlier version may hold one, and so
// may what a row repeats of earlier ones. To refuse it would hold up all the visitors beside it.
func TestUploadCaller_SendsANameOfAnEarlierVersion(t *testing.T) {
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		assert.Contains(t, string(body), ",a%09b\n")
		_, _ = io.WriteString(w, uploadedAnswer(""))
	})
	rows := []Row{{secretVisitor, []profile.Parameter{{Name: "a\tb", Value: "1"}}}}
	answer, _ := newUploadCaller(t, server.URL, &http.Client{}).Upload(t.Context(), sheetOf(secretVisitor.Parameter, rows), seq(rows))
	assert.Equal(t, Delivered, answer.Verdict)
}

func TestUploadCaller_SendsTheMostRowsThereMayBe(t *testing.T) {
	sheet := NewSheet(profile.MboxPC)
	rows := func(yield func(Row, error) bool) {
		for range MaxBulkRows {
			if !yield(Row{secretVisitor, []profile.Parameter{secretTier}}, nil) {
				return
			}
		}
	}
	rows(func(r Row, _ error) bool { sheet.Add(r.Visitor, r.Parameters); return true })
	var got int64
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, uploadedAnswer(""))
	})
	answer, _ := newUploadCaller(t, server.URL, &http.Client{}).Upload(t.Context(), sheet, rows)
	assert.Equal(t, Delivered, answer.Verdict)
	assert.Equal(t, sheet.Bytes, got)
}

func TestUploadCaller_StatusesHaveTheMeaningOfASingleUpdate(t *testing.T) {
	var code int
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		answers(code, uploadedAnswer("http://e.tt.omtrdc.net/s"))(w, r)
	})
	u := newUploadCaller(t, server.URL, &http.Client{})
	for code = 300; code < 600; code++ {
		want := wantAnswer(code)
		if code == http.StatusServiceUnavailable {
			want.RetryAfter = 65 * time.Second
		}
		asked := want
		if code == http.StatusNotFound {
			asked.Verdict = NotNow
		}
		if want.Verdict == Rejected {
			want.Detail = "see bulk::version"
		}
		answer, status := upload(t.Context(), t, u)
		require.Equal(t, want, answer)
		require.Empty(t, status)
		progress, answer := u.Status(t.Context(), server.URL+statusPath)
		require.Equal(t, asked, answer)
		require.Zero(t, progress)
	}
}

func TestUploadCaller_PausesAfter503(t *testing.T) {
	for name, tt := range map[string]struct {
		asked string
		most  time.Duration
		want  time.Duration
	}{
		"when nothing is asked for":              {"", time.Hour, 65 * time.Second},
		"when less is asked for":                 {"10", time.Hour, 65 * time.Second},
		"for longer when that is asked for":      {"90", time.Hour, 90 * time.Second},
		"for no longer than what may be asked":   {"7200", time.Hour, time.Hour},
		"even if less may be asked":              {"7200", time.Second, 65 * time.Second},
		"when nothing is asked for and less may": {"", time.Second, 65 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			server := startServer(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Retry-After", tt.asked)
				answers(http.StatusServiceUnavailable, "")(w, r)
			})
			u := newUploadCaller(t, server.URL, &http.Client{})
			u.maxRetryAfter = tt.most
			answer, _ := upload(t.Context(), t, u)
			assert.Equal(t, Answer{NotNow, 503, "status_503", "", tt.want}, answer)
			_, answer = u.Status(t.Context(), server.URL+statusPath)
			assert.Equal(t, Answer{NotNow, 503, "status_503", "", tt.want}, answer)
			assert.True(t, answer.Throttled())
		})
	}
}

func TestUploadCaller_ReadsTheAnswer(t *testing.T) {
	foreign := func(kind string) Answer { return Answer{SetupFault, 200, ReasonForeign, "the answer is " + kind, 0} }
	took := Answer{Verdict: Delivered, StatusCode: 200}
	noStatus, elsewhere := took, took
	noStatus.Detail, elsewhere.Detail = "the answer does not say where the status is", "the status is on another host, it is not followed"
	const edge = "http://e.tt.omtrdc.net/s"
	for name, tt := range map[string]struct {
		body   string
		want   Answer
		status string
	}{
		"as Adobe's page has it":            {"<response>\n  <success>true</success>\n  <batchStatus>" + edge + "?batchId=1</batchStatus>\n  <message>Batch submitted for processing</message>\n</response>\n", took, "https://e.tt.omtrdc.net/s?batchId=1"},
		"a bare ampersand":                  {uploadedAnswer(edge + "?batchId=1&m2Node=00"), took, "https://e.tt.omtrdc.net/s?batchId=1&m2Node=00"},
		"an ampersand as XML has it":        {uploadedAnswer(edge + "?batchId=1&amp;m2Node=00"), took, "https://e.tt.omtrdc.net/s?batchId=1&m2Node=00"},
		"an entity that nobody knows":       {uploadedAnswer(edge) + "", took, "https://e.tt.omtrdc.net/s"},
		"an entity in the message":          {"<response><success>true</success><batchStatus>" + edge + "</batchStatus><message>a&nbsp;b&what;</message></response>", took, "https://e.tt.omtrdc.net/s"},
		"a declaration and another charset": {"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><response><success>true</success><batchStatus>" + edge + "</batchStatus><message>\xe4\xff</message></response>", took, "https://e.tt.omtrdc.net/s"},
		"bytes that are no text":            {"\xef\xbb\xbf<response><message>\xff\x00</message><success>true</success><batchStatus>" + edge + "</batchStatus></response>", took, "https://e.tt.omtrdc.net/s"},
		"no status":                         {"<response><success>true</success></response>", noStatus, ""},
		"an empty status":                   {uploadedAnswer(" "), noStatus, ""},
		"a status elsewhere":                {uploadedAnswer("http://evil.com/s?" + secretToken), elsewhere, ""},
		"a refusal":                         {"<response><success>false</success><batchStatus></batchStatus><message>SECRET-ID</message></response>", Answer{Rejected, 200, ReasonRefused, "see bulk::version", 0}, ""},
		"a refusal with a status":           {"<response><success> false </success><batchStatus>" + edge + "</batchStatus></response>", Answer{Rejected, 200, ReasonRefused, "see bulk::version", 0}, ""},
		"two successes":                     {"<response><success>true</success><success>true</success></response>", foreign("other XML than Target's, or a part of it"), ""},
		"another word":                      {"<response><success>perhaps</success></response>", foreign("other XML than Target's, or a part of it"), ""},
		"no success":                        {"<response><message>true</message></response>", foreign("other XML than Target's, or a part of it"), ""},
		"another root":                      {"<Error><Code>AccessDenied</Code></Error>", foreign("other XML than Target's, or a part of it"), ""},
		"half an answer":                    {"<response><success>true</suc", foreign("other XML than Target's, or a part of it"), ""},
		"a page":                            {"<!DOCTYPE html><html><head><meta charset=utf-8><title>true</title></head></html>", foreign("a page in HTML"), ""},
		"JSON":                              {`{"success":true}`, foreign("JSON"), ""},
		"nothing":                           {"", foreign("an empty body"), ""},
		"text":                              {"Batch submitted", foreign("text that is not Target's"), ""},
		"bytes":                             {"\x1f\x8b\x08\x00\xff", foreign("bytes that are no text"), ""},
		"10 MB of text":                     {strings.Repeat("true ", 2_000_000), foreign("text that is not Target's"), ""},
		"10 MB of XML":                      {"<response><message>" + strings.Repeat("true ", 2_000_000) + "</message><success>true</success></response>", foreign("other XML than Target's, or a part of it"), ""},
		"10 MB behind the answer":           {uploadedAnswer(edge) + strings.Repeat("true ", 2_000_000), took, "https://e.tt.omtrdc.net/s"},
	} {
		t.Run(name, func(t *testing.T) {
			server := startServer(t, answers(http.StatusOK, tt.body))
			answer, status := upload(t.Context(), t, newUploadCaller(t, server.URL, &http.Client{}))
			assert.Equal(t, tt.want, answer)
			assert.Equal(t, tt.status, status)
		})
	}
}

// rowsWithoutEnd yields rows of which there is no end, and says when it is stopped.
func rowsWithoutEnd(stopped *atomic.Bool) func(func(Row, error) bool) {
	return func(yield func(Row, error) bool) {
		defer stopped.Store(true)
		for yield(Row{secretVisitor, []profile.Parameter{secretTier}}, nil) {
		}
	}
}

func largeSheet() *Sheet {
	return &Sheet{Of: profile.MboxPC, Names: []string{"tier"}, Rows: MaxBulkRows, Bytes: MaxBulkBytes}
}

func TestUploadCaller_StopsTheRowsWhenTheAnswerComesEarly(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		want   Answer
	}{
		"a refusal of the token": {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", statusAnswer(403, 0)},
		"a refusal of the size":  {"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", Answer{Rejected, 413, "status_413", "see bulk::version", 0}},
		"a success that cannot be one": {
			fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(uploadedAnswer("http://e.tt.omtrdc.net/s")), uploadedAnswer("http://e.tt.omtrdc.net/s")),
			Answer{Verdict: NotNow, Reason: ReasonConnectionClosed, Detail: "the answer came before the whole file was sent"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			ended, done := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(ended)
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 64<<10)) // and no more, while the connection stays
				_, _ = io.WriteString(conn, tt.answer)
				<-done
			}()
			var stopped atomic.Bool
			answer, status := newUploadCaller(t, "http://"+listener.Addr().String(), &http.Client{}).Upload(t.Context(), largeSheet(), rowsWithoutEnd(&stopped))
			assert.True(t, stopped.Load(), "when Upload returns")
			assert.Equal(t, tt.want, answer)
			assertUsual(t, Answer{Verdict: answer.Verdict, StatusCode: answer.StatusCode, Reason: answer.Reason})
			assert.Empty(t, status)
			close(done)
			require.NoError(t, listener.Close())
			<-ended
		})
	}
}

func TestUploadCaller_StopsTheRowsWhenThereIsNoConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	rows := func(func(Row, error) bool) { assert.Fail(t, "the rows are read") }
	answer, _ := newUploadCaller(t, "http://"+listener.Addr().String(), &http.Client{}).Upload(t.Context(), largeSheet(), rows)
	assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonConnectionRefused}, answer)
}

// hanging is a transport that reads a part of each body and never answers.
type hanging struct{ read int64 }

func (h hanging) RoundTrip(req *http.Request) (*http.Response, error) {
	_, _ = io.CopyN(io.Discard, req.Body, h.read)
	<-req.Context().Done()
	return nil, req.Context().Err()
}

func TestUploadCaller_EndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUploadCaller(t, "https://acme.tt.omtrdc.net", &http.Client{Transport: hanging{100_000}, Timeout: time.Second})
		var stopped atomic.Bool
		begin := time.Now()
		answer, _ := u.Upload(t.Context(), largeSheet(), rowsWithoutEnd(&stopped))
		assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonTimeout}, answer)
		assert.Equal(t, 2*time.Minute, time.Since(begin), "the timeout of an upload")
		assert.True(t, stopped.Load())

		begin = time.Now()
		_, answer = u.Status(t.Context(), "https://acme.tt.omtrdc.net/s")
		assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonTimeout}, answer)
		assert.Equal(t, 10*time.Second, time.Since(begin))

		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("stop"))
		defer cancel()
		begin = time.Now()
		_, _ = u.Upload(ctx, largeSheet(), rowsWithoutEnd(&stopped))
		assert.Equal(t, time.Second, time.Since(begin))
	})
}

func TestUploadCaller_FollowsNoRedirect(t *testing.T) {
	var requests atomic.Int64
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	u := newUploadCaller(t, server.URL, &http.Client{})
	answer, _ := upload(t.Context(), t, u)
	assert.Equal(t, statusAnswer(307, 0), answer)
	_, answer = u.Status(t.Context(), server.URL+statusPath)
	assert.Equal(t, statusAnswer(307, 0), answer)
	assert.EqualValues(t, 2, requests.Load())
}

// A connection that ends is no reason for net/http to make the call again.
func TestUploadCaller_MakesACallOnce(t *testing.T) {
	server := newWireServer(t, func(conn *net.TCPConn, request int) bool {
		if request == 1 {
			_, err := io.WriteString(conn, "HTTP/1.1 500 Error\r\nContent-Length: 0\r\n\r\n")
			return err == nil
		}
		return false // closes a connection that has been used before
	})
	u := newUploadCaller(t, server.url(), &http.Client{})
	_, _ = upload(t.Context(), t, u)
	answer, _ := upload(t.Context(), t, u)
	assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonConnectionClosed}, answer)
	assert.Len(t, server.seen(), 2)
}

func TestUploadCaller_AsksForTheStatusWithItsDetails(t *testing.T) {
	const complete = "<response><status>complete</status></response>"
	server := newWireServer(t, answering("HTTP/1.1 200 OK\r\nContent-Length: "+strconv.Itoa(len(complete))+"\r\n\r\n"+complete))
	u := newUploadCaller(t, server.url(), &http.Client{})
	progress, answer := u.Status(t.Context(), server.url()+statusPath)
	assert.Equal(t, Answer{Verdict: Delivered, StatusCode: 200}, answer)
	assert.Equal(t, Progress{State: UploadComplete}, progress)
	assert.Equal(t, []string{
		"GET " + statusPath + "&showDetails=true HTTP/1.1\r\nHost: " + strings.TrimPrefix(server.url(), "http://") +
			"\r\nUser-Agent: " + userAgent + "\r\nAccept-Encoding: gzip\r\n\r\n",
	}, server.seen())
}

func TestUploadCaller_AsksNoOtherHostForAStatus(t *testing.T) {
	refuses := roundTripper(func(*http.Request) (*http.Response, error) {
		assert.Fail(t, "a call is made")
		return nil, nil
	})
	u := newUploadCaller(t, "https://acme.tt.omtrdc.net", &http.Client{Transport: refuses})
	for status, why := range map[string]string{"https://evil.com/" + secretToken: statusElsewhere, "": statusNotURL} {
		progress, answer := u.Status(t.Context(), status)
		assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonForeignHost, Detail: why}, answer)
		assertUsual(t, Answer{Verdict: answer.Verdict, Reason: answer.Reason})
		assert.Zero(t, progress)
	}
}

func TestUploadCaller_GivesEachCallASpanThatHoldsNothingOfWhatItCarries(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	server := startServer(t, answers(http.StatusForbidden, secretToken))
	c := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(c.CloseIdleConnections)
	u := NewUploadCaller(newBulk(t, server.URL), c, userAgent, time.Second, time.Second, metadata.Tracer(telemetry.NewTelemetrySettings()))
	_, _ = upload(t.Context(), t, u)
	_, _ = u.Status(t.Context(), server.URL+statusPath)
	_, _ = u.Upload(t.Context(), NewSheet(profile.MboxPC), nil)
	_, _ = u.Status(t.Context(), "https://evil.com")
	spans := telemetry.SpanRecorder.Ended()
	require.Len(t, spans, 2, "what makes no call has none")
	for i, want := range []struct{ name, method string }{{"adobe_target/upload", "POST"}, {"adobe_target/status", "GET"}} {
		assert.Equal(t, want.name, spans[i].Name())
		assert.Equal(t, trace.SpanKindClient, spans[i].SpanKind())
		assert.Equal(t, codes.Error, spans[i].Status().Code)
		assert.ElementsMatch(t, []attribute.KeyValue{
			attribute.String("http.request.method", want.method), attribute.String("outcome", "setup_fault"),
			attribute.Int("http.response.status_code", 403), attribute.String("error.type", "403"),
		}, spans[i].Attributes())
		for _, secret := range []string{secretID, secretValue, secretToken, server.URL, batchID, "tier"} {
			assert.NotContains(t, fmt.Sprintf("%+v %+v %+v", spans[i].Attributes(), spans[i].Events(), spans[i].Status()), secret)
		}
	}
	require.NoError(t, telemetry.Shutdown(t.Context()))
}
