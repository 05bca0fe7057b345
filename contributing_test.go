// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	makeTarget = regexp.MustCompile("(?m)(?:^|`)make ((?:[a-z-]+ ?)+)")
	ownPath    = regexp.MustCompile("`((?:exporter|internal|cmd|test|bench)(?:/[a-z]+)*)`")
)

// TestContributing_NamesWhatThereIs looks for the targets of make and the rooms that it tells of.
func TestContributing_NamesWhatThereIs(t *testing.T) {
	text, err := os.ReadFile("CONTRIBUTING.md")
	require.NoError(t, err)
	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)

	targets := 0
	for _, named := range makeTarget.FindAllStringSubmatch(string(text), -1) {
		for target := range strings.FieldsSeq(named[1]) {
			targets++
			assert.True(t, strings.Contains(string(makefile), "\n"+target+":"), "make %s", target) //nolint:testifylint // it would print the Makefile
		}
	}
	assert.Greater(t, targets, 10)

	rooms := ownPath.FindAllStringSubmatch(string(text), -1)
	assert.Greater(t, len(rooms), 10)
	for _, room := range rooms {
		assert.DirExists(t, room[1])
	}
}
