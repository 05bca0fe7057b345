// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import "slices"

// FaultKind is what a faulted call gets to see.
type FaultKind string

// The kinds of faults.
const (
	// FaultStatus answers with Fault.Status, from 200 to 599, and Fault.RetryAfter.
	FaultStatus FaultKind = "status"
	// FaultReset resets the connection (TCP RST) without an answer.
	FaultReset FaultKind = "reset"
	// FaultHang never answers; the call ends when the caller goes away or the emulator is closed.
	FaultHang FaultKind = "hang"
	// FaultRefuse answers 200 with success false, a Delivery call with a message.
	FaultRefuse FaultKind = "refuse"
	// FaultRedirect answers with Fault.Status, 302 when 0, and Fault.Location, "/" when empty: a page that answers 200.
	FaultRedirect FaultKind = "redirect"
	// FaultGarbage answers 200 with an HTML page.
	FaultGarbage FaultKind = "garbage"
	// FaultTruncate answers 200 with a body that ends before its Content-Length.
	FaultTruncate FaultKind = "truncate"
	// FaultSilent answers 200 and does not name the mbox or notification of a Delivery call; an update with nothing.
	FaultSilent FaultKind = "silent"
	// FaultEntity answers an upload or its status with an entity in it that XML does not know, and all is well.
	FaultEntity FaultKind = "entity"
	// FaultForeign answers an upload with Fault.Location as the address of its status, by default one that is not Target's,
	// and all is well.
	FaultForeign FaultKind = "foreign"
	// FaultNoStatus answers an upload without an address of its status, and all is well.
	FaultNoStatus FaultKind = "no_status"
	// FaultLarge answers the question for a status with over 10 MB.
	FaultLarge FaultKind = "large"
	// FaultStuck has a batch get stuck that was taken. It hits in addition to the kinds above, as FaultFailRows does.
	FaultStuck FaultKind = "stuck"
	// FaultFailRows has the rows of Fault.Visitor fail, or all of a batch.
	FaultFailRows FaultKind = "fail_rows"
)

// Route is the kind of calls that a fault hits.
type Route string

// The routes.
const (
	RouteSingle     Route = "single"
	RouteDelivery   Route = "delivery"
	RouteBulk       Route = "bulk"
	RouteBulkStatus Route = "bulk_status"
)

// bulkFaults are the kinds that only the bulk API knows, and the routes they hit.
var bulkFaults = map[FaultKind][]Route{
	FaultEntity:   {RouteBulk, RouteBulkStatus},
	FaultForeign:  {RouteBulk},
	FaultNoStatus: {RouteBulk},
	FaultLarge:    {RouteBulkStatus},
	FaultStuck:    {RouteBulk},
	FaultFailRows: {RouteBulk},
}

// hits reports whether calls of the route can meet the kind.
func (k FaultKind) hits(route Route) bool {
	routes, ofBulk := bulkFaults[k]
	return !ofBulk || slices.Contains(routes, route)
}

// isFate reports whether the kind is about what becomes of a batch, and not about the answer.
func (k FaultKind) isFate() bool { return k == FaultStuck || k == FaultFailRows }

// takesEffect reports whether the call that meets the fault does what it asks for.
func (f Fault) takesEffect() bool {
	return f.Applied || f.Kind == FaultEntity || f.Kind == FaultForeign || f.Kind == FaultNoStatus
}
