// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/url"
	"sync/atomic"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// visitorSet notes which of the visitors 0, 1, ... were seen. It takes additions from several goroutines.
type visitorSet struct {
	size  int
	words []atomic.Uint64
}

const wordBits = 64

// newVisitorSet returns an empty set for so many visitors.
func newVisitorSet(size int) *visitorSet {
	return &visitorSet{size: size, words: make([]atomic.Uint64, (size+wordBits-1)/wordBits)}
}

// add notes a visitor, and returns an error when there is none of that number.
func (s *visitorSet) add(visitor int) error {
	if visitor < 0 || visitor >= s.size {
		return fmt.Errorf("there is no visitor %d, only %d from 0 on", visitor, s.size)
	}
	s.words[visitor/wordBits].Or(1 << (visitor % wordBits))
	return nil
}

// count returns how many were seen.
func (s *visitorSet) count() int {
	n := 0
	for i := range s.words {
		n += bits.OnesCount64(s.words[i].Load())
	}
	return n
}

// bytes returns the set for another process, which adds it to its own with addBytes.
func (s *visitorSet) bytes() []byte {
	text := make([]byte, 0, len(s.words)*wordBits/8)
	for i := range s.words {
		text = binary.LittleEndian.AppendUint64(text, s.words[i].Load())
	}
	return text
}

// addBytes notes all that another set of the same size has.
func (s *visitorSet) addBytes(text []byte) error {
	if len(text) != len(s.words)*wordBits/8 {
		return fmt.Errorf("a set of visitors has %d bytes where %d visitors take %d", len(text), s.size, len(s.words)*wordBits/8)
	}
	for i := range s.words {
		s.words[i].Or(binary.LittleEndian.Uint64(text[i*wordBits/8:]))
	}
	return nil
}

// visitorIn returns the number of the visitor of a call.
func visitorIn(form []byte) (int, error) {
	values, err := url.ParseQuery(string(form))
	if err != nil {
		return 0, fmt.Errorf("a body is no form: %w", err)
	}
	return visitorOf(values.Get(string(profile.Mbox3rdPartyID)))
}

// all returns an error unless the visitors of a whole backlog were seen.
func (s *visitorSet) all(log string) error {
	if missing := s.size - s.count(); missing > 0 {
		return fmt.Errorf("the collector says that its queue is empty, and %d records never came%s", missing, log)
	}
	return nil
}
