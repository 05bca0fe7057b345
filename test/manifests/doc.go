// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package manifests has the tests of deploy/kubernetes that need Kubernetes' own types, in a module of its own, so that
// nobody else downloads these.
package manifests // import "github.com/otelcol-adobetarget/adobetargetexporter/test/manifests"
