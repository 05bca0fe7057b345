// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// document is a Markdown file: the anchors that links may lead to, and its own links.
type document struct {
	anchors map[string]bool
	links   []string
}

var (
	comment    = regexp.MustCompile(`(?s)<!--.*?-->`)
	fence      = regexp.MustCompile("(?ms)^[ \t]*```.*?\n[ \t]*```[ \t]*$")
	code       = regexp.MustCompile("`(?:[^`\n]|\n[^`\n])+`")
	heading    = regexp.MustCompile(`(?m)^#{1,6} +(.+?)[ \t#]*$`)
	namedHTML  = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)
	inlineLink = regexp.MustCompile(`\]\(\s*<?([^)\s<>]+)`)
	definition = regexp.MustCompile(`(?m)^ {0,3}\[[^\]]+\]:\s+<?([^\s<>]+)`)
	linkedHTML = regexp.MustCompile(`(?:src|href)="([^"]+)"`)
	linkText   = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
)

// readDocument reads what GitHub would render.
func readDocument(text string) document {
	text = fence.ReplaceAllString(comment.ReplaceAllString(text, ""), "")
	d := document{anchors: map[string]bool{}}
	used := map[string]int{}
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		anchor := slug(found[1])
		if n := used[anchor]; n > 0 {
			d.anchors[fmt.Sprintf("%s-%d", anchor, n)] = true
		}
		used[anchor]++
		d.anchors[anchor] = true
	}
	text = code.ReplaceAllString(text, "")
	for _, found := range namedHTML.FindAllStringSubmatch(text, -1) {
		d.anchors[found[1]] = true
	}
	for _, kind := range []*regexp.Regexp{inlineLink, definition, linkedHTML} {
		for _, found := range kind.FindAllStringSubmatch(text, -1) {
			d.links = append(d.links, found[1])
		}
	}
	return d
}

// slug returns the anchor that GitHub gives to a heading.
func slug(heading string) string {
	heading = linkText.ReplaceAllString(heading, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsMark(r), unicode.IsNumber(r):
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(heading))
}

// notWritten are the folders whose pages nobody wrote here.
var notWritten = map[string]bool{".git": true, ".tools": true, ".run": true, "dist": true}

// readDocuments returns every Markdown file, by its path.
func readDocuments(t *testing.T, files fs.FS) map[string]document {
	t.Helper()
	documents := map[string]document{}
	require.NoError(t, fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && notWritten[name]:
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".md":
			return nil
		}
		text, err := fs.ReadFile(files, name)
		documents[name] = readDocument(string(text))
		return err
	}))
	return documents
}

// followed returns the file and the anchor that a link on a page leads to, and
// false where it leads out of the repository.
func followed(from, link string) (file, anchor string, inside bool) {
	if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
		return "", "", false
	}
	file, anchor, _ = strings.Cut(link, "#")
	if file == "" {
		return from, anchor, true
	}
	return path.Join(path.Dir(from), file), anchor, true
}
