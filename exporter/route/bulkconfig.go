// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// BulkVersion is the version of the Bulk Profile Update API.
type BulkVersion string

const (
	// BulkAuto is v2 for an mbox3rdPartyId and v1 for an mboxPC, as Adobe's page advises.
	BulkAuto BulkVersion = "auto"
	// BulkV1 updates profiles that exist.
	BulkV1 BulkVersion = "v1"
	// BulkV2 creates those that do not.
	BulkV2 BulkVersion = "v2"
)

const (
	// MaxBulkRows is the most rows of an upload. Bulk Profile Update API: "500,000 rows".
	MaxBulkRows = 500_000
	// MaxBulkBytes is the most bytes of an upload. Bulk Profile Update API: "less than 50 MB",
	// read as 48,000,000 bytes after encoding.
	MaxBulkBytes = 48_000_000
	// MaxBulkCalls is the most calls of a minute. Target's limits: "50 calls per minute for the
	// Admin, Reporting, and bulk profile update APIs".
	MaxBulkCalls = 50

	minBulkBytes = 100_000
	// MaxRemember is the longest that it can be asked to remember what was uploaded.
	MaxRemember = 365 * 24 * time.Hour
)

// Size is a number of bytes. In YAML it may have a unit, as 10MB has.
type Size int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"KB", 1e3}, {"MB", 1e6}, {"B", 1}, {"", 1}}

// UnmarshalText reads a number with B, KB, MB, KiB or MiB, or without a unit.
func (s *Size) UnmarshalText(text []byte) error {
	for _, unit := range sizeUnits {
		number, is := strings.CutSuffix(string(text), unit.name)
		if !is {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n < 0 || n > (1<<62)/unit.bytes {
			break
		}
		*s = Size(n * unit.bytes)
		return nil
	}
	return fmt.Errorf("%q is no size, write bytes, or a number with B, KB, MB, KiB or MiB, such as 10MB", text)
}

// BulkConfig is the way uploads of the Bulk Profile Update API are made.
type BulkConfig struct {
	// Version is auto (the default), v1 or v2.
	Version BulkVersion `mapstructure:"version"`
	// Interval is for how long updates are gathered, unless there are MaxRows before.
	Interval time.Duration `mapstructure:"interval"`
	// MaxRows is the most rows of an upload, one a visitor.
	MaxRows int `mapstructure:"max_rows"`
	// MaxBytes is the most bytes of an upload.
	MaxBytes Size `mapstructure:"max_bytes"`
	// CallsPerMinute is the most calls of any rolling minute, uploads and their status together.
	CallsPerMinute int `mapstructure:"calls_per_minute"`
	// Timeout is that of one upload.
	Timeout time.Duration `mapstructure:"timeout"`
	// Remember is for how long it is remembered what was uploaded of a visitor, so that a further
	// upload holds it too. Bulk Profile Update API: "consecutive v2 batch update calls without mbox
	// calls in between for the same thirdPartyIds override the properties updated in the first".
	Remember time.Duration `mapstructure:"remember"`
	// Status is how an upload is followed.
	Status BulkStatusConfig `mapstructure:"status"`

	_ struct{}
}

// BulkStatusConfig is how an upload is followed that Target has taken.
type BulkStatusConfig struct {
	// InitialDelay is the time until its status is asked for. The time until it is asked for
	// again doubles each time, up to MaxInterval.
	InitialDelay time.Duration `mapstructure:"initial_delay"`
	MaxInterval  time.Duration `mapstructure:"max_interval"`
	// Timeout is how long after the upload it counts as done when its status does not tell.
	Timeout time.Duration `mapstructure:"timeout"`

	_ struct{}
}

// NewDefaultBulkConfig returns uploads of a size that Target is known to take within minutes.
func NewDefaultBulkConfig() BulkConfig {
	return BulkConfig{
		Version: BulkAuto, Interval: 5 * time.Minute, MaxRows: 20_000, MaxBytes: 10e6, CallsPerMinute: 40,
		Timeout: 2 * time.Minute, Remember: 14 * 24 * time.Hour,
		Status: BulkStatusConfig{InitialDelay: 2 * time.Minute, MaxInterval: 10 * time.Minute, Timeout: 24 * time.Hour},
	}
}

// Validate returns an error unless uploads can be made this way.
func (c BulkConfig) Validate() error {
	var errs []error
	within := func(key string, is bool, lowest, highest, got any) {
		if !is {
			errs = append(errs, fmt.Errorf("%s: must be from %v to %v, got %v", key, lowest, highest, got))
		}
	}
	if c.Version != BulkAuto && c.Version != BulkV1 && c.Version != BulkV2 {
		errs = append(errs, fmt.Errorf("version: %q is unknown, use auto, v1 or v2", string(c.Version)))
	}
	within("interval", c.Interval >= time.Second && c.Interval <= 24*time.Hour, "1s", "24h", c.Interval)
	within("max_rows", c.MaxRows >= 1 && c.MaxRows <= MaxBulkRows, 1, MaxBulkRows, c.MaxRows)
	within("max_bytes", c.MaxBytes >= minBulkBytes && c.MaxBytes <= MaxBulkBytes, minBulkBytes, MaxBulkBytes, int64(c.MaxBytes))
	within("calls_per_minute", c.CallsPerMinute >= 1 && c.CallsPerMinute <= MaxBulkCalls, 1, MaxBulkCalls, c.CallsPerMinute)
	within("timeout", c.Timeout >= time.Second && c.Timeout <= time.Hour, "1s", "1h", c.Timeout)
	within("remember", c.Remember >= 0 && c.Remember <= MaxRemember, "0s", "8760h", c.Remember)
	s := c.Status
	delay := fmt.Sprintf("status::initial_delay (%v)", s.InitialDelay)
	within("status::initial_delay", s.InitialDelay >= time.Second && s.InitialDelay <= 24*time.Hour, "1s", "24h", s.InitialDelay)
	within("status::max_interval", s.MaxInterval >= s.InitialDelay && s.MaxInterval <= 24*time.Hour, delay, "24h", s.MaxInterval)
	within("status::timeout", s.Timeout >= s.InitialDelay && s.Timeout <= 7*24*time.Hour, delay, "168h", s.Timeout)
	return errors.Join(errs...)
}
