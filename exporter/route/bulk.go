// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// Bulk is the Bulk Profile Update API: where uploads go, and where Target may be asked for their
// status. It is only read, so all uploads share one.
type Bulk struct {
	creates  map[profile.VisitorParameter]bool
	v1, v2   url.URL
	endpoint url.URL
	host     string        // of the endpoint
	below    string        // the domain of the hosts below that, "" for none
	timeout  time.Duration // of an upload
}

// NewBulk returns the API of a client code at an endpoint, such as
// https://acme.tt.omtrdc.net. A path in the endpoint stands before the API's own.
func NewBulk(cfg BulkConfig, endpoint, clientCode string) (*Bulk, error) {
	b := &Bulk{creates: make(map[profile.VisitorParameter]bool, len(idColumns)), timeout: cfg.Timeout}
	for of := range idColumns {
		b.creates[of] = cfg.Version == BulkV2 || cfg.Version == BulkAuto && of == profile.Mbox3rdPartyID
	}
	for version, u := range map[string]*url.URL{"/": &b.v1, "/v2/": &b.v2} {
		parsed, err := url.Parse(strings.TrimRight(endpoint, "/") + "/m2/" + clientCode + version + "profile/batchUpdate")
		if err != nil || parsed.Host == "" {
			return nil, errors.New("endpoint makes no URL")
		}
		*u, b.endpoint = *parsed, *parsed
	}
	b.host = plainHost(&b.endpoint)
	if _, err := netip.ParseAddr(b.host); err != nil {
		b.below = "." + b.host
	}
	return b, nil
}

// Creates reports whether uploads with ids of this kind create the profiles that do not exist. It
// is version 2 of the API, whose consecutive uploads of a visitor override each other.
func (b *Bulk) Creates(of profile.VisitorParameter) bool { return b.creates[of] }

// url returns where an upload goes.
func (b *Bulk) url(sheet *Sheet) *url.URL {
	u := b.v1
	if sheet.Creates {
		u = b.v2
	}
	return &u
}

// needsHTTP1 reports that an upload has a body that can be had once.
func (b *Bulk) needsHTTP1() bool { return false }
