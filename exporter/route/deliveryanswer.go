// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// deliveryAnswer is what counts of an answer of the Delivery API.
type deliveryAnswer struct {
	Status    json.RawMessage `json:"status"`
	Message   json.RawMessage `json:"message"`
	RequestID string          `json:"requestId"`
	Client    string          `json:"client"`
	Execute   struct {
		Mboxes []struct {
			Name string `json:"name"`
		} `json:"mboxes"`
	} `json:"execute"`
	Notifications []struct {
		ID string `json:"id"`
	} `json:"notifications"`
}

// read returns what a 2xx answer means. JSON with a message is an error, whatever the status of
// HTTP says. Without one the update went through when the answer names the mbox, or the
// notification, that carried it. What is not an answer of the API says nothing of the update.
func (d *Delivery) read(c *call, status int, body []byte) Answer {
	var r deliveryAnswer
	err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), &r)
	var otherType *json.UnmarshalTypeError
	switch {
	case err != nil && !errors.As(err, &otherType):
		return foreignDelivery(status, body)
	case r.refuses():
		return r.refusal(status)
	case err != nil || r.RequestID == "" && r.Client == "":
		return foreignDelivery(status, body)
	case !d.names(&r, c):
		return Answer{Verdict: NotNow, StatusCode: status, Reason: ReasonNotEchoed, Detail: "the answer does not name what was sent"}
	}
	return Answer{Verdict: Delivered, StatusCode: status}
}

// names reports whether the answer says of the call's mbox or notification that it was processed.
func (d *Delivery) names(r *deliveryAnswer, c *call) bool {
	for i := range r.Notifications {
		if d.form == Notification && r.Notifications[i].ID == c.receipt {
			return true
		}
	}
	for i := range r.Execute.Mboxes {
		if d.form == Execute && r.Execute.Mboxes[i].Name == d.mbox {
			return true
		}
	}
	return false
}

func (r *deliveryAnswer) refuses() bool {
	return len(r.Message) > 0 && string(r.Message) != "null" || r.status() != 0
}

// status is that of an error in the body, as a number or as text, 0 when there is none. Others
// than HTTP has for errors do not count: each would be a reason of its own in the metrics.
func (r *deliveryAnswer) status() int {
	n, err := strconv.ParseFloat(strings.Trim(string(r.Status), `"`), 64)
	if err != nil || !(n >= http.StatusBadRequest && n < 600) || n != math.Trunc(n) {
		return 0
	}
	return int(n)
}

// refusal reads the status in the body as if it were that of HTTP. The message may hold what was
// sent, so it goes no further.
func (r *deliveryAnswer) refusal(status int) Answer {
	a := Answer{Verdict: Rejected, Reason: ReasonRefused}
	if inBody := r.status(); inBody != 0 {
		a = statusAnswer(inBody, 0)
	}
	a.StatusCode = status
	return a
}

func foreignDelivery(status int, body []byte) Answer {
	kind := kindOf(body)
	switch {
	case bytes.Contains(body, []byte("unauthorized mbox host")):
		kind = "Target's refusal of the host: allow it in Administration > Hosts"
	case kind == "JSON":
		kind = "other JSON than Target's, or a part of it"
	}
	return Answer{Verdict: SetupFault, StatusCode: status, Reason: ReasonForeign, Detail: "the answer is " + kind}
}
