// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate make generate

// Package adobetargetexporter exports log records of offline actions to Adobe
// Target's Single Profile Update API, one visitor a call.
//
// A record is a log record, and names a visitor. What one record says of a visitor is an
// update. What waits of a visitor is an entry, and entries wait in the outbox. A route makes a
// call for an entry and gets an answer; the account (pace, quota, pause) says when it may
// leave. Each record has an outcome in the end: delivered, skipped or rejected; until then it
// is held.
//
// The package is what a Collector sees: factory, configuration and the life of the component,
// which wires the rooms below exporter/. The way of a record is in exporter/sender.
package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"
