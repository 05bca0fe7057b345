// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"go.opentelemetry.io/collector/pdata/plog"
)

// nowhere is the part of a record that goes into none.
const nowhere = -1

// cut copies the records of ld into so many parts, each record into the part that
// partOf names, in their order, each in its resource and scope.
func cut(ld plog.Logs, partOf []int, parts int) []plog.Logs {
	cuts := make([]cutting, parts)
	for i := range cuts {
		cuts[i] = cutting{data: plog.NewLogs(), inResource: nowhere, inScope: nowhere}
	}
	n := 0
	for r, resource := range ld.ResourceLogs().All() {
		for s, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				if part := partOf[n]; part != nowhere {
					cuts[part].enter(r, resource, s, scope)
					record.CopyTo(cuts[part].scope.LogRecords().AppendEmpty())
				}
				n++
			}
		}
	}
	out := make([]plog.Logs, parts)
	for i := range cuts {
		out[i] = cuts[i].data
	}
	return out
}

// cutting is a part under way, and which resource and scope it is in.
type cutting struct {
	data                plog.Logs
	resource            plog.ResourceLogs
	scope               plog.ScopeLogs
	inResource, inScope int
}

func (c *cutting) enter(r int, resource plog.ResourceLogs, s int, scope plog.ScopeLogs) {
	if c.inResource != r {
		c.resource = c.data.ResourceLogs().AppendEmpty()
		resource.Resource().CopyTo(c.resource.Resource())
		c.resource.SetSchemaUrl(resource.SchemaUrl())
		c.inResource, c.inScope = r, nowhere
	}
	if c.inScope != s {
		c.scope = c.resource.ScopeLogs().AppendEmpty()
		scope.Scope().CopyTo(c.scope.Scope())
		c.scope.SetSchemaUrl(scope.SchemaUrl())
		c.inScope = s
	}
}

// subset returns a copy of the chosen records of ld.
func subset(ld plog.Logs, chosen []bool) plog.Logs {
	partOf := make([]int, len(chosen))
	for i, is := range chosen {
		if !is {
			partOf[i] = nowhere
		}
	}
	return cut(ld, partOf, 1)[0]
}
