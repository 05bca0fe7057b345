// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// Prefix begins the names of all parameters that a probe sets.
const Prefix = "adobetargetProbe"

const (
	userAgent     = "adobetarget-probe"
	maxRetryAfter = time.Minute
)

// Options are how a probe goes.
type Options struct {
	// Wait is for how long the profile is looked at until it shows what was sent.
	Wait time.Duration
	// ShowIDs has answers be shown with the ids in them.
	ShowIDs bool
	// Pause waits between calls, Pause of this package when nil.
	Pause func(context.Context, time.Duration) error
}

// probe is one run: what its questions have found out so far.
type probe struct {
	subject *Subject
	wait    time.Duration
	showIDs bool
	line    *line
	faults  int // in a row
	// marker tells the values of this run from those of earlier ones.
	marker string
	// base is a way that updates are taken by.
	base way
	// unknown is whether updates of visitors who do not exist are taken, nil while nobody knows.
	unknown *bool
	// values and count are what is known of the limits that a large call meets too.
	values, count bounds
	// awaited are the values that the profile should show, by parameter.
	awaited  map[string]string
	findings []*Finding
}

// Run asks the questions of a plan. A report has what was found out until the probe ended, or was
// interrupted.
func Run(ctx context.Context, s *Subject, plan Plan, o Options) (*Report, error) {
	pause := o.Pause
	if pause == nil {
		pause = Pause
	}
	l, closeIdle, err := newLine(ctx, s, pause)
	if err != nil {
		return nil, err
	}
	defer closeIdle()
	p := &probe{
		subject: s, wait: o.Wait, showIDs: o.ShowIDs, line: l, base: s.configured(),
		marker: strings.ToLower(rand.Text()[:6]), awaited: map[string]string{},
	}
	var end *ending
	for _, q := range plan {
		f := &Finding{Question: q.Name, Result: Open, Meaning: "not asked"}
		p.findings = append(p.findings, f)
		if end != nil {
			continue
		}
		if err := q.ask(p, ctx, f); err != nil {
			end = endingOf(err)
			f.conclude(Open, "the probe ended here: "+end.why)
		}
	}
	return p.report(end), nil
}

// madeUp is a visitor who does not exist.
func (p *probe) madeUp() profile.Visitor {
	return profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: "adobetarget-probe-" + p.marker}
}

// send makes a call of a route as the exporter would, or the one that takes its place, and adds a case.
func (p *probe) send(
	ctx context.Context, f *Finding, asked string, want expected, api route.API, v profile.Visitor, parameters []profile.Parameter,
) (route.Answer, error) {
	if err := p.line.wait(ctx); err != nil {
		return route.Answer{}, p.judge(ctx, route.Answer{}, want)
	}
	caller := route.NewCaller(api, p.line.client(p.subject.client.Timeout), userAgent, maxRetryAfter)
	carried, a := route.NewTraced(caller, noop.Tracer{}).Send(ctx, v, parameters)
	if carried == 0 {
		return a, &ending{why: "the call cannot be composed", do: "see endpoint and api::path"}
	}
	return a, p.settle(ctx, f, asked, want, a)
}

// settle adds a case for a call that was made, and returns why the probe ends with it.
func (p *probe) settle(ctx context.Context, f *Finding, asked string, want expected, a route.Answer) error {
	f.Cases = append(f.Cases, Case{Asked: asked, Answer: p.shapeOf(a), taken: a.Verdict == route.Delivered})
	return p.judge(ctx, a, want)
}

// update sends parameters of the visitor, composed by the exporter's own route.
func (p *probe) update(ctx context.Context, f *Finding, asked string, want expected, w way, parameters ...profile.Parameter) (taken bool, err error) {
	api, err := w.api(p.subject)
	if err != nil {
		return false, err
	}
	a, err := p.send(ctx, f, asked, want, api, p.subject.Visitor, parameters)
	taken = a.Verdict == route.Delivered
	for i := range parameters {
		if taken {
			p.await(f, parameters[len(parameters)-1-i])
		}
	}
	return taken, err
}

// form sends a form that the exporter would not send.
func (p *probe) form(ctx context.Context, f *Finding, asked string, want expected, form string) (route.Answer, error) {
	api, err := p.base.api(p.subject)
	if err != nil {
		return route.Answer{}, err
	}
	p.line.replace = func(composed *http.Request) (*http.Request, error) { return withForm(composed, form) }
	defer func() { p.line.replace = nil }()
	return p.send(ctx, f, asked, want, api, p.subject.Visitor, []profile.Parameter{p.mark("")})
}

// withForm returns the request with another form where it has its own.
func withForm(composed *http.Request, form string) (*http.Request, error) {
	r := composed.Clone(composed.Context())
	if r.URL.RawQuery != "" {
		r.URL.RawQuery = form
		return r, nil
	}
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(form)), int64(len(form))
	return r, nil
}

// mark is a parameter that only this run sets.
func (p *probe) mark(suffix string) profile.Parameter {
	return profile.Parameter{Name: Prefix + suffix, Value: p.marker}
}

// fetch asks for the profile of the visitor.
func (p *probe) fetch(ctx context.Context, f *Finding, asked string, want expected) (heard, error) {
	u, err := url.Parse(strings.TrimRight(p.subject.endpoint, "/") + "/rest/v1/profiles/")
	if err != nil {
		return heard{}, errors.New("endpoint makes no URL")
	}
	segment := url.PathEscape(p.subject.Visitor.ID)
	if p.subject.Visitor.Parameter == profile.Mbox3rdPartyID {
		segment = "thirdPartyId/" + segment
	}
	if u, err = url.Parse(u.String() + segment + "?client=" + p.subject.config.ClientCode); err != nil {
		return heard{}, errors.New("the visitor's id makes no URL")
	}
	if err = p.line.wait(ctx); err != nil {
		return heard{}, p.judge(ctx, route.Answer{}, want)
	}
	api, err := p.base.api(p.subject)
	if err != nil {
		return heard{}, err
	}
	p.line.replace = func(composed *http.Request) (*http.Request, error) {
		r, err := http.NewRequestWithContext(composed.Context(), http.MethodGet, u.String(), http.NoBody)
		if err == nil {
			r.Header.Set("User-Agent", userAgent)
		}
		return r, err
	}
	defer func() { p.line.replace = nil }()
	caller := route.NewCaller(api, p.line.client(p.subject.client.Timeout), userAgent, maxRetryAfter)
	_, a := route.NewTraced(caller, noop.Tracer{}).Send(ctx, p.subject.Visitor, []profile.Parameter{p.mark("")})
	if _, is := p.line.heard.attributes(); is {
		a = route.Answer{Verdict: route.Delivered, StatusCode: a.StatusCode}
	}
	return p.line.heard, p.settle(ctx, f, asked, want, a)
}

// anybody is a visitor whose profile is not changed, where updates of unknown visitors are taken.
func (p *probe) anybody() profile.Visitor {
	if p.unknown != nil && *p.unknown {
		return p.madeUp()
	}
	return p.subject.Visitor
}

func visitorForm(v profile.Visitor) string {
	return string(v.Parameter) + "=" + string(profile.AppendEscaped(nil, v.ID))
}

func field(name, value string) string {
	return "&profile." + string(profile.AppendEscaped(nil, name)) + "=" + string(profile.AppendEscaped(nil, value))
}

func numbered(suffix string, i int) string { return Prefix + suffix + strconv.Itoa(i) }
