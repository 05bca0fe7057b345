// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The parameters that name a visitor.
const (
	MboxPC         = "mboxPC"
	Mbox3rdPartyID = "mbox3rdPartyId"
)

const (
	profilePrefix             = "profile."
	maxPCIDLength             = 128
	maxNameLength             = 128
	defaultThirdPartyIDLength = 128
	maxThirdPartyIDLength     = 256
)

// Visitor is one id under the parameter that carries it, [MboxPC] or [Mbox3rdPartyID].
type Visitor struct {
	Parameter string
	ID        string
}

// is reports whether the id is the visitor's.
func (v Visitor) is(id string) bool { return v.ID == id }

// update is one call's meaning: a visitor and its profile parameters, their names without "profile.".
type update struct {
	visitor    Visitor
	parameters []pair
}

// readUpdate holds a call's parameters against what Target documents for the Single Profile Update API.
func readUpdate(pairs []pair, thirdPartyIDLength int) (update, *refusal) {
	var u update
	seen := make(map[string]struct{}, len(pairs))
	for _, p := range pairs {
		if _, twice := seen[p.name]; twice {
			return update{}, malformed("a parameter is given twice")
		}
		seen[p.name] = struct{}{}
		if refused := u.add(p); refused != nil {
			return update{}, refused
		}
	}
	if u.visitor.Parameter == "" {
		return update{}, malformed("neither mboxPC nor mbox3rdPartyId is given")
	}
	if err := u.visitor.validate(thirdPartyIDLength); err != nil {
		return update{}, malformed(err.Error())
	}
	refused := u.refusal()
	return u, refused
}

func (u *update) add(p pair) *refusal {
	if p.name == MboxPC || p.name == Mbox3rdPartyID {
		if u.visitor.Parameter != "" {
			return malformed("mboxPC and mbox3rdPartyId are both given")
		}
		u.visitor = Visitor{Parameter: p.name, ID: p.value}
		return nil
	}
	name, isProfile := strings.CutPrefix(p.name, profilePrefix)
	if !isProfile {
		return malformed("a parameter is neither a visitor nor begins with profile.")
	}
	if err := validateName(name); err != nil {
		return malformed(err.Error())
	}
	u.parameters = append(u.parameters, pair{name: name, value: p.value})
	return nil
}

// refusal is what a well-formed update is refused for.
func (u *update) refusal() *refusal {
	if len(u.parameters) == 0 {
		return refusedUpdate("no profile parameter is given")
	}
	for _, p := range u.parameters {
		if p.value == "" {
			return refusedUpdate("a profile parameter is empty")
		}
	}
	return nil
}

func (v Visitor) validate(thirdPartyIDLength int) error {
	switch v.Parameter {
	case MboxPC:
		return validateID(v, maxPCIDLength, func(id string) error {
			if strings.Count(id, ".") > 1 {
				return errors.New("mboxPC has more than one dot")
			}
			return nil
		})
	case Mbox3rdPartyID:
		return validateID(v, thirdPartyIDLength, func(id string) error {
			if strings.ContainsAny(id, "+/") {
				return errors.New("mbox3rdPartyId has a + or /")
			}
			return nil
		})
	}
	return errors.New("a visitor is named by mboxPC or mbox3rdPartyId")
}

func validateID(v Visitor, length int, shape func(string) error) error {
	switch {
	case v.ID == "":
		return fmt.Errorf("%s is empty", v.Parameter)
	case !utf8.ValidString(v.ID):
		return fmt.Errorf("%s is not UTF-8", v.Parameter)
	case utf8.RuneCountInString(v.ID) > length:
		return fmt.Errorf("%s has more than %d characters", v.Parameter, length)
	case strings.ContainsFunc(v.ID, unicode.IsControl):
		return fmt.Errorf("%s has a control character", v.Parameter)
	}
	return shape(v.ID)
}

func validateName(name string) error {
	switch {
	case name == "":
		return errors.New("a profile parameter has no name")
	case utf8.RuneCountInString(name) > maxNameLength:
		return fmt.Errorf("the name of a profile parameter has more than %d characters", maxNameLength)
	case strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("the name of a profile parameter has a control character")
	case isReserved(name):
		return errors.New("the name of a profile parameter is reserved by Target")
	}
	return nil
}

// isReserved knows the names Target keeps for itself: the namespace of profile scripts, its own parameters and its built-ins.
func isReserved(name string) bool {
	for _, prefix := range []string{"user.", "mbox", "geolocation.", "mobile."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return name == "browserTime" || name == "sessionCount" || name == "averageDaysBetweenVisits"
}
