// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"

// KeptPages is how many pages stay in memory beside those in use.
const KeptPages = keptPages

// SetHash has an empty outbox know visitors by that hash, so that it can be made to collide.
func (o *Outbox) SetHash(hash func(profile.Visitor) uint32) { o.slots.hash = hash }
