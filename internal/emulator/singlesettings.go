// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// Segment is what stands behind /m2/ in the path of an update, on which Adobe's pages disagree.
type Segment string

const (
	// SegmentCode is the client code.
	SegmentCode Segment = "code"
	// SegmentLiteral is the word client.
	SegmentLiteral Segment = "literal"
)

// Place is where an update has its parameters, which Adobe does not say of a POST.
type Place string

const (
	// PlaceBody is the form in the body.
	PlaceBody Place = "body"
	// PlaceQuery is the query.
	PlaceQuery Place = "query"
)

// Single is how the Single Profile Update API and the profile fetch behave where Adobe's pages disagree or are silent. The
// zero value takes both paths and both places, accepts updates of visitors who do not exist, and keeps values as they are.
type Single struct {
	// Segment is the only one whose path exists; empty has both.
	Segment Segment
	// Place is the only one that is looked at; empty looks at both. What stands elsewhere is ignored.
	Place Place
	// RefuseUnknown answers updates of visitors who do not exist with success false.
	RefuseUnknown bool
	// ValueLength is how many characters a value may have, NameLength a name, up to 128, Parameters how many a call may have, and
	// BodyBytes how many bytes a body may have, up to 60,000. With 0 values and parameters have no limit, and the others theirs.
	ValueLength, NameLength, Parameters, BodyBytes int
	// CutValues cuts longer values and does not refuse them.
	CutValues bool
	// TrimValues takes the blanks at both ends of a value away, as older servers did.
	TrimValues bool
	// Lag is after what time a fetch shows what an update did.
	Lag time.Duration
}

func (s Single) validate() error {
	switch {
	case s.Segment != "" && s.Segment != SegmentCode && s.Segment != SegmentLiteral:
		return errors.New("single: segment must be code or literal")
	case s.Place != "" && s.Place != PlaceBody && s.Place != PlaceQuery:
		return errors.New("single: place must be body or query")
	case s.ValueLength < 0 || s.NameLength < 0 || s.Parameters < 0 || s.BodyBytes < 0:
		return errors.New("single: lengths and numbers must be 0 or more")
	case s.NameLength > maxNameLength || s.BodyBytes > maxBodyBytes:
		return errors.New("single: name_length must be at most 128, body_bytes at most 60000")
	case s.CutValues && s.ValueLength == 0:
		return errors.New("single: cut_values needs value_length")
	case s.Lag < 0:
		return errors.New("single: lag must be 0 or more")
	}
	return nil
}

// SetSingle changes how the Single Profile Update API behaves.
func (e *Emulator) SetSingle(single Single) error {
	if err := single.validate(); err != nil {
		return err
	}
	e.single.Store(&single)
	return nil
}

// has reports whether the path with that code exists.
func (s *Single) has(code string) bool {
	switch s.Segment {
	case SegmentCode:
		return code != literalCode
	case SegmentLiteral:
		return code == literalCode
	}
	return true
}

// looksAt returns the parameters of a call, none where it does not look.
func (s *Single) looksAt(r *http.Request, got request) string {
	place := PlaceQuery
	if len(got.body) > 0 {
		place = PlaceBody
	}
	if s.Place == "" || s.Place == place || r.Method == http.MethodGet {
		return got.encoded
	}
	return ""
}

// take makes of an update what is kept of it, or refuses it.
func (s *Single) take(u *update) *refusal {
	if s.Parameters > 0 && len(u.parameters) > s.Parameters {
		return refusedUpdate("there are too many profile parameters")
	}
	for i := range u.parameters {
		p := &u.parameters[i]
		if s.TrimValues {
			p.value = strings.TrimSpace(p.value)
		}
		switch {
		case s.NameLength > 0 && utf8.RuneCountInString(p.name) > s.NameLength:
			return refusedUpdate("the name of a profile parameter is too long")
		case s.ValueLength == 0 || utf8.RuneCountInString(p.value) <= s.ValueLength:
		case s.CutValues:
			p.value = string([]rune(p.value)[:s.ValueLength])
		default:
			return refusedUpdate("the value of a profile parameter is too long")
		}
	}
	return nil
}

// singleWire is a Single in JSON.
type singleWire struct {
	Segment       Segment  `json:"segment"`
	Place         Place    `json:"place"`
	RefuseUnknown bool     `json:"refuse_unknown"`
	ValueLength   int      `json:"value_length"`
	NameLength    int      `json:"name_length"`
	Parameters    int      `json:"parameters"`
	BodyBytes     int      `json:"body_bytes"`
	CutValues     bool     `json:"cut_values"`
	TrimValues    bool     `json:"trim_values"`
	Lag           duration `json:"lag"`
}

func (e *Emulator) changeSingle(body []byte) error {
	var w singleWire
	if err := decodeStrictly(body, &w); err != nil {
		return err
	}
	return e.SetSingle(Single{
		Segment: w.Segment, Place: w.Place, RefuseUnknown: w.RefuseUnknown,
		ValueLength: w.ValueLength, NameLength: w.NameLength, Parameters: w.Parameters, BodyBytes: w.BodyBytes,
		CutValues: w.CutValues, TrimValues: w.TrimValues, Lag: w.Lag.std(),
	})
}
