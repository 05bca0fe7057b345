// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAVisitorForWhomUploadsFailHoldsNobodyUp has every upload fail that holds the visitor. It is not
// known whether Target has taken it, so the visitor waits.
func TestAVisitorForWhomUploadsFailHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	target := startTarget(t)
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 500, "visitor": "v103", "route": "bulk"}})
	c := startUploading(t, target, quickUploads, "")
	c.ready(t)
	c.next = 100
	c.send(t, 9)
	delivered := func() int { return c.metric("otelcol_adobe_target_records", `outcome="delivered"`) }
	require.Eventually(t, func() bool {
		c.send(t, 1) // others come all the time
		return delivered() >= 5
	}, patience, 10*tick, "others go first, though it fails again and again")
	assert.NotContains(t, target.profiles(t), "v103")
	target.set(t, "faults", []map[string]any{})
	c.arrive(t, target)
	target.assertUploads(t)
	c.end(t)
}

// TestRowsThatFailGoAgainHoweverTargetNamesThem has one row fail once, of ids that an upload and XML
// have to escape. Where Target names none, it is said that some failed.
func TestRowsThatFailGoAgainHoweverTargetNamesThem(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		bulk  map[string]any
		named bool
	}{
		"those that failed and encoded": {map[string]any{"encoded_ids": true}, true},
		"all":                           {map[string]any{"rows": "all", "unknown_word": true}, true},
		"all and encoded":               {map[string]any{"rows": "all", "encoded_ids": true}, true},
		"none":                          {map[string]any{"rows": "none"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := startTarget(t)
			tt.bulk["processing"] = "1500ms"
			target.set(t, "bulk", tt.bulk)
			target.set(t, "faults", []map[string]any{{"kind": "fail_rows", "visitor": "å &<%20103", "count": 1}})
			c := startUploading(t, target, quickUploads, "")
			c.prefix = "å &<%20"
			c.ready(t)
			c.next = 100
			c.send(t, 9)
			c.settled(t, len(c.taken))
			assert.Equal(t, len(c.taken), c.metric("otelcol_adobe_target_records", `outcome="delivered"`))
			if !tt.named {
				delete(c.taken, "å &<%20103")
				assert.NotContains(t, target.profiles(t), "å &<%20103")
			}
			c.arrive(t, target)
			stats := target.assertUploads(t)
			assert.Equal(t, 1, stats.FailedRows)
			assert.Equal(t, 1, c.metric("otelcol_adobe_target_upload_rows", `outcome="failed"`))
			c.end(t)
			assert.Equal(t, !tt.named, strings.Contains(c.output.String(), "Rows of an upload failed, and Target does not say which"))
		})
	}
}

// TestAnUploadWithoutAStatusEndsUnconfirmed has Target take it and not say where its status is.
func TestAnUploadWithoutAStatusEndsUnconfirmed(t *testing.T) {
	t.Parallel()
	target := startTarget(t)
	target.set(t, "faults", []map[string]any{{"kind": "no_status"}})
	c := startUploading(t, target, strings.Replace(quickUploads, "timeout: 1m", "timeout: 4s", 1), "")
	c.ready(t)
	c.send(t, 9)
	c.settled(t, len(c.taken))
	assert.Equal(t, len(c.taken), c.metric("otelcol_adobe_target_records", `outcome="delivered"`, `reason="unconfirmed"`))
	assert.Equal(t, len(target.uploads(t)), c.metric("otelcol_adobe_target_uploads", `outcome="unconfirmed"`))
	c.arrive(t, target)
	assert.Zero(t, target.assertUploads(t).Statuses, "there is nothing to ask for")
	c.end(t)
	assert.Contains(t, c.output.String(), "the answer does not say where the status is")
}
