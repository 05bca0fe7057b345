// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUnmarshal_GivesAQueueASizeInItsUnit(t *testing.T) {
	for block, want := range map[string]int64{
		"adobe_target":                    50_000,
		"adobe_target/queue_in_bytes":     100 << 20,
		"adobe_target/queue_in_requests":  1000,
		"adobe_target/queue_of_500_bytes": 500,
		"adobe_target/empty_queue":        50_000,
	} {
		t.Run(block, func(t *testing.T) {
			cfg, err := loadConfig(t, "config.yaml", block)
			require.NoError(t, err)
			require.True(t, cfg.QueueConfig.HasValue())
			assert.Equal(t, want, cfg.QueueConfig.Get().QueueSize)
		})
	}
}

func TestUnmarshal_LeavesAQueueOffThatHasASizer(t *testing.T) {
	cfg, err := loadConfig(t, "config.yaml", "adobe_target/no_queue_in_bytes")
	require.NoError(t, err)
	assert.False(t, cfg.QueueConfig.HasValue())
	assert.True(t, cfg.waits())
	assert.Nil(t, cfg.storage())
}
