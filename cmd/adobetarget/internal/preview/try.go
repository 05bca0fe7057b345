// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// maxRecordsText and maxRecords are the most bytes and records that are typed.
	maxRecordsText = 1 << 20
	maxRecords     = 5_000
	// timeOfTry is for how long records may be mapped.
	timeOfTry = 5 * time.Second
)

// Typed is what is typed to be tried.
type Typed struct {
	// Config is a whole configuration, its exporters, or the settings of one exporter, see LoadText.
	Config string
	// Exporter is the one that is meant, where there are several.
	Exporter string
	// Records are what a Reader reads.
	Records string
	As      Form
	Floats  bool
	Options
}

// The parts of what is typed, as a TypedError's Part.
const (
	PartConfig  = "config"
	PartRecords = "records"
)

// TypedError is what is wrong with what was typed, in words that hold no value of a record.
type TypedError struct {
	// Part is config or records.
	Part string
	// Err says where it stands, as a path in the YAML or a line, and what is wrong.
	Err error
}

func (e *TypedError) Error() string { return e.Part + ": " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *TypedError) Unwrap() error { return e.Err }

// Result is all that is shown of a run.
type Result struct {
	Records []Record `json:"records"`
	Calls   []*Call  `json:"calls"`
	Totals  Totals   `json:"summary"`
}

var _ Output = (*Result)(nil)

// Read keeps nothing: the record itself is not shown.
func (r *Result) Read(int, Origin) {}

// Record keeps what becomes of a record.
func (r *Result) Record(record Record) error {
	if len(r.Records) == maxRecords {
		return fmt.Errorf("there are more than %d records", maxRecords)
	}
	r.Records = append(r.Records, record)
	return nil
}

// Call keeps a call.
func (r *Result) Call(c *Call) error {
	r.Calls = append(r.Calls, c)
	return nil
}

// Try previews what is typed. It reads no file and no environment variable, and takes a few seconds at most. The error is a
// TypedError.
func Try(ctx context.Context, t Typed) (*Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, timeOfTry, fmt.Errorf("mapping the records takes longer than %s", timeOfTry))
	defer cancel()
	exporter, err := LoadText(ctx, t.Config, t.Exporter)
	if err != nil {
		return nil, &TypedError{PartConfig, err}
	}
	p, err := New(exporter, t.Options)
	if err != nil {
		return nil, &TypedError{PartConfig, err}
	}
	if t.As == "" {
		t.As = Auto
	}
	if err = t.As.Validate(); err != nil {
		return nil, &TypedError{PartRecords, err}
	}
	if len(t.Records) > maxRecordsText {
		return nil, &TypedError{PartRecords, fmt.Errorf("they are longer than %d bytes", maxRecordsText)}
	}
	reader := NewReader(strings.NewReader(t.Records), t.As, t.Floats)
	result := &Result{Records: []Record{}, Calls: []*Call{}}
	result.Totals, err = p.Run(ctx, reader.Records(), result)
	result.Totals.As = string(reader.Form())
	if cause := context.Cause(ctx); errors.Is(err, context.DeadlineExceeded) && cause != nil {
		err = cause
	}
	if err != nil {
		return nil, &TypedError{PartRecords, err}
	}
	return result, nil
}
