// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestKnownVisitorsAreReadAsTheyAre(t *testing.T) {
	known, err := ReadKnown(strings.NewReader("# test visitors\nmboxPC=1368.01_00\r\n\nmbox3rdPartyId= crm=1 %41\n"))
	require.NoError(t, err)
	assert.Equal(t, []Visitor{{MboxPC, "1368.01_00"}, {Mbox3rdPartyID, " crm=1 %41"}}, known)
}

func TestAnEmptyListKnowsNobody(t *testing.T) {
	known, err := ReadKnown(strings.NewReader(""))
	require.NoError(t, err)
	assert.NotNil(t, known)
	assert.Empty(t, known)
}

func TestKnownVisitorsThatAreImpossible(t *testing.T) {
	for name, line := range map[string]string{
		"no parameter":               "secret",
		"another parameter":          "mboxMCGVID=secret",
		"an empty id":                "mboxPC=",
		"a pcId with two dots":       "mboxPC=secret.1.2",
		"a third-party id with a /":  "mbox3rdPartyId=secret/1",
		"an id that is not UTF-8":    "mboxPC=secret\xff",
		"a line longer than any id":  "mboxPC=" + strings.Repeat("secret", 20_000),
		"a space before a parameter": " mboxPC=secret",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadKnown(strings.NewReader("mboxPC=1\n" + line + "\n"))
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}
