// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"

import (
	"context"
	"fmt"
	"net/http"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// askVisitor asks whether the profile of the visitor can be fetched.
func (p *probe) askVisitor(ctx context.Context, f *Finding) error {
	h, err := p.fetch(ctx, f, "profile fetch", answered)
	if err != nil {
		return err
	}
	switch attributes, is := h.attributes(); {
	case is:
		f.conclude(Noted, fmt.Sprintf("the profile is there, with %d attributes", len(attributes)))
	case h.status == http.StatusNotFound:
		f.conclude(Noted, "no profile of this visitor: unknown, expired, or not stored yet. A single update creates none, so nothing may be seen of what is sent; "+
			"visit a page of the sandbox with this id, and probe again after an hour")
	default:
		f.conclude(Open, "the profile cannot be fetched, so what is applied cannot be seen")
	}
	return nil
}

// askUnknown asks what an update of a visitor who does not exist is answered with.
func (p *probe) askUnknown(ctx context.Context, f *Finding) error {
	a, err := p.form(ctx, f, "an update of an id that was made up", refused, visitorForm(p.madeUp())+field(Prefix, p.marker))
	if err != nil {
		return err
	}
	taken := a.Verdict == route.Delivered
	p.unknown = &taken
	switch {
	case taken:
		f.conclude(Noted, "taken: the answer does not tell whether a visitor exists")
	case a.Verdict == route.Rejected:
		f.conclude(Noted, "refused: records of visitors whom Target does not know are counted as rejected")
	default:
		f.conclude(Differs, "the exporter takes this answer for a fault of the set-up: it would hold such updates and stop sending")
	}
	return nil
}

// askRefusals asks what wrong calls are answered with.
func (p *probe) askRefusals(ctx context.Context, f *Finding) error {
	visitor := visitorForm(p.subject.Visitor)
	var taken, held int
	for _, wrong := range []struct{ asked, form string }{
		{"an empty id", string(p.subject.Visitor.Parameter) + "=" + field(Prefix, p.marker)},
		{"no visitor", field(Prefix, p.marker)[1:]},
		{"two ids, both made up", visitorForm(p.madeUp()) + "&" + visitorForm(profile.Visitor{Parameter: profile.MboxPC, ID: p.madeUp().ID}) + field(Prefix, p.marker)},
		{"no profile parameter", visitor},
		{"an empty value", visitor + field(Prefix+"Empty", "")},
		{"a reserved name", visitor + field("user."+Prefix, p.marker)},
	} {
		a, err := p.form(ctx, f, wrong.asked, refused, wrong.form)
		switch {
		case err != nil:
			return err
		case a.Verdict == route.Delivered:
			taken++
		case a.Held():
			held++
		}
	}
	if held > 0 {
		f.conclude(Differs, fmt.Sprintf("%d of %d are answered as the exporter takes for a fault of the set-up: it would hold such an update", held, len(f.Cases)))
		return nil
	}
	f.conclude(Noted, fmt.Sprintf("%d of %d are refused, as the exporter reads it. It sends none of them", len(f.Cases)-taken, len(f.Cases)))
	return nil
}

// askToken asks whether the token is asked for, and what a wrong one is answered with.
func (p *probe) askToken(ctx context.Context, f *Finding) error {
	had := p.subject.credentials != ""
	defer func() { p.line.bare, p.line.credentials = false, p.subject.credentials }()
	without := true
	var err error
	if had {
		p.line.bare = true
		if without, err = p.update(ctx, f, "an update without the token", forbidden, p.base, p.mark("NoToken")); err != nil {
			return err
		}
		if _, err = p.fetch(ctx, f, "a fetch without the token", forbidden); err != nil {
			return err
		}
		p.line.bare = false
	}
	p.line.credentials = "Bearer adobetarget-probe-wrong"
	wrong, err := p.update(ctx, f, "an update with a wrong token", forbidden, p.base, p.mark("WrongToken"))
	if err != nil {
		return err
	}
	p.concludeToken(f, had, without, wrong)
	return nil
}

func (p *probe) concludeToken(f *Finding, had, without, wrong bool) {
	for i := range f.Cases {
		if a := f.Cases[i].Answer; a.Verdict == route.Rejected.String() {
			f.conclude(Differs, "a call without the right token is answered as a wrong update: when the token expires, the exporter rejects records")
			return
		}
	}
	switch {
	case had && !without && !p.subject.sendsToken:
		f.conclude(Differs, "the token is asked for, and the configuration sends none", Setting{Path: "auth::authenticator", Value: "bearertokenauth"})
	case had && !without:
		f.conclude(Fits, "the token is asked for, and the configuration has one")
	case had && !wrong:
		f.conclude(Noted, "no token is asked for, but a wrong one is refused: one that expires stops the exporter. Without auth it would not")
	case had:
		f.conclude(Noted, "no token is asked for, and none is looked at: Require Authentication is off")
	case wrong:
		f.conclude(Fits, "no token is asked for, and none is looked at")
	default:
		f.conclude(Fits, "no token is asked for; a wrong one is refused")
	}
}
