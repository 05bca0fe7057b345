// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mappingtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

const settings = `
exporters:
  adobe_target:
    client_code: acme
    visitor: [{parameter: mbox3rdPartyId, attribute: id}]
    profile: [{prefix: p.}, {value: 'log.body'}]
    conditions: ['log.attributes["channel"] != "online"']
`

// written writes a file of tests beside a configuration, and returns its path.
func written(tb testing.TB, text string) string {
	tb.Helper()
	at := tb.TempDir()
	require.NoError(tb, os.WriteFile(filepath.Join(at, "config.yaml"), []byte(settings), 0o600))
	require.NoError(tb, os.WriteFile(filepath.Join(at, "records.jsonl"), []byte(`{"id":"zoe","p.a":1}`+"\n"+`{"channel":"online"}`), 0o600))
	path := filepath.Join(at, "a.test.yaml")
	require.NoError(tb, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func ran(tb testing.TB, text string) []*Result {
	tb.Helper()
	file, err := Read(written(tb, text))
	require.NoError(tb, err)
	results, err := file.Run(tb.Context(), func(string) bool { return true }, zap.NewNop())
	require.NoError(tb, err)
	return results
}

// testOf is a file with one test, which has further members.
func testOf(members string) string {
	return "config: config.yaml\ntests:\n- name: one\n" + members + "\n"
}

const record = "  records: [{attributes: {id: zoe, p.a: x}}]\n"

func TestFile_RefusesWhatItDoesNotKnow(t *testing.T) {
	for _, test := range []struct{ name, text, says string }{
		{"nothing", "", "the file is empty"},
		{"no YAML", "a: [", "yaml: line 1"},
		{"a list", "- a", "line 1: the file must be a map"},
		{"two documents", testOf(record+"  expect: {calls: [{records: [1]}]}\n  match: contains") + "---\na: b", "more than one document"},
		{"an unknown key", "config: c\ntest: []", `line 2: unknown key "test" of the file; allowed: config, exporter, tests`},
		{"a key that is given twice", "config: c\nconfig: c", `already defined`},
		{"an alias of itself", "config: &a [*a]", "contains itself"},
		{"no configuration", "tests: [{name: a, records: [{body: x}], expect: {skipped: [{record: 1, reason: no_visitor}]}}]", "config: required"},
		{"no tests", "config: config.yaml", "tests: there are none"},
		{"an unknown key of a test", testOf(record + "  expects: {}"), `line 5: unknown key "expects" of a test`},
		{"a test without a name", "config: c\ntests:\n- records: [{body: x}]", "line 3: name: required"},
		{"no records", testOf("  match: exact"), "line 3: write records or records_file"},
		{"records twice", testOf(record + "  records_file: records.jsonl"), "line 3: write records or records_file"},
		{"an empty list of records", testOf("  records: []"), "line 3: there are no records"},
		{"a file that is not there", testOf("  records_file: nowhere"), "line 3: records_file: open"},
		{"a file that cannot be read", testOf("  records_file: records.jsonl\n  as: record"), "line 1: a record has the keys"},
		{"a form without a file", testOf(record + "  as: body"), "line 3: as: is for records_file"},
		{"an unknown form", testOf("  records_file: records.jsonl\n  as: csv"), `line 3: as: "csv" is unknown`},
		{"an unknown match", testOf(record + "  match: like"), `line 3: match: "like" is unknown`},
		{"a merge that is none", testOf(record + "  merge: perhaps"), "line 5: merge must be true or false"},
		{"a record that is none", testOf("  records: [x]"), "line 4: a record must be a map"},
		{"an unknown key of a record", testOf("  records:\n  - {attribs: {}}"), "line 5: records: a record has the keys"},
		{"a time that is none", testOf("  records: [{time: today}]"), "line 4: records: time: must be a time"},
		{"no expectation", testOf(record + "  expect: {}"), "line 5: expect: expects nothing"},
		{"empty expectations", testOf(record + "  expect: {calls: [], skipped: []}"), "line 5: expect: expects nothing"},
		{"an unknown expectation", testOf(record + "  expect: {drops: []}"), `line 5: unknown key "drops" of expect`},
		{"a call of nothing", testOf(record + "  match: contains\n  expect: {calls: [{}]}"), "line 6: a call must expect something"},
		{"a call without parameters", testOf(record + "  expect: {calls: [{visitor: {mbox3rdPartyId: zoe}}]}"), "line 5: a call needs visitor and parameters"},
		{"an unknown visitor", testOf(record + "  expect: {calls: [{visitor: {tntId: zoe}, parameters: {profile.a: x}}]}"), `line 5: visitor: "tntId" is not a visitor parameter`},
		{"a parameter that is not called so", testOf(record + "  expect: {calls: [{visitor: {mbox3rdPartyId: zoe}, parameters: {a: x}}]}"), `line 5: parameters: "a" must be written as profile.a`},
		{"a parameter without a value", testOf(record + "  expect: {calls: [{visitor: {mbox3rdPartyId: zoe}, parameters: {profile.a: }}]}"), `the value of "profile.a" must be a text`},
		{"an unknown route", testOf(record + "  expect: {calls: [{visitor: {mbox3rdPartyId: zoe}, parameters: {profile.a: x}, route: post}]}"), `line 5: route: "post" is unknown`},
		{"a record of number 0", testOf(record + "  expect: {skipped: [{record: 0, reason: no_visitor}]}"), "line 5: record must be the number of a record"},
		{"a skip of no record", testOf(record + "  expect: {skipped: [{reason: no_visitor}]}"), "line 5: record: required"},
		{"a skip that is named twice", testOf(record + "  expect:\n    skipped:\n    - {record: 1, reason: no_visitor}\n    - {record: 1, reason: no_visitor}"), "line 8: record: 1 is named twice"},
		{"a call of no records", testOf(record + "  match: contains\n  expect: {calls: [{records: [], visitor: {mbox3rdPartyId: zoe}}]}"), "line 6: records: there are none"},
		{"a record that is merged", testOf("  records:\n  - attributes: &a {id: zoe}\n  - attributes:\n      <<: *a"), "line 7: << is not read in records"},
		{"a number that YAML takes for octal", testOf("  records: [{attributes: {id: 0017}}]"), "line 4: a number with zeros before it is another one"},
		{"a number that loses its zeros", testOf("  records: [{attributes: {id: 0089}}]"), "line 4: a number with zeros before it is another one"},
		{"an unknown reason", testOf(record + "  expect: {skipped: [{record: 1, reason: nobody}]}"), `line 5: reason: "nobody" is unknown, use one of condition,`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read(written(t, test.text))

			require.ErrorContains(t, err, test.says)
		})
	}
}

func TestFile_Passes(t *testing.T) {
	const call = "visitor: {mbox3rdPartyId: zoe}, parameters: {profile.a: x}"
	for _, test := range []struct{ name, members string }{
		{"a call", record + "  expect: {calls: [{" + call + "}]}"},
		{"with records and route", record + "  match: exact\n  expect: {calls: [{" + call + ", records: [1], route: single}]}"},
		{"a parameter of several", "  records: [{attributes: {id: zoe, p.a: x, p.b: y}}]\n  match: contains\n  expect: {calls: [{" + call + "}]}"},
		{"a visitor of several", "  records: [{attributes: {id: amy, p.a: x}}, {attributes: {id: zoe, p.a: x}}]\n  match: contains\n  expect: {calls: [{visitor: {mbox3rdPartyId: zoe}}]}"},
		{"a call of which more is said than of the one before", "  records: [{attributes: {id: zoe, p.a: x}}, {attributes: {id: amy, p.a: x}}]\n  match: contains\n  expect: {calls: [{parameters: {profile.a: x}}, {visitor: {mbox3rdPartyId: zoe}}]}"},
		{"records that merge", "  records: [{attributes: {id: zoe, p.a: w}}, {attributes: {id: zoe, p.a: x}}]\n  expect: {calls: [{" + call + ", records: [1, 2]}]}"},
		{"records that do not", "  records: [{attributes: {id: zoe, p.a: w}}, {attributes: {id: zoe, p.a: x}}]\n  merge: false\n  expect: {calls: [{visitor: {mbox3rdPartyId: zoe}, parameters: {profile.a: w}}, {" + call + "}]}"},
		{"records of a file", "  records_file: records.jsonl\n  as: attributes\n  expect: {calls: [{visitor: {mbox3rdPartyId: zoe}, parameters: {profile.a: 1}}], skipped: [{record: 2, reason: condition, place: conditions}]}"},
		{"what only looks like a number or a date", "  records: [{attributes: {id: '007', p.a: 0x10, p.b: 2026-01-05, p.c: !!str 1, p.d: 1.50, p.e: 9007199254740993, p.f: yes}}]\n" +
			"  expect: {calls: [{visitor: {mbox3rdPartyId: 007}, parameters: {profile.a: 16, profile.b: 2026-01-05, profile.c: 1, profile.d: 1.5, profile.e: 9007199254740993, profile.f: yes}}]}"},
		{"an alias", "  records: [&r {attributes: {id: zoe, p.a: x}}, *r]\n  expect: {calls: [{" + call + "}]}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, r := range ran(t, testOf(test.members)) {
				assert.Empty(t, r.Differences)
			}
		})
	}
}

