// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// Question is one thing that Adobe does not document, and what it takes to find out.
type Question struct {
	Name string
	// Asks is the question in words, Changes what its calls change, "" for nothing.
	Asks, Changes string
	// Calls is how many it takes at most.
	Calls int
	// of is the route that it asks about, which the configuration must use.
	of  route.Name
	ask func(*probe, context.Context, *Finding) error
}

// The names of questions whose conclusions depend on what the profile shows.
const (
	questionPath        = "path"
	questionParameters  = "parameters"
	questionValueLength = "value_length"
	questionSeen        = "seen"
)

const (
	single       = route.ToSingle
	mostOfPaths  = 3
	mostOfPlaces = 6
)

// Questions returns all, in the order they are asked.
func Questions() []Question {
	const (
		attribute  = "sets attributes of the visitor"
		madeUp     = "none: the visitor is made up, if such updates are taken"
		largeCalls = "none if updates of made-up visitors are taken, else sets many attributes of the visitor"
	)
	return []Question{
		{"visitor", "can the visitor's profile be fetched", "", 1, "", (*probe).askVisitor},
		{questionPath, "does the path have the client code, or the word client", attribute, mostOfPaths, single, (*probe).askPath},
		{questionParameters, "where are parameters looked for: body, query, GET", attribute, mostOfPlaces, single, (*probe).askParameters},
		{"unknown", "what is an update of an unknown visitor answered with", madeUp, 1, single, (*probe).askUnknown},
		{"refusals", "what are wrong calls answered with", "sets an attribute, if they are taken; one has the reserved name user." + Prefix, 6, single, (*probe).askRefusals},
		{"id_length", "how long may an mbox3rdPartyId be: 60, 128, 256", madeUp, mostOfID, single, (*probe).askIDLength},
		{questionValueLength, "how long may a value be: 256, 5000", attribute, mostOfValue, single, (*probe).askValueLength},
		{"name_length", "how long may a name be: 128", largeCalls, mostOfName, single, (*probe).askNameLength},
		{"count", "how many parameters may a call have: 50, 200", largeCalls, mostOfCount, single, (*probe).askCount},
		{"size", "how large may a call be: 8 KB, 60 KB", largeCalls, mostOfSize, single, (*probe).askSize},
		{"values", "does it take blanks, plus, percent, other letters", attribute, 1, single, (*probe).askValues},
		{"token", "is a token asked for, and a wrong one refused", attribute, 3, single, (*probe).askToken},
		{"bulk", "how are batches answered, and their status", "uploads one row by v2, which creates the visitor if there is none, and by v1", 2 + 2*mostOfStatuses + 1, route.ToBulk, (*probe).askBulk},
		{"delivery", "which forms of a Delivery call are taken", "two calls that Adobe bills, and one prefetch; each creates the visitor if there is none", 3, route.ToDelivery, (*probe).askDelivery},
		{questionSeen, "does the profile show what was sent, and as it was sent", "", mostOfFetches, "", (*probe).askSeen},
	}
}

// Plan is the questions to ask, in their order.
type Plan []Question

// NewPlan returns the questions of those names, or without any name those of the routes that the
// subject uses.
func NewPlan(s *Subject, only []string) (Plan, error) {
	questions := Questions()
	for _, name := range only {
		if !slices.ContainsFunc(questions, func(q Question) bool { return q.Name == name }) {
			return nil, fmt.Errorf("--only: %q is no question, the questions are %s", name, strings.Join(names(questions), ", "))
		}
	}
	return slices.DeleteFunc(questions, func(q Question) bool {
		if len(only) > 0 {
			return !slices.Contains(only, q.Name)
		}
		// What the route bulk cannot carry goes by single updates.
		return q.of != "" && !s.uses(q.of) && (q.of != single || !s.uses(route.ToBulk))
	}), nil
}

func names(questions []Question) []string {
	var names []string
	for _, q := range questions {
		names = append(names, q.Name)
	}
	return names
}

// Calls returns how many calls the plan takes at most.
func (p Plan) Calls() int {
	calls := 0
	for _, q := range p {
		calls += q.Calls
	}
	return calls
}

// Write says what is asked, of whom, and what it changes.
func (p Plan) Write(w io.Writer, s *Subject, o Options) {
	visitor := fmt.Sprintf("%s=%s (%d characters)", s.Visitor.Parameter, cut, len([]rune(s.Visitor.ID)))
	if o.ShowIDs {
		visitor = string(s.Visitor.Parameter) + "=" + s.Visitor.ID
	}
	sends := "none"
	switch {
	case s.credentials != "" && !s.sendsToken:
		sends = "sent with all but Delivery calls, though the configuration has no auth"
	case s.credentials != "":
		sends = "sent with all but Delivery calls"
	}
	fmt.Fprintln(w, "For a sandbox of Adobe Target, never for production: these calls change the profile of a visitor.")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nendpoint\t%s\nclient code\t%s\nvisitor\t%s\ntoken\t%s\ncalls\tat most %d, two a second, %s for each answer\nwait\t%s\n\n",
		s.whereTo(), s.config.ClientCode, visitor, sends, p.Calls(), s.client.Timeout, wait(o.Wait))
	fmt.Fprintln(table, "QUESTION\tCALLS\tASKS\tCHANGES")
	for _, q := range p {
		changes := q.Changes
		if changes == "" {
			changes = "nothing"
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\n", q.Name, q.Calls, q.Asks, changes)
	}
	_ = table.Flush() // as w fails, so does what follows
	fmt.Fprintf(w, "\nAttributes that are set begin with %s and stay for as long as the profile, as no API takes one away.\n", Prefix)
}

// whereTo names the endpoint, and what is on the way to it: a token may be read there.
func (s *Subject) whereTo() string {
	where := s.endpoint
	if strings.HasPrefix(where, "http://") {
		where += ", not encrypted"
	}
	if proxy := s.proxy(); proxy != "" {
		where += ", by the proxy " + proxy
	}
	return where
}

// proxy returns the host of the proxy that calls go by, "" for none.
func (s *Subject) proxy() string {
	if s.client.ProxyURL != "" {
		if u, err := url.Parse(s.client.ProxyURL); err == nil {
			return u.Host
		}
	}
	u, err := url.Parse(s.endpoint)
	if err != nil {
		return ""
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.Host
}

func wait(d time.Duration) string {
	if d == 0 {
		return "none: the profile is looked at once"
	}
	return "up to " + d.String() + " for the profile to show what was sent"
}

// ParseVisitor reads mbox3rdPartyId=ID or mboxPC=ID.
func ParseVisitor(text string) (profile.Visitor, error) {
	parameter, id, _ := strings.Cut(text, "=")
	v := profile.Visitor{Parameter: profile.VisitorParameter(parameter), ID: id}
	if v.Parameter != profile.MboxPC && v.Parameter != profile.Mbox3rdPartyID {
		return v, fmt.Errorf("must be %s=ID or %s=ID", profile.Mbox3rdPartyID, profile.MboxPC)
	}
	if !v.Usable(profile.MaxThirdPartyIDLength) {
		return v, fmt.Errorf("the %s is none that Target can know: see visitor in the documentation", parameter)
	}
	return v, nil
}
