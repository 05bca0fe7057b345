// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

const (
	deliveryPath = "/rest/v1/delivery"
	// maxDeliveryBody is the most bytes of a body. Delivery API: "60 MB", else 413.
	maxDeliveryBody = 60_000_000
	// maxDeliveryParameters is the most profile parameters of an mbox or a notification.
	maxDeliveryParameters = 50
	// MaxDeliveryValueLength is the most characters of a value, in units of UTF-16: Adobe does not say
	// which, and these are the most there can be. Adobe's pages name 256 and 5,000.
	MaxDeliveryValueLength = 256
)

// Delivery is the Delivery API, as a way to set profile parameters. Its calls are paid, and
// create profiles.
type Delivery struct {
	form DeliveryForm
	mbox string
	url  url.URL
	// hashes are those that make session ids, of hash.Hash.
	hashes sync.Pool
	// The parts of a body that are the same for all: behind the visitor's id, behind the receipt,
	// and behind the parameters.
	behindID, behindReceipt, behind string
}

var _ API = (*Delivery)(nil)

// NewDelivery returns the API of a client code at an endpoint, such as
// https://acme.tt.omtrdc.net. A path in the endpoint stands before the API's own.
func NewDelivery(cfg DeliveryConfig, endpoint, clientCode string) (*Delivery, error) {
	u, err := url.Parse(strings.TrimRight(endpoint, "/") + deliveryPath)
	if err != nil {
		return nil, errors.New("endpoint makes no URL")
	}
	u.RawQuery = "client=" + url.QueryEscape(clientCode) + "&sessionId="
	d := &Delivery{form: cfg.Form, mbox: cfg.Mbox, url: *u}
	key := []byte(cmp.Or(string(cfg.SessionKey), clientCode))
	d.hashes.New = func() any { return hmac.New(sha256.New, key) }
	d.frame(cfg)
	return d, nil
}

// Limits returns those of one mbox or notification: a call has one, as each is paid.
func (d *Delivery) Limits() Limits {
	return Limits{
		Bytes: maxDeliveryBody, Parameters: maxDeliveryParameters, ValueLength: MaxDeliveryValueLength, UTF16: true, Refuses: noDeliveryName,
	}
}

// noDeliveryName reports whether the API refuses a name that a single update can have.
func noDeliveryName(name string) bool {
	return strings.HasPrefix(name, "profile.") || strings.TrimSpace(name) == ""
}

// Carries reports whether a call can carry the parameter.
func (d *Delivery) Carries(p *profile.Parameter) bool {
	return !noDeliveryName(p.Name) && profile.UTF16Length(p.Name) <= profile.MaxNameLength && profile.UTF16Length(p.Value) <= MaxDeliveryValueLength
}

// compose returns a call with one mbox or notification that has the parameters.
func (d *Delivery) compose(v profile.Visitor, parameters []profile.Parameter) (c call, carried int) {
	for carried < min(len(parameters), maxDeliveryParameters) && d.Carries(&parameters[carried]) {
		carried++
	}
	if carried == 0 {
		return call{}, 0
	}
	u := d.url
	u.RawQuery += d.session(v)
	c = call{method: http.MethodPost, url: &u, contentType: jsonContentType, receipt: rand.Text()}
	c.body = d.appendBody(v, parameters[:carried], c.receipt, time.Now())
	return c, carried
}

// session returns the id of the visitor's session, the same for ever: a keyed hash, from which
// nobody without the key can find the visitor's id. What follows the dot of an mboxPC is where its
// profile is kept and may change, so it makes no session of its own.
func (d *Delivery) session(v profile.Visitor) string {
	id := v.ID
	if v.Parameter == profile.MboxPC {
		id, _, _ = strings.Cut(id, ".")
	}
	hashing := d.hashes.Get().(hash.Hash)
	defer d.hashes.Put(hashing)
	hashing.Reset()
	_, _ = io.WriteString(hashing, string(v.Parameter)+"\x00"+id) // it never fails
	return hex.EncodeToString(hashing.Sum(nil))
}

// suspects names what stands in each call.
func (d *Delivery) suspects() string {
	return "see delivery::mbox, delivery::environment_id and delivery::property_token"
}

// needsHTTP1 reports that each call has a body that can be had once.
func (d *Delivery) needsHTTP1() bool { return false }

// frame writes what is the same in each body.
func (d *Delivery) frame(cfg DeliveryConfig) {
	settings := `},"context":{"channel":"web"}`
	if cfg.EnvironmentID != 0 {
		settings += `,"environmentId":` + strconv.FormatInt(cfg.EnvironmentID, 10)
	}
	if cfg.PropertyToken != "" {
		settings += `,"property":{"token":` + string(appendJSON(nil, cfg.PropertyToken)) + `}`
	}
	name := string(appendJSON(nil, cfg.Mbox))
	if cfg.Form == Notification {
		d.behindID = settings + `,"notifications":[{"id":`
		d.behindReceipt = `,"mbox":{"name":` + name + `},"profileParameters":{`
		d.behind = `}}]}`
		return
	}
	d.behindID = settings + `,"requestId":`
	d.behindReceipt = `,"execute":{"mboxes":[{"index":0,"name":` + name + `,"profileParameters":{`
	d.behind = `}}]}}`
}
