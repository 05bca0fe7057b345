// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// fakeUpload is an upload that was made.
type fakeUpload struct {
	at     time.Time
	status string
	rows   map[string]map[string]string // values by visitor and name
	sheet  route.Sheet
}

// fakeUploads takes uploads and tells their status as it is told to.
type fakeUploads struct {
	latency time.Duration

	mu       sync.Mutex
	made     []fakeUpload
	asked    []time.Time
	answer   func(u *fakeUpload) route.Answer
	progress func(u *fakeUpload) (route.Progress, route.Answer)
	// processing is for how long an upload is not complete.
	processing time.Duration
	overlaps   int // rows of visitors who stood in an upload that was not complete
}

func (f *fakeUploads) Upload(_ context.Context, sheet *route.Sheet, rows iter.Seq2[route.Row, error]) (route.Answer, string) {
	u := fakeUpload{at: time.Now(), rows: make(map[string]map[string]string), sheet: *sheet}
	count := sheet.Empty() // as a row's bytes depend on the order of the columns
	for row, err := range rows {
		if err != nil {
			return route.Answer{Verdict: route.NotNow, Reason: route.ReasonRows}, ""
		}
		count.Add(row.Visitor, row.Parameters)
		values := make(map[string]string)
		for _, p := range row.Parameters {
			values[p.Name] = strings.TrimPrefix(p.Value, secret)
		}
		u.rows[strings.TrimPrefix(row.Visitor.ID, secret)] = values
	}
	if count.Rows != sheet.Rows || count.Rows != len(u.rows) || count.Bytes != sheet.Bytes {
		panic("the sheet is of other rows")
	}
	time.Sleep(f.latency)
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := taken
	if f.answer != nil {
		answer = f.answer(&u)
	}
	if answer.Verdict != route.Delivered {
		return answer, ""
	}
	f.noteOverlaps(&u)
	u.status = strconv.Itoa(len(f.made))
	f.made = append(f.made, u)
	return answer, u.status
}

func (f *fakeUploads) noteOverlaps(u *fakeUpload) {
	for i := range f.made {
		if f.complete(&f.made[i]) {
			continue
		}
		for v := range u.rows {
			if _, is := f.made[i].rows[v]; is {
				f.overlaps++
			}
		}
	}
}

func (f *fakeUploads) complete(u *fakeUpload) bool { return time.Since(u.at) >= f.processing }

func (f *fakeUploads) Status(_ context.Context, status string) (route.Progress, route.Answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, time.Now())
	n, err := strconv.Atoi(status)
	if err != nil {
		panic("not a status")
	}
	u := &f.made[n]
	switch {
	case !f.complete(u):
		return route.Progress{State: route.UploadIncomplete}, taken
	case f.progress != nil:
		return f.progress(u)
	}
	return route.Progress{State: route.UploadComplete, Rows: len(u.rows)}, taken
}

// uploads returns those that were taken.
func (f *fakeUploads) uploads() []fakeUpload {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.made
}

// last returns the values that a visitor has in the end.
func (f *fakeUploads) last(visitor string) map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var values map[string]string
	for _, u := range f.made {
		if row, is := u.rows[visitor]; is {
			values = row
		}
	}
	return values
}

// byUploads has updates go by uploads of route, which are complete after a minute.
func byUploads(f *fakeUploads, change ...func(*Uploads)) func(*setup) {
	return func(s *setup) {
		f.processing = time.Minute
		set := &Uploads{
			Route: f, Account: quota.NewAccount(quota.Limits{Quota: quota.WindowConfig{Calls: 40, Window: time.Minute, Reservation: 1}}),
			Config: route.NewDefaultBulkConfig(), Gather: GatherAll, Timeout: time.Second,
			Creates: func(profile.VisitorParameter) bool { return true },
		}
		for _, c := range change {
			c(set)
		}
		s.outbox.Remember = set.Config.Remember
		s.uploads = set
	}
}

func never(profile.VisitorParameter) bool { return false }

// mostWithin returns how many of the times lie within such a time at most.
func mostWithin(d time.Duration, times []time.Time) (most int) {
	slices.SortFunc(times, time.Time.Compare)
	first := 0
	for i, at := range times {
		for at.Sub(times[first]) >= d {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// nonZero leaves out what is 0.
func nonZero(counts map[string]int) map[string]int {
	maps.DeleteFunc(counts, func(_ string, n int) bool { return n == 0 })
	return counts
}

func sortEffects(of []effect) {
	slices.SortStableFunc(of, func(a, b effect) int { return a.at.Compare(b.at) })
}

func TestUploads_VisitorsOfMixedColumnsNeedFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		f := started(t, byUploads(target))
		defer f.Stop()
		random := rand.New(rand.NewPCG(1, 2))
		records := visitors(2000)
		for i := range records {
			records[i].parameters = make(map[string]string)
			for _, name := range random.Perm(100)[:40] {
				records[i].parameters["n"+strconv.Itoa(name)] = strconv.Itoa(i)
			}
		}
		f.push(t, records...)
		time.Sleep(time.Hour)
		assert.Equal(t, map[string]int{"delivered": 2000}, f.counts("records"))
		assert.LessOrEqual(t, len(target.uploads()), 10)
		for _, r := range records {
			assert.Equal(t, r.parameters, target.last(r.visitor))
		}
	})
}
