// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

func newDelivery(tb testing.TB, endpoint string, change func(*DeliveryConfig)) *Delivery {
	tb.Helper()
	cfg := NewDefaultDeliveryConfig()
	change(&cfg)
	require.NoError(tb, cfg.Validate())
	d, err := NewDelivery(cfg, endpoint, "acme")
	require.NoError(tb, err)
	return d
}

func asItIs(*DeliveryConfig) {}

func asNotification(c *DeliveryConfig) { c.Form = Notification }

// deliveryForms are both forms of a call.
var deliveryForms = map[string]func(*DeliveryConfig){"execute": asItIs, "notification": asNotification}

func numberedParameters(n int) []profile.Parameter {
	parameters := make([]profile.Parameter, n)
	for i := range parameters {
		parameters[i] = profile.Parameter{Name: "p" + strconv.Itoa(i), Value: "v"}
	}
	return parameters
}

func TestDelivery_EachFormHasItsBytes(t *testing.T) {
	settings := func(c *DeliveryConfig) { c.Mbox, c.EnvironmentID, c.PropertyToken = `an "mbox"`, 17, "67444eb4-3681" }
	both := func(c *DeliveryConfig) { settings(c); asNotification(c) }
	tntID := profile.Visitor{Parameter: profile.MboxPC, ID: "1.28_0"}
	customer := profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: "cust-1"}
	parameters := []profile.Parameter{{Name: "A", Value: "1"}, {Name: `q"\`, Value: "ä\n😀"}}
	const values = `{"A":"1","q\"\\":"ä\u000a😀"}`
	for name, tt := range map[string]struct {
		change  func(*DeliveryConfig)
		visitor profile.Visitor
		want    string
	}{
		"execute": {asItIs, customer, `{"id":{"thirdPartyId":"cust-1"},"context":{"channel":"web"},"requestId":"RECEIPT",` +
			`"execute":{"mboxes":[{"index":0,"name":"otel-profile-update","profileParameters":` + values + `}]}}`},
		"execute with all settings": {settings, tntID, `{"id":{"tntId":"1.28_0"},"context":{"channel":"web"},"environmentId":17,"property":{"token":"67444eb4-3681"},` +
			`"requestId":"RECEIPT","execute":{"mboxes":[{"index":0,"name":"an \"mbox\"","profileParameters":` + values + `}]}}`},
		"notification": {asNotification, tntID, `{"id":{"tntId":"1.28_0"},"context":{"channel":"web"},"notifications":[{"id":"RECEIPT","type":"display",` +
			`"timestamp":1760000000123,"mbox":{"name":"otel-profile-update"},"profileParameters":` + values + `}]}`},
		"notification with all settings": {both, customer, `{"id":{"thirdPartyId":"cust-1"},"context":{"channel":"web"},"environmentId":17,` +
			`"property":{"token":"67444eb4-3681"},"notifications":[{"id":"RECEIPT","type":"display","timestamp":1760000000123,"mbox":{"name":"an \"mbox\""},` +
			`"profileParameters":` + values + `}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDelivery(t, "https://acme.invalid", tt.change)
			assert.Equal(t, tt.want, string(d.appendBody(tt.visitor, parameters, "RECEIPT", time.UnixMilli(1760000000123))))
		})
	}
}

