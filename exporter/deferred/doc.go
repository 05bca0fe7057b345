// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package deferred keeps the log records of visitors whose updates fail while others
// get through, so that the sending queue can go on without them. As a mail server
// defers what one recipient does not take, each visitor has a time of its own at
// which its records are due again.
//
// While a visitor is deferred all further records of it have to be put here too, or
// they would overtake the older ones. With a storage extension the records are
// written down before the queue lets go of them, and the next run finds them. Records
// whose values later ones replace are kept as a number only, so that a visitor takes no
// more room than its update needs, however long it fails.
//
// The package does not know why an update failed, or when it is to be given up.
package deferred // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/deferred"
