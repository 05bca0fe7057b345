// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"encoding/json"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// step is how far an upload has come.
type step string

const (
	// stepGathered uploads were never made.
	stepGathered step = "gathered"
	// stepMade ones were made at least once, and no answer is known.
	stepMade step = "made"
	// stepTaken ones have been taken by Target.
	stepTaken step = "taken"
)

// made is an upload, from its first row to its end.
type made struct {
	number uint32
	note

	// counted is that the sheet was made from the rows as they are in the outbox.
	counted bool

	// failed is how often Target has not taken it, and failing since when.
	failed  int
	failing time.Time
	unread  int // how often its rows could not be read
	// then is what comes of it when its time has come, once it is sure that it was not taken.
	then then
	// unsure is when a call of it ended last of which it is not known whether Target has taken it.
	unsure time.Time

	next  time.Time // when its status is asked for, or it is made again
	asked int
	// told is what its status was, when that was the last.
	told *route.Progress
}

// then is what comes of an upload that was not taken.
type then int

const (
	// thenMake makes it again.
	thenMake then = iota
	// thenGiveBack gives its rows back.
	thenGiveBack
	// thenReject gives its one row up.
	thenReject
)

// note is what the storage keeps of an upload, beside its rows.
type note struct {
	Step  step         `json:"step"`
	Sheet *route.Sheet `json:"sheet"`
	// Since is when it was gathered, and then when Target took it.
	Since time.Time `json:"since"`
	// Status is where its status is asked for, "" for nowhere.
	Status string `json:"status,omitempty"`
	// Until is for how long its visitors stand in it at least: another one with the same rows among
	// others may have been taken, and Target may work on that later.
	Until time.Time `json:"until,omitzero"`
}

func (n *note) encode() string {
	text, err := json.Marshal(n)
	if err != nil {
		return "" // of these types none has one
	}
	return string(text)
}

// begin begins an upload of visitors of a kind.
func (u *uploader) begin(sheet *route.Sheet) *made {
	m := &made{counted: true, note: note{Step: stepGathered, Sheet: sheet, Since: time.Now()}}
	m.number = u.outbox.Begin(m.encode())
	return m
}

// advance notes how far an upload has come.
func (u *uploader) advance(m *made, to step) {
	m.Step = to
	u.outbox.Note(m.number, m.encode())
}

// resume takes up an upload that an earlier run has left. One that was not made gives its rows back, and
// one that may have been is made again, also where all that was known of it is lost.
func (u *uploader) resume(left outbox.Upload) {
	now := time.Now()
	m := &made{number: left.Number}
	if err := json.Unmarshal([]byte(left.Note), &m.note); err != nil || m.Sheet == nil {
		m.note = note{Step: stepMade, Since: now}
	}
	if m.Since.After(now) { // the clock was put back
		m.Since = now
	}
	switch {
	case m.Step == stepTaken && left.Rows > 0:
		u.follow(m)
	case m.Step == stepMade && left.Rows > 0:
		m.unsure = now
		u.closed = append(u.closed, m)
	default: // it was not made, or its rows have ended
		u.abandoned = append(u.abandoned, m)
	}
}
