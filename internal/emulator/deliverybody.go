// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	maxMboxes               = 50
	maxDeliveryParameters   = 50
	maxDeliveryValueLength  = 256
	maxMboxNameLength       = 250
	maxNotificationIDLength = 200
	// maxDeliveryDepth is how many objects and lists may stand in each other: more than the API
	// knows, and few enough for the stack.
	maxDeliveryDepth = 100
)

// delivery is a Delivery call's meaning.
type delivery struct {
	update
	requestID     string
	beacon        bool
	mboxes        []mboxAnswer
	notifications []notificationAnswer
	// billed is how many server calls Adobe would count.
	billed int
}

// deliveryWire is the part of Adobe's request that sets profile parameters.
type deliveryWire struct {
	RequestID string `json:"requestId"`
	ID        struct {
		TntID        *string `json:"tntId"`
		ThirdPartyID *string `json:"thirdPartyId"`
	} `json:"id"`
	Context struct {
		Channel string `json:"channel"`
		Beacon  bool   `json:"beacon"`
	} `json:"context"`
	EnvironmentID int64 `json:"environmentId"`
	Property      struct {
		Token string `json:"token"`
	} `json:"property"`
	Execute struct {
		Mboxes []mboxWire `json:"mboxes"`
	} `json:"execute"`
	Notifications []notificationWire `json:"notifications"`
}

type mboxWire struct {
	Index             *int               `json:"index"`
	Name              string             `json:"name"`
	ProfileParameters map[string]*string `json:"profileParameters"`
}

type notificationWire struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Timestamp int64  `json:"timestamp"`
	Mbox      struct {
		Name string `json:"name"`
	} `json:"mbox"`
	ProfileParameters map[string]*string `json:"profileParameters"`
}

// parseDelivery holds a body against what Adobe documents for the Delivery API.
func parseDelivery(body []byte, thirdPartyIDLength int) (delivery, *refusal) {
	var w deliveryWire
	if err := decodeDelivery(body, &w); err != nil {
		return delivery{}, malformed(err.Error())
	}
	d := delivery{requestID: w.RequestID, beacon: w.Context.Beacon, billed: len(w.Execute.Mboxes) + len(w.Notifications)}
	if d.requestID == "" {
		d.requestID = "made-by-the-emulator"
	}
	err := errors.Join(d.readVisitor(&w, thirdPartyIDLength), d.readMboxes(w.Execute.Mboxes), d.readNotifications(w.Notifications))
	switch {
	case err != nil:
		return delivery{}, malformed(err.Error())
	case w.Context.Channel != "web" && w.Context.Channel != "mobile":
		return delivery{}, malformed("context.channel must be web or mobile")
	case w.EnvironmentID < 0:
		return delivery{}, malformed("environmentId is not valid")
	case d.billed == 0:
		return delivery{}, malformed("neither an mbox nor a notification is given")
	}
	return d, nil
}

// decodeDelivery decodes JSON that has each member once, all of them known, and nothing behind it. Its errors hold nothing of
// the body.
func decodeDelivery(body []byte, into *deliveryWire) error {
	if !utf8.Valid(body) {
		return errors.New("the body is not UTF-8")
	}
	tokens := json.NewDecoder(bytes.NewReader(body))
	if err := noneTwice(tokens, maxDeliveryDepth); err != nil {
		return err
	}
	if _, err := tokens.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind the JSON")
	}
	strict := json.NewDecoder(bytes.NewReader(body))
	strict.DisallowUnknownFields()
	if strict.Decode(into) != nil {
		return errors.New("the JSON has an unknown member, or one of another type")
	}
	return nil
}

