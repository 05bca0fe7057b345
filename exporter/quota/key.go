// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/url"
	"strings"
)

// What Adobe counts apart from single updates.
const (
	Bulk     = "bulk"
	Delivery = "delivery"
)

// Key names an account.
type Key struct {
	ClientCode string
	Endpoint   string
	// Route tells calls apart that Adobe counts apart: Bulk, Delivery, or "" for single updates.
	Route string
	// earlier is the Endpoint under which earlier versions kept the account, "" when it
	// is the same.
	earlier string
}

// NewKey returns the key of a client code at an endpoint, the same for every way to
// write the endpoint's host. The scheme is no part of it: both lead to the same Target.
func NewKey(clientCode string, endpoint *url.URL) Key {
	host := strings.TrimSuffix(strings.ToLower(endpoint.Hostname()), ".")
	scheme, port := endpoint.Scheme, endpoint.Port()
	isDefault := (scheme == "https" && port == "443") || (scheme == "http" && port == "80")
	if port != "" && !isDefault {
		host = net.JoinHostPort(host, port)
	}
	key := Key{ClientCode: clientCode, Endpoint: "https://" + host}
	if scheme == "http" {
		key.earlier = "http://" + host
	}
	return key
}

// For returns the key of the calls of another route: their account has a pace, a quota and
// pauses of its own.
func (k Key) For(route string) Key {
	return Key{ClientCode: k.ClientCode, Endpoint: k.Endpoint, Route: route}
}

// calls is the setting of how many calls a window may hold.
func (k Key) calls() string {
	if k.Route == Bulk {
		return "bulk::calls_per_minute"
	}
	return "quota::calls"
}

// storage is the setting of where the account is kept.
func (k Key) storage() string {
	if k.Route == Bulk {
		return "quota::storage (or else sending_queue::storage)"
	}
	return "quota::storage"
}

// pace is the setting that the pace of the account comes from.
func (k Key) pace() string {
	switch k.Route {
	case "":
		return "rate_limit"
	case Bulk:
		return k.calls()
	}
	return k.Route + "::calls_per_second"
}

// settings are those that the limits of the account come from.
func (k Key) settings() string {
	if k.Route == Bulk {
		return k.calls() + " and " + k.storage()
	}
	return "quota and " + k.pace()
}

// account returns the key without what two keys of one account may differ in.
func (k Key) account() Key { return k.For(k.Route) }

// String names the account in a sentence.
func (k Key) String() string { return k.ClientCode + " at " + k.Endpoint }

// name is the key as part of a file's name: it says whose account it is, and its
// hash keeps endpoints apart.
func (k Key) name() string {
	hash := sha256.Sum256([]byte(k.Endpoint))
	name := "quota_" + k.ClientCode + "_" + hex.EncodeToString(hash[:6])
	if k.Route != "" {
		name += "_" + k.Route
	}
	return name
}