func TestFile_SaysWhatDiffers(t *testing.T) {
	two := "  records: [{attributes: {id: zoe, p.a: x}}, {attributes: {id: amy, p.a: y}}]\n"
	for _, test := range []struct {
		name, members string
		says          []string
	}{
		{"no expectation", record, []string{"the test has no expect, --update writes it"}},
		{
			"another value", record + "  expect: {calls: [{visitor: {mbox3rdPartyId: zoe}, parameters: {profile.a: z}}]}",
			[]string{"call 1 (line 5)", `  - profile.a: "z"`, `  + profile.a: "x"`},
		},
		{
			"another visitor, name, record and route", record + "  expect: {calls: [{visitor: {mboxPC: zoe}, parameters: {profile.b: x}, records: [2], route: bulk}]}",
			[]string{"call 1 (line 5)", `  - visitor mboxPC: "zoe"`, `  + visitor mbox3rdPartyId: "zoe"`, `  + profile.a: "x"`, `  - profile.b: "x"`, "  - records [2]", "  + records [1]", "  - route bulk", "  + route single"},
		},
		{
			"a call more", two + "  expect: {calls: [{visitor: {mbox3rdPartyId: zoe}, parameters: {profile.a: x}}]}",
			[]string{"call 2 is made and not expected", `  + visitor mbox3rdPartyId: "amy"`, `  + profile.a: "y"`, "  + records [2]"},
		},
		{
			"a call less", record + "  expect:\n    calls:\n    - {visitor: {mbox3rdPartyId: zoe}, parameters: {profile.a: x}}\n    - {visitor: {mbox3rdPartyId: amy}, parameters: {profile.a: x}, records: [2]}",
			[]string{"call 2 is expected (line 8) and not made", `  - visitor mbox3rdPartyId: "amy"`, `  - profile.a: "x"`, "  - records [2]"},
		},
		{
			"another value beside others", two + "  match: contains\n  expect: {calls: [{visitor: {mbox3rdPartyId: amy}, parameters: {profile.a: x}}]}",
			[]string{"call 1 (line 6) is not made", `  - profile.a: "x"`, `  + profile.a: "y"`},
		},
		{
			"a visitor of whom there is none", two + "  match: contains\n  expect: {calls: [{visitor: {mbox3rdPartyId: bob}, parameters: {profile.a: x}}]}",
			[]string{"call 1 (line 6) is not made", `  - visitor mbox3rdPartyId: "bob"`, `  - profile.a: "x"`},
		},
		{
			"a call that is expected twice", record + "  match: contains\n  expect: {calls: [{parameters: {profile.a: x}}, {parameters: {profile.a: x}}]}",
			[]string{"call 2 (line 6) is not made", `  - profile.a: "x"`},
		},
		{
			"a record that is not skipped", record + "  match: contains\n  expect: {skipped: [{record: 1, reason: no_visitor, place: visitor}]}",
			[]string{"record 1 is not skipped (line 6)", "  - no_visitor by visitor"},
		},
		{
			"another reason", "  records: [{body: {a: 1}}]\n  expect: {skipped: [{record: 1, reason: condition}]}",
			[]string{"record 1 is skipped for another reason (line 5)", "  - condition", "  + no_visitor by visitor"},
		},
		{
			"another place", "  records: [{body: {a: 1}}]\n  expect: {skipped: [{record: 1, reason: no_visitor, place: 'visitor::1'}]}",
			[]string{"record 1 is skipped for another reason (line 5)", "  - no_visitor by visitor::1", "  + no_visitor by visitor"},
		},
		{
			"the place of another exporter", "  records: [{body: {a: 1}}]\n  expect: {skipped: [{record: 1, reason: no_visitor, place: 'exporters::adobe_target/b::visitor'}]}",
			[]string{"record 1 is skipped for another reason (line 5)", "  - no_visitor by exporters::adobe_target/b::visitor", "  + no_visitor by visitor"},
		},
		{
			"a record that is skipped too", "  records: [{attributes: {id: zoe, p.a: x}}, {body: {a: 1}}]\n  expect: {calls: [{visitor: {mbox3rdPartyId: zoe}, parameters: {profile.a: x}}]}",
			[]string{"record 2 is skipped, and that is not expected", "  + no_visitor by visitor"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			results := ran(t, testOf(test.members))

			require.Len(t, results, 1)
			assert.Equal(t, test.says, results[0].Differences)
			assert.False(t, results[0].Passed())
		})
	}
}

