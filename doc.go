// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate make generate

// Package adobetargetexporter exports log records of offline actions to Adobe
// Target's Single Profile Update API, one visitor a call.
//
// The package is what a Collector sees: factory, configuration and the life of
// the component. The way of a batch from records to outcomes is in
// exporter/delivery.
package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"
