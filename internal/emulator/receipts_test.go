// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func keptReceipts(t *testing.T, e *Emulator) map[string]Receipts {
	t.Helper()
	status, body := controlCall(t, e, http.MethodGet, "receipts", "")
	require.Equal(t, http.StatusOK, status)
	var kept map[string]Receipts
	require.NoError(t, json.Unmarshal([]byte(body), &kept))
	assert.Equal(t, e.Receipts(), kept)
	return kept
}

func TestReceiptsAreKeptAsNumbersAndNotAsAttributes(t *testing.T) {
	e := newEmulator(t, Settings{})
	status, _ := controlCall(t, e, http.MethodPut, "receipts", `{"prefix":"r"}`)
	require.Equal(t, http.StatusNoContent, status)
	for _, form := range []string{
		"mbox3rdPartyId=a&profile.r1=1&profile.r2=1&profile.tier=gold", "mbox3rdPartyId=b&profile.r3=1",
		"mbox3rdPartyId=a&profile.r130=1&profile.r2=1", "mboxPC=1.01_00&profile.r64=1&profile.rank=1&profile.r-1=1",
	} {
		serve(t, e, postForm(t, form))
	}
	assert.Equal(t, map[string]Receipts{
		Mbox3rdPartyID: {Numbers: [][2]int{{1, 3}, {130, 130}}, Accepted: 5},
		MboxPC:         {Numbers: [][2]int{{64, 64}}, Accepted: 1},
	}, keptReceipts(t, e))
	a, _ := e.Profile(Mbox3rdPartyID, "a")
	assert.Len(t, a.Attributes, 1, "only the tier is an attribute")
	other, _ := e.Profile(MboxPC, "1.01_00")
	assert.Len(t, other.Attributes, 2, "what is no prefix and whole number is an attribute")
}

func TestAReceiptOfAFailedCallThatWasAppliedIsNotCountedAsAccepted(t *testing.T) {
	e := newEmulator(t, Settings{})
	e.SetReceipts("r")
	require.NoError(t, e.SetFaults([]Fault{{Kind: FaultStatus, Status: 503, Applied: true, Count: 1}, {Kind: FaultStatus, Status: 503, Count: 1}}))
	for _, form := range []string{"mboxPC=1.01_00&profile.r1=1", "mboxPC=1.01_00&profile.r2=1", "mboxPC=1.01_00&profile.r3=1"} {
		serve(t, e, postForm(t, form))
	}
	assert.Equal(t, map[string]Receipts{MboxPC: {Numbers: [][2]int{{1, 1}, {3, 3}}, Accepted: 1}}, keptReceipts(t, e))
	e.Reset()
	assert.Empty(t, e.Receipts())
}
