// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package records // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"

import "go.opentelemetry.io/collector/pdata/plog"

// Logs returns the action of each of the visitors.
func Logs(visitors Visitors) plog.Logs {
	logs := plog.NewLogs()
	list := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	list.EnsureCapacity(len(visitors))
	for _, visitor := range visitors {
		a := Of(visitor)
		attributes := list.AppendEmpty().Attributes()
		attributes.PutStr("channel", a.Channel)
		attributes.PutStr("customer.id", a.Customer)
		attributes.PutStr("action", a.Action)
		attributes.PutStr("store.id", a.Store)
		attributes.PutStr("city", a.City)
		attributes.PutStr("loyalty.tier", a.Tier)
		attributes.PutInt("loyalty.points", int64(a.Points))
	}
	return logs
}