func TestDelivery_ACallOnTheWire(t *testing.T) {
	server := newWireServer(t, answering(okAnswer))
	d := newDelivery(t, server.url()+"/base/", asItIs)
	newCalls(t, d, &http.Client{}).Send(t.Context(), secretVisitor, []profile.Parameter{secretTier})
	require.Len(t, server.seen(), 1)
	head, body, _ := strings.Cut(server.seen()[0], "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	assert.Equal(t, "POST /base/rest/v1/delivery?client=acme&sessionId="+d.session(secretVisitor)+" HTTP/1.1", lines[0])
	slices.Sort(lines[1:])
	assert.Equal(t, []string{
		"Accept-Encoding: gzip", "Content-Length: " + strconv.Itoa(len(body)), "Content-Type: application/json",
		"Host: " + strings.TrimPrefix(server.url(), "http://"), "User-Agent: otelcol-adobetarget/1.2.3",
	}, lines[1:], "no token, no cookie, no trace")
}

// The id was made with another HMAC than Go's. With others a restart would begin new sessions.
func TestDelivery_SessionsStayTheSameAndTellNothing(t *testing.T) {
	plain := newDelivery(t, "https://acme.invalid", asItIs)
	keyed := newDelivery(t, "https://acme.invalid", func(c *DeliveryConfig) { c.SessionKey = "a key" })
	customer := profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: "cust-1"}
	assert.Equal(t, "6a47a5e64f5028d1f3412f65dc7ea1b59a0fa87a04d899fce28ae35987f7fd3e", plain.session(customer))
	seen := map[string]bool{}
	for _, d := range []*Delivery{plain, keyed} {
		for _, v := range []profile.Visitor{customer, {Parameter: profile.MboxPC, ID: "cust-1"}, {Parameter: profile.Mbox3rdPartyID, ID: "cust-2"}} {
			id := d.session(v)
			assert.Regexp(t, "^[0-9a-f]{64}$", id)
			assert.False(t, seen[id])
			assert.Equal(t, id, d.session(v))
			seen[id] = true
		}
	}
}

func TestDelivery_ACallHas50ParametersAtMost(t *testing.T) {
	for name, form := range deliveryForms {
		t.Run(name, func(t *testing.T) {
			target, err := emulator.New(emulator.Settings{RecordCalls: 10})
			require.NoError(t, err)
			server := httptest.NewServer(target)
			t.Cleanup(server.Close)
			calls := newCalls(t, newDelivery(t, server.URL, form), &http.Client{})
			rest := numberedParameters(101)
			var carried []int
			for len(rest) > 0 {
				n, answer := calls.Send(t.Context(), secretVisitor, rest)
				require.Equal(t, Answer{Verdict: Delivered, StatusCode: 200}, answer)
				carried, rest = append(carried, n), rest[n:]
			}
			assert.Equal(t, []int{50, 50, 1}, carried)
			p, _ := target.Profile(emulator.MboxPC, secretID)
			assert.Len(t, p.Attributes, 101)
			assert.Equal(t, 3, target.Stats().Billed)
			assert.Equal(t, 1, target.Stats().Sessions)
		})
	}
}

func TestDelivery_TheLocationOfAnMboxPCMakesNoOtherSession(t *testing.T) {
	d := newDelivery(t, "https://acme.tt.omtrdc.net", asItIs)
	session := func(parameter profile.VisitorParameter, id string) string {
		return d.session(profile.Visitor{Parameter: parameter, ID: id})
	}
	assert.Equal(t, session(profile.MboxPC, "1"), session(profile.MboxPC, "1.28_0"))
	assert.Equal(t, session(profile.MboxPC, "1.35_0"), session(profile.MboxPC, "1.28_0"))
	assert.NotEqual(t, session(profile.MboxPC, "2.28_0"), session(profile.MboxPC, "1.28_0"))
	assert.NotEqual(t, session(profile.Mbox3rdPartyID, "1.35"), session(profile.Mbox3rdPartyID, "1.28"), "its dot is as any character")
	c, _ := d.compose(profile.Visitor{Parameter: profile.MboxPC, ID: "1.28_0"}, []profile.Parameter{secretTier})
	assert.Contains(t, string(c.body), `"tntId":"1.28_0"`, "the id is sent as it is")
}

