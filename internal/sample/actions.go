// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sample // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/sample"

import (
	"fmt"
	"math"
)

// The names of the five kinds of offline action.
const (
	CallCenterReached     = "call center reached"
	LoanFunded            = "loan funded"
	LoyaltyCardUsed       = "loyalty card used in store"
	KioskAccessed         = "kiosk accessed"
	BranchAppointmentKept = "branch appointment kept"
)

// act adds to the record what one action of the visitor leaves behind: some
// attributes of the record itself and some of its profile.
func (g *generator) act(r *record, v *visitor) {
	switch g.numbers.below(10) {
	case 0, 1:
		g.callCenterReached(r)
	case 2:
		g.loanFunded(r)
	case 3, 4, 5, 6:
		g.loyaltyCardUsed(r, v)
	case 7, 8:
		g.kioskAccessed(r)
	default:
		g.branchAppointmentKept(r)
	}
}

func (g *generator) callCenterReached(r *record) {
	r.set("action", CallCenterReached)
	r.profile().set("call", &record{
		{"topic", one(&g.numbers, []string{"card blocked", "delivery", "mortgage", "opening hours"})},
		{"minutes", float64(g.numbers.below(120)) / 4},
		{"resolved", g.numbers.below(4) > 0},
	})
}

func (g *generator) loanFunded(r *record) {
	r.set("action", LoanFunded)
	r.set("store.id", g.store("branch"))
	r.profile().set("loan", &record{
		{"amount", 1000 + float64(g.numbers.below(60000))/2},
		{"months", 12 * (1 + g.numbers.below(7))},
		{"funded", true},
	})
}

func (g *generator) loyaltyCardUsed(r *record, v *visitor) {
	cents := 100 + g.numbers.below(30000)
	v.points += cents / 20
	r.set("action", LoyaltyCardUsed)
	r.set("store.id", g.store("store"))
	r.set("loyalty.tier", tier(v.points))
	r.set("loyalty.points", v.points)
	r.set("interests", g.interests())
	r.profile().set("basket", &record{
		{"total", math.Round(float64(cents)) / 100},
		{"items", 1 + g.numbers.below(12)},
		{"paidWithPoints", g.numbers.below(5) == 0},
	})
}

func (g *generator) kioskAccessed(r *record) {
	r.set("action", KioskAccessed)
	r.set("store.id", g.store("store"))
	r.profile().set("kiosk", &record{
		{"id", fmt.Sprintf("K-%02d", 1+g.numbers.below(24))},
		{"screen", one(&g.numbers, []string{"loan calculator", "stock & sizes", "store map", "gift card balance"})},
	})
}

func (g *generator) branchAppointmentKept(r *record) {
	r.set("action", BranchAppointmentKept)
	r.set("store.id", g.store("branch"))
	r.profile().set("appointment", &record{
		{"city", one(&g.numbers, []string{"München", "Kraków", "東京", "São Paulo", "Zürich", "Dublin"})},
		{"about", one(&g.numbers, []string{"savings", "first home", "pension", "R&D grant"})},
		{"minutes", 15 * (1 + g.numbers.below(4))},
	})
}

func (g *generator) store(kind string) string {
	return fmt.Sprintf("%s-%03d", kind, 1+g.numbers.below(40))
}

// interests returns one to three different interests.
func (g *generator) interests() []any {
	all := []any{"running", "garden", "coffee", "books", "cycling", "home & living", "baby"}
	first := g.numbers.below(len(all))
	list := []any{all[first]}
	for i := range g.numbers.below(3) {
		list = append(list, all[(first+i+1)%len(all)])
	}
	return list
}
