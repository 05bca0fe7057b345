// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

var errDuration = errors.New("a duration is written as 1h30m or 200ms")

// duration is written as in Go: 1h30m, 200ms.
type duration time.Duration

func (d duration) std() time.Duration { return time.Duration(d) }

func (d duration) MarshalText() ([]byte, error) {
	return []byte(d.std().String()), nil
}

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return errDuration
	}
	*d = duration(parsed)
	return nil
}

// faultWire is a fault in JSON.
type faultWire struct {
	Kind           FaultKind `json:"kind"`
	Route          Route     `json:"route,omitempty"`
	Status         int       `json:"status,omitempty"`
	RetryAfter     duration  `json:"retry_after,omitempty"`
	RetryAfterDate bool      `json:"retry_after_date,omitempty"`
	Location       string    `json:"location,omitempty"`
	Probability    *float64  `json:"probability,omitempty"`
	Count          int       `json:"count,omitempty"`
	Visitor        string    `json:"visitor,omitempty"`
	Applied        bool      `json:"applied,omitempty"`
}

func (w faultWire) fault() (Fault, error) {
	f := Fault{
		Kind:           w.Kind,
		Route:          w.Route,
		Status:         w.Status,
		RetryAfter:     w.RetryAfter.std(),
		RetryAfterDate: w.RetryAfterDate,
		Location:       w.Location,
		Count:          w.Count,
		Visitor:        w.Visitor,
		Applied:        w.Applied,
	}
	if w.Probability != nil {
		if *w.Probability == 0 {
			return Fault{}, errors.New("probability must be over 0; leave the fault out to lift it")
		}
		f.Probability = *w.Probability
	}
	return f, f.validate()
}

func faultOnWire(f Fault) faultWire {
	w := faultWire{
		Kind:           f.Kind,
		Route:          f.Route,
		Status:         f.Status,
		RetryAfter:     duration(f.RetryAfter),
		RetryAfterDate: f.RetryAfterDate,
		Location:       f.Location,
		Count:          f.Count,
		Visitor:        f.Visitor,
		Applied:        f.Applied,
	}
	if f.Probability != 0 {
		w.Probability = &f.Probability
	}
	return w
}

// ParseFault reads one fault in the JSON shape of the control.
func ParseFault(text string) (Fault, error) {
	var w faultWire
	if err := decodeStrictly([]byte(text), &w); err != nil {
		return Fault{}, err
	}
	return w.fault()
}

type latencyWire struct {
	Fixed  duration `json:"fixed"`
	Jitter duration `json:"jitter"`
}

type quotaWire struct {
	Calls      int      `json:"calls"`
	Window     duration `json:"window"`
	RetryAfter duration `json:"retry_after"`
}

type receiptsWire struct {
	Prefix string `json:"prefix"`
}

type tokenWire struct {
	Token string `json:"token"`
}

// decodeStrictly takes exactly one JSON value without unknown fields. Its errors repeat nothing of the text: it may be a token.
func decodeStrictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.Is(err, errDuration):
		return errDuration
	case errors.As(err, &wrong):
		return fmt.Errorf("%s must not be a JSON %s", cmp.Or(wrong.Field, "the whole"), jsonKind(wrong.Value))
	case err != nil:
		return errors.New("not the JSON that is documented")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// jsonKind cuts "number 1.5" down to "number".
func jsonKind(value string) string {
	kind, _, _ := strings.Cut(value, " ")
	return kind
}
