// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"errors"
	"fmt"
	"time"
)

const (
	// MaxMergeWindow is the longest that an entry may be told to wait.
	MaxMergeWindow = 24 * time.Hour
	// minBytes is room for a few entries of the largest size.
	minBytes = 1 << 20
)

// Config is how long entries wait, and how many may.
type Config struct {
	// MergeWindow is how long an entry waits from its first record on, so that further
	// records of the visitor go with the same call. It costs latency only.
	MergeWindow time.Duration `mapstructure:"merge_window"`
	// MaxVisitors is how many visitors may wait.
	MaxVisitors int `mapstructure:"max_visitors"`
	// MaxBytes is how large the entries may grow together where they are in memory. With
	// sending_queue::storage they are not, and it is of no effect.
	MaxBytes int64 `mapstructure:"max_bytes"`
	// GiveUpAfter is for how long an update may fail while most others get through. 0 goes
	// on for ever.
	GiveUpAfter time.Duration `mapstructure:"give_up_after"`
	// Remember is for how long it is remembered what uploads held of a visitor. It is bulk's.
	Remember time.Duration `mapstructure:"-"`

	_ struct{}
}

// NewDefaultConfig returns a short window and room for a million visitors.
func NewDefaultConfig() Config {
	return Config{MergeWindow: 5 * time.Second, MaxVisitors: 1_000_000, MaxBytes: 256 << 20, GiveUpAfter: 24 * time.Hour}
}

// Validate returns an error unless something can wait, and not for ever.
func (c Config) Validate() error {
	var errs []error
	if c.MergeWindow < 0 || c.MergeWindow > MaxMergeWindow {
		errs = append(errs, fmt.Errorf("merge_window: must be from 0s to %s, got %s", MaxMergeWindow, c.MergeWindow))
	}
	if c.MaxVisitors < 1 || c.MaxVisitors > maxSlots {
		errs = append(errs, fmt.Errorf("max_visitors: must be from 1 to %d, got %d", maxSlots, c.MaxVisitors))
	}
	if c.MaxBytes < minBytes {
		errs = append(errs, fmt.Errorf("max_bytes: must be at least %d, got %d", minBytes, c.MaxBytes))
	}
	if c.GiveUpAfter != 0 && c.GiveUpAfter < time.Minute {
		errs = append(errs, fmt.Errorf("give_up_after: must be at least 1m, or 0s to go on for ever, got %s", c.GiveUpAfter))
	}
	return errors.Join(errs...)
}
