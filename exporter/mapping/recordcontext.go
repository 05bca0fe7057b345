// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"fmt"
	"reflect"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// recordContext is the OTTL context of one log record after another.
//
// pkg/ottl makes its context with NewTransformContextPtr up to v0.160 and with
// NewTransformContext of the same meaning since v0.161, so no source that calls
// either builds with both, and an exporter has to build in a distribution that is
// older or newer than its own. The context is therefore filled in by the names
// and types of its fields, which both have. They are checked when a Mapper is
// made: a pkg/ottl that differs is an error at start, never a wrong record.
type recordContext struct {
	ottl     *ottllog.TransformContext
	resource *plog.ResourceLogs
	scope    *plog.ScopeLogs
	record   *plog.LogRecord
}

func newRecordContext() (*recordContext, error) {
	c := &recordContext{ottl: &ottllog.TransformContext{}}
	if known, got := 5, reflect.TypeFor[ottllog.TransformContext]().NumField(); got != known {
		return nil, fmt.Errorf("this build of pkg/ottl has a log context of %d fields, and %d are known: "+
			"build with a version of pkg/ottl that this exporter was tested with", got, known)
	}
	var cache *pcommon.Map
	for _, err := range []error{
		field(c.ottl, "resourceLogs", &c.resource),
		field(c.ottl, "scopeLogs", &c.scope),
		field(c.ottl, "logRecord", &c.record),
		field(c.ottl, "cache", &cache),
	} {
		if err != nil {
			return nil, err
		}
	}
	*cache = pcommon.NewMap()
	c.clear()
	return c, nil
}

// clear lets go of the record and what it stands in.
func (c *recordContext) clear() {
	*c.resource = plog.ResourceLogs{}
	*c.scope = plog.ScopeLogs{}
	*c.record = plog.LogRecord{}
}

// field points target at the named field of the context.
func field[T any](tCtx *ottllog.TransformContext, name string, target **T) error {
	f := reflect.ValueOf(tCtx).Elem().FieldByName(name)
	if !f.IsValid() || f.Type() != reflect.TypeFor[T]() {
		return fmt.Errorf("this build of pkg/ottl has no log context with the field %s of type %s: build with pkg/ottl v0.160.0 or a newer one this exporter was tested with",
			name, reflect.TypeFor[T]())
	}
	// NewAt gives the field without the mark of being unexported.
	*target = reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Interface().(*T)
	return nil
}
