// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// summary is what the demo has to tell.
type summary struct {
	data     string
	lines    int
	account  account
	stats    emulator.Stats
	examples []emulator.Profile
}

// meanings say in words what the names of reasons stand for.
var meanings = map[string]string{
	"condition":         "meets none of the conditions",
	"condition_failed":  "meets none of the conditions, and one could not be evaluated",
	"no_visitor":        "names no visitor",
	"visitor_failed":    "names no visitor, and an expression could not be evaluated",
	"invalid_visitor":   "has only ids that name nobody",
	"no_parameters":     "has nothing to send",
	"too_large":         "too large for any call",
	"dry_run":           "shown and not sent",
	"refused":           "refused by Target",
	"null":              "the value is null",
	"empty":             "the value is empty, and empty values clear nothing",
	"not_finite":        "the value is no finite number",
	"rounded":           "the value is a number so large that it was rounded",
	"not_a_map":         "the value is no map and has no name",
	"expression_failed": "the expression could not be evaluated",
	"unsupported":       "the value is of a type that has no text",
	"empty_name":        "the name is empty",
	"reserved_name":     "the name belongs to Target",
	"malformed_name":    "the name holds a control character",
	"name_too_long":     "the name has over 128 characters",
	"value_too_long":    "the value is longer than max_value_length, or than the route carries",
	"too_many":          "the record would need more than ten calls",
}

func (s summary) write(w io.Writer) {
	s.writeRecords(w)
	s.writeCalls(w)
	s.writeDropped(w)
	if len(s.examples) > 0 {
		fmt.Fprint(w, "\nProfiles, for example\n")
	}
	for i := range s.examples {
		writeProfile(w, &s.examples[i])
	}
}

func (s summary) writeRecords(w io.Writer) {
	a := s.account
	fmt.Fprint(w, "Records\n")
	line(w, "read", a.read, "from "+s.data)
	line(w, outcomeDelivered, a.outcome(outcomeDelivered),
		grouped(a.merged())+" of them merged into the call of another record of the same visitor")
	for _, outcome := range []string{outcomeSkipped, outcomeRejected} {
		line(w, outcome, a.outcome(outcome), "")
		writeReasons(w, a.reasons(outcome))
	}
	if held := s.lines - a.ended(); held > 0 {
		line(w, "not yet ended", held, grouped(s.account.outbox)+" of them in the outbox")
	}
}

func (s summary) writeCalls(w io.Writer) {
	calls := s.account.calls
	fmt.Fprint(w, "\nCalls\n")
	line(w, "made", total(calls), grouped(s.stats.Attempts+s.stats.Deliveries+s.stats.Uploads+s.stats.Statuses)+" seen by the emulator")
	order := func(a, b call) int {
		return cmp.Or(cmp.Compare(a.outcome, b.outcome), cmp.Compare(a.status, b.status), cmp.Compare(a.errorType, b.errorType))
	}
	for _, c := range byCount(calls, order) {
		detail(w, c.outcome, calls[c], c.answer())
	}
	if s.stats.Deliveries > 0 {
		line(w, "billed", s.stats.Billed, "of them, as Target would count them")
	}
	if s.stats.Uploads > 0 {
		line(w, "uploads", s.stats.Uploads, grouped(s.stats.Rows)+" rows in all, a visitor each")
		line(w, "statuses", s.stats.Statuses, "asked for, of these uploads")
		line(w, "single updates", s.stats.Attempts, "of what uploads do not carry")
	}
	line(w, "visitors", s.stats.Visitors, "updated")
	line(w, "parameters", s.stats.Parameters, "that their profiles hold together")
}

func (s summary) writeDropped(w io.Writer) {
	fmt.Fprint(w, "\nParameters left out of updates\n")
	line(w, "in all", total(s.account.dropped), "")
	writeReasons(w, s.account.dropped)
}

func writeReasons(w io.Writer, reasons map[string]int) {
	for _, reason := range byCount(reasons, strings.Compare) {
		detail(w, reason, reasons[reason], meanings[reason])
	}
}

func line(w io.Writer, name string, n int, words string) {
	writeTrimmed(w, fmt.Sprintf("  %-22s%9s  %s", name, grouped(n), words))
}

func detail(w io.Writer, name string, n int, words string) {
	writeTrimmed(w, fmt.Sprintf("    %-20s%9s  %s", name, grouped(n), words))
}

func writeTrimmed(w io.Writer, text string) {
	fmt.Fprintln(w, strings.TrimRight(text, " "))
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
