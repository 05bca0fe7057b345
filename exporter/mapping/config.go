// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// Config is what a Mapper is made of. The exporter's configuration composes it
// from its own keys.
type Config struct {
	Visitor    []VisitorEntry
	Profile    []ProfileEntry
	Conditions []Condition
	// Placeholders are the texts that are no id.
	Placeholders []Placeholder
	// MaxValueLength is the most characters of a value, 0 for no limit.
	MaxValueLength int
	// MaxThirdPartyIDLength is the most characters of an mbox3rdPartyId.
	MaxThirdPartyIDLength int
	// MaxCall is the most bytes of a call's form; a parameter over it is left out.
	MaxCall int
	// MaxParameters is the most parameters of a call, 0 for as many as its bytes hold.
	MaxParameters int
	// UTF16 is that the lengths of names and values are in units of UTF-16 where the calls go.
	UTF16 bool
	// RefusesName reports whether a name is none where the calls go, nil where all names are.
	RefusesName func(name string) bool
}

// DefaultVisitor returns the visitor entries of a record that looks like the
// API's own call.
func DefaultVisitor() []VisitorEntry {
	return []VisitorEntry{
		{Parameter: profile.Mbox3rdPartyID, Attribute: string(profile.Mbox3rdPartyID)},
		{Parameter: profile.MboxPC, Attribute: string(profile.MboxPC)},
	}
}

// DefaultProfile returns the profile entries of a record that looks like the
// API's own call.
func DefaultProfile() []ProfileEntry {
	return []ProfileEntry{{Prefix: "profile."}}
}

// VisitorEntry says where one kind of visitor id is found. Exactly one of
// Attribute and Value is set.
type VisitorEntry struct {
	// Parameter is the call's parameter that carries the id: mboxPC or mbox3rdPartyId.
	Parameter profile.VisitorParameter `mapstructure:"parameter"`
	// Attribute is the attribute that holds the id, looked up on the record, then its
	// scope, then its resource.
	Attribute string `mapstructure:"attribute"`
	// Value is an OTTL value expression that gives the id.
	Value Expression `mapstructure:"value"`

	_ struct{}
}

// Validate returns an error unless the entry has exactly one source.
func (e VisitorEntry) Validate() error {
	return oneSource(source{"attribute", e.Attribute}, source{"value", string(e.Value)})
}

// ProfileEntry says where one or more profile parameters are found. Exactly one
// of Attribute, Value and Prefix is set.
type ProfileEntry struct {
	// Parameter is the profile parameter's name, without "profile.". A value without
	// one must be a map, whose keys are the parameters.
	Parameter ParameterName `mapstructure:"parameter"`
	// Attribute is the attribute that holds the value, looked up on the record, then
	// its scope, then its resource.
	Attribute string `mapstructure:"attribute"`
	// Value is an OTTL value expression that gives the value.
	Value Expression `mapstructure:"value"`
	// Prefix takes every attribute of record, scope and resource whose name begins
	// with it, and the maps that are called so without its dot; the rest of the name
	// is the parameter.
	Prefix string `mapstructure:"prefix"`
	// Default is sent when the record gives no value. It needs a Parameter.
	Default any `mapstructure:"default"`

	_ struct{}
}

var _ confmap.Unmarshaler = (*ProfileEntry)(nil)

// Unmarshal reads the entry. A default that comes whole from an environment variable
// or a file is taken as the text it is there, as in a setting that is a string: a store
// 0017 is not 15.
func (e *ProfileEntry) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(e); err != nil {
		return err
	}
	var text struct {
		Default string `mapstructure:"default"`
	}
	if err := conf.Unmarshal(&text, confmap.WithIgnoreUnused()); err == nil && e.Default != nil {
		e.Default = text.Default
	}
	return nil
}

// Undotted reports whether the entry has a prefix that ends in the middle of a word,
// so that it also takes what only begins alike.
func (e ProfileEntry) Undotted() bool {
	last, _ := utf8.DecodeLastRuneInString(e.Prefix)
	return unicode.IsLetter(last) || unicode.IsDigit(last)
}

// Validate returns an error unless the entry has exactly one source and the
// settings that go with it.
func (e ProfileEntry) Validate() error {
	err := oneSource(source{"attribute", e.Attribute}, source{"value", string(e.Value)}, source{"prefix", e.Prefix})
	switch {
	case err != nil:
		return err
	case e.Attribute != "" && e.Parameter == "":
		return errors.New("parameter: required beside attribute, it names the profile parameter")
	case e.Prefix != "" && e.Parameter != "":
		return errors.New("parameter: not allowed beside prefix, the rest of each attribute's name is the parameter")
	}
	if e.Default == nil {
		return nil
	}
	if e.Parameter == "" {
		return errors.New("default: needs a parameter to be the value of")
	}
	if f, ok := e.Default.(float64); ok && doubleReason(f) == DropRounded {
		return fmt.Errorf("default: %v was rounded, write a number that large in quotes", f)
	}
	if _, ok := defaultText(e.Default); !ok {
		return fmt.Errorf("default: must be a string, number or boolean that is finite and not empty, got %#v", e.Default)
	}
	return nil
}

// ParameterName is the name of a profile parameter as a user writes it.
type ParameterName string

// Validate returns an error for a name that Target would not take.
func (n ParameterName) Validate() error {
	name := string(n)
	switch {
	case strings.HasPrefix(name, "profile."):
		return fmt.Errorf("%q: write it without \"profile.\", which is added to every parameter", name)
	case profile.Reserved(name):
		return fmt.Errorf("%q is reserved by Target; not allowed are user.*, mbox*, geolocation.*, mobile.*, "+
			"browserTime, sessionCount and averageDaysBetweenVisits", name)
	case profile.Malformed(name):
		return fmt.Errorf("%q must hold no control character", name)
	case profile.NameTooLong(name):
		return fmt.Errorf("%q is too long, at most %d characters are allowed", name, profile.MaxNameLength)
	}
	return nil
}

type source struct{ key, value string }

// oneSource returns an error unless exactly one of the sources is set.
func oneSource(sources ...source) error {
	var allowed, given []string
	for _, s := range sources {
		allowed = append(allowed, s.key)
		if s.value != "" {
			given = append(given, s.key)
		}
	}
	switch len(given) {
	case 1:
		return nil
	case 0:
		return fmt.Errorf("set exactly one of %s, got none", strings.Join(allowed, ", "))
	default:
		return fmt.Errorf("set exactly one of %s, got %s", strings.Join(allowed, ", "), strings.Join(given, " and "))
	}
}
