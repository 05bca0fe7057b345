// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package page_test // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

func openTry(t *testing.T) *tab {
	t.Helper()
	_, address := serve(t, emulator.Settings{})
	p := open(t, address+"/#try")
	p.waitText("#made", "/m2/demo/profile/update")
	return p
}

func TestTry_BeginsWithCallsAndReasons(t *testing.T) {
	p := openTry(t)
	p.waitText("#try-note", "16 records")
	p.waitText("#made td", "CRM-000022")
	p.waitText("#made td", "profile.loyaltyTier")
	p.waitText("#made", "Skipped: condition")
	p.waitText("#made", "exporters::adobe_target::conditions")
}

func TestTry_AMappingThatIsTypedChangesTheCall(t *testing.T) {
	p := openTry(t)
	p.fill("#records", `{"id":"crm-1","tier":"gold"}`)
	p.fill("#config", "visitor: [{parameter: mbox3rdPartyId, attribute: id}]\nprofile: [{parameter: tier, attribute: tier}]")
	p.waitText("#made td", "profile.tier")
	p.waitText("#try-note", "1 record: 1 call, 0 skipped")

	p.run(chromedp.SendKeys("#config", "\n  # typed\nroute: delivery\ndelivery: {mbox: offline}", chromedp.ByQuery))
	p.waitText("#made", "/rest/v1/delivery")
	assert.Equal(t, "crm-1", eval[string](p, `document.querySelector('#made td.value').textContent`))
}

func TestTry_NamesWhatIsLeftOut(t *testing.T) {
	p := openTry(t)
	p.fill("#config", "visitor: [{parameter: mbox3rdPartyId, attribute: id}]\nprofile: [{parameter: tier, attribute: tier}, {parameter: a, attribute: a}]")
	p.fill("#records", `{"id":"crm-1","tier":"gold","a":""}`+"\n"+`{"id":"crm-1","a":"b"}`)
	p.waitText("#made", "Left out: profile.a, ")
	p.waitText("#made", "profile::1")
	p.waitText("#try-note", "1 parameter left out")
}

func TestTry_SaysWhatIsWrongAndWhere(t *testing.T) {
	p := openTry(t)
	p.fill("#config", "visitor: [{parameter: mboxPC}]")
	p.waitText("#try-error", "exporters::adobe_target::visitor::0")
	assert.True(t, eval[bool](p, `document.querySelector('#made').childElementCount > 0`), "the last calls stay")

	p.fill("#config", "profile: [")
	p.waitText("#try-error", "config: yaml: line 1")
	p.fill("#config", "client_code: ${env:HOME}")
	p.waitText("#try-error", "is not looked up here")

	p.fill("#config", "dry_run: false")
	p.fill("#records", `{"mboxPC":"1","profile.a":"b"}`+"\n"+`{"mboxPC":`)
	p.waitText("#try-error", "records: line 2")
	p.fill("#records", `{"mboxPC":"1","profile.a":"b"}`)
	p.waitText("#try-note", "1 record: 1 call, 0 skipped")
	p.wait(`document.querySelector('#try-error').hidden`)

	p.fill("#records", "")
	p.waitText("#try-note", "Write a record to see its call.")
}

func TestTry_ARecordIsSelectedByItsNumber(t *testing.T) {
	p := openTry(t)
	p.fill("#config", "dry_run: false")
	first, second := `{"mboxPC":"1","profile.a":"b"}`, `{"profile.a":"c"}`
	p.fill("#records", first+"\n\n"+second)
	p.waitText("#made", "Skipped: no visitor")
	p.clickOn("record 2")
	selected := eval[[]int](p, `((e) => [e.selectionStart, e.selectionEnd])(document.activeElement)`)
	assert.Equal(t, []int{len(first) + 2, len(first) + 2 + len(second)}, selected)
}

func TestTry_ShowsTheRowsOfAnUpload(t *testing.T) {
	p := openTry(t)
	p.fill("#config", "route: bulk")
	p.fill("#records", "{\"mbox3rdPartyId\":\"1\",\"profile.a\":\"b\"}\n{\"mbox3rdPartyId\":\"2\",\"profile.a\":\"c\"}")
	p.waitText("#made", "/m2/demo/v2/profile/batchUpdate")
	p.wait(`document.querySelectorAll('#made .made table').length === 2`)
}
