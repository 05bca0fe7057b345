// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
)

func TestAnIntakeIsJudgedByTheMedianOfItsRounds(t *testing.T) {
	round := func(took time.Duration) takenIn {
		return takenIn{
			records: 300_000, took: took, disk: 30e6,
			Cost: process.Cost{CPU: 6 * time.Second, PeakRSS: 100e6},
		}
	}
	text := intakeText([]*intake{
		{name: "otlp", rounds: []takenIn{
			round(10 * time.Second), round(5 * time.Second),
			round(20 * time.Second),
		}},
		{name: "file_log", rounds: []takenIn{round(20 * time.Second)}},
	})
	rows := strings.Split(text, "\n")
	assert.Equal(t, []string{"otlp", "30000", "20.0", "100", "100", "150 %"}, cells(rows[2]))
	assert.Equal(t, []string{"file_log", "15000", "20.0", "100", "100", "0 %"}, cells(rows[3]))
	assert.Contains(t, text,
		"- otlp: records/s taken in while Target is down at least 30000: 30000, met\n")
	assert.NotContains(t, text, "- file_log", "nothing is asked of it")
}

func TestTheSizeOfAFolderIsThatOfItsFiles(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"one", "two"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), make([]byte, 1_000), 0o600))
	}
	size, err := folderSize(folder)
	require.NoError(t, err)
	assert.EqualValues(t, 2_000, size)
}
