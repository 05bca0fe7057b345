// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// DeliveryForm is the part of a Delivery call that carries the parameters.
type DeliveryForm string

const (
	// Execute sends them with an mbox that is executed. Adobe documents for it alone that it
	// creates profiles.
	Execute DeliveryForm = "execute"
	// Notification sends them with a notification, as at.js does for its trackEvent.
	Notification DeliveryForm = "notification"
)

// maxMboxLength is the most characters of an mbox's name.
const maxMboxLength = 250

// DeliveryConfig is the way a call of the Delivery API is made.
type DeliveryConfig struct {
	// Mbox is the name of the mbox that the parameters come with: one of its own, which no
	// activity uses.
	Mbox string `mapstructure:"mbox"`
	// Form is execute (the default) or notification.
	Form DeliveryForm `mapstructure:"form"`
	// CallsPerSecond is the pace of the calls.
	CallsPerSecond float64 `mapstructure:"calls_per_second"`
	// EnvironmentID is the environment (host group) of the calls, 0 for the one that Target
	// chooses.
	EnvironmentID int64 `mapstructure:"environment_id"`
	// PropertyToken is the at_property token, "" for none.
	PropertyToken string `mapstructure:"property_token"`
	// SessionKey keys the hash that session ids are. With the default, the client code, who
	// sees a session id can try out which id makes it.
	SessionKey configopaque.String `mapstructure:"session_key,omitempty"`

	_ struct{}
}

// NewDefaultDeliveryConfig returns calls with a dedicated mbox.
func NewDefaultDeliveryConfig() DeliveryConfig {
	return DeliveryConfig{Mbox: "otel-profile-update", Form: Execute, CallsPerSecond: 50}
}

// Validate returns an error unless calls can be made this way.
func (c DeliveryConfig) Validate() error {
	var errs []error
	if why := mboxFault(c.Mbox); why != "" {
		errs = append(errs, fmt.Errorf("mbox: %s, got %q", why, c.Mbox))
	}
	if c.Form != Execute && c.Form != Notification {
		errs = append(errs, fmt.Errorf("form: %q is unknown, use execute or notification", string(c.Form)))
	}
	if !(c.CallsPerSecond > 0) || math.IsInf(c.CallsPerSecond, 0) {
		errs = append(errs, fmt.Errorf("calls_per_second: must be above 0, got %v", c.CallsPerSecond))
	}
	if c.EnvironmentID < 0 {
		errs = append(errs, fmt.Errorf("environment_id: must be at least 1, or left out, got %d", c.EnvironmentID))
	}
	if !utf8.ValidString(c.PropertyToken) || strings.ContainsFunc(c.PropertyToken, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		errs = append(errs, errors.New("property_token: must have no white space and no control characters"))
	}
	return errors.Join(errs...)
}

// mboxFault returns why Adobe refuses the name of an mbox, "" when it takes it.
func mboxFault(name string) string {
	switch {
	case strings.TrimSpace(name) == "":
		return "must not be blank"
	case profile.UTF16Length(name) > maxMboxLength:
		return fmt.Sprintf("must have at most %d characters", maxMboxLength)
	case strings.HasSuffix(name, "-clicked"):
		return "must not end in -clicked"
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "must have no control characters"
	}
	return ""
}
