// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package server stands in for Target in what is measured. It takes each call at once or after a
// time that is always the same, or refuses all of them until it is told otherwise, and it counts
// them: how many came, when and of which visitors. It does not know Target's rules, and looks into
// a body only for its visitors, when it is asked to. An upload is complete as soon as it is taken.
//
// A Server is its process as the harness sees it, and Serve what that process does.
package server // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
