// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

func TestUploads_OneRowAVisitorAfterTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		f := started(t, byUploads(target))
		defer f.Stop()
		f.push(t, visitors(1000)...)
		f.push(t, tier("v7", "silver"))
		time.Sleep(5 * time.Minute)
		assert.Empty(t, target.uploads(), "they are gathered for the interval")
		time.Sleep(10 * time.Second)
		require.Len(t, target.uploads(), 1)
		assert.Len(t, target.uploads()[0].rows, 1000)
		assert.Equal(t, map[string]string{"tier": "silver"}, target.last("v7"))
		assert.Equal(t, 1001, f.outbox.Held().Records, "held until the upload is complete")
		assert.Equal(t, map[string]int{"upload": 1000}, nonZero(f.counts("outbox.visitors")))
		time.Sleep(3 * time.Minute)
		assert.Equal(t, map[string]int{"delivered": 1001}, f.counts("records"))
		assert.Zero(t, f.outbox.Held().Records)
		assert.Equal(t, 1000, f.outbox.Held().Remembered)
		assert.Equal(t, map[string]int{"complete": 1}, f.counts("uploads"))
		assert.Equal(t, map[string]int{"updated": 1000}, f.counts("upload.rows"))
		assert.Empty(t, f.route.calls())
	})
}

func TestUploads_AFullOneGoesBeforeTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		f := started(t, byUploads(target, func(u *Uploads) { u.Config.MaxRows = 100 }))
		defer f.Stop()
		f.push(t, visitors(250)...)
		time.Sleep(10 * time.Second)
		assert.Len(t, target.uploads(), 2)
		time.Sleep(6 * time.Minute)
		require.Len(t, target.uploads(), 3)
		assert.Len(t, target.uploads()[2].rows, 50)
	})
}

func TestUploads_AVisitorStandsInNoSecondOneBeforeTheFirstIsComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		f := started(t, byUploads(target, func(u *Uploads) { u.Config.Interval = 10 * time.Second }))
		defer f.Stop()
		target.processing = 20 * time.Minute
		for n := range 60 {
			f.push(t, tier("v", "n"+string(rune('a'+n%26))))
			f.push(t, record{"v", map[string]string{"only" + string(rune('a'+n%26)): "x"}})
			time.Sleep(30 * time.Second)
		}
		time.Sleep(time.Hour)
		assert.Zero(t, target.overlaps)
		assert.Equal(t, map[string]int{"delivered": 120}, f.counts("records"))
		assert.Equal(t, "nh", target.last("v")["tier"])
		assert.Len(t, target.last("v"), 27, "a further upload holds what those before held")
	})
}

func TestUploads_WhatIsUploadedAnewHoldsOnlyNewsWhereNothingIsOverridden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		f := started(t, byUploads(target, func(u *Uploads) { u.Creates = never }))
		defer f.Stop()
		f.push(t, tier("v", "gold"))
		time.Sleep(10 * time.Minute)
		f.push(t, record{"v", map[string]string{"store": "Oslo"}})
		time.Sleep(10 * time.Minute)
		assert.Equal(t, map[string]string{"store": "Oslo"}, target.last("v"))
		assert.Zero(t, f.outbox.Held().Remembered)
	})
}

func TestUploads_WhatTheyCannotCarryGoesBySingleCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		f := started(t, byUploads(target))
		defer f.Stop()
		f.push(t,
			record{"both", map[string]string{"tier": "gold", "street": "a, b"}},
			record{"a,b", map[string]string{"tier": "gold"}},
			record{"lines", map[string]string{"note": "one\ntwo"}},
			record{"name", map[string]string{"a,b": "x"}},
			tier("plain", "gold"))
		time.Sleep(time.Hour)
		require.Len(t, target.uploads(), 1)
		assert.Equal(t, map[string]map[string]string{"both": {"tier": "gold"}, "plain": {"tier": "gold"}}, target.uploads()[0].rows)
		sent, after := map[string]map[string]string{}, map[string]time.Duration{}
		for _, c := range f.route.calls() {
			sent[c.visitor], after[c.visitor] = c.parameters, c.at.Sub(target.uploads()[0].at)
		}
		assert.Equal(t, map[string]map[string]string{
			"both": {"street": "a, b"}, "a,b": {"tier": "gold"}, "lines": {"note": "one\ntwo"}, "name": {"a,b": "x"},
		}, sent)
		assert.Equal(t, map[string]int{"delivered": 5}, f.counts("records"))
		assert.Greater(t, after["both"], target.processing, "not before the upload was complete")
		assert.Less(t, after["both"], 3*time.Minute, "and not an interval later")
	})
}

