// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// askDelivery asks by which form the Delivery API takes parameters: the two that the exporter sends,
// and prefetch, which is not billed.
func (p *probe) askDelivery(ctx context.Context, f *Finding) error {
	p.line.bare = true // the API takes no token
	defer func() { p.line.bare = false }()
	configured := p.subject.delivery.Form
	taken := map[route.DeliveryForm]bool{}
	for _, form := range []route.DeliveryForm{route.Execute, route.Notification} {
		want := refused
		if form == configured {
			want = answered
		}
		a, err := p.deliver(ctx, f, string(form), want, form)
		if err != nil {
			return err
		}
		taken[form] = a.Verdict == route.Delivered
	}
	if err := p.prefetch(ctx, f); err != nil {
		return err
	}
	switch {
	case taken[configured]:
		f.conclude(Fits, "the configured form is taken")
	case taken[route.Execute] || taken[route.Notification]:
		works := route.Execute
		if configured == route.Execute {
			works = route.Notification
		}
		f.conclude(Differs, "another form than the configured one is taken", Setting{Path: "delivery::form", Value: string(works)})
	default:
		f.conclude(Open, "no form is taken: see the answers, delivery::mbox, delivery::environment_id and delivery::property_token")
	}
	return nil
}

// deliver sends a parameter of the visitor, composed by the exporter's own route.
func (p *probe) deliver(ctx context.Context, f *Finding, asked string, want expected, form route.DeliveryForm) (route.Answer, error) {
	cfg := p.subject.delivery
	cfg.Form = form
	api, err := route.NewDelivery(cfg, p.subject.endpoint, p.subject.config.ClientCode)
	if err != nil {
		return route.Answer{}, err
	}
	sent := p.mark(suffixOf(asked))
	a, err := p.send(ctx, f, asked, want, api, p.subject.Visitor, []profile.Parameter{sent})
	if a.Verdict == route.Delivered {
		p.await(f, sent)
	}
	return a, err
}

// prefetch sends what execute does as prefetch, whose answer the exporter does not read.
func (p *probe) prefetch(ctx context.Context, f *Finding) error {
	p.line.replace = func(composed *http.Request) (*http.Request, error) {
		body, err := io.ReadAll(composed.Body)
		body = bytes.Replace(body, []byte(`,"execute":{`), []byte(`,"prefetch":{`), 1)
		r := composed.Clone(composed.Context())
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return r, err
	}
	defer func() { p.line.replace = nil }()
	if _, err := p.deliver(ctx, f, "prefetch", refused, route.Execute); err != nil {
		return err
	}
	var answer struct {
		Client  string           `json:"client"`
		Message *json.RawMessage `json:"message"`
	}
	last := &f.Cases[len(f.Cases)-1]
	if json.Unmarshal(p.line.heard.body, &answer) == nil && answer.Client != "" && answer.Message == nil {
		last.Answer.Verdict, last.Answer.Reason, last.taken = route.Delivered.String(), "", true
		p.faults = 0
		p.await(f, p.mark(suffixOf("prefetch")))
	}
	return nil
}

// await has the profile looked at for what the last case has sent.
func (p *probe) await(f *Finding, sent profile.Parameter) {
	p.awaited[sent.Name] = sent.Value
	f.Cases[len(f.Cases)-1].parameter = sent.Name
}

func suffixOf(form string) string {
	return map[string]string{"execute": "Execute", "notification": "Notification", "prefetch": "Prefetch"}[form]
}
