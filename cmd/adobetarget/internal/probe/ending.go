// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// ending is why a probe ends before all questions were asked, and what to do.
type ending struct{ why, do string }

func (e *ending) Error() string { return e.why }

// expected says which answers are none that end a probe.
type expected uint8

const (
	// answered: the call is one that the exporter makes, so what is no answer of Target's is a
	// fault of the set-up.
	answered expected = iota
	// refused: the call may be refused in whatever way.
	refused
	// cutOff: the call may be refused, and its connection be closed while it is sent.
	cutOff
	// forbidden: the call is made to be refused for its token.
	forbidden
)

// judge returns why the probe ends with this answer, nil when it does not.
func (p *probe) judge(ctx context.Context, a route.Answer, want expected) error {
	switch {
	case ctx.Err() != nil:
		return &ending{why: "interrupted", do: "what was found so far stands above"}
	case p.line.made == MaxCalls && p.line.heard.status == 0 && a.Reason == route.ReasonNetwork:
		return &ending{why: errBound.Error(), do: "ask the rest with --only"}
	case a.Verdict == route.Delivered, a.Verdict == route.Rejected, a.StatusCode == http.StatusNotFound:
		p.faults = 0
		return nil
	case want == cutOff && (a.Reason == route.ReasonConnectionReset || a.Reason == route.ReasonConnectionClosed):
		return nil
	case a.StatusCode == 0:
		return p.unreachable(a)
	case a.StatusCode == http.StatusUnauthorized || a.StatusCode == http.StatusForbidden:
		if want == forbidden {
			return nil
		}
		return &ending{why: fmt.Sprintf("answered with %d", a.StatusCode), do: p.tokenAdvice()}
	case a.Throttled():
		return &ending{why: fmt.Sprintf("answered with %d: fewer calls are asked for", a.StatusCode), do: "try again later"}
	}
	p.faults++
	if want != answered && p.faults < 2 {
		return nil
	}
	return p.setupFault(a)
}

func (p *probe) tokenAdvice() string {
	if p.subject.credentials == "" {
		return "a token is asked for: give it by --token-file or ADOBE_TARGET_TOKEN, and set auth in the configuration"
	}
	return "the token is refused: make sure that it has not expired and that no newer one was generated (Administration > Implementation > Profile API)"
}

// unreachable is of a call without an answer.
func (p *probe) unreachable(a route.Answer) error {
	e := &ending{why: "no answer: " + a.Reason, do: "see endpoint, and proxy_url if there is a proxy"}
	if a.Detail != "" {
		e.why += ", " + a.Detail
	}
	switch a.Reason {
	case route.ReasonDNS:
		e.do = "see client_code and endpoint: the host " + p.subject.host + " is made of them"
	case route.ReasonTimeout:
		e.do = fmt.Sprintf("nothing came within the timeout of %s: see timeout and endpoint", p.subject.client.Timeout)
	case route.ReasonTLS:
		e.do = "see tls and endpoint"
	case route.ReasonProxy:
		e.do = "see proxy_url"
	}
	return e
}

// setupFault is of an answer that is not Target's to such a call.
func (p *probe) setupFault(a route.Answer) error {
	e := &ending{why: fmt.Sprintf("answered with %d", a.StatusCode)}
	switch {
	case a.Reason == route.ReasonForeign:
		e.why += ", " + a.Detail
		e.do = "something on the way answers in place of Target: see endpoint and proxy_url"
	case a.StatusCode >= http.StatusInternalServerError:
		e.do = "Target, or what stands before it, fails: try again later"
	case a.StatusCode == http.StatusProxyAuthRequired:
		e.do = "the proxy asks for credentials: see proxy_url"
	case a.StatusCode >= http.StatusMultipleChoices && a.StatusCode < http.StatusBadRequest:
		e.do = "a redirect is not followed: see endpoint"
	default:
		e.do = "see endpoint and api::path"
	}
	return e
}

// endingOf returns the ending that an error is.
func endingOf(err error) *ending {
	if e, is := errors.AsType[*ending](err); is {
		return e
	}
	return &ending{why: err.Error(), do: "nothing further was asked"}
}
