// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"errors"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"
)

// Expression is an OTTL value expression over a log record, with the path
// prefixes log., scope. and resource.
type Expression string

// Validate returns OTTL's own message when the expression does not parse.
func (e Expression) Validate() error {
	if e == "" {
		return nil
	}
	_, err := e.parse()
	return err
}

func (e Expression) parse() (*ottl.ValueExpression[*ottllog.TransformContext], error) {
	parser, err := newParser()
	if err != nil {
		return nil, err
	}
	return parser.ParseValueExpression(string(e))
}

// Condition is an OTTL condition over a log record, with the path prefixes log.,
// scope. and resource.
type Condition string

// Validate returns OTTL's own message when the condition does not parse.
func (c Condition) Validate() error {
	_, err := c.parse()
	return err
}

func (c Condition) parse() (*ottl.Condition[*ottllog.TransformContext], error) {
	if c == "" {
		return nil, errors.New("the condition is empty, write an OTTL condition or remove it")
	}
	parser, err := newParser()
	if err != nil {
		return nil, err
	}
	return parser.ParseCondition(string(c))
}

// newParser returns a parser that says nothing: OTTL's own log lines carry whole
// records.
func newParser() (ottl.Parser[*ottllog.TransformContext], error) {
	return ottllog.NewParser(
		ottlfuncs.StandardConverters[*ottllog.TransformContext](),
		component.TelemetrySettings{Logger: zap.NewNop()},
		ottllog.EnablePathContextNames(),
	)
}
