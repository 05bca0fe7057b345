// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

func TestTheSummaryReadsAsTheGoldenText(t *testing.T) {
	s := summary{
		data:  "testdata/actions.jsonl",
		lines: 1234,
		account: account{
			read: 1234, outbox: 4, carried: 1200, updates: 200,
			records: map[ending]int{
				{"delivered", ""}: 1200, {"skipped", "condition"}: 20, {"skipped", "no_visitor"}: 3,
				{"skipped", "invalid_visitor"}: 3, {"rejected", "refused"}: 1, {"rejected", "status_413"}: 1,
			},
			dropped: map[string]int{"null": 30, "reserved_name": 4},
			calls:   map[call]int{{"delivered", "200", ""}: 200, {"rejected", "200", "refused"}: 1, {"not_now", "", "timeout"}: 2, {"not_now", "503", "503"}: 1, {"not_now", "429", "429"}: 0},
		},
		stats:    emulator.Stats{Attempts: 204, Visitors: 199, Parameters: 2150},
		examples: []emulator.Profile{profileOf(emulator.MboxPC, "1368007744041-575948.01_00", 3), profileOf(emulator.Mbox3rdPartyID, "Müller & Söhne", 15)},
	}
	var out bytes.Buffer
	s.write(&out)
	writePlaces(&out, places{emulator: "http://127.0.0.1:8089", metrics: "http://127.0.0.1:8888/metrics"},
		"examples/demo.yaml", "collector.log", &s.examples[1])

	golden, err := os.ReadFile(filepath.Join("testdata", "summary.txt"))
	require.NoError(t, err)
	assert.Equal(t, string(golden), out.String())
}

func TestTheSummaryOfUploadsTellsRowsAndWhatWentBesideThem(t *testing.T) {
	var out bytes.Buffer
	summary{
		account: account{calls: map[call]int{{"delivered", "200", ""}: 1_046}},
		stats:   emulator.Stats{Uploads: 2, Rows: 40_000, Statuses: 4, Attempts: 1_040},
	}.writeCalls(&out)
	assert.Contains(t, out.String(), `
  made                      1,046  1,046 seen by the emulator
    delivered               1,046  status 200
  uploads                       2  40,000 rows in all, a visitor each
  statuses                      4  asked for, of these uploads
  single updates            1,040  of what uploads do not carry
  visitors                      0  updated
`)
}

func TestASummaryOfNothingHasNoExamplesAndNoVisitorToLookAt(t *testing.T) {
	var out bytes.Buffer
	summary{data: "empty.jsonl"}.write(&out)
	writePlaces(&out, places{}, "demo.yaml", "collector.log", nil)
	assert.NotContains(t, out.String(), "Profiles")
	assert.NotContains(t, out.String(), "one visitor")
}

func TestNumbersAreGrouped(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -100: "-100", -1000: "-1,000"} {
		assert.Equal(t, want, grouped(n))
	}
}

func TestValuesAreShownSoThatAllOfThemCanBeSeen(t *testing.T) {
	for name, tt := range map[string]struct{ value, want string }{
		"plain text stays":             {"gold", "gold"},
		"UTF-8 stays":                  {"東京 🎉", "東京 🎉"},
		"line breaks are quoted":       {"a\r\nb", `"a\r\nb"`},
		"white space around is quoted": {"  x ", `"  x "`},
		"a long value is cut":          {strings.Repeat("ü", 5000), strings.Repeat("ü", 60) + " ... (5,000 characters)"},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tt.want, readable(tt.value)) })
	}
}

func TestExamplesAreTheFullestOfEachKind(t *testing.T) {
	profiles := []emulator.Profile{
		profileOf(emulator.Mbox3rdPartyID, "crm-1", 2),
		profileOf(emulator.Mbox3rdPartyID, "crm-2", 5),
		profileOf(emulator.Mbox3rdPartyID, "crm-3", 5),
		profileOf(emulator.Mbox3rdPartyID, "a & b", 9),
		profileOf(emulator.MboxPC, "1-2.3_0", 1),
	}
	ids := []string{}
	for _, p := range chooseExamples(profiles) {
		ids = append(ids, p.ID)
	}
	assert.Equal(t, []string{"crm-2", "1-2.3_0", "a & b"}, ids)
	assert.Empty(t, chooseExamples(nil))
}

func TestTheFetchURLNamesTheVisitorEncoded(t *testing.T) {
	third := profileOf(emulator.Mbox3rdPartyID, "a b/ü?&+", 0)
	assert.Equal(t, "http://h/rest/v1/profiles/thirdPartyId/a%20b%2F%C3%BC%3F%26%2B?client=demo", fetchURL("http://h", &third))
	pc := profileOf(emulator.MboxPC, "1-2.3_0", 0)
	assert.Equal(t, "http://h/rest/v1/profiles/1-2.3_0?client=demo", fetchURL("http://h", &pc))
}

func profileOf(parameter, id string, attributes int) emulator.Profile {
	p := emulator.Profile{
		Client: "demo", Parameter: parameter, ID: id,
		ModifiedAt: time.Unix(0, 0), Attributes: map[string]emulator.Attribute{},
	}
	for i := range attributes {
		p.Attributes["attribute"+string(rune('A'+i))] = emulator.Attribute{Value: "value " + string(rune('a'+i))}
	}
	return p
}