func TestDelivery_TakesNoParameterThatTheAPIRefuses(t *testing.T) {
	long := func(n int) string { return strings.Repeat("😀", n) }
	server := newWireServer(t, answering(okAnswer))
	d := newDelivery(t, server.url(), asItIs)
	senders := map[string]sender{"calls": newCalls(t, d, &http.Client{}), "a dry run": NewDryRun(d, zap.NewNop())}
	for name, tt := range map[string]struct {
		parameter profile.Parameter
		carried   bool
	}{
		"a value of 256 units":       {profile.Parameter{Name: "n", Value: long(128)}, true},
		"a value of 257 units":       {profile.Parameter{Name: "n", Value: long(128) + "x"}, false},
		"a value of 257 bytes":       {profile.Parameter{Name: "n", Value: strings.Repeat("x", 257)}, false},
		"a value of 256 characters":  {profile.Parameter{Name: "n", Value: strings.Repeat("é", 256)}, true},
		"a name of 128 units":        {profile.Parameter{Name: long(64), Value: "v"}, true},
		"a name of 129 units":        {profile.Parameter{Name: long(64) + "x", Value: "v"}, false},
		"a name of quotes":           {profile.Parameter{Name: `"\`, Value: "v"}, true},
		"a name of control bytes":    {profile.Parameter{Name: "\x00\x7f", Value: "v"}, true},
		"a blank name":               {profile.Parameter{Name: " \t", Value: "v"}, false},
		"no name":                    {profile.Parameter{Value: "v"}, false},
		"a name that has profile.":   {profile.Parameter{Name: "profile.n", Value: "v"}, false},
		"a name that begins like it": {profile.Parameter{Name: "profiles", Value: "v"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			for way, s := range senders {
				carried, answer := s.Send(t.Context(), secretVisitor, []profile.Parameter{tt.parameter, secretTier})
				if tt.carried {
					assert.Equal(t, 2, carried, way)
					continue
				}
				assert.Zero(t, carried, way)
				assert.Equal(t, Answer{}, answer, way)
				carried, _ = s.Send(t.Context(), secretVisitor, []profile.Parameter{secretTier, tt.parameter})
				assert.Equal(t, 1, carried, way)
			}
		})
	}
}

func TestDelivery_ADryRunShowsTheBody(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	d := newDelivery(t, "https://acme.tt.omtrdc.net", asItIs)
	assert.Equal(t, Answer{Verdict: NotSent}, send(t.Context(), t, NewDryRun(d, zap.New(core))))
	fields := logs.All()[0].ContextMap()
	assert.Equal(t, "POST", fields["method"])
	assert.Equal(t, "https://acme.tt.omtrdc.net/rest/v1/delivery?client=acme&sessionId="+d.session(secretVisitor), fields["url"])
	assert.Contains(t, fields["body"], `{"id":{"tntId":"SECRET-ID"},`)
	assert.Contains(t, fields["body"], `"profileParameters":{"tier":"SECRET-VALUE"}`)
}

func TestDelivery_EachCallHasAReceiptOfItsOwn(t *testing.T) {
	d := newDelivery(t, "https://acme.invalid", asNotification)
	seen := map[string]bool{}
	for range 100 {
		c, _ := d.compose(secretVisitor, []profile.Parameter{secretTier})
		assert.False(t, seen[c.receipt])
		assert.Contains(t, string(c.body), `"notifications":[{"id":"`+c.receipt+`",`)
		seen[c.receipt] = true
	}
}

func TestNewDelivery_RefusesAnEndpointThatIsNone(t *testing.T) {
	_, err := NewDelivery(NewDefaultDeliveryConfig(), "http://[::1", "acme")
	assert.EqualError(t, err, "endpoint makes no URL")
}

func TestDeliveryConfigValidate(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*DeliveryConfig)
		want   string // "" when the configuration is good
	}{
		"the default":                     {asItIs, ""},
		"a notification":                  {asNotification, ""},
		"an mbox of 250 characters":       {func(c *DeliveryConfig) { c.Mbox = strings.Repeat("ü", 250) }, ""},
		"an mbox that only has -clicked":  {func(c *DeliveryConfig) { c.Mbox = "a-clicked-b" }, ""},
		"an mbox of 251 units":            {func(c *DeliveryConfig) { c.Mbox = strings.Repeat("😀", 125) + "m" }, "mbox: must have at most 250 characters, got " + strconv.Quote(strings.Repeat("😀", 125)+"m")},
		"an mbox of 251 characters":       {func(c *DeliveryConfig) { c.Mbox = strings.Repeat("m", 251) }, "mbox: must have at most 250 characters, got " + strconv.Quote(strings.Repeat("m", 251))},
		"no mbox":                         {func(c *DeliveryConfig) { c.Mbox = "" }, `mbox: must not be blank, got ""`},
		"a blank mbox":                    {func(c *DeliveryConfig) { c.Mbox = " \t" }, `mbox: must not be blank, got " \t"`},
		"an mbox of clicks":               {func(c *DeliveryConfig) { c.Mbox = "a-clicked" }, `mbox: must not end in -clicked, got "a-clicked"`},
		"an mbox with a line end":         {func(c *DeliveryConfig) { c.Mbox = "a\nb" }, `mbox: must have no control characters, got "a\nb"`},
		"an unknown form":                 {func(c *DeliveryConfig) { c.Form = "prefetch" }, `form: "prefetch" is unknown, use execute or notification`},
		"no pace":                         {func(c *DeliveryConfig) { c.CallsPerSecond = 0 }, "calls_per_second: must be above 0, got 0"},
		"a negative environment":          {func(c *DeliveryConfig) { c.EnvironmentID = -1 }, "environment_id: must be at least 1, or left out, got -1"},
		"a property token with a newline": {func(c *DeliveryConfig) { c.PropertyToken = "s3cret\n" }, "property_token: must have no white space and no control characters"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := NewDefaultDeliveryConfig()
			tt.change(&cfg)
			if err := cfg.Validate(); tt.want == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, tt.want)
			}
		})
	}
}

// benchmarkServer answers as Target does, and reads nothing of what it is sent.
func benchmarkServer(b *testing.B) string {
	b.Helper()
	answer := `{"status":200,"requestId":"q","client":"acme","id":{"tntId":"1.45_0","thirdPartyId":"cust-1"},` +
		`"edgeHost":"mboxedge45.tt.omtrdc.net","execute":{"mboxes":[{"index":0,"name":"otel-profile-update"}]}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, answer)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

// BenchmarkDelivery compares a whole call, composed, made and read, with a call of net/http that
// has the same body ready and only reads the answer. Server and client share the processors.
func BenchmarkDelivery(b *testing.B) {
	for _, n := range []int{5, 50} {
		parameters := make([]profile.Parameter, n)
		for i := range parameters {
			parameters[i] = profile.Parameter{Name: "attribute" + strconv.Itoa(i), Value: "Müller & Söhne, 12.50"}
		}
		v := profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: "cust-1"}
		b.Run("route/"+strconv.Itoa(n), func(b *testing.B) {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
			b.Cleanup(client.CloseIdleConnections)
			calls := NewTraced(NewCaller(newDelivery(b, benchmarkServer(b), asItIs), client, userAgent, time.Minute), noop.Tracer{})
			b.ReportAllocs()
			for b.Loop() {
				if carried, answer := calls.Send(context.Background(), v, parameters); carried != n || answer.Verdict != Delivered {
					b.Fatal(carried, answer)
				}
			}
		})
		b.Run("bare/"+strconv.Itoa(n), func(b *testing.B) {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
			b.Cleanup(client.CloseIdleConnections)
			c, _ := newDelivery(b, benchmarkServer(b), asItIs).compose(v, parameters)
			b.ReportAllocs()
			for b.Loop() {
				resp, err := client.Post(c.url.String(), "application/json", strings.NewReader(string(c.body)))
				if err != nil {
					b.Fatal(err)
				}
				if _, err = io.ReadAll(resp.Body); err != nil {
					b.Fatal(err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}

func TestName(t *testing.T) {
	require.NoError(t, ToSingle.Validate())
	require.NoError(t, ToDelivery.Validate())
	require.NoError(t, ToBulk.Validate())
	require.EqualError(t, Name("bulkk").Validate(), `"bulkk" is unknown, use single, bulk or delivery`)
	assert.EqualError(t, Name("").Validate(), `"" is unknown, use single, bulk or delivery`)
}

func TestDelivery_TheSessionIsAllThatTheURLHoldsOfTheVisitor(t *testing.T) {
	d := newDelivery(t, "https://acme.invalid", asItIs)
	c, _ := d.compose(secretVisitor, []profile.Parameter{secretTier})
	assert.Equal(t, url.Values{"client": {"acme"}, "sessionId": {d.session(secretVisitor)}}, c.url.Query())
}
