// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"context"
	"errors"
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
)

// missing is what OTTL's Concat and Format write for a part that is not there.
const missing = "<nil>"

// errMissing goes up through other converters: the hash of a text with a missing
// part would be one id for all who lack it.
var errMissing = errors.New("a part of the text is missing")

// failWithoutAPart has the converters of an id fail where a part is missing.
func failWithoutAPart(converters map[string]ottl.Factory[*ottllog.TransformContext]) {
	for _, name := range []string{"Concat", "Format"} {
		if f, ok := converters[name]; ok {
			converters[name] = ottl.NewFactory(name, f.CreateDefaultArguments(), whole(f))
		}
	}
}

func whole(f ottl.Factory[*ottllog.TransformContext]) ottl.CreateFunctionFunc[*ottllog.TransformContext] {
	return func(set ottl.FunctionContext, arguments ottl.Arguments) (ottl.ExprFunc[*ottllog.TransformContext], error) {
		convert, err := f.CreateFunction(set, arguments)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, tCtx *ottllog.TransformContext) (any, error) {
			result, err := convert(ctx, tCtx)
			if text, ok := result.(string); ok && strings.Contains(text, missing) {
				return nil, errMissing
			}
			return result, err
		}, nil
	}
}