// What is written must be read again, and pass.
func TestFile_UpdatedPasses(t *testing.T) {
	odd := `"a\nb", "\tx ", 'yes', '1', '~', ' # no comment', '- no list', "\u2028", "back\\slash", 'colon: x'`
	for name, text := range map[string]string{
		"at the end of the file":      testOf(record),
		"without an end of the line":  strings.TrimSpace(testOf(record)),
		"in the middle":               testOf(record + "  expect:\n    calls:\n    # old\n    - {visitor: {mboxPC: a}, parameters: {profile.b: c}}\n\n  # behind\n  match: exact"),
		"first":                       "config: config.yaml\ntests:\n    -   expect: {skipped: [{record: 1, reason: condition}]}\n        name: one\n        records: [{attributes: {id: zoe, p.a: x}}]\n",
		"with the line ends of DOS":   strings.ReplaceAll(testOf(record+"  match: exact\n\n# the end"), "\n", "\r\n"),
		"with line ends of both":      "config: config.yaml\r\n" + strings.TrimPrefix(testOf(record+"  match: exact\n\n# the end"), "config: config.yaml\n"),
		"with the line ends of a Mac": strings.ReplaceAll(testOf(record+"  match: exact\n"), "\n", "\r"),
		"behind a line separator":     "# first\u2028# second\u0085# third\n" + testOf(record+"  expect: {skipped: [{record: 1, reason: condition}]}"),
		"of several tests":            testOf(record) + "\n# next\n- name: two\n" + record + "# last\n",
		"with odd values":             testOf("  records: [{attributes: {id: zoe, p.l: [" + odd + "], p.s: \"a\\nb: 'c' # d\", p.t: \"  x\", 'p.a: b': '*x', p.e: \"\\u00e9\\U0001F600\\u2028\"}}]"),
		"with a block behind a key":   testOf("  records:\n  - attributes:\n      id: zoe\n      p.a: |\n        x\n       \n        # y\n"),
		"where records are skipped":   testOf("  records: [{attributes: {channel: online}}, {body: {a: 1}}]"),
		"with what is in other tests": testOf(record+"  expect: {calls: [{visitor: {mbox3rdPartyId: zoe}, parameters: {profile.a: x}}]}") + "- name: two\n" + record,
	} {
		t.Run(name, func(t *testing.T) {
			path := written(t, text)
			updated := update(t, path)
			file, err := parse(path, updated)
			require.NoError(t, err)
			results, err := file.Run(t.Context(), func(string) bool { return true }, zap.NewNop())
			require.NoError(t, err)
			for _, r := range results {
				assert.Empty(t, r.Differences, string(updated))
			}
			again, err := file.Updated(results)
			require.NoError(t, err)
			assert.Equal(t, string(updated), string(again))
			for line := range strings.Lines(text) {
				if strings.Contains(line, "#") && !strings.Contains(line, "old") {
					assert.Contains(t, string(updated), strings.TrimSpace(line), "comments stay")
				}
			}
		})
	}
}

