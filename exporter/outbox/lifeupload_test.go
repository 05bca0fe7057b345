// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// remember is for how long the tests' outboxes remember visitors.
const remember = 24 * time.Hour

// stepUpload does one thing with uploads, or with what they have left.
func (l *life) stepUpload() {
	number := l.anUpload()
	if number == 0 {
		l.beginUpload()
		return
	}
	l.model.checkRows(l.tb, l.fixture, number)
	switch n := l.random.IntN(20); {
	case n < 6:
		l.unload(number, false)
	case n < 9:
		note := l.note()
		l.Note(number, note)
		u := l.model.uploads[number]
		u.note, u.dirty = note, !l.model.memory
	case n < 12:
		if len(l.model.uploads) < 4 {
			l.beginUpload()
		}
	case n < 13:
		l.forget(l.now) // nobody was remembered for so long
	case n < 14:
		l.forget(l.now.Add(remember))
	case len(l.model.rows(number)) == 0:
		l.close(number)
	}
}

// anUpload returns the number of one of the uploads, 0 when there is none.
func (l *life) anUpload() uint32 {
	numbers := l.model.numbers()
	if len(numbers) == 0 {
		return 0
	}
	return numbers[l.random.IntN(len(numbers))]
}

// note returns a note that is like no other.
func (l *life) note() string {
	l.value++
	return fmt.Sprintf("note %d", l.value)
}

func (l *life) beginUpload() uint32 {
	note := l.note()
	number := l.Begin(note)
	require.NotContains(l.tb, l.model.uploads, number, "numbers do not collide")
	l.model.begin(number, note)
	return number
}

func (l *life) close(number uint32) {
	delete(l.model.uploads, number)
	l.Close(number)
}

// enlist puts an entry into an upload, of which a part may not go with it. What earlier ones have
// carried goes again.
func (l *life) enlist(e *outbox.Entry) {
	number := l.anUpload()
	if number == 0 {
		number = l.beginUpload()
	}
	n := len(e.Parameters)
	if l.random.IntN(3) == 0 {
		n = l.random.IntN(n + 1)
	}
	e.Upload = number
	e.Row, e.Parameters = e.Parameters[:n], e.Parameters[n:]
	if len(e.Parameters) == 0 {
		e.Uploaded, e.Records = e.Records, 0
	}
	rest := valuesOf(e.Parameters) // where it does not go, older values of it do not either
	e.Sent = slices.DeleteFunc(e.Sent, func(p profile.Parameter) bool { _, is := rest[p.Name]; return is })
	if l.random.IntN(10) == 0 { // it would be too large
		e.Sent = nil
	}
	l.model.keep(e, time.Time{})
	l.Enlist(e)
	l.model.fit(l.tb, l.fixture)
}

// unload takes all rows out of an upload. Unless all have arrived, some go again, or into other uploads.
func (l *life) unload(number uint32, all bool) {
	for more := true; more; {
		var err error
		more, err = l.Unload(l.tb.Context(), number, func(e *outbox.Entry) time.Time {
			want := l.model.of(e.Visitor).whole.content(e.Visitor)
			require.Equal(l.tb, want.Upload, number)
			want.Upload = 0
			require.Equal(l.tb, want, contentOf(e))
			due := l.now.Add(time.Duration(l.random.IntN(20_000)) * time.Millisecond)
			if other := l.anUpload(); !all && other != number && l.random.IntN(3) == 0 {
				e.Upload = other
			} else {
				l.settleRow(e, all)
			}
			settled := *e
			l.model.unload(&settled, due)
			return due
		})
		require.NoError(l.tb, err)
		l.model.fit(l.tb, l.fixture)
	}
	require.Empty(l.tb, l.model.rows(number))
}

func (l *life) settleRow(e *outbox.Entry, arrived bool) {
	switch l.random.IntN(4) {
	case 0:
		if !arrived { // it goes again
			e.Parameters = profile.Merge(e.Row, e.Parameters)
			e.Records += e.Uploaded
			e.Attempts = l.random.IntN(3)
			return
		}
		fallthrough
	case 1: // it has arrived, and is not to be remembered
		l.arrives(e.Visitor, profile.Merge(e.Sent, e.Row))
		e.Sent = nil
	default:
		e.Sent = profile.Merge(e.Sent, e.Row)
		l.arrives(e.Visitor, e.Sent)
	}
}

// forget forgets all or nobody.
func (l *life) forget(now time.Time) {
	_, eligible := l.model.over(nil)
	n := 0
	if now != l.now {
		n = len(eligible)
	}
	more, err := l.Forget(l.tb.Context(), now)
	require.NoError(l.tb, err)
	require.False(l.tb, more)
	l.model.forget(l.tb, l.fixture, n, eligible)
}

// drain lets everything succeed until nothing is left.
func (l *life) drain() {
	for l.Held().Visitors > 0 {
		if l.disk != nil {
			l.beginWrite()
			l.writeOver(true)
		}
		for _, e := range l.calls {
			l.end(e)
		}
		l.calls = nil
		for _, number := range l.model.numbers() {
			l.unload(number, true)
			l.close(number)
		}
		l.waits(time.Minute)
		ready, _ := l.Due(l.now)
		for lane, n := range ready {
			for range n {
				e := l.take(outbox.Lane(lane))
				l.model.of(e.Visitor).out = true
				l.calls = append(l.calls, e)
			}
		}
		l.model.check(l.tb, l.fixture)
	}
	for _, number := range l.model.numbers() {
		l.close(number)
	}
	l.forget(l.now.Add(remember))
	if l.disk != nil {
		l.beginWrite()
		l.writeOver(true)
		require.Zero(l.tb, l.disk.pages())
		l.holdNotes()
	}
	require.Equal(l.tb, outbox.Held{Displaced: l.model.displaced}, l.Held())
}
