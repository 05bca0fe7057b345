// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// numbered returns a visitor and a parameter that have their number in them.
func numbered(n int) (profile.Visitor, profile.Parameter) {
	return profile.Visitor{Parameter: profile.MboxPC, ID: strconv.Itoa(n)}, profile.Parameter{Name: "n", Value: strconv.Itoa(n)}
}

// numberedForm returns the form of a call with what numbered returns.
func numberedForm(n int) string {
	return "mboxPC=" + strconv.Itoa(n) + "&profile.n=" + strconv.Itoa(n)
}

func TestSingle_CallsAtOnceEachCarryTheirOwnVisitor(t *testing.T) {
	const callers, callsOfEach = 16, 50
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			seen := make(map[string]int)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				seen[r.URL.RawQuery+string(body)]++
				_, _ = w.Write(usualAnswer)
			}))
			t.Cleanup(server.Close)
			single := newSingle(t, way, server.URL, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}})
			var running sync.WaitGroup
			for i := range callers {
				running.Go(func() {
					for j := range callsOfEach {
						v, p := numbered(i*callsOfEach + j)
						_, answer := single.Send(t.Context(), v, []profile.Parameter{p})
						assert.Equal(t, Delivered, answer.Verdict)
					}
				})
			}
			running.Wait()
			for n := range callers * callsOfEach {
				assert.Equal(t, 1, seen[numberedForm(n)], "call %d", n)
			}
			assert.Len(t, seen, callers*callsOfEach)
		})
	}
}

// A transport may read the body of a call after its answer, so the form of one call is
// no other's memory.
func TestSingle_AFormBelongsToItsCallAlone(t *testing.T) {
	var bodies []io.Reader
	single := newSingle(t, postBody, "http://acme.invalid", &http.Client{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			bodies = append(bodies, r.Body)
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("true"))}, nil
		}),
	})
	for n := range 20 {
		v, p := numbered(n)
		single.Send(t.Context(), v, []profile.Parameter{p})
	}
	for n, body := range bodies {
		read, err := io.ReadAll(body)
		require.NoError(t, err)
		assert.Equal(t, numberedForm(n), string(read))
	}
}

func TestSend_MakesNoCallForWhatDoesNotFit(t *testing.T) {
	for way, cfg := range ways {
		t.Run(way, func(t *testing.T) {
			server := newWireServer(t, answering(okAnswer))
			single := newSingle(t, cfg, server.url(), &http.Client{})
			tracer := &countingTracer{}
			senders := map[string]sender{
				"single": single, "traced": NewTraced(single.caller, tracer), "dry run": NewDryRun(single.api, zap.NewNop()),
			}
			tooLong := profile.Parameter{Name: "n", Value: strings.Repeat("x", single.api.Limits().Bytes)}
			assert.False(t, profile.Fits(secretVisitor, tooLong.Name, tooLong.Value, single.api.Limits().Bytes))
			for name, s := range senders {
				for what, parameters := range map[string][]profile.Parameter{
					"too long": {tooLong, secretTier}, "nothing": nil,
				} {
					carried, answer := s.Send(t.Context(), secretVisitor, parameters)
					assert.Zero(t, carried, "%s, %s", name, what)
					assert.Equal(t, Answer{Verdict: NotSent}, answer, "%s, %s", name, what)
				}
			}
			assert.Empty(t, server.seen())
			assert.Zero(t, tracer.begun)
		})
	}
}

func TestSend_AgreesWithFits(t *testing.T) {
	for way, cfg := range ways {
		t.Run(way, func(t *testing.T) {
			server := newWireServer(t, answering(okAnswer))
			single := newSingle(t, cfg, server.url(), &http.Client{})
			room := single.api.Limits().Bytes - len("mboxPC="+secretID+"&profile.n=")
			for length, fits := range map[int]bool{0: true, 1: true, room: true, room + 1: false} {
				p := profile.Parameter{Name: "n", Value: strings.Repeat("x", length)}
				assert.Equal(t, fits, profile.Fits(secretVisitor, p.Name, p.Value, single.api.Limits().Bytes), length)
				carried, _ := single.Send(t.Context(), secretVisitor, []profile.Parameter{p})
				assert.Equal(t, fits, carried == 1, length)
			}
		})
	}
}

func BenchmarkCompose(b *testing.B) {
	api, err := NewSingle(postBody, "https://acme.tt.omtrdc.net", "acme")
	require.NoError(b, err)
	for _, n := range []int{1, 5, 50} {
		parameters := make([]profile.Parameter, n)
		for i := range parameters {
			parameters[i] = profile.Parameter{Name: "attribute" + strconv.Itoa(i), Value: "Müller & Söhne"}
		}
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, carried := api.compose(secretVisitor, parameters); carried != n {
					b.Fatal(carried)
				}
			}
		})
	}
}
