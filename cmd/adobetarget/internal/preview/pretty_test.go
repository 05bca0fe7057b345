// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What an id is made of is one too: of a record that is skipped, of the visitor's other id, of a hash.
func TestPretty_HidesWhatIDsAreMadeOf(t *testing.T) {
	e, err := LoadText(t.Context(), `
visitor:
  - {parameter: mbox3rdPartyId, value: 'SHA256(log.attributes["email"])'}
  - {parameter: mboxPC, value: 'log.body["target"]["pcId"]'}
  - {parameter: mbox3rdPartyId, value: 'resource.attributes["id"]'}
  - {parameter: mbox3rdPartyId, attribute: customer.id}
profile: [{parameter: tier, attribute: tier}]
conditions: ['log.attributes["channel"] != "online"']
`, "")
	require.NoError(t, err)
	const records = `{"attributes":{"email":"secret@example.com","tier":"gold"},"body":{"target":{"pcId":"secret.28_0"}}}
{"attributes":{"channel":"online","customer.id":"secret"},"resource":{"id":"secret"},"body":{"target":{"pcId":["secret"],"shown":"shown"}}}
{"attributes":{"email":{"of":"secret"}},"body":"shown"}`

	for _, test := range []struct {
		showIDs bool
		secrets int
	}{{false, 0}, {true, 6}} {
		p, err := New(e, Options{ShowIDs: test.showIDs})
		require.NoError(t, err)
		var shown bytes.Buffer
		_, err = p.Run(t.Context(), NewReader(strings.NewReader(records), AsRecord, false).Records(), NewPretty(&shown, e, Style{Width: 200, ShowIDs: test.showIDs}))
		require.NoError(t, err)

		assert.Equal(t, test.secrets, strings.Count(shown.String(), "secret"), shown.String())
		assert.Equal(t, 3, strings.Count(shown.String(), "shown"), shown.String())
	}
}
