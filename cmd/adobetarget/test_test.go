// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const passing = `# a comment stays
config: config.yaml

tests:
  - name: a visit
    records:
      - attributes: {customer.id: zoe, loyalty.tier: gold}
      - body: {profile: {a: 1}}
    expect:
      # as does this one
      calls: [{visitor: {mbox3rdPartyId: zoe}, parameters: {profile.loyaltyTier: gold}}]
      skipped: [{record: 2, reason: no_visitor, place: "exporters::adobe_target::visitor"}]

  - name: another visit
    match: contains
    records: [{attributes: {customer.id: amy}, body: {profile: {a: 1, b: 2}}}]
    expect: {calls: [{parameters: {profile.a: "1"}, route: single}]}
`

// folder writes files beside a configuration, and returns where.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	at := t.TempDir()
	config := []byte(strings.ReplaceAll(fileText(t, previewConfig), `      - {parameter: mboxPC, value: 'log.body["pcId"]'}`+"\n", ""))
	require.NoError(t, os.WriteFile(filepath.Join(at, "config.yaml"), config, 0o600))
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(at, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(at, name), []byte(text), 0o600))
	}
	return at
}

func TestTest_Ends(t *testing.T) {
	failing := strings.Replace(passing, "profile.loyaltyTier: gold", "profile.loyaltyTier: silver", 1)
	for _, test := range []struct {
		name  string
		files map[string]string
		args  []string
		code  int
		out   []string
		errs  string
	}{
		{
			"when all pass",
			map[string]string{"a.test.yaml": passing, "b/c.test.yaml": strings.Replace(passing, "config.yaml", "../config.yaml", 1), "d.yaml": "no test"},
			nil, exitOK,
			[]string{"4 tests: 4 passed, 0 failed"},
			"",
		},
		{"when one fails", map[string]string{"a.test.yaml": failing}, nil, exitFailure, []string{
			"a.test.yaml:5: a visit", "    call 1 (line 11)\n", `      - profile.loyaltyTier: "silver"` + "\n", `      + profile.loyaltyTier: "gold"` + "\n", "2 tests: 1 passed, 1 failed",
		}, "1 test failed"},
		{"when those that are chosen pass", map[string]string{"a.test.yaml": failing}, []string{"--run", "^another"}, exitOK, []string{"1 test: 1 passed"}, ""},
		{"when none is chosen", map[string]string{"a.test.yaml": passing}, []string{"--run", "none"}, exitFailure, []string{"0 tests"}, "--run: no test has a name that matches"},
		{"with an expression that is none", map[string]string{"a.test.yaml": passing}, []string{"--run", "("}, exitUsage, nil, "--run: error parsing"},
		{"without tests in a file", map[string]string{"a.test.yaml": "config: config.yaml\ntests: []\n"}, nil, exitUsage, []string{"tests: there are none"}, "1 file could not be run"},
		{
			"with another file that cannot be read",
			map[string]string{"a.test.yaml": "tests: 1", "b.test.yaml": passing},
			nil, exitUsage,
			[]string{"a.test.yaml: cannot be run\n", "line 1: tests must be a list", "2 tests: 2 passed"},
			"1 file could not be run",
		},
		{
			"with a configuration that is wrong",
			map[string]string{"a.test.yaml": strings.Replace(passing, "config: config.yaml", "config: [config.yaml, 'yaml:exporters::adobe_target::concurrency: 0']", 1)},
			nil, exitUsage,
			[]string{"exporters::adobe_target: concurrency: must be at least 1"},
			"could not be run",
		},
		{"without any file", nil, nil, exitUsage, nil, "has no files *.test.yaml"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := shown(t, "", append([]string{"test", folder(t, test.files)}, test.args...)...)

			assert.Equal(t, test.code, code, stdout+stderr)
			for _, says := range test.out {
				assert.Contains(t, stdout, says)
			}
			if test.errs == "" {
				assert.Empty(t, stderr)
			}
			assert.Contains(t, stderr, test.errs)
		})
	}
	code, _, stderr := shown(t, "", "test")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "name a file of tests")
	code, _, _ = shown(t, "", "test", "nowhere.test.yaml")
	assert.Equal(t, exitUsage, code)
}

func TestTest_EndsWithAnInterrupt(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(ended(t), []string{"test", folder(t, map[string]string{"a.test.yaml": passing, "b.test.yaml": passing})}, nil, &stdout, &stderr)

	assert.Equal(t, exitFailure, code)
	assert.Equal(t, "adobetarget: interrupted\n", stderr.String())
	assert.NotContains(t, stdout.String(), "b.test.yaml")
}

func TestTest_UpdateLeavesWhatPassesAsItIs(t *testing.T) {
	failing := strings.Replace(passing, "profile.a: \"1\"", "profile.a: \"2\"", 1)
	failing = strings.Replace(failing, "    match: contains\n", "    # of amy\n    match: contains\n", 1)
	at := folder(t, map[string]string{"a.test.yaml": failing, "b.test.yaml": passing})

	code, stdout, stderr := shown(t, "", "test", "--update", at)

	assert.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "updated "+filepath.Join(at, "a.test.yaml")+":14: another visit")
	updated := fileText(t, filepath.Join(at, "a.test.yaml"))
	begin, _, _ := strings.Cut(failing, "    expect: {calls")
	assert.Equal(t, begin+`    expect:
      calls:
        - records: [1]
          visitor: {mbox3rdPartyId: amy}
          parameters:
            profile.a: "1"
            profile.b: "2"
