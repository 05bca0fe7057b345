// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// action is a log record of five parameters. Two of its values have to be percent-encoded, as some always do.
type action struct {
	Channel  string `json:"channel"`
	Customer string `json:"customer.id"`
	Action   string `json:"action"`
	Store    string `json:"store.id"`
	City     string `json:"city"`
	Tier     string `json:"loyalty.tier"`
	Points   int    `json:"loyalty.points"`
}

// fields are the parameters of a call with the fields of a record that they are made of.
var fields = []struct{ Parameter, Field string }{
	{"lastOfflineAction", "action"},
	{"lastOfflineStore", "store.id"},
	{"homeCity", "city"},
	{"loyaltyTier", "loyalty.tier"},
	{"loyaltyPoints", "loyalty.points"},
}

const customerPrefix = "CRM-"

// actionOf returns the action of a visitor; all have the same length, so that all calls cost the same.
func actionOf(visitor int) action {
	return action{
		Channel: "offline", Customer: customerOf(visitor), Action: "loan-funded", Store: "R&D/" + strconv.Itoa(10+visitor%90),
		City: "München", Tier: "gold", Points: 1000 + visitor%9000,
	}
}

// customerOf returns the identifier of a visitor, and visitorOf the visitor of an identifier.
func customerOf(visitor int) string { return fmt.Sprintf("%s%08d", customerPrefix, visitor) }

func visitorOf(customer string) (int, error) {
	number, found := strings.CutPrefix(customer, customerPrefix)
	visitor, err := strconv.Atoi(number)
	if !found || err != nil {
		return 0, fmt.Errorf("%q is no visitor of the harness, such as %s", customer, customerOf(0))
	}
	return visitor, nil
}

// form returns the body of the call that the action has to become, its parameters in the order of their names.
func (a action) form() []byte {
	parameters := []profile.Parameter{
		{Name: fields[0].Parameter, Value: a.Action},
		{Name: fields[1].Parameter, Value: a.Store},
		{Name: fields[2].Parameter, Value: a.City},
		{Name: fields[3].Parameter, Value: a.Tier},
		{Name: fields[4].Parameter, Value: strconv.Itoa(a.Points)},
	}
	slices.SortFunc(parameters, func(a, b profile.Parameter) int { return strings.Compare(a.Name, b.Name) })
	form, _ := profile.AppendForm(nil, profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: a.Customer}, parameters, profile.MaxBody)
	return form
}

// logs returns so many records, each of another visitor.
func logs(records int) plog.Logs {
	ld := plog.NewLogs()
	list := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	list.EnsureCapacity(records)
	for i := range records {
		a := actionOf(i)
		attributes := list.AppendEmpty().Attributes()
		attributes.PutStr("channel", a.Channel)
		attributes.PutStr("customer.id", a.Customer)
		attributes.PutStr("action", a.Action)
		attributes.PutStr("store.id", a.Store)
		attributes.PutStr("city", a.City)
		attributes.PutStr("loyalty.tier", a.Tier)
		attributes.PutInt("loyalty.points", int64(a.Points))
	}
	return ld
}

// visitorEntries and profileEntries are the mapping of an action for an exporter that is configured in Go.
func visitorEntries() []mapping.VisitorEntry {
	return []mapping.VisitorEntry{{Parameter: profile.Mbox3rdPartyID, Attribute: "customer.id"}}
}

func profileEntries() []mapping.ProfileEntry {
	entries := make([]mapping.ProfileEntry, len(fields))
	for i, f := range fields {
		entries[i] = mapping.ProfileEntry{Parameter: mapping.ParameterName(f.Parameter), Attribute: f.Field}
	}
	return entries
}

// writeLines writes a file of actions, one JSON object a line, of the visitors that next returns.
func writeLines(path string, lines int, next func(line int) (visitor int)) error {
	return writeObjects(path, lines, func(line int) any { return actionOf(next(line)) })
}

// writeObjects writes a file of so many JSON objects, one a line. It keeps none of them.
func writeObjects(path string, lines int, next func(line int) any) error {
	file, err := os.Create(path) //nolint:gosec // G304: a file of the harness
	if err != nil {
		return err
	}
	defer file.Close()
	buffered := bufio.NewWriterSize(file, 1<<16)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	for line := range lines {
		if err := encoder.Encode(next(line)); err != nil {
			return err
		}
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return file.Close()
}

// distinct returns a visitor of its own for each line.
func distinct(line int) int { return line }

// zipf returns visitors of whom few are seen often and many once, the same ones at each run.
func zipf(visitors int, exponent float64) func(line int) int {
	z := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), exponent, 1, uint64(visitors-1)) //nolint:gosec // G115: more than one visitor
	return func(int) int { return int(z.Uint64()) }                                 //nolint:gosec // G115: below the number of visitors
}

// pairs counts the different visitors in each window of so many lines.
type pairs struct {
	window int
	seen   map[int]bool
	lines  int
	count  int
}

func (p *pairs) add(visitor int) {
	if p.lines%p.window == 0 {
		p.seen = make(map[int]bool)
	}
	p.lines++
	if !p.seen[visitor] {
		p.seen[visitor] = true
		p.count++
	}
}
