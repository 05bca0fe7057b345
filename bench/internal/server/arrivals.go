// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package server // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"
)

// Arrivals are when the first call of each of the visitors 0, 1, ... came. They can be noted by
// several goroutines.
type Arrivals struct {
	at []atomic.Int64 // Unix nanoseconds, 0 for those who did not come
}

const arrivalBytes = 8

// NewArrivals returns those of so many visitors, none of whom has come.
func NewArrivals(visitors int) *Arrivals { return &Arrivals{at: make([]atomic.Int64, visitors)} }

// note notes that a visitor came, and returns an error when there is none of that number.
func (a *Arrivals) note(visitor int, at int64) error {
	if visitor < 0 || visitor >= len(a.at) {
		return fmt.Errorf("there is no visitor %d, only %d from 0 on", visitor, len(a.at))
	}
	a.at[visitor].CompareAndSwap(0, at)
	return nil
}

// Visitors returns how many could come.
func (a *Arrivals) Visitors() int { return len(a.at) }

// Came returns how many came.
func (a *Arrivals) Came() int {
	n := 0
	for i := range a.at {
		if a.at[i].Load() != 0 {
			n++
		}
	}
	return n
}

// Of returns when the first call of a visitor came, the zero time when none did.
func (a *Arrivals) Of(visitor int) time.Time {
	at := a.at[visitor].Load()
	if at == 0 {
		return time.Time{}
	}
	return time.Unix(0, at)
}

// bytes returns the arrivals for another process, which adds them to its own with add.
func (a *Arrivals) bytes() []byte {
	text := make([]byte, 0, len(a.at)*arrivalBytes)
	for i := range a.at {
		text = binary.LittleEndian.AppendUint64(text, uint64(a.at[i].Load())) //nolint:gosec // G115: it comes back as it was
	}
	return text
}

// add notes those who came to another server, and returns how many they are. A visitor who came to
// both came first to the one that is noted first.
func (a *Arrivals) add(text []byte) (came int, err error) {
	if len(text) != len(a.at)*arrivalBytes {
		return 0, fmt.Errorf("arrivals have %d bytes where those of %d visitors have %d", len(text),
			len(a.at), len(a.at)*arrivalBytes)
	}
	for i := range a.at {
		at := int64(binary.LittleEndian.Uint64(text[i*arrivalBytes:])) //nolint:gosec // G115: see bytes
		if at == 0 {
			continue
		}
		came++
		a.at[i].CompareAndSwap(0, at)
	}
	return came, nil
}