func update(tb testing.TB, path string) []byte {
	tb.Helper()
	file, err := Read(path)
	require.NoError(tb, err)
	results, err := file.Run(tb.Context(), func(string) bool { return true }, zap.NewNop())
	require.NoError(tb, err)
	updated, err := file.Updated(results)
	require.NoError(tb, err)
	return updated
}

func TestFile_InBracesIsNotUpdated(t *testing.T) {
	file, err := Read(written(t, "config: config.yaml\ntests: [{name: one, records: [{attributes: {id: zoe, p.a: x}}]}]"))
	require.NoError(t, err)
	results, err := file.Run(t.Context(), func(string) bool { return true }, zap.NewNop())
	require.NoError(t, err)

	_, err = file.Updated(results)

	require.ErrorContains(t, err, "line 2: one: is written in braces")
}

func TestReplace_KeepsTheModeOfTheFile(t *testing.T) {
	path := written(t, testOf(record))
	require.NoError(t, os.Chmod(path, 0o666)) //nolint:gosec // that is what is tested: no umask takes from it

	require.NoError(t, Replace(path, []byte("new")))

	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o666), info.Mode().Perm())
	text, err := os.ReadFile(path) //nolint:gosec // of this test
	require.NoError(t, err)
	assert.Equal(t, "new", string(text))
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.new"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestReplace_FollowsALinkAndLeavesOtherFilesAlone(t *testing.T) {
	path := written(t, testOf(record))
	link := filepath.Join(filepath.Dir(path), "link.test.yaml")
	require.NoError(t, os.Symlink(filepath.Base(path), link))
	for _, beside := range []string{path, link} {
		require.NoError(t, os.WriteFile(beside+".new", []byte("another's"), 0o600))
	}

	require.NoError(t, Replace(link, []byte("new")))

	for name, want := range map[string]string{path: "new", path + ".new": "another's", link + ".new": "another's"} {
		text, err := os.ReadFile(name) //nolint:gosec // of this test
		require.NoError(t, err)
		assert.Equal(t, want, string(text))
	}
	info, err := os.Lstat(link)
	require.NoError(t, err)
	assert.Equal(t, os.ModeSymlink, info.Mode().Type())
}