func TestUploads_AnOlderValueIsNotUploadedAgainAfterANewerOneThatWentByACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		f := started(t, byUploads(target))
		defer f.Stop()
		f.push(t, record{"v", map[string]string{"street": "old", "tier": "gold"}})
		time.Sleep(10 * time.Minute)
		f.push(t, record{"v", map[string]string{"street": "new, with a comma"}})
		time.Sleep(10 * time.Minute)
		f.push(t, record{"v", map[string]string{"store": "Oslo"}})
		time.Sleep(10 * time.Minute)
		assert.Equal(t, map[string]string{"store": "Oslo", "tier": "gold"}, target.last("v"))
	})
}

func TestUploads_ARowThatFailsGoesAgainForAsLongAsAnUpdateMayFailAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		tried := 0
		target.progress = func(u *fakeUpload) (route.Progress, route.Answer) {
			p := route.Progress{State: route.UploadComplete, Rows: len(u.rows), FailedIDs: map[string]struct{}{}}
			if _, is := u.rows["v3"]; is {
				tried++
				p.Failed, p.FailedIDs[secret+"v3"] = 1, struct{}{}
			}
			return p, taken
		}
		f := started(t, byUploads(target))
		defer f.Stop()
		for hour := range 32 {
			if hour == 16 {
				assert.Zero(t, f.counts("records")["rejected row_failed"], "it goes on")
			}
			for n := range 12 {
				if hour == 0 || n > 0 {
					f.push(t, visitors(3)...)
				}
				if hour == 0 && n == 0 {
					f.push(t, tier("v3", "gold"))
				}
				time.Sleep(5 * time.Minute)
			}
		}
		assert.Equal(t, 1, f.counts("records")["rejected row_failed"])
		assert.Less(t, tried, 50)
	})
}

func TestUploads_OneRowForWhichUploadsFailIsFound(t *testing.T) {
	for _, how := range []string{"stuck", "refused"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := &fakeUploads{}
				poisoned := func(u *fakeUpload) bool { _, is := u.rows["v123"]; return is }
				want := map[string]int{"delivered": 999, "rejected refused": 1}
				if how == "refused" {
					target.answer = func(u *fakeUpload) route.Answer {
						if poisoned(u) {
							return refused
						}
						return taken
					}
				} else {
					want = map[string]int{"delivered": 999, "rejected upload_stuck": 1}
					target.progress = func(u *fakeUpload) (route.Progress, route.Answer) {
						if poisoned(u) {
							return route.Progress{State: route.UploadStuck}, taken
						}
						return route.Progress{State: route.UploadComplete}, taken
					}
				}
				f := started(t, byUploads(target, func(u *Uploads) { u.Config.MaxRows = 1000 }))
				defer f.Stop()
				f.push(t, visitors(1000)...)
				time.Sleep(3 * time.Hour)
				assert.Equal(t, 999, f.counts("records")["delivered"])
				assert.Less(t, len(target.uploads()), 65)
				for hour := range 180 {
					f.push(t, tier("late"+strconv.Itoa(hour), "gold"))
					time.Sleep(10 * time.Minute)
				}
				want["delivered"] += 180
				got := f.counts("records")
				assert.InDelta(t, want["delivered"], got["delivered"], 3)
				delete(want, "delivered")
				delete(got, "delivered")
				assert.Equal(t, want, got)
			})
		})
	}
}

func TestUploads_WhenNoneIsTakenTheSameRowsGoAgain(t *testing.T) {
	for name, answer := range map[string]route.Answer{"not now": down, "a fault of the set-up": forbidden, "all refused": refused} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := &fakeUploads{answer: func(*fakeUpload) route.Answer { return answer }}
				f := started(t, byUploads(target))
				defer f.Stop()
				f.push(t, visitors(100)...)
				time.Sleep(3 * time.Hour)
				assert.Empty(t, f.counts("records"))
				assert.Equal(t, 100, f.outbox.Held().Records)
				assert.Positive(t, f.said("Target takes no uploads"))
				f.push(t, tier("v7", "newest"))
				target.mu.Lock()
				target.answer = nil
				target.mu.Unlock()
				time.Sleep(3 * time.Hour)
				assert.Equal(t, map[string]int{"delivered": 101}, f.counts("records"))
				assert.Equal(t, "newest", target.last("v7")["tier"])
				assert.Equal(t, 1, f.said("Target takes uploads again"))
				assert.NoError(t, f.reported()[len(f.reported())-1])
			})
		})
	}
}

