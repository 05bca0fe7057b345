// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

import (
	"encoding/json"
	"io"
)

// Lines writes what is shown as JSON, one object a line.
type Lines struct{ encoder *json.Encoder }

var _ Output = (*Lines)(nil)

// NewLines returns an Output that writes to w.
func NewLines(w io.Writer) *Lines {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return &Lines{encoder}
}

// Read writes nothing: the record itself is not shown.
func (l *Lines) Read(int, Origin) {}

// Record writes a line.
func (l *Lines) Record(r Record) error { return l.encoder.Encode(r) }

// Call writes a line.
func (l *Lines) Call(c *Call) error { return l.encoder.Encode(c) }

// Summary writes the last line.
func (l *Lines) Summary(t Totals) error { return l.encoder.Encode(Summary{t}) }
