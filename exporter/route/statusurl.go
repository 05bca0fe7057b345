// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"net/url"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// edgeDomain is where Target's own servers are.
const edgeDomain = ".tt.omtrdc.net"

// Why a status is not followed.
const (
	statusNotURL    = "the status is no URL, it is not followed"
	statusElsewhere = "the status is on another host, it is not followed"
)

// statusURL returns the URL at which a status may be asked for, or why it may not. An answer says
// where to ask, and the token goes there: so it must be at the endpoint or at Target. Target
// writes http, and there the token would be for all to read: so it becomes https, but for an
// endpoint that is http itself.
func (b *Bulk) statusURL(status string) (u *url.URL, why string) {
	u, err := url.Parse(strings.TrimSpace(status))
	if err != nil || u.Opaque != "" || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") ||
		len(status) > profile.MaxRequestTarget || !isPlain(u.RawQuery) {
		return nil, statusNotURL
	}
	host := plainHost(u)
	atEdge := isUnder(host, edgeDomain)
	if u.User != nil || !atEdge && host != b.host && (b.below == "" || !isUnder(host, b.below)) {
		return nil, statusElsewhere
	}
	u.Scheme = "https"
	if b.endpoint.Scheme == "http" && !atEdge {
		u.Scheme = "http"
	}
	port := u.Port()
	switch {
	case port == "":
	case host == b.host && port == b.endpoint.Port() && u.Scheme == b.endpoint.Scheme:
	case port == "80", port == "443" && u.Scheme == "https":
		port = ""
	default:
		return nil, statusElsewhere
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	u.Host = host
	if port != "" {
		u.Host += ":" + port
	}
	u.Fragment, u.RawFragment = "", ""
	return u, ""
}

// plainHost returns the host of a URL as it can be compared.
func plainHost(u *url.URL) string { return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".") }

// askForDetails has the status name how many rows failed, and which. What the query has is kept
// byte by byte.
func askForDetails(u *url.URL) {
	const details = "showDetails=true"
	switch {
	case u.RawQuery == "":
		u.RawQuery = details
	case !strings.Contains("&"+u.RawQuery+"&", "&"+details+"&"):
		u.RawQuery += "&" + details
	}
}

// isUnder reports whether a host lies in a domain, which begins with a dot. Names of other letters
// than those of DNS are none: what they become on the way is not known here.
func isUnder(host, domain string) bool {
	labels, is := strings.CutSuffix(host, domain)
	if !is {
		return false
	}
	for label := range strings.SplitSeq(labels, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// isPlain reports whether a text can stand in the line of a request.
func isPlain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}
