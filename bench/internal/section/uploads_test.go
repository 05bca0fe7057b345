// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// inUploads returns what was seen while 1,000,000 visitors went by uploads of so many rows.
func inUploads(maxRows int, rows, peak int64, took time.Duration) uploaded {
	began := time.Unix(1_750_000_000, 0)
	return uploaded{
		maxRows: maxRows, began: began,
		drained: drained{
			Memory:   process.Memory{Peak: peak, Own: peak / 2},
			visitors: 1_000_000, cpu: 8 * time.Second,
			stats: server.Stats{
				Uploads: rows / int64(maxRows), Rows: rows, Bytes: 60 * rows,
				LastRow: began.Add(took).UnixNano(),
			},
		},
	}
}

func TestUploadsHaveARowForEachSizeAndAreJudged(t *testing.T) {
	text := uploadsText([]uploaded{
		inUploads(100_000, 1_000_000, 240e6, 8*time.Second),
		inUploads(500_000, 1_000_000, 252e6, 10*time.Second),
	})
	rows := strings.Split(text, "\n")
	require.Len(t, rows, 2+2+1+4+1)
	assert.Equal(t, []string{
		"1000000", "100000", "10", "60", "125000", "8.0", "240", "120", "1.00",
	}, cells(rows[2]))
	assert.Equal(t, []string{
		"1000000", "500000", "2", "60", "100000", "8.0", "252", "126", "1.00",
	}, cells(rows[3]))
	assert.Equal(t, []string{
		"- uploads of 100000 rows: rows/s at least 100000: 125000, met",
		"- uploads of 100000 rows: peak RSS in MB at most 250: 240, met",
		"- uploads of 100000 rows: rows over distinct visitors at most 1: 1, met",
		"- Uploads of 500000 rows took 1.05 times the peak RSS of those of 100000", "",
	}, rows[5:])
}

func TestUploadsThatAreSlowOrLargeOrComeAgainMiss(t *testing.T) {
	text := uploadsText([]uploaded{inUploads(100_000, 1_100_000, 251e6, 12*time.Second)})
	for _, missed := range []string{
		"at least 100000: 91667, missed",
		"at most 250: 251, missed",
		"at most 1: 1.1, missed",
	} {
		assert.Contains(t, text, missed)
	}
}
