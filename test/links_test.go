// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startPage is the page that a reader opens first.
const startPage = "README.md"

func TestEveryLinkOfTheDocumentationLeadsSomewhere(t *testing.T) {
	files := os.DirFS("..")
	pages := readDocuments(t, files)
	require.Contains(t, pages, startPage)
	assert.Empty(t, deadLinks(files, pages))
}

func TestEveryPageIsReachedFromTheREADME(t *testing.T) {
	assert.Empty(t, unreached(readDocuments(t, os.DirFS(".."))))
}

func TestTheREADMEIsReadInFiveMinutes(t *testing.T) {
	text, err := fs.ReadFile(os.DirFS(".."), startPage)
	require.NoError(t, err)
	assert.LessOrEqual(t, strings.Count(string(text), "\n"), 150, "lines: what is more belongs in docs/")
}

// deadLinks returns the links that lead to no file or to no heading, each with its page.
func deadLinks(files fs.FS, pages map[string]document) []string {
	var dead []string
	for _, from := range slices.Sorted(maps.Keys(pages)) {
		for _, link := range pages[from].links {
			file, anchor, inside := followed(from, link)
			if !inside {
				continue
			}
			if _, err := fs.Stat(files, file); err != nil {
				dead = append(dead, from+": "+link+": there is no such file")
			} else if anchor != "" && !pages[file].anchors[anchor] {
				dead = append(dead, from+": "+link+": there is no such heading")
			}
		}
	}
	return dead
}

// unreached returns the pages that no way of links leads to from the first one.
func unreached(pages map[string]document) []string {
	reached := map[string]bool{startPage: true}
	for next := []string{startPage}; len(next) > 0; next = next[1:] {
		for _, link := range pages[next[0]].links {
			file, _, inside := followed(next[0], link)
			if _, isPage := pages[file]; inside && isPage && !reached[file] {
				reached[file] = true
				next = append(next, file)
			}
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(pages)), func(name string) bool { return reached[name] })
}

func TestDeadLinksAreFound(t *testing.T) {
	other := "# What `a::b` is, and why_not?\n## Twice\n## [Twice](other.md)\n<a id=\"by-hand\"></a>\n"
	for name, row := range map[string]struct{ text, dead string }{
		"a page that exists":                      {"[a](docs/other.md)", ""},
		"a heading by GitHub's rule":              {"[a](docs/other.md#what-ab-is-and-why_not)", ""},
		"the second of two headings of one name":  {"[a](docs/other.md#twice-1)", ""},
		"an anchor of HTML":                       {"[a](docs/other.md#by-hand)", ""},
		"a heading of the page itself":            {"# One\n[a](#one)", ""},
		"a folder":                                {"[a](docs)", ""},
		"another site":                            {"[a](https://example.com/x.md#y), <mailto:a@example.com>", ""},
		"a link in code, which is none":           {"`[a](no.md)`\n```md\n[a](no.md)\n```\n", ""},
		"a link in code of two lines":             {"`[a](no.md)\nb`", ""},
		"a link between code of two lines":        {"`a\nb` [a](no.md) `c\nd`", "no.md: there is no such file"},
		"a link in a comment, which is none":      {"<!-- [a](no.md) -->", ""},
		"a page that does not exist":              {"[a](docs/no.md)", "docs/no.md: there is no such file"},
		"a page in another case":                  {"[a](docs/Other.md)", "docs/Other.md: there is no such file"},
		"a page outside the repository":           {"[a](../x.md)", "../x.md: there is no such file"},
		"a heading that does not exist":           {"[a](docs/other.md#thrice)", "docs/other.md#thrice: there is no such heading"},
		"a heading in other letters than its own": {"[a](docs/other.md#Twice)", "docs/other.md#Twice: there is no such heading"},
		"a heading in code, which is none":        {"```\n# One\n```\n[a](#one)", "#one: there is no such heading"},
		"an anchor in what is no page":            {"[a](docs/picture.svg#x)", "docs/picture.svg#x: there is no such heading"},
		"a text of two lines":                     {"[a\nb](no.md)", "no.md: there is no such file"},
		"a text with code":                        {"[`a`](no.md)", "no.md: there is no such file"},
		"a link by reference":                     {"[a]\n\n[a]: no.md", "no.md: there is no such file"},
		"a picture":                               {"![a](docs/no.png)", "docs/no.png: there is no such file"},
		"a picture of HTML":                       {`<img src="docs/no.png" width="300">`, "docs/no.png: there is no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{
				startPage:          {Data: []byte(row.text)},
				"docs/other.md":    {Data: []byte(other)},
				"docs/picture.svg": {},
			}
			var want []string
			if row.dead != "" {
				want = []string{startPage + ": " + row.dead}
			}
			assert.Equal(t, want, deadLinks(files, readDocuments(t, files)))
		})
	}
}

func TestPagesThatNoLinkLeadsToAreFound(t *testing.T) {
	files := fstest.MapFS{
		startPage:       {Data: []byte("[one](docs/one.md)")},
		"docs/one.md":   {Data: []byte("[two](two.md#a), [start](../README.md)")},
		"docs/two.md":   {Data: []byte("# A")},
		"docs/three.md": {Data: []byte("[four](four.md)")},
		"docs/four.md":  {Data: []byte("[three](three.md)")},
		"dist/notes.md": {},
	}
	assert.Equal(t, []string{"docs/four.md", "docs/three.md"}, unreached(readDocuments(t, files)))
}
