// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"fmt"
	"strings"
)

// Name says which of Adobe's APIs the calls go to.
type Name string

const (
	// ToSingle is the Single Profile Update API.
	ToSingle Name = "single"
	// ToDelivery is the Delivery API.
	ToDelivery Name = "delivery"
	// ToBulk is the Bulk Profile Update API.
	ToBulk Name = "bulk"
)

// Validate returns an error unless there is such a route.
func (n Name) Validate() error {
	switch n {
	case ToSingle, ToBulk, ToDelivery:
		return nil
	}
	return fmt.Errorf("%q is unknown, use %s, %s or %s", string(n), ToSingle, ToBulk, ToDelivery)
}

// NameOf returns the route whose calls have this path, as far as the ends of Adobe's paths tell.
func NameOf(path string) (name Name, ok bool) {
	path = strings.TrimRight(path, "/")
	for end, name := range map[string]Name{
		"/profile/update": ToSingle, "/batchUpdate": ToBulk, "/batchStatus": ToBulk, deliveryPath: ToDelivery,
	} {
		if strings.HasSuffix(path, end) {
			return name, true
		}
	}
	return "", false
}

// Overflow says which of Adobe's APIs updates go to while the quota of single updates is used up.
type Overflow string

const (
	// NoOverflow lets them wait.
	NoOverflow Overflow = "none"
	// OverflowToBulk is the Bulk Profile Update API.
	OverflowToBulk = Overflow(ToBulk)
	// OverflowToDelivery is the Delivery API.
	OverflowToDelivery = Overflow(ToDelivery)
)

// Validate returns an error unless there is such an overflow.
func (o Overflow) Validate() error {
	switch o {
	case NoOverflow, OverflowToBulk, OverflowToDelivery:
		return nil
	}
	return fmt.Errorf("%q is unknown, use %s, %s or %s", string(o), NoOverflow, OverflowToBulk, OverflowToDelivery)
}
