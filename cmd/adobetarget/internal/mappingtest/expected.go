// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mappingtest // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/mappingtest"

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// Expected is what is expected of the records of a test, or what came of them.
type Expected struct {
	Calls   []Call
	Skipped []Skip

	node *yaml.Node
}

// Call is what one call says of one visitor. Each row of an upload is one, and each part of several calls.
type Call struct {
	Visitor    map[string]string
	Parameters map[string]string
	// Records and Route are nil and "" where none are expected.
	Records []int
	Route   string

	node *yaml.Node
}

// Skip is a record that is skipped.
type Skip struct {
	Record int
	Reason string
	// Place is what in the settings of the exporter does it, "" where none is expected.
	Place string

	path string // the whole of a place that came
	node *yaml.Node
}

func readExpected(n *yaml.Node) (*Expected, error) {
	e := &Expected{node: n}
	return e, fields(n, "expect", map[string]func(*yaml.Node) error{
		"calls":   func(n *yaml.Node) error { return each(n, "calls", e.readCall) },
		"skipped": func(n *yaml.Node) error { return each(n, "skipped", e.readSkip) },
	})
}

func (e *Expected) readCall(n *yaml.Node) error {
	c := Call{Visitor: make(map[string]string), Parameters: make(map[string]string), node: n}
	err := fields(n, "a call", map[string]func(*yaml.Node) error{
		"visitor":    texts(c.Visitor, "visitor"),
		"parameters": texts(c.Parameters, "parameters"),
		"route":      text(&c.Route, "route"),
		"records": func(n *yaml.Node) error {
			if len(follow(n).Content) == 0 {
				return at(n, "records: there are none, name some or leave the key out")
			}
			return each(n, "records", func(n *yaml.Node) error {
				c.Records = append(c.Records, 0)
				return number(&c.Records[len(c.Records)-1], "records")(n)
			})
		},
	})
	e.Calls = append(e.Calls, c)
	if err != nil {
		return err
	}
	return c.validate()
}

func (c *Call) validate() error {
	for parameter := range c.Visitor {
		if err := profile.VisitorParameter(parameter).Validate(); err != nil {
			return at(c.node, "visitor: %w", err)
		}
	}
	for name := range c.Parameters {
		if !strings.HasPrefix(name, "profile.") {
			return at(c.node, "parameters: %q must be written as profile.%s, which it is called in Target", name, name)
		}
	}
	if c.Route != "" {
		if err := route.Name(c.Route).Validate(); err != nil {
			return at(c.node, "route: %w", err)
		}
	}
	if len(c.Visitor)+len(c.Parameters)+len(c.Records)+len(c.Route) == 0 {
		return at(c.node, "a call must expect something: visitor, parameters, records or route")
	}
	return nil
}

func (e *Expected) readSkip(n *yaml.Node) error {
	s := Skip{node: n}
	err := fields(n, "a skipped record", map[string]func(*yaml.Node) error{
		"record": number(&s.Record, "record"),
		"reason": text(&s.Reason, "reason"),
		"place":  text(&s.Place, "place"),
	})
	e.Skipped = append(e.Skipped, s)
	switch {
	case err != nil:
		return err
	case s.Record == 0:
		return at(n, "record: required, its number from 1")
	case slices.ContainsFunc(e.Skipped[:len(e.Skipped)-1], func(other Skip) bool { return other.Record == s.Record }):
		return at(n, "record: %d is named twice", s.Record)
	}
	known := make([]string, 0, len(mapping.Skips()))
	for _, reason := range mapping.Skips() {
		if reason.String() == s.Reason {
			return nil
		}
		known = append(known, reason.String())
	}
	return at(n, "reason: %q is unknown, use one of %s", s.Reason, strings.Join(known, ", "))
}

// validate refuses what would pass whatever comes of the records.
func (e *Expected) validate(contains bool) error {
	if len(e.Calls)+len(e.Skipped) == 0 {
		return at(e.node, "expect: expects nothing, write calls or skipped")
	}
	if contains {
		return nil
	}
	var errs []error
	for _, c := range e.Calls {
		if len(c.Visitor) != 1 || len(c.Parameters) == 0 {
			errs = append(errs, at(c.node, "a call needs visitor and parameters, unless the test has match: contains"))
		}
	}
	return errors.Join(errs...)
}

// sorted returns the keys and values of a map, one behind the other.
func sorted(m map[string]string) []string {
	all := make([]string, 0, 2*len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		all = append(all, key, m[key])
	}
	return all
}
