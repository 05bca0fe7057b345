// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func newUploadDryRun(t *testing.T) (*UploadDryRun, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	return NewUploadDryRun(newBulk(t, "https://acme.tt.omtrdc.net"), zap.New(core)), logs
}

func TestUploadDryRun_ShowsTheUploadAsItWouldLeave(t *testing.T) {
	d, logs := newUploadDryRun(t)
	rows := []Row{{customer("cust 1"), parameters("tier", "gold")}, {customer("2"), nil}}
	sheet := sheetOf(profile.Mbox3rdPartyID, rows)
	for range 2 {
		answer, status := d.Upload(t.Context(), sheet, seq(rows))
		assert.Equal(t, Answer{Verdict: NotSent}, answer)
		assert.Empty(t, status)
	}
	require.Equal(t, 2, logs.Len())
	assert.Equal(t, "Dry run, not sent: upload 1", logs.All()[0].Message)
	assert.Equal(t, "Dry run, not sent: upload 2", logs.All()[1].Message)
	assert.Equal(t, map[string]any{
		"method": "POST", "url": "https://acme.tt.omtrdc.net/m2/acme/v2/profile/batchUpdate", "rows": int64(2), "bytes": sheet.Bytes,
		"body": "batch=thirdPartyId,tier\ncust%201,gold\n2", "rows_not_shown": int64(0),
	}, logs.All()[0].ContextMap())
}

func TestUploadDryRun_ShowsTheBeginningOfMany(t *testing.T) {
	d, logs := newUploadDryRun(t)
	rows := manyRows()
	sheet := sheetOf(profile.Mbox3rdPartyID, rows)
	_, _ = d.Upload(t.Context(), sheet, seq(rows))
	fields := logs.All()[0].ContextMap()
	shown := fields["body"].(string)
	whole := bodyOf(t, sheet, rows)
	assert.Greater(t, len(shown), 60<<10)
	assert.LessOrEqual(t, len(shown), 64<<10)
	assert.True(t, strings.HasPrefix(whole, shown+"\n"), "it ends with a row")
	assert.EqualValues(t, strings.Count(whole[len(shown):], "\n"), fields["rows_not_shown"])
	assert.EqualValues(t, 10_000, fields["rows"])
}

func TestUploadDryRun_ShowsNoPartOfARow(t *testing.T) {
	d, logs := newUploadDryRun(t)
	rows := []Row{{customer("1"), parameters("tier", strings.Repeat("x", 100_000))}}
	_, _ = d.Upload(t.Context(), sheetOf(profile.Mbox3rdPartyID, rows), seq(rows))
	fields := logs.All()[0].ContextMap()
	assert.Equal(t, "batch=thirdPartyId,tier", fields["body"])
	assert.EqualValues(t, 1, fields["rows_not_shown"])
}

func TestUploadDryRun_SeesWhatIsWrongWithTheRows(t *testing.T) {
	for name, tt := range broken {
		t.Run(name, func(t *testing.T) {
			d, logs := newUploadDryRun(t)
			sheet, rows := tt.make()
			answer, _ := d.Upload(t.Context(), sheet, rows)
			assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonRows, Detail: tt.want}, answer)
			assert.Zero(t, logs.Len())
		})
	}
}

func TestUploadDryRun_AsksForNoStatus(t *testing.T) {
	d, logs := newUploadDryRun(t)
	progress, answer := d.Status(t.Context(), "https://acme.tt.omtrdc.net/s")
	assert.Zero(t, progress)
	assert.Equal(t, Answer{Verdict: NotSent}, answer)
	assert.Zero(t, logs.Len())
}
