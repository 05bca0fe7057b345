// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mappingtest // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/mappingtest"

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// at says in which line something is wrong.
func at(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("line %d: %w", n.Line, fmt.Errorf(format, args...))
}

// follow returns what an alias stands for.
func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// fields reads the members of a map, each by the function of its key. It refuses other keys.
func fields(n *yaml.Node, what string, read map[string]func(*yaml.Node) error) error {
	n = follow(n)
	if n.Kind != yaml.MappingNode {
		return at(n, "%s must be a map", what)
	}
	seen := make(map[string]bool)
	var errs []error
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		set, known := read[key.Value]
		switch {
		case !known:
			errs = append(errs, at(key, "unknown key %q of %s; allowed: %s", key.Value, what, strings.Join(slices.Sorted(maps.Keys(read)), ", ")))
		case seen[key.Value]:
			errs = append(errs, at(key, "%s is given twice", key.Value))
		default:
			errs = append(errs, set(value))
		}
		seen[key.Value] = true
	}
	return errors.Join(errs...)
}

// each reads the elements of a list.
func each(n *yaml.Node, what string, read func(*yaml.Node) error) error {
	n = follow(n)
	if n.Kind != yaml.SequenceNode {
		return at(n, "%s must be a list", what)
	}
	var errs []error
	for _, element := range n.Content {
		errs = append(errs, read(element))
	}
	return errors.Join(errs...)
}

// text reads a scalar as it is written.
func text(to *string, what string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		n = follow(n)
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			return at(n, "%s must be a text", what)
		}
		*to = n.Value
		return nil
	}
}

func flag(to *bool, what string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		if follow(n).Decode(to) != nil {
			return at(n, "%s must be true or false", what)
		}
		return nil
	}
}

func number(to *int, what string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		if follow(n).Decode(to) != nil || *to < 1 {
			return at(n, "%s must be the number of a record, from 1", what)
		}
		return nil
	}
}

// texts reads a map of texts into one that is empty.
func texts(to map[string]string, what string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		n = follow(n)
		if n.Kind != yaml.MappingNode {
			return at(n, "%s must be a map", what)
		}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if _, twice := to[key]; twice {
				return at(n.Content[i], "%s: %q is given twice", what, key)
			}
			var value string
			if err := text(&value, what+": the value of "+strconv.Quote(key))(n.Content[i+1]); err != nil {
				return err
			}
			to[key] = value
		}
		return nil
	}
}

// value returns what a record holds: whole numbers as int64, and what only looks like a time as the text that it is.
func value(n *yaml.Node) (any, error) {
	n = follow(n)
	switch n.Kind {
	case yaml.MappingNode:
		members := make(map[string]any)
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if n.Content[i].ShortTag() == "!!merge" {
				return nil, at(n.Content[i], "<< is not read in records, write out what it stands for")
			}
			if _, twice := members[key]; twice {
				return nil, at(n.Content[i], "a key is given twice")
			}
			member, err := value(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			members[key] = member
		}
		return members, nil
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, element := range n.Content {
			var err error
			if list[i], err = value(element); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	return scalar(n)
}

// padded is a number with zeros before it, which YAML takes for another one: 0017 is octal, and 0089 loses them.
var padded = regexp.MustCompile(`^[-+]?0[0-9_]+$`)

func scalar(n *yaml.Node) (any, error) {
	tag := n.ShortTag()
	if (tag == "!!int" || tag == "!!float") && padded.MatchString(n.Value) {
		return nil, at(n, "a number with zeros before it is another one in YAML; write a text in quotes, or the number without them")
	}
	switch tag {
	case "!!null":
		return nil, nil //nolint:nilnil // that is the value
	case "!!int":
		var whole int64
		if n.Decode(&whole) == nil {
			return whole, nil
		}
		fallthrough // what is over an int64 is read as json_parser reads it
	case "!!float":
		var f float64
		err := n.Decode(&f)
		return f, err
	case "!!bool":
		var b bool
		err := n.Decode(&b)
		return b, err
	case "!!binary":
		var b []byte
		if n.Decode(&b) != nil {
			return nil, at(n, "is no base64")
		}
		return b, nil
	}
	return n.Value, nil
}