`, updated)
	assert.Equal(t, passing, fileText(t, filepath.Join(at, "b.test.yaml")))
	code, _, _ = shown(t, "", "test", at)
	assert.Equal(t, exitOK, code)
}

func TestTest_WritesAReportForCI(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report.xml")
	at := folder(t, map[string]string{"a.test.yaml": strings.Replace(passing, "profile.loyaltyTier: gold", "profile.loyaltyTier: a<b", 1), "b.test.yaml": "tests: 1"})

	code, _, _ := shown(t, "", "test", "--junit", report, at)

	assert.Equal(t, exitUsage, code)
	type message struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	var read struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Suites   []struct {
			Name  string `xml:"name,attr"`
			Cases []struct {
				Class   string   `xml:"classname,attr"`
				Name    string   `xml:"name,attr"`
				Failure *message `xml:"failure"`
				Error   *message `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal([]byte(fileText(t, report)), &read))
	assert.Equal(t, []int{3, 1, 1}, []int{read.Tests, read.Failures, read.Errors})
	require.Len(t, read.Suites, 2)
	require.Len(t, read.Suites[0].Cases, 2)
	failed := read.Suites[0].Cases[0]
	assert.Equal(t, "a visit", failed.Name)
	assert.Equal(t, filepath.Join(at, "a.test.yaml"), failed.Class)
	assert.Equal(t, filepath.Join(at, "a.test.yaml")+":5", failed.Failure.Message)
	assert.Contains(t, failed.Failure.Text, `- profile.loyaltyTier: "a<b"`)
	assert.Nil(t, read.Suites[0].Cases[1].Failure)
	assert.Contains(t, read.Suites[1].Cases[0].Error.Text, "tests must be a list")
}

func TestTest_ReplacesNoTestsByTheirReport(t *testing.T) {
	at := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(at, "config.yaml"), []byte(blocks(t, "yaml")[0]), 0o600))
	tests, report := filepath.Join(at, "store.test.yaml"), filepath.Join(at, "report.xml")
	text := blocks(t, "yml")[0]
	require.NoError(t, os.WriteFile(tests, []byte(text), 0o600))
	require.NoError(t, os.Symlink(tests, report))

	code, _, stderr := shown(t, "", "test", "--junit", report, at)

	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "--junit: is a file of tests")
	left, err := os.ReadFile(tests) //nolint:gosec // the test's own file
	require.NoError(t, err)
	assert.Equal(t, text, string(left))
}
