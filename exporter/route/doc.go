// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package route makes one call of one of Adobe Target's APIs and says what its answer
// means. It is the only place that knows HTTP.
//
// A route has one method, Send. It composes a call of a visitor and of as many of the
// parameters as fit, makes it, and returns how many it carried and the Answer. An API
// composes calls and reads answers: Single is the Single Profile Update API, Delivery the
// Delivery API. A Caller makes the calls of whichever, Traced gives each a span, and
// DryRun only shows them. All are safe for concurrent use. Send makes a call once;
// whether and when to make it again is up to the caller.
//
// The Bulk Profile Update API is another kind: a call of it carries many visitors. An
// upload is one file of rows, a Row a visitor, that one call submits and whose status is
// then followed. A Sheet counts the rows and bytes of the file before there is one. Bulk
// is the API, an UploadCaller makes its calls, Upload and Status, and UploadDryRun only
// shows them. The file is made while it is sent, and Target gets the whole of it only if
// it is the very file that the Sheet has counted.
//
// The package does not know log records, when a call may leave, or what becomes of an
// update that was not taken. Nothing it returns or logs holds an id, a value, a token
// or a URL, but for the calls that a dry run is asked to show.
package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
