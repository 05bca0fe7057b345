// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package records // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// Action is a log record of five parameters. Two of its values have to be percent-encoded, as some
// always do.
type Action struct {
	Channel  string `json:"channel"`
	Customer string `json:"customer.id"`
	Action   string `json:"action"`
	Store    string `json:"store.id"`
	City     string `json:"city"`
	Tier     string `json:"loyalty.tier"`
	Points   int    `json:"loyalty.points"`
}

// Fields are the parameters of a call with the fields of a record that they are made of.
var Fields = []struct{ Parameter, Field string }{
	{"lastOfflineAction", "action"},
	{"lastOfflineStore", "store.id"},
	{"homeCity", "city"},
	{"loyaltyTier", "loyalty.tier"},
	{"loyaltyPoints", "loyalty.points"},
}

const customerPrefix = "CRM-"

// Of returns the action of a visitor; all have the same length, so that all calls cost the same.
func Of(visitor int) Action {
	return Action{
		Channel: "offline", Customer: Customer(visitor), Action: "loan-funded",
		Store: "R&D/" + strconv.Itoa(10+visitor%90),
		City:  "München", Tier: "gold", Points: 1000 + visitor%9000,
	}
}

// Customer returns the identifier of a visitor.
func Customer(visitor int) string { return fmt.Sprintf("%s%08d", customerPrefix, visitor) }

// Visitor returns the visitor of an identifier.
func Visitor(customer string) (int, error) {
	number, found := strings.CutPrefix(customer, customerPrefix)
	visitor, err := strconv.Atoi(number)
	if !found || err != nil {
		return 0, fmt.Errorf("%q is no visitor of the harness, such as %s", customer, Customer(0))
	}
	return visitor, nil
}

// Form returns the body of the call that the action has to become, its parameters in the order of
// their names.
func (a Action) Form() []byte {
	parameters := []profile.Parameter{
		{Name: Fields[0].Parameter, Value: a.Action},
		{Name: Fields[1].Parameter, Value: a.Store},
		{Name: Fields[2].Parameter, Value: a.City},
		{Name: Fields[3].Parameter, Value: a.Tier},
		{Name: Fields[4].Parameter, Value: strconv.Itoa(a.Points)},
	}
	slices.SortFunc(parameters, func(a, b profile.Parameter) int {
		return strings.Compare(a.Name,
			b.Name)
	})
	form, _ := profile.AppendForm(nil, profile.Visitor{
		Parameter: profile.Mbox3rdPartyID,
		ID:        a.Customer,
	}, parameters, profile.MaxBody)
	return form
}
