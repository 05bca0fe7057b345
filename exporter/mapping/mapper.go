// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"unicode/utf8"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// Update is what one log record says of one visitor's profile.
type Update struct {
	// Skip is the reason why there is no update; the visitor and the parameters are
	// of no meaning then.
	Skip Skip
	// Visitor is whose profile is updated, by a usable id.
	Visitor profile.Visitor
	// Failed is the place in the YAML of the first expression that could not be
	// evaluated, when Skip says that one could not.
	Failed string
	// Parameters are what is set, in the order of the entries; of two with one name
	// the later counts. Each alone fits a call, and all together fit ten.
	Parameters []profile.Parameter
	// Dropped counts the parameters that were left out.
	Dropped Drops
	// Left says which these are, where that is asked for.
	Left []Left
}

// Left is a parameter that was left out.
type Left struct {
	// Name is what it would be called, "" where nothing names it.
	Name string
	Why  Drop
	// Entry is the position of the entry that found it.
	Entry int
}

// Mapper maps log records by the entries of a Config. It is safe for concurrent
// use.
type Mapper struct {
	visitor    []visitorSource
	profile    []profileSource
	conditions []condition

	placeholders          *placeholders
	maxValueLength        int
	maxThirdPartyIDLength int
	maxCall               int
	maxParameters         int
	utf16                 bool
	refusesName           func(name string) bool

	readers sync.Pool
}

// visitorSource is a VisitorEntry ready to be read.
type visitorSource struct {
	parameter profile.VisitorParameter
	attribute string
	value     *expression
	place     string // of value in the YAML
}

// condition is a Condition ready to be evaluated.
type condition struct {
	ottl  *ottl.Condition[*ottllog.TransformContext]
	place string // in the YAML
}

// profileSource is a ProfileEntry ready to be read.
type profileSource struct {
	parameter   string
	attribute   string
	prefix      string
	value       *expression
	defaultText string
}

// New returns a Mapper. It returns an error when an expression does not parse, or
// when the build's pkg/ottl is one this package does not know.
func New(cfg Config) (*Mapper, error) {
	m := &Mapper{
		placeholders:          newPlaceholders(cfg.Placeholders),
		maxValueLength:        cfg.MaxValueLength,
		maxThirdPartyIDLength: cfg.MaxThirdPartyIDLength,
		maxCall:               cfg.MaxCall,
		maxParameters:         cfg.MaxParameters,
		utf16:                 cfg.UTF16,
		refusesName:           cfg.RefusesName,
	}
	if _, err := newRecordContext(); err != nil {
		return nil, err
	}
	for i, e := range cfg.Visitor {
		place := fmt.Sprintf("visitor::%d::value", i)
		value, err := e.Value.parseID()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		m.visitor = append(m.visitor, visitorSource{parameter: e.Parameter, attribute: e.Attribute, value: value, place: place})
	}
	for i, e := range cfg.Profile {
		value, err := e.Value.parse()
		if err != nil {
			return nil, fmt.Errorf("profile::%d::value: %w", i, err)
		}
		s := profileSource{parameter: string(e.Parameter), attribute: e.Attribute, prefix: e.Prefix, value: value}
		if e.Default != nil {
			s.defaultText, _ = defaultText(e.Default)
		}
		m.profile = append(m.profile, s)
	}
	for i, c := range cfg.Conditions {
		place := fmt.Sprintf("conditions::%d", i)
		parsed, err := c.parse()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		m.conditions = append(m.conditions, condition{ottl: parsed, place: place})
	}
	return m, nil
}

// Updates yields every log record of ld in order, with its number in ld and its
// update. The update is valid until the next one is asked for.
func (m *Mapper) Updates(ctx context.Context, ld plog.Logs) iter.Seq2[int, *Update] {
	return m.updates(ctx, ld, false)
}

// Explained is Updates for who wants to know which parameters were left out.
func (m *Mapper) Explained(ctx context.Context, ld plog.Logs) iter.Seq2[int, *Update] {
	return m.updates(ctx, ld, true)
}

func (m *Mapper) updates(ctx context.Context, ld plog.Logs, explained bool) iter.Seq2[int, *Update] {
	return func(yield func(int, *Update) bool) {
		r := m.reader()
		r.explains = explained
		defer m.release(r)
		n := 0
		for _, resource := range ld.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					r.at(resource, scope, record)
					r.read(ctx)
					if !yield(n, &r.update) {
						return
					}
					n++
				}
			}
		}
	}
}

// Sendable reports whether a call can name the visitor, and means one by it. An update that was
// mapped before the configuration changed is asked again.
func (m *Mapper) Sendable(v profile.Visitor) bool {
	return v.Usable(m.maxThirdPartyIDLength) && !m.placeholders.include(v.ID)
}

// Carries reports whether a call can carry the parameter, or why it has to be left out. An update
// that was mapped before the configuration changed is asked again.
func (m *Mapper) Carries(v profile.Visitor, p *profile.Parameter) (why Drop, ok bool) {
	why = m.refusal(v, p.Name, p.Value)
	return why, why == kept
}

// refusal returns why no call can carry a parameter, kept when one can.
func (m *Mapper) refusal(v profile.Visitor, name, value string) Drop {
	switch {
	case name == "":
		return DropEmptyName
	case profile.Reserved(name), m.refusesName != nil && m.refusesName(name):
		return DropReservedName
	case profile.Malformed(name):
		return DropMalformedName
	case m.longer(name, profile.MaxNameLength):
		return DropNameTooLong
	case m.maxValueLength > 0 && m.longer(value, m.maxValueLength):
		return DropValueTooLong
	case !profile.Fits(v, name, value, m.maxCall):
		return DropTooLarge
	}
	return kept
}

// longer reports whether a text has more characters. No way to count them gives more than its bytes.
func (m *Mapper) longer(text string, most int) bool {
	switch {
	case len(text) <= most:
		return false
	case m.utf16:
		return profile.UTF16Length(text) > most
	}
	return utf8.RuneCountInString(text) > most
}

func (m *Mapper) reader() *reader {
	if r, ok := m.readers.Get().(*reader); ok {
		return r
	}
	// New made one already, so this build's pkg/ottl is known to have it.
	ottlContext, _ := newRecordContext()
	return &reader{Mapper: m, ottl: ottlContext}
}

func (m *Mapper) release(r *reader) {
	r.ottl.clear()
	r.attributes = attributeMaps{}
	parameters := r.update.Parameters
	clear(parameters[:cap(parameters)]) // an earlier record may have had more than the last one
	r.update = Update{Parameters: parameters[:0]}
	m.readers.Put(r)
}
