// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUpdatesThatAreAccepted(t *testing.T) {
	long := func(n int) string { return strings.Repeat("é", n) }
	escaped := url.QueryEscape
	for _, test := range []struct {
		name      string
		encoded   string
		visitor   Visitor
		parameter string
		value     string
	}{
		{"a third-party id", goldUpdate, Visitor{Mbox3rdPartyID, "crm-1"}, "tier", "gold"},
		{"a pcId with its node", "mboxPC=1368007744041-575948.01_00&profile.tier=gold", Visitor{MboxPC, "1368007744041-575948.01_00"}, "tier", "gold"},
		{"a pcId without a node", "mboxPC=1368&profile.tier=gold", Visitor{MboxPC, "1368"}, "tier", "gold"},
		{"a pcId of 128 characters", "mboxPC=" + escaped(long(128)) + "&profile.a=b", Visitor{MboxPC, long(128)}, "a", "b"},
		{"a third-party id of 128 characters", "mbox3rdPartyId=" + escaped(long(128)) + "&profile.a=b", Visitor{Mbox3rdPartyID, long(128)}, "a", "b"},
		{"a third-party id with dots and spaces", "mbox3rdPartyId=+a.b.c%20&profile.a=b", Visitor{Mbox3rdPartyID, " a.b.c "}, "a", "b"},
		{"the visitor may come last", "profile.a=b&mbox3rdPartyId=crm-1", Visitor{Mbox3rdPartyID, "crm-1"}, "a", "b"},
		{"the visitor's name may be escaped", "mbox%50C=1&profile.a=b", Visitor{MboxPC, "1"}, "a", "b"},
		{"a name of 128 characters", "mboxPC=1&profile." + escaped(long(128)) + "=b", Visitor{MboxPC, "1"}, long(128), "b"},
		{"a dotted name", "mboxPC=1&profile.store.last.id=7", Visitor{MboxPC, "1"}, "store.last.id", "7"},
		{"a name that only begins like a built-in", "mboxPC=1&profile.browserTimes=b&profile.users=c", Visitor{MboxPC, "1"}, "users", "c"},
		{"a value of markup and separators", "mboxPC=1&profile.a=R%26D+%231+50%25+%3Cb%3E", Visitor{MboxPC, "1"}, "a", "R&D #1 50% <b>"},
		{"a value with a newline", "mboxPC=1&profile.a=b%0D%0Ac", Visitor{MboxPC, "1"}, "a", "b\r\nc"},
		{"a value beyond the basic plane", "mboxPC=1&profile.a=%F0%9F%8E%81", Visitor{MboxPC, "1"}, "a", "🎁"},
		{"a value of spaces", "mboxPC=1&profile.a=++", Visitor{MboxPC, "1"}, "a", "  "},
	} {
		for way, r := range threeWays(t, test.encoded) {
			t.Run(test.name+" "+way, func(t *testing.T) {
				e := newEmulator(t, Settings{})
				status, body := serve(t, e, r)

				assert.Equal(t, http.StatusOK, status)
				assert.Equal(t, submittedXML, body)
				profile, found := e.Profile(test.visitor.Parameter, test.visitor.ID)
				require.True(t, found)
				assert.Equal(t, test.value, profile.Attributes[test.parameter].Value)
				assert.Equal(t, 1, e.Stats().Accepted)
				assert.Equal(t, 1, e.Stats().Applied)
			})
		}
	}
}

// threeWays gives parameters to the API as a GET, a POST with a form and a POST with a query.
func threeWays(t *testing.T, encoded string) map[string]*http.Request {
	t.Helper()
	return map[string]*http.Request{
		"by GET":             newRequest(t, http.MethodGet, updateURL, encoded, ""),
		"by POST with body":  postForm(t, encoded),
		"by POST with query": newRequest(t, http.MethodPost, updateURL, encoded, ""),
	}
}

