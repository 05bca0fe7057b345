// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package records // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Varied is an action whose values differ as those of real data do, with two fields that no
// parameter is made of. What compresses records makes less of it than of actions that are all
// alike.
type Varied struct {
	Action
	At string `json:"timestamp"`
	// Reference is the number of the transaction, of which nothing can be compressed but the
	// digits' alphabet.
	Reference string `json:"reference"`
}

// VariedOf returns the varied action of a visitor, the same one at each run.
func VariedOf(visitor int) Varied {
	r := rand.New(rand.NewPCG(uint64(visitor), 1)) //nolint:gosec // G115: visitors count from 0
	pick := func(of string) string {
		words := strings.Split(of, ",")
		return words[r.IntN(len(words))]
	}
	return Varied{
		Action: Action{
			Channel: pick("offline,branch,phone"), Customer: Customer(visitor),
			Action: pick("loan-funded,card-issued,visit,purchase,return,complaint,appointment,account-closed"),
			Store:  fmt.Sprintf("R&D/%04d", r.IntN(3_000)),
			City: pick("München,Berlin,Hamburg,Köln,Frankfurt am Main,Stuttgart,Düsseldorf,Leipzig,Dortmund,Essen,Bremen,Dresden," +
				"Hannover,Nürnberg,Duisburg,Bochum,Wuppertal,Bielefeld,Bonn,Münster,Mannheim,Karlsruhe,Augsburg,Wiesbaden"),
			Tier: pick("bronze,silver,gold,platinum"), Points: r.IntN(250_000),
		},
		// They come one after the other, some ten a second.
		At: time.UnixMilli(1_750_000_000_000 + int64(visitor)*100 +
			r.Int64N(100)).UTC().Format(time.RFC3339Nano),
		Reference: fmt.Sprintf("%016x", r.Uint64()),
	}
}
