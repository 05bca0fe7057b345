// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package records // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAVariedActionHasTheFieldsOfAnActionAndTwoMore(t *testing.T) {
	text, err := json.Marshal(VariedOf(7))
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(text, &fields))
	assert.Equal(t, "CRM-00000007", fields["customer.id"])
	assert.Regexp(t, `^R&D/\d{4}$`, fields["store.id"])
	assert.Regexp(t, `^2025-\d\d-\d\dT[\d:.]+Z$`, fields["timestamp"])
	assert.Regexp(t, `^[0-9a-f]{16}$`, fields["reference"])
	assert.Len(t, fields, 9)
}

func TestAVariedActionIsTheSameAtEachRun(t *testing.T) {
	first := VariedOf(7)
	assert.Equal(t, first, VariedOf(7))
	assert.NotEqual(t, VariedOf(7).Reference, VariedOf(8).Reference)
}

func TestVariedActionsAreHarderToCompress(t *testing.T) {
	alike := compressed(t, func(visitor int) any { return Of(visitor) })
	varied := compressed(t, func(visitor int) any { return VariedOf(visitor) })
	assert.Greater(t, varied, 4*alike)
}

// compressed returns how many bytes a thousand records take.
func compressed(t *testing.T, record func(visitor int) any) int {
	t.Helper()
	var text bytes.Buffer
	for visitor := range 1_000 {
		require.NoError(t, json.NewEncoder(&text).Encode(record(visitor)))
	}
	encoder, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return len(encoder.EncodeAll(text.Bytes(), nil))
}

func TestAVisitorIsReadFromTheIdentifierMadeOfIt(t *testing.T) {
	visitor, err := Visitor(Customer(999_999))
	require.NoError(t, err)
	assert.Equal(t, 999_999, visitor)
	_, err = Visitor("4711")
	assert.EqualError(t, err, `"4711" is no visitor of the harness, such as CRM-00000000`)
}
