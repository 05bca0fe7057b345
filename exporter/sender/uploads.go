// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"iter"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// UploadRoute makes uploads and asks what became of them: a route.UploadCaller, or a
// route.UploadDryRun that shows them.
type UploadRoute interface {
	// Upload makes one call with all rows of the sheet, and returns where its status is asked for, ""
	// for nowhere.
	Upload(ctx context.Context, sheet *route.Sheet, rows iter.Seq2[route.Row, error]) (answer route.Answer, status string)
	// Status asks what became of an upload. The progress counts when the answer is that of Delivered.
	Status(ctx context.Context, status string) (route.Progress, route.Answer)
}

// Uploads is how updates go by uploads.
type Uploads struct {
	Route   UploadRoute
	Account *quota.Account
	Config  route.BulkConfig
	// Creates reports whether the uploads of a kind of visitors override each other, so that each
	// has to hold what those before it held.
	Creates func(profile.VisitorParameter) bool
	// Flush writes what the outbox owes to its storage, if it has one.
	Flush func(context.Context) error
	// Gather is which updates go by uploads.
	Gather Gather
	// Timeout is for how long a shutdown waits for an upload that is under way.
	Timeout time.Duration
}

// Gather is which updates go by uploads.
type Gather int

const (
	// GatherNone is that none do: uploads that an earlier run has left come to their end.
	GatherNone Gather = iota
	// GatherOverflow is that they do while the quota of the primary route is used up.
	GatherOverflow
	// GatherAll is that they do as long as uploads can carry them.
	GatherAll
)

// Upload has updates go by uploads. It comes before Start. The error is that of its telemetry.
func (s *Sender) Upload(ctx context.Context, set Uploads) error {
	u := newUploader(s, set)
	s.uploader.Store(u) // pushes may be under way
	return u.observe(ctx)
}

// uploadsAlone reports whether updates go by uploads as long as these can carry them.
func (s *Sender) uploadsAlone() bool {
	u := s.uploader.Load()
	return u != nil && u.set.Gather == GatherAll
}
