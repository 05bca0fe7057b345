// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package probe asks a sandbox of Adobe Target what Adobe does not document, and says which
// settings of the exporter fit the answers.
//
// A Question is asked by a few calls of one Subject: an account, as a configuration has it, and
// one visitor. A Plan says beforehand which questions are asked, what they change and how many
// calls they take at most. A Probe asks them one after the other, two calls a second, and returns
// a Report: a Finding a question, and the settings that they mean.
//
// What the exporter would send is composed by the exporter's own routes, and every answer is read by
// them. Only what it would never send, such as an update without a visitor, takes the place of
// a composed call on its way out.
//
// The package does not know command lines or how a configuration is read. No report holds an id, a
// token or the text of an answer that might hold one, unless ids are asked for.
package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"