func TestUpdatesThatAreMalformed(t *testing.T) {
	long := strings.Repeat("a", 129)
	for name, encoded := range map[string]string{
		"no parameter at all":                      "",
		"no visitor":                               "profile.a=b",
		"a visitor twice":                          "mboxPC=1&mboxPC=1&profile.a=b",
		"a visitor twice by an escape":             "mboxPC=1&mbox%50C=1&profile.a=b",
		"both kinds of visitor":                    "mboxPC=1&mbox3rdPartyId=2&profile.a=b",
		"both kinds of visitor, one empty":         "mboxPC=1&mbox3rdPartyId=&profile.a=b",
		"an Experience Cloud ID":                   "mboxMCGVID=1&profile.a=b",
		"an empty pcId":                            "mboxPC=&profile.a=b",
		"an empty third-party id":                  "mbox3rdPartyId=&profile.a=b",
		"a pcId of 129 characters":                 "mboxPC=" + long + "&profile.a=b",
		"a pcId with two dots":                     "mboxPC=1.2.3&profile.a=b",
		"a pcId with a control character":          "mboxPC=1%00&profile.a=b",
		"a third-party id of 129 characters":       "mbox3rdPartyId=" + long + "&profile.a=b",
		"a third-party id with a plus":             "mbox3rdPartyId=a%2Bb&profile.a=b",
		"a third-party id with a slash":            "mbox3rdPartyId=a%2Fb&profile.a=b",
		"a third-party id with a newline":          "mbox3rdPartyId=a%0Ab&profile.a=b",
		"a third-party id with a C1 control":       "mbox3rdPartyId=a%C2%85b&profile.a=b",
		"the wrong case of a visitor":              "mboxpc=1&profile.a=b",
		"a parameter without profile.":             "mboxPC=1&a=b",
		"a parameter with Profile.":                "mboxPC=1&Profile.a=b",
		"the bare prefix":                          "mboxPC=1&profile.=b",
		"the prefix without its dot":               "mboxPC=1&profile=b",
		"a name of 129 characters":                 "mboxPC=1&profile." + long + "=b",
		"a name with a control character":          "mboxPC=1&profile.a%09=b",
		"a name twice":                             "mboxPC=1&profile.a=b&profile.a=c",
		"a name twice by an escape":                "mboxPC=1&profile.a=b&profile%2Ea=c",
		"a script's name":                          "mboxPC=1&profile.user.a=b",
		"one of Target's own names":                "mboxPC=1&profile.mboxHost=b",
		"the geolocation":                          "mboxPC=1&profile.geolocation.city=b",
		"the mobile device":                        "mboxPC=1&profile.mobile.model=b",
		"the browser's time":                       "mboxPC=1&profile.browserTime=b",
		"the number of sessions":                   "mboxPC=1&profile.sessionCount=1",
		"the average of days between visits":       "mboxPC=1&profile.averageDaysBetweenVisits=1",
		"a form that is not encoded":               "mboxPC=1&profile.a=R&D #1 50%",
		"an empty value beside a reserved name":    "mboxPC=1&profile.a=&profile.user.b=c",
		"a percent-escape that is none":            "mboxPC=1&profile.a=50%",
		"a value that is not UTF-8":                "mboxPC=1&profile.a=%ff",
		"a smuggled visitor":                       "mbox3rdPartyId=1&profile.a=b&mbox3rdPartyId=2",
		"a bulk update":                            "batch=thirdPartyId,a%0A1,b",
		"a session parameter beside a good update": goldUpdate + "&mboxSession=1",
	} {
		for way, r := range threeWays(t, encoded) {
			t.Run(name+" "+way, func(t *testing.T) {
				e := newEmulator(t, Settings{})
				status, body := serve(t, e, r)

				assert.Equal(t, http.StatusBadRequest, status)
				assertFailureWithoutData(t, body)
				assert.Equal(t, map[int]int{400: 1}, e.Stats().Malformed)
				assert.Empty(t, e.Profiles())
			})
		}
	}
}

func assertFailureWithoutData(t *testing.T, body string) {
	t.Helper()
	var response struct {
		Success bool   `xml:"success"`
		Message string `xml:"message"`
	}
	require.NoError(t, xml.Unmarshal([]byte(body), &response))
	assert.False(t, response.Success)
	assert.NotEmpty(t, response.Message)
	assert.NotContains(t, body, "crm-1")
	assert.NotContains(t, body, "gold")
}