// noneTwice reads a value, and returns an error when an object in it has a member twice, or more
// levels than are left stand in each other.
func noneTwice(tokens *json.Decoder, levels int) error {
	errNoJSON := errors.New("the body is not JSON")
	token, err := tokens.Token()
	if err != nil {
		return errNoJSON
	}
	opened, isOpening := token.(json.Delim)
	if !isOpening {
		return nil
	}
	if levels == 0 {
		return errors.New("the JSON is too deep")
	}
	seen := map[string]struct{}{}
	for tokens.More() {
		if opened == '{' {
			name, unread := tokens.Token()
			if unread != nil {
				return errNoJSON
			}
			if _, twice := seen[name.(string)]; twice {
				return errors.New("a member is given twice")
			}
			seen[name.(string)] = struct{}{}
		}
		if inner := noneTwice(tokens, levels-1); inner != nil {
			return inner
		}
	}
	if _, err = tokens.Token(); err != nil {
		return errNoJSON
	}
	return nil
}

func (d *delivery) readVisitor(w *deliveryWire, thirdPartyIDLength int) error {
	switch tnt, thirdParty := w.ID.TntID, w.ID.ThirdPartyID; {
	case (tnt == nil) == (thirdParty == nil):
		return errors.New("exactly one of tntId and thirdPartyId must be given")
	case tnt != nil:
		d.visitor = Visitor{Parameter: MboxPC, ID: *tnt}
	default:
		d.visitor = Visitor{Parameter: Mbox3rdPartyID, ID: *thirdParty}
	}
	return d.visitor.validate(thirdPartyIDLength)
}

func (d *delivery) readMboxes(mboxes []mboxWire) error {
	if len(mboxes) > maxMboxes {
		return errors.New("size must be between 0 and 50")
	}
	seen := map[int]bool{}
	for _, m := range mboxes {
		if m.Index == nil || *m.Index < 0 || seen[*m.Index] {
			return errors.New("the index of an mbox must be given, from 0 on and each once")
		}
		seen[*m.Index] = true
		d.mboxes = append(d.mboxes, mboxAnswer{*m.Index, m.Name})
		if err := errors.Join(validateMbox(m.Name), d.readParameters(m.ProfileParameters)); err != nil {
			return err
		}
	}
	return nil
}

func (d *delivery) readNotifications(notifications []notificationWire) error {
	if len(notifications) > maxMboxes {
		return errors.New("size must be between 0 and 50")
	}
	for _, n := range notifications {
		switch {
		case n.ID == "" || utf8.RuneCountInString(n.ID) > maxNotificationIDLength:
			return errors.New("the id of a notification is not valid")
		case n.Type != "display" && n.Type != "click":
			return errors.New("the type of a notification must be display or click")
		case n.Timestamp <= 0:
			return errors.New("the timestamp of a notification is not valid")
		}
		d.notifications = append(d.notifications, notificationAnswer{n.ID})
		if err := errors.Join(validateMbox(n.Mbox.Name), d.readParameters(n.ProfileParameters)); err != nil {
			return err
		}
	}
	return nil
}

// units is the length of a text in units of UTF-16, the most that Adobe could count.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

func validateMbox(name string) error {
	if strings.TrimSpace(name) == "" || units(name) > maxMboxNameLength || strings.HasSuffix(name, "-clicked") {
		return errors.New("the name of an mbox is not valid")
	}
	return nil
}

func (d *delivery) readParameters(parameters map[string]*string) error {
	if len(parameters) > maxDeliveryParameters {
		return errors.New("the number of profileParameters cannot exceed 50")
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		value := parameters[name]
		switch {
		case strings.TrimSpace(name) == "":
			return errors.New("the name of a profile parameter is blank")
		case units(name) > maxNameLength:
			return errors.New("the name of a profile parameter has more than 128 characters")
		case strings.HasPrefix(name, profilePrefix):
			return errors.New("the name of a profile parameter has its prefix")
		case value == nil || *value == "":
			return errors.New("a profile parameter is empty")
		case units(*value) > maxDeliveryValueLength:
			return errors.New("a profile parameter has more than 256 characters")
		}
		if err := validateName(name); err != nil {
			return err
		}
		d.parameters = append(d.parameters, pair{name: name, value: *value})
	}
	return nil
}