func TestUploads_AStatusThatNeverTellsCountsAsDeliveredInTheEnd(t *testing.T) {
	for name, progress := range map[string]func(*fakeUpload) (route.Progress, route.Answer){
		"incomplete for ever": func(*fakeUpload) (route.Progress, route.Answer) {
			return route.Progress{State: route.UploadIncomplete}, taken
		},
		"unreadable": func(*fakeUpload) (route.Progress, route.Answer) { return route.Progress{}, down },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := &fakeUploads{progress: progress}
				f := started(t, byUploads(target))
				defer f.Stop()
				f.push(t, visitors(10)...)
				time.Sleep(23 * time.Hour)
				f.push(t, tier("v1", "newer"))
				assert.Empty(t, f.counts("records"))
				time.Sleep(3 * time.Hour)
				assert.Equal(t, 10, f.counts("records")["delivered unconfirmed"])
				require.Len(t, target.uploads(), 2, "what waited for it goes on")
				assert.Less(t, len(target.asked), 200)
			})
		})
	}
}

func TestUploads_AtMostSoManyCallsAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		f := started(t, byUploads(target, func(u *Uploads) { u.Config.MaxRows = 10 }))
		defer f.Stop()
		f.push(t, visitors(3000)...)
		time.Sleep(time.Hour)
		assert.Equal(t, map[string]int{"delivered": 3000}, f.counts("records"))
		assert.Len(t, target.uploads(), 300)
		calls := append([]time.Time(nil), target.asked...)
		for _, u := range target.uploads() {
			calls = append(calls, u.at)
		}
		assert.LessOrEqual(t, mostWithin(time.Minute, calls), 40)
	})
}

func TestUploads_RowsWithOtherColumnsGoInOtherUploads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		f := started(t, byUploads(target))
		defer f.Stop()
		var records []record
		for n := range 100 {
			r := record{"v" + string(rune('A'+n%50)) + string(rune('a'+n/50)), map[string]string{}}
			for name := range 40 {
				r.parameters[strings.Repeat(string(rune('a'+n%2)), 3)+string(rune('A'+name))] = "x"
			}
			records = append(records, r)
		}
		f.push(t, records...)
		time.Sleep(time.Hour)
		require.Len(t, target.uploads(), 2)
		for _, u := range target.uploads() {
			assert.Len(t, u.sheet.Names, 40)
			assert.Len(t, u.rows, 50)
		}
	})
}

func TestUploads_AShutdownInMemoryUploadsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		f := started(t, byUploads(target))
		f.push(t, visitors(10)...)
		time.Sleep(6 * time.Minute)
		f.push(t, visitors(20)...)
		time.Sleep(time.Second)
		defer f.Hasten(t.Context())()
		f.Drain()
		assert.Equal(t, 30, f.counts("records")["delivered unconfirmed"])
		assert.Zero(t, f.outbox.Held().Visitors)
	})
}

func TestUploads_WhatWasGatheredBesideAFullOneGoesToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		f := started(t, byUploads(target, func(u *Uploads) { u.Config.MaxRows = 100 }))
		defer f.Stop()
		wide := map[string]string{}
		for name := range 64 {
			wide[strings.Repeat("w", 3)+string(rune('A'+name))] = "x"
		}
		f.push(t, record{"wide", wide})
		f.push(t, visitors(100)...)
		time.Sleep(time.Hour)
		assert.Equal(t, map[string]int{"delivered": 101}, f.counts("records"))
		assert.Len(t, target.uploads(), 2)
	})
}

