// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/target"
)

// settle says what was rejected and returns what is held.
func (d *Delivery) settle(ld plog.Logs, r *run) error {
	if len(r.rejected) > 0 {
		d.Logger.Warn("Target rejected log records, they will not be sent again", zap.Any("records_by_reason", r.rejected))
	}
	held := 0
	for _, is := range r.held {
		if is {
			held++
		}
	}
	if held == 0 {
		return nil
	}
	d.held.Store(int64(held))
	if d.lastChance.Load() != nil {
		d.lose(int(d.held.Swap(0)))
	}

	err := status.Error(statusCode(r.reason), fmt.Sprintf("%d of %d log records are held: %s", held, len(r.held), why(r.reason)))
	if held < len(r.held) {
		err = consumererror.NewLogs(err, subset(ld, r.held))
	}
	if r.reason.RetryAfter > 0 {
		err = exporterhelper.NewThrottleRetry(err, r.reason.RetryAfter)
	}
	return err
}

// lose counts and says records that are held and that nobody will send again.
func (d *Delivery) lose(records int) {
	reason := d.lastChance.Load()
	if reason == nil {
		return
	}
	d.counters.records(context.Background(), outcomeRejected, *reason, records)
	d.Logger.Error("Log records are lost: they could not be sent, and nothing keeps them",
		zap.Int("records", records), zap.String("reason", *reason))
}

// why says for what records are held, in words that hold nothing of them.
func why(a target.Answer) string {
	switch {
	case a.Reason == "", a.Reason == target.ReasonCanceled:
		return "the exporter or the caller stopped before they could be sent"
	case a.StatusCode != 0:
		return fmt.Sprintf("Target answered with the status %d", a.StatusCode)
	default:
		return "no answer from Target, " + a.Reason
	}
}

// statusCode returns the gRPC code by which the helper's metrics tell errors apart.
func statusCode(a target.Answer) codes.Code {
	switch {
	case a.StatusCode == http.StatusUnauthorized, a.StatusCode == http.StatusProxyAuthRequired:
		return codes.Unauthenticated
	case a.StatusCode == http.StatusForbidden:
		return codes.PermissionDenied
	case a.StatusCode == http.StatusNotFound:
		return codes.NotFound
	case a.StatusCode == http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case a.Reason == target.ReasonTimeout, a.StatusCode == http.StatusRequestTimeout:
		return codes.DeadlineExceeded
	case a.Reason == target.ReasonCanceled:
		return codes.Canceled
	default:
		return codes.Unavailable
	}
}

// subset returns a copy of the chosen records of ld, in their order, each in its
// resource and scope.
func subset(ld plog.Logs, chosen []bool) plog.Logs {
	out := plog.NewLogs()
	n := 0
	for _, resource := range ld.ResourceLogs().All() {
		var outResource plog.ResourceLogs
		newResource := true
		for _, scope := range resource.ScopeLogs().All() {
			of := chosen[n : n+scope.LogRecords().Len()]
			n += len(of)
			if !slices.Contains(of, true) {
				continue
			}
			if newResource {
				newResource = false
				outResource = out.ResourceLogs().AppendEmpty()
				resource.Resource().CopyTo(outResource.Resource())
				outResource.SetSchemaUrl(resource.SchemaUrl())
			}
			outScope := outResource.ScopeLogs().AppendEmpty()
			scope.Scope().CopyTo(outScope.Scope())
			outScope.SetSchemaUrl(scope.SchemaUrl())
			for i, is := range of {
				if is {
					scope.LogRecords().At(i).CopyTo(outScope.LogRecords().AppendEmpty())
				}
			}
		}
	}
	return out
}
