// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSingle_BehavesAsItIsSet(t *testing.T) {
	const code, literal = "/m2/acme/profile/update", "/m2/client/profile/update"
	gold := func(more string) string { return goldUpdate + more }
	for _, test := range []struct {
		name        string
		single      Single
		path        string
		query, body string
		status      int
		value       string // of tier, "" for none
	}{
		{"the code alone: the code", Single{Segment: SegmentCode}, code, "", gold(""), 200, "gold"},
		{"the code alone: the word", Single{Segment: SegmentCode}, literal, "", gold(""), 404, ""},
		{"the word alone: the word", Single{Segment: SegmentLiteral}, literal, "", gold(""), 200, "gold"},
		{"the word alone: the code", Single{Segment: SegmentLiteral}, code, "", gold(""), 404, ""},
		{"the body alone: the body", Single{Place: PlaceBody}, code, "", gold(""), 200, "gold"},
		{"the body alone: the query", Single{Place: PlaceBody}, code, gold(""), "", 400, ""},
		{"the query alone: the query", Single{Place: PlaceQuery}, code, gold(""), "", 200, "gold"},
		{"the query alone: the body", Single{Place: PlaceQuery}, code, "", gold(""), 400, ""},
		{"unknown visitors are refused", Single{RefuseUnknown: true}, code, "", gold(""), 200, ""},
		{"known visitors are not", Single{RefuseUnknown: true}, code, "", "mboxPC=1&profile.tier=gold", 200, "gold"},
		{"a value of the most characters", Single{ValueLength: 4}, code, "", gold(""), 200, "gold"},
		{"a value of more", Single{ValueLength: 3}, code, "", gold(""), 200, ""},
		{"a value of more is cut", Single{ValueLength: 3, CutValues: true}, code, "", gold(""), 200, "gol"},
		{"a name of more characters", Single{NameLength: 3}, code, "", gold(""), 200, ""},
		{"as many parameters as there may be", Single{Parameters: 2}, code, "", gold("&profile.a=1"), 200, "gold"},
		{"more parameters", Single{Parameters: 1}, code, "", gold("&profile.a=1"), 200, ""},
		{"a body of more bytes", Single{BodyBytes: 10}, code, "", gold(""), 413, ""},
		{"blanks are taken away", Single{TrimValues: true}, code, "", gold("%20"), 200, "gold"},
		{"blanks are kept", Single{}, code, "", gold("%20"), 200, "gold "},
	} {
		t.Run(test.name, func(t *testing.T) {
			known := Visitor{Parameter: MboxPC, ID: "1"}
			settings := Settings{ClientCode: "acme", Single: test.single}
			if test.single.RefuseUnknown {
				settings.Known = []Visitor{known}
			}
			e := newEmulator(t, settings)
			status, body := serve(t, e, newRequest(t, http.MethodPost, "http://127.0.0.1"+test.path, test.query, test.body))

			assert.Equal(t, test.status, status, body)
			profiles := e.Profiles()
			if test.value == "" {
				assert.Empty(t, profiles)
				assert.NotContains(t, body, "<success>true")
				return
			}
			require.Len(t, profiles, 1)
			assert.Equal(t, test.value, profiles[0].Attributes["tier"].Value)
		})
	}
}

func TestSingle_ShowsUpdatesAfterTheLag(t *testing.T) {
	clock := newClock()
	e := newEmulator(t, Settings{ClientCode: "acme", Single: Single{Lag: time.Minute}, Now: clock.now})
	serve(t, e, postForm(t, goldUpdate))
	fetch := func() string {
		status, body := serve(t, e, newRequest(t, http.MethodGet, "http://127.0.0.1/rest/v1/profiles/thirdPartyId/crm-1", "client=acme", ""))
		assert.Equal(t, http.StatusOK, status)
		return body
	}
	assert.NotContains(t, fetch(), "gold")
	clock.advance(time.Minute)
	assert.Contains(t, fetch(), "gold")
}

func TestSingle_IsSetByTheControl(t *testing.T) {
	e := newEmulator(t, Settings{ClientCode: "acme"})
	put := func(body string) (int, string) {
		return serve(t, e, newRequest(t, http.MethodPut, "http://127.0.0.1/_emulator/single", "", body))
	}
	for _, wrong := range []string{
		`{"segment":"both"}`, `{"place":"header"}`, `{"value_length":-1}`, `{"name_length":129}`, `{"body_bytes":60001}`, `{"cut_values":true}`,
		`{"lag":"-1s"}`, `{"other":1}`,
	} {
		status, _ := put(wrong)
		assert.Equal(t, http.StatusBadRequest, status, wrong)
	}
	status, body := put(`{"segment":"literal","place":"query","refuse_unknown":true,"value_length":1,"name_length":1,"parameters":1,"body_bytes":1,` +
		`"cut_values":true,"trim_values":true,"lag":"1h"}`)
	assert.Equal(t, http.StatusNoContent, status, body)
	assert.Equal(t, Single{
		Segment: SegmentLiteral, Place: PlaceQuery, RefuseUnknown: true, ValueLength: 1, NameLength: 1, Parameters: 1, BodyBytes: 1,
		CutValues: true, TrimValues: true, Lag: time.Hour,
	}, *e.single.Load())

	e.Reset()
	status, body = serve(t, e, postForm(t, goldUpdate))
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "<success>true")
}
