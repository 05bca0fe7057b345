// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

func TestUploads_EachRowOfAnUploadThatTargetTookIsCountedOnce(t *testing.T) {
	complete := func(p route.Progress) func(*fakeUpload) (route.Progress, route.Answer) {
		p.State = route.UploadComplete
		return func(*fakeUpload) (route.Progress, route.Answer) { return p, taken }
	}
	for name, tt := range map[string]struct {
		progress func(*fakeUpload) (route.Progress, route.Answer)
		refuse   bool
		want     map[string]int // of ten rows
	}{
		"all updated":                      {complete(route.Progress{Rows: 10}), false, map[string]int{"updated": 10}},
		"some have no profile":             {complete(route.Progress{Rows: 10, NotFound: 4}), false, map[string]int{"updated": 6, "not_found": 4}},
		"some failed, and nobody says who": {complete(route.Progress{Rows: 10, NotFound: 1, Failed: 2}), false, map[string]int{"updated": 7, "not_found": 1, "failed": 2}},
		"more than there are":              {complete(route.Progress{NotFound: 9, Failed: 7}), false, map[string]int{"not_found": 3, "failed": 7}},
		"its status never tells": {
			func(*fakeUpload) (route.Progress, route.Answer) { return route.Progress{}, down }, false, map[string]int{"unconfirmed": 10},
		},
		"not taken": {nil, true, map[string]int{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := &fakeUploads{progress: tt.progress}
				if tt.refuse {
					target.answer = func(*fakeUpload) route.Answer { return refused }
				}
				f := started(t, byUploads(target))
				defer f.Stop()
				f.push(t, visitors(10)...)
				time.Sleep(6 * time.Minute)
				assert.Empty(t, f.counts("upload.rows"), "the upload has not ended")
				time.Sleep(25 * time.Hour)
				assert.Equal(t, tt.want, f.counts("upload.rows"))
			})
		})
	}
}

func TestUploads_TheRowsOfOneThatIsStuckAreCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		target.progress = func(*fakeUpload) (route.Progress, route.Answer) {
			if len(target.made) == 1 {
				return route.Progress{State: route.UploadStuck}, taken
			}
			return route.Progress{State: route.UploadComplete}, taken
		}
		f := started(t, byUploads(target))
		defer f.Stop()
		f.push(t, visitors(10)...)
		time.Sleep(24 * time.Hour)
		assert.Equal(t, map[string]int{"updated": 10, "stuck": 10}, f.counts("upload.rows"), "they went again")
	})
}

func TestUploads_TheirCountersBeginWithZero(t *testing.T) {
	f := newFixture(t, byUploads(&fakeUploads{}))
	for metric, series := range map[string]int{"uploads": 4, "upload.rows": 5, "outbox.forgotten": 1} {
		assert.Len(t, f.series(t, metric), series, metric)
		assert.Empty(t, f.counts(metric))
	}
	f.uploader.Load().countForgotten(t.Context(), 3)
	assert.Equal(t, map[string]int{"": 3}, f.counts("outbox.forgotten"))
}
