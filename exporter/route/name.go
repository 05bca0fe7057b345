// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import "fmt"

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
	case ToSingle, ToDelivery, ToBulk:
		return nil
	}
	return fmt.Errorf("%q is unknown, use %s, %s or %s", string(n), ToSingle, ToDelivery, ToBulk)
}
