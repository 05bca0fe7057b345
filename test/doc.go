// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package test holds the end-to-end tests: the built distribution and the built
// emulator, each in its own process, on real files. `make build` makes both.
package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"
