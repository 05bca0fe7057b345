// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// recordKeys are the keys of a record that is written out, and what each sets.
var recordKeys = map[string]func(r *written, value any) error{
	"body":            func(r *written, value any) error { return put(r.log.Body(), value) },
	"attributes":      func(r *written, value any) error { return putAll(r.log.Attributes(), value) },
	"resource":        func(r *written, value any) error { return putAll(r.resource.Resource().Attributes(), value) },
	"scope":           func(r *written, value any) error { return putAll(r.scope.Scope().Attributes(), value) },
	"time":            func(r *written, value any) error { return r.at(r.log.SetTimestamp, value) },
	"observed_time":   func(r *written, value any) error { return r.at(r.log.SetObservedTimestamp, value) },
	"severity_text":   func(r *written, value any) error { return r.text(r.log.SetSeverityText, value) },
	"severity_number": func(r *written, value any) error { return r.severity(value) },
	"event_name":      func(r *written, value any) error { return r.text(r.log.SetEventName, value) },
	"trace_id": func(r *written, value any) error {
		var id pcommon.TraceID
		err := hexadecimal(id[:], value)
		r.log.SetTraceID(id)
		return err
	},
	"span_id": func(r *written, value any) error {
		var id pcommon.SpanID
		err := hexadecimal(id[:], value)
		r.log.SetSpanID(id)
		return err
	},
}

// written is a record that is written out.
type written struct {
	resource plog.ResourceLogs
	scope    plog.ScopeLogs
	log      plog.LogRecord
}

func newRecord() (plog.Logs, *written) {
	ld := plog.NewLogs()
	r := &written{resource: ld.ResourceLogs().AppendEmpty()}
	r.scope = r.resource.ScopeLogs().AppendEmpty()
	r.log = r.scope.LogRecords().AppendEmpty()
	return ld, r
}

// NewRecord returns a record that is written out with the keys body, attributes, resource, scope, time, observed_time,
// severity_text, severity_number, event_name, trace_id and span_id. Errors name the key and hold nothing of the record.
func NewRecord(fields map[string]any) (plog.Logs, error) {
	ld, r := newRecord()
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		set, known := recordKeys[key]
		if !known {
			return ld, fmt.Errorf("a record has the keys %s, and no others", strings.Join(slices.Sorted(maps.Keys(recordKeys)), ", "))
		}
		if fields[key] == nil {
			continue
		}
		if err := set(r, fields[key]); err != nil {
			return ld, fmt.Errorf("%s: %w", key, err)
		}
	}
	return ld, nil
}

// isRecord reports whether an object can only be a record that is written out.
func isRecord(fields map[string]any) bool {
	holds := false
	for key, value := range fields {
		if _, known := recordKeys[key]; !known {
			return false
		}
		_, isMap := value.(map[string]any)
		switch key {
		case "attributes", "resource", "scope":
			if !isMap && value != nil {
				return false
			}
			holds = true
		case "body":
			holds = true
		}
	}
	return holds
}

var (
	errNoMap      = errors.New("must be a map")
	errNoText     = errors.New("must be a text")
	errNoTime     = errors.New("must be a time as 2026-01-05T08:00:04Z")
	errNoSeverity = errors.New("must be a whole number from 0 to 24")
)

func (r *written) at(set func(pcommon.Timestamp), value any) error {
	text, _ := value.(string)
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return errNoTime
	}
	set(pcommon.NewTimestampFromTime(t))
	return nil
}

func (r *written) text(set func(string), value any) error {
	text, is := value.(string)
	if !is {
		return errNoText
	}
	set(text)
	return nil
}

func (r *written) severity(value any) error {
	for n := plog.SeverityNumberUnspecified; n <= plog.SeverityNumberFatal4; n++ {
		if value == int64(n) || value == float64(n) {
			r.log.SetSeverityNumber(n)
			return nil
		}
	}
	return errNoSeverity
}

func hexadecimal(id []byte, value any) error {
	text, _ := value.(string)
	decoded, err := hex.DecodeString(text)
	if err != nil || len(decoded) != len(id) {
		return fmt.Errorf("must be %d hexadecimal digits", 2*len(id))
	}
	copy(id, decoded)
	return nil
}

func putAll(m pcommon.Map, value any) error {
	members, is := value.(map[string]any)
	if !is {
		return errNoMap
	}
	m.EnsureCapacity(len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := put(m.PutEmpty(name), members[name]); err != nil {
			return err
		}
	}
	return nil
}

// put sets a value as JSON or YAML gives it. Names are in alphabetical order, so that the same record is always the same.
func put(v pcommon.Value, value any) error {
	switch of := value.(type) {
	case map[string]any:
		return putAll(v.SetEmptyMap(), of)
	case []any:
		list := v.SetEmptySlice()
		list.EnsureCapacity(len(of))
		for _, element := range of {
			if err := put(list.AppendEmpty(), element); err != nil {
				return err
			}
		}
		return nil
	}
	if v.FromRaw(value) != nil {
		return errors.New("holds a value that no record can have")
	}
	return nil
}
