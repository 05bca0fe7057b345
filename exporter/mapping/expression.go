// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"context"
	"errors"
	"regexp"
	"slices"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"
)

// Expression is an OTTL value expression over a log record, with the path
// prefixes log., scope. and resource.
type Expression string

// Validate returns OTTL's own message when the expression does not parse.
func (e Expression) Validate() error {
	_, err := e.parse()
	return err
}

// parse returns nil for an entry that has no expression.
func (e Expression) parse() (*expression, error) {
	return e.parseWith(ottlfuncs.StandardConverters[*ottllog.TransformContext]())
}

// parseID is parse for the id of a visitor.
func (e Expression) parseID() (*expression, error) {
	converters := ottlfuncs.StandardConverters[*ottllog.TransformContext]()
	failWithoutAPart(converters)
	return e.parseWith(converters)
}

func (e Expression) parseWith(converters map[string]ottl.Factory[*ottllog.TransformContext]) (*expression, error) {
	if e == "" {
		return nil, nil //nolint:nilnil // an entry without a value has no expression
	}
	if err := aboutRecord(string(e)); err != nil {
		return nil, err
	}
	parser, err := newParser(converters)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseValueExpression(string(e))
	if err != nil {
		return nil, err
	}
	paths := timePath.FindAllString(string(e), -1)
	if slices.Contains(paths, coalesce) { // it has something else to give, as a rule
		paths = nil
	}
	return &expression{
		ottl:             parsed,
		readsTime:        slices.Contains(paths, "log.time"),
		readsObservation: slices.Contains(paths, "log.observed_time"),
	}, nil
}

// coalesce is the converter that chooses between values.
const coalesce = "Coalesce"

// timePath finds the paths to the times of a record, what chooses between values, and text in
// quotes, where they are neither.
var timePath = regexp.MustCompile(`"(?:\\.|[^"\\])*"|\blog\.(?:observed_)?time|\b` + coalesce + `\b`)

// expression is an Expression ready to be evaluated.
type expression struct {
	ottl                        *ottl.ValueExpression[*ottllog.TransformContext]
	readsTime, readsObservation bool
}

// eval returns what the expression gives on a record. OTTL gives 1970 for a time that
// is not set, and converters go on with it, so that is no value. OTTL's errors may hold
// the record's values, so they are a reason and not said.
func (e *expression) eval(ctx context.Context, on *recordContext) (pcommon.Value, Drop) {
	if e.readsTime && on.record.Timestamp() == 0 || e.readsObservation && on.record.ObservedTimestamp() == 0 {
		return pcommon.Value{}, DropNull
	}
	result, err := e.ottl.Eval(ctx, on.ottl)
	switch {
	case errors.Is(err, errMissing):
		return pcommon.NewValueStr(missing), kept
	case err != nil:
		return pcommon.Value{}, DropExpressionFailed
	}
	return resultValue(result)
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
	if err := aboutRecord(string(c)); err != nil {
		return nil, err
	}
	parser, err := newParser(ottlfuncs.StandardConverters[*ottllog.TransformContext]())
	if err != nil {
		return nil, err
	}
	return parser.ParseCondition(string(c))
}

// otelcolPath finds a path that begins with otelcol, and text in quotes, where it is none.
var otelcolPath = regexp.MustCompile(`"(?:\\.|[^"\\])*"|\botelcol\b`)

// aboutRecord refuses paths to the request that a record came in. Batches merge requests
// of several clients, and records that are tried again later have left theirs.
func aboutRecord(text string) error {
	if slices.Contains(otelcolPath.FindAllString(text, -1), "otelcol") {
		return errors.New("paths that begin with otelcol tell of a request, which a record in a batch or in the queue has left: " +
			"copy what you need to an attribute of the record with the transform processor")
	}
	return nil
}

// newParser returns a parser that says nothing: OTTL's own log lines carry whole
// records.
func newParser(converters map[string]ottl.Factory[*ottllog.TransformContext]) (ottl.Parser[*ottllog.TransformContext], error) {
	return ottllog.NewParser(
		converters,
		component.TelemetrySettings{Logger: zap.NewNop()},
		ottllog.EnablePathContextNames(),
	)
}