func TestUpdatesThatAreRefusedAlthoughWellFormed(t *testing.T) {
	for name, encoded := range map[string]string{
		"no profile parameter":               "mboxPC=1",
		"an empty value":                     "mboxPC=1&profile.a=",
		"an empty value beside a good value": "mboxPC=1&profile.a=b&profile.c=",
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Settings{})
			status, body := serve(t, e, postForm(t, encoded))

			assert.Equal(t, http.StatusOK, status)
			assertFailureWithoutData(t, body)
			assert.Equal(t, 1, e.Stats().Refused)
			assert.Empty(t, e.Profiles())
		})
	}
}

func TestLongerThirdPartyIDsCanBeAllowed(t *testing.T) {
	e := newEmulator(t, Settings{ThirdPartyIDLength: 256})
	status, _ := serve(t, e, postForm(t, "mbox3rdPartyId="+strings.Repeat("a", 256)+"&profile.a=b"))
	assert.Equal(t, http.StatusOK, status)
	status, _ = serve(t, e, postForm(t, "mbox3rdPartyId="+strings.Repeat("a", 257)+"&profile.a=b"))
	assert.Equal(t, http.StatusBadRequest, status)
}

func TestTheTextForm(t *testing.T) {
	e := newEmulator(t, Settings{Plain: true})
	recorded := httptest.NewRecorder()
	e.ServeHTTP(recorded, postForm(t, goldUpdate))
	assert.Equal(t, "trueRequest successfully submitted", recorded.Body.String())
	assert.Equal(t, "text/plain; charset=utf-8", recorded.Header().Get("Content-Type"))

	_, body := serve(t, e, postForm(t, "mboxPC=1"))
	assert.Equal(t, "falseno profile parameter is given", body)
}

func TestParametersThatAreNotSentStayAsTheyAre(t *testing.T) {
	c := newClock()
	e := newEmulator(t, Settings{Now: c.now})
	first := c.now()
	serve(t, e, postForm(t, "mbox3rdPartyId=crm-1&profile.tier=silver&profile.store=7"))
	c.advance(1)
	serve(t, e, postForm(t, goldUpdate))

	profile, found := e.Profile(Mbox3rdPartyID, "crm-1")
	require.True(t, found)
	assert.Equal(t, Profile{
		Client: "acme", Parameter: Mbox3rdPartyID, ID: "crm-1", ModifiedAt: c.now(),
		Attributes: map[string]Attribute{"tier": {"gold", c.now()}, "store": {"7", first}},
	}, profile)
	stats := e.Stats()
	assert.Equal(t, 1, stats.Visitors)
	assert.Equal(t, 2, stats.Parameters)
	assert.Equal(t, 3, stats.AppliedParameters)
}

func TestAnUnknownVisitorIsAnsweredLikeAnyOther(t *testing.T) {
	e := newEmulator(t, Settings{Known: []Visitor{{Mbox3rdPartyID, "crm-1"}, {MboxPC, "1.01_00"}}})
	for _, encoded := range []string{
		goldUpdate,
		"mboxPC=crm-1&profile.a=b",
		"mbox3rdPartyId=crm-2&profile.a=b",
	} {
		status, body := serve(t, e, postForm(t, encoded))
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, submittedXML, body)
	}

	assert.Equal(t, 3, e.Stats().Accepted)
	assert.Equal(t, 2, e.Stats().UnknownVisitors)
	assert.Equal(t, 1, e.Stats().Applied)
	require.Len(t, e.Profiles(), 1)
	assert.Equal(t, "crm-1", e.Profiles()[0].ID)
}

func TestNobodyIsKnownWhenTheListIsEmpty(t *testing.T) {
	e := newEmulator(t, Settings{Known: []Visitor{}})
	serve(t, e, postForm(t, goldUpdate))
	assert.Equal(t, 1, e.Stats().UnknownVisitors)
	assert.Empty(t, e.Profiles())
}
