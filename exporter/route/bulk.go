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
	ways     map[profile.VisitorParameter]bulkWay
	endpoint url.URL
	host     string        // of the endpoint
	below    string        // the domain of the hosts below that, "" for none
	timeout  time.Duration // of an upload
}

// bulkWay is how the uploads of one kind of ids are made.
type bulkWay struct {
	url     url.URL
	creates bool
}

// NewBulk returns the API of a client code at an endpoint, such as
// https://acme.tt.omtrdc.net. A path in the endpoint stands before the API's own.
func NewBulk(cfg BulkConfig, endpoint, clientCode string) (*Bulk, error) {
	b := &Bulk{ways: make(map[profile.VisitorParameter]bulkWay, len(idColumns)), timeout: cfg.Timeout}
	for of := range idColumns {
		way := bulkWay{creates: cfg.Version == BulkV2 || cfg.Version == BulkAuto && of == profile.Mbox3rdPartyID}
		path := "/m2/" + clientCode + "/profile/batchUpdate"
		if way.creates {
			path = "/m2/" + clientCode + "/v2/profile/batchUpdate"
		}
		u, err := url.Parse(strings.TrimRight(endpoint, "/") + path)
		if err != nil || u.Host == "" {
			return nil, errors.New("endpoint makes no URL")
		}
		way.url, b.endpoint = *u, *u
		b.ways[of] = way
	}
	b.host = plainHost(&b.endpoint)
	if _, err := netip.ParseAddr(b.host); err != nil {
		b.below = "." + b.host
	}
	return b, nil
}

// Creates reports whether uploads with ids of this kind create the profiles that do not exist. It
// is version 2 of the API, whose consecutive uploads of a visitor override each other.
func (b *Bulk) Creates(of profile.VisitorParameter) bool { return b.ways[of].creates }

// needsHTTP1 reports that an upload has a body that can be had once.
func (b *Bulk) needsHTTP1() bool { return false }
