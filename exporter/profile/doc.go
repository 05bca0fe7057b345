// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package profile holds what is sent to Adobe Target about one visitor: the
// visitor's id and the profile parameters, the merging of several updates of a
// visitor into one, and the form encoding that a call carries, split where it
// would grow past the API's limits.
//
// It is pure code on the hot path. It does no I/O and knows neither log records
// nor HTTP: a record is only a number here, by which the caller finds it again.
package profile // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
