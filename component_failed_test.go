// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// TestSkipped_NamesWhatFailed has expressions fail on the text of a body, which is not said.
func TestSkipped_NamesWhatFailed(t *testing.T) {
	const secret = "s3cr3t"
	for reason, tt := range map[string]struct {
		change func(*Config)
		failed string
	}{
		"visitor_failed": {func(cfg *Config) {
			cfg.Visitor = []mapping.VisitorEntry{
				{Parameter: profile.MboxPC, Attribute: "nowhere"},
				{Parameter: profile.MboxPC, Value: `ParseJSON(log.body)["id"]`},
			}
		}, "visitor::1::value"},
		"condition_failed": {func(cfg *Config) {
			cfg.Conditions = []mapping.Condition{"false", `Time(log.body, "%Y") == nil`}
		}, "conditions::1"},
		"no_visitor": {func(cfg *Config) {
			cfg.Visitor = []mapping.VisitorEntry{{Parameter: profile.MboxPC, Value: `log.attributes["nowhere"]`}}
		}, ""},
	} {
		t.Run(reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, &wire{answer: taken}, with(tt.change))
				ld := oneRecord(secret, "n", secret)
				ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().SetStr(secret)
				for range 3 {
					r.consume(t, ld)
				}
				r.watch(t, 10*time.Second, time.Second)
				assert.Equal(t, map[string]int64{"skipped " + reason: 3}, r.count(t).outcomes)
				r.end(t)

				said := r.logs.FilterMessageSnippet("Log records skipped").All()
				if assert.Len(t, said, 1, "once a reason") {
					assert.Equal(t, reason, said[0].ContextMap()["reason"])
					if tt.failed == "" {
						assert.NotContains(t, said[0].ContextMap(), "failed")
					} else {
						assert.Equal(t, tt.failed, said[0].ContextMap()["failed"])
					}
				}
				for _, line := range r.logs.All() {
					assert.NotContains(t, line.Message, secret)
					assert.NotContains(t, fmt.Sprint(line.ContextMap()), secret)
				}
			})
		})
	}
}