// A refusal does not tell whether Target has taken the file before, when its answer was lost. Then
// nothing else may be sent to its visitors that Target might work on sooner.
func TestUploads_OneThatIsRefusedAfterItsAnswerWasLostGoesAsItIs(t *testing.T) {
	for name, refusedFor := range map[string]time.Duration{"for a while": time.Hour, "for ever": 1000 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := &fakeUploads{}
				var tried []fakeUpload
				target.answer = func(u *fakeUpload) route.Answer {
					if _, is := u.rows["v7"]; !is {
						return taken
					}
					tried = append(tried, *u)
					switch {
					case len(tried) == 1:
						return route.Answer{Verdict: route.NotNow, Reason: route.ReasonTimeout}
					case u.at.Sub(tried[0].at) < refusedFor:
						return refused
					}
					return taken
				}
				f := started(t, byUploads(target, func(u *Uploads) { u.Config.MaxRows = 10 }))
				defer f.Stop()
				f.push(t, visitors(10)...)
				time.Sleep(10 * time.Minute)
				f.push(t, tier("v7", "newer"))
				f.push(t, tier("another", "gold"))
				time.Sleep(30 * time.Minute)
				assert.Equal(t, map[string]int{"delivered": 1}, f.counts("records"), "others go on")
				assert.Len(t, target.last("v6"), 1, "what it held of others goes in smaller ones")
				for range 52 {
					f.push(t, tier("another", "gold"))
					time.Sleep(30 * time.Minute)
				}
				target.mu.Lock()
				defer target.mu.Unlock()
				assert.Less(t, len(tried), 150)
				for _, u := range tried {
					if u.rows["v7"]["tier"] == "newer" {
						assert.GreaterOrEqual(t, u.at.Sub(tried[0].at), 24*time.Hour, "nothing newer of the visitor is sent before")
					}
				}
				assert.Equal(t, "newer", tried[len(tried)-1].rows["v7"]["tier"])
				want := map[string]int{"delivered": 12 + 52}
				if refusedFor > 100*time.Hour {
					want = map[string]int{"delivered": 10 + 52}
					assert.Positive(t, f.counts("records")["rejected attempts_exhausted"]+f.counts("records")["rejected refused"])
				}
				assert.InDelta(t, want["delivered"], f.counts("records")["delivered"], 1)
			})
		})
	}
}

func TestUploads_ManyVisitorsForWhomTheyFailHoldUpNobody(t *testing.T) {
	for name, answer := range map[string]route.Answer{"refused": refused, "no answer": {Verdict: route.NotNow, Reason: route.ReasonTimeout}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				target := &fakeUploads{answer: func(u *fakeUpload) route.Answer {
					for v := range u.rows {
						if strings.HasPrefix(v, "poison") {
							return answer
						}
					}
					return taken
				}}
				f := started(t, byUploads(target, func(u *Uploads) { u.Config.MaxRows = 100 }))
				defer f.Stop()
				for n := range 20 {
					f.push(t, tier("poison"+strconv.Itoa(n), "gold"))
				}
				f.push(t, visitors(80)...)
				for hour := range 72 {
					f.push(t, tier("late"+strconv.Itoa(hour), "gold"))
					time.Sleep(time.Hour)
				}
				got := f.counts("records")
				assert.GreaterOrEqual(t, got["delivered"], 80+70)
				if name == "refused" {
					assert.Equal(t, 20, got["rejected refused"])
				}
				assert.Less(t, len(target.asked)+len(target.uploads()), 40*60*10)
			})
		})
	}
}

// Not even where all are stuck may something newer follow what may have been taken twice.
func TestUploads_OneThatIsStuckAfterItsAnswerWasLostGoesAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		lost := 0
		target.answer = func(*fakeUpload) route.Answer {
			lost++
			if lost == 1 {
				return route.Answer{Verdict: route.NotNow, Reason: route.ReasonTimeout}
			}
			return taken
		}
		target.progress = func(*fakeUpload) (route.Progress, route.Answer) {
			return route.Progress{State: route.UploadStuck}, taken
		}
		f := started(t, byUploads(target))
		defer f.Stop()
		for range fewFailures {
			f.uploader.Load().ends.bad() // uploads of others
		}
		f.push(t, visitors(10)...)
		time.Sleep(10 * time.Minute)
		f.push(t, tier("v7", "newer"))
		time.Sleep(20 * time.Hour)
		require.Greater(t, len(target.uploads()), 5)
		for _, u := range target.uploads() {
			assert.Len(t, u.rows, 10)
			assert.Equal(t, "gold", u.rows["v7"]["tier"])
		}
		assert.Equal(t, 11, f.outbox.Held().Records)
	})
}
