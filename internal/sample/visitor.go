// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sample // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/sample"

import "fmt"

// visitor is what the generator remembers of one visitor, so that later records
// tell of a later state.
type visitor struct {
	actions int
	points  int
}

// customerID returns the customer's own id of the visitor, or "" for one who is
// known only by Target's id.
func customerID(index int) string {
	if index%5 == 3 {
		return ""
	}
	return fmt.Sprintf("CRM-%06d", index+1)
}

// pcID returns the id that Target gave the visitor, or "" for one who is known
// only as a customer. Two in five have one, and of these half have both.
func pcID(index int) string {
	if index%5 < 3 {
		return ""
	}
	born := 1368007744041 + 7919*int64(index)
	session := (575948 + 104729*int64(index)) % 1000000
	return fmt.Sprintf("%d-%06d.%02d_00", born, session, index%40+1)
}

// firstName returns the visitor's invented first name.
func firstName(index int) string {
	names := []string{
		"Zoë", "Łukasz", "Amina", "José", "Søren", "さくら", "Noor", "Иван",
		"Chloe", "Jürgen", "Anaïs", "Mateo", "Ngọc", "Ayşe", "Oisín",
	}
	return names[index%len(names)]
}

// tier returns the loyalty tier that goes with so many points.
func tier(points int) string {
	switch {
	case points >= 5000:
		return "gold"
	case points >= 1500:
		return "silver"
	default:
		return "bronze"
	}
}