func TestReplace_WritesNoFileThatMayNotBeWritten(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write every file")
	}
	path := written(t, testOf(record))
	require.NoError(t, os.Chmod(path, 0o400))

	require.ErrorIs(t, Replace(path, []byte("new")), os.ErrPermission)
}

func FuzzFile(f *testing.F) {
	f.Add(testOf(record))
	f.Add(testOf(record + "  match: contains\n  expect: {calls: [{visitor: {mbox3rdPartyId: zoe}}]}"))
	f.Add(testOf("  records: [&a {body: {x: [1, 2.5, ~, !!binary YQ==]}}, *a]\n  expect:\n    skipped:\n    - {record: 1, reason: no_visitor}"))
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file") || strings.Count(text, "config") > 1 { // it may be any on this machine
			return
		}
		path := written(t, text)
		file, err := Read(path)
		if err != nil {
			return
		}
		file.Config = []string{filepath.Join(filepath.Dir(path), "config.yaml")}
		results, err := file.Run(t.Context(), func(string) bool { return true }, zap.NewNop())
		if err != nil {
			return
		}
		updated, err := file.Updated(results)
		if err != nil {
			return
		}
		again, err := parse(path, updated)
		require.NoError(t, err)
		again.Config = file.Config
		results, err = again.Run(t.Context(), func(string) bool { return true }, zap.NewNop())
		require.NoError(t, err)
		for _, r := range results {
			assert.Empty(t, r.Differences, "%s\n%s", text, updated)
		}
	})
}
