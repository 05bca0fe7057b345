// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sample // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/sample"

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// field is one member of a JSON object.
type field struct {
	key   string
	value any
}

// record is a JSON object that keeps the order of its members.
type record []field

// set gives the member a value and adds it at the end when it is new.
func (r *record) set(key string, value any) {
	for i := range *r {
		if (*r)[i].key == key {
			(*r)[i].value = value
			return
		}
	}
	*r = append(*r, field{key, value})
}

// keep removes every member that is not named.
func (r *record) keep(keys ...string) {
	kept := record{}
	for _, f := range *r {
		for _, key := range keys {
			if f.key == key {
				kept = append(kept, f)
			}
		}
	}
	*r = kept
}

// profile returns the record's nested map of that name.
func (r *record) profile() *record {
	for _, f := range *r {
		if p, ok := f.value.(*record); ok && f.key == profileKey {
			return p
		}
	}
	p := &record{}
	r.set(profileKey, p)
	return p
}

func (r *record) appendJSON(dst []byte) ([]byte, error) {
	dst = append(dst, '{')
	for i, f := range *r {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendString(dst, f.key); err != nil {
			return nil, err
		}
		dst = append(dst, ':')
		if dst, err = appendValue(dst, f.value); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

func appendValue(dst []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return appendString(dst, v)
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case float64:
		return strconv.AppendFloat(dst, v, 'f', -1, 64), nil
	case json.Number:
		return append(dst, v...), nil
	case *record:
		return v.appendJSON(dst)
	case []any:
		return appendList(dst, v)
	default:
		return nil, fmt.Errorf("a record cannot hold a %T", value)
	}
}

func appendList(dst []byte, list []any) ([]byte, error) {
	dst = append(dst, '[')
	for i, element := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendValue(dst, element); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

// appendString leaves '&', '<' and '>' readable, which json.Marshal would escape.
func appendString(dst []byte, s string) ([]byte, error) {
	if plain(s) {
		return append(append(append(dst, '"'), s...), '"'), nil
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		return nil, err
	}
	return append(dst, bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))...), nil
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return true
}
