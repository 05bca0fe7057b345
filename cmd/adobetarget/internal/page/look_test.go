// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package page_test // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// lived serves an emulator to which a good deal has happened.
func lived(t *testing.T) string {
	t.Helper()
	e, address := serve(t, emulator.Settings{Quota: emulator.Quota{Calls: 100, Window: time.Hour}})
	upload(t, address, 120)
	names := []string{"loyaltyTier", "lastOfflineAction", "lastOfflineStore", "interests"}
	values := []string{"gold", "loyalty card used in store", "store-021", `["home & living","baby","running"]`}
	for n := range 64 {
		update(t, address, fmt.Sprintf("CRM-%06d", 1+n*7%23), names[n%4], values[n%4])
	}
	for i, name := range names {
		update(t, address, "CRM-000022", name, values[i])
	}
	send(t, http.MethodPost, address+"/m2/acme/profile/update", formType, "mboxPC=1368007815312-518509.10_00&profile.basket.total=154.29")
	require.NoError(t, e.SetFaults([]emulator.Fault{{Kind: emulator.FaultStatus, Status: 503, RetryAfter: 10 * time.Second, Count: 5}}))
	update(t, address, "CRM-000022", "loyaltyTier", "bronze")
	update(t, address, "CRM-000010", "loyaltyTier", "bronze")
	send(t, http.MethodPost, address+"/m2/acme/profile/update", formType, "mboxPC=1.1_0")
	return address
}

// openLived opens the page with a visitor who is chosen.
func openLived(t *testing.T) *tab {
	t.Helper()
	p := open(t, lived(t))
	p.waitText("#calls td", "CRM-000022")
	p.fill("#search", "crm-0000")
	p.waitText("#visitors-note", "122 of 144")
	eval[any](p, `([...document.querySelectorAll('#visitors .id')].find((e) => e.textContent === 'CRM-000022').click(), null)`)
	p.waitText("#attributes td", "gold")
	return p
}

func TestThePage_FitsAPhoneAndAZoomOf200Percent(t *testing.T) {
	p := openLived(t)
	for _, view := range []string{"watch", "try"} {
		eval[any](p, fmt.Sprintf(`(location.hash = %q, null)`, view))
		p.waitText("#to-"+view+"[aria-current]", "")
		if view == "try" {
			p.waitText("#made", "/m2/demo/profile/update")
		}
		for _, width := range []int64{320, 360, 700, 1400} {
			p.size(width, 740, false)
			p.wait(fmt.Sprintf(`innerWidth === %d`, width))
			assert.LessOrEqual(t, eval[int64](p, `document.documentElement.scrollWidth`), width, "%s at %d pixels", view, width)
		}
	}
}

// contrasts finds texts whose contrast is below 4.5, WCAG's AA.
const contrasts = `(() => {
	const parse = (c) => c.match(/[\d.]+/g).map(Number);
	const light = (c) => {
		const [r, g, b] = c.slice(0, 3).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const behind = (e) => {
		for (; e; e = e.parentElement) {
			const c = parse(getComputedStyle(e).backgroundColor);
			if (c.length === 3 || c[3] === 1) return c;
		}
		return [255, 255, 255];
	};
	const low = [];
	for (const e of document.querySelectorAll('body *')) {
		const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
		if (!own || !e.checkVisibility() || e.closest('button:disabled, .unseen, .skip, noscript')) continue;
		const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
		if ((a + 0.05) / (b + 0.05) < 4.5) low.push(e.tagName + '.' + e.className + ': ' + e.textContent.slice(0, 30));
	}
	return low;
})()`

func TestThePage_IsReadableInLightAndInDark(t *testing.T) {
	p := openLived(t)
	papers := map[bool]string{}
	for _, dark := range []bool{false, true} {
		p.size(1400, 900, dark)
		p.wait(fmt.Sprintf(`matchMedia('(prefers-color-scheme: dark)').matches === %t`, dark))
		papers[dark] = eval[string](p, `getComputedStyle(document.body).backgroundColor`)
		p.wait(`document.getAnimations().every((a) => a.playState === 'finished')`)
		for _, view := range []string{"watch", "try"} {
			eval[any](p, fmt.Sprintf(`(location.hash = %q, null)`, view))
			p.wait(fmt.Sprintf(`document.querySelector('#%s').checkVisibility()`, view))
			assert.Empty(t, eval[[]string](p, contrasts), "%s, dark %t", view, dark)
		}
	}
	assert.NotEqual(t, papers[false], papers[true])
}

func TestThePage_IsReachedByTheKeyboard(t *testing.T) {
	p := openLived(t)
	eval[any](p, `(document.activeElement.blur(), scrollTo(0, 0), document.querySelector('.skip').focus(), null)`)
	reached := map[string]bool{}
	for range 400 {
		p.run(chromedp.KeyEvent(kb.Tab))
		at := eval[string](p, `((e) => e.id || e.name || e.textContent)(document.activeElement)`)
		shown := eval[bool](p, `((e) => e === document.body || getComputedStyle(e).outlineStyle !== 'none')(document.activeElement)`)
		assert.True(t, shown, "the focus on %q is seen", at)
		reached[at] = true
		if at == "reset" {
			break
		}
	}
	for _, wanted := range []string{"to-watch", "to-try", "calls-pause", "calls-scroll", "search", "order", "visitor-close", "503, Retry-After 10 s", "route", "fixed", "reset"} {
		assert.True(t, reached[wanted], "%s is reached", wanted)
	}

	p.run(chromedp.Focus("#to-try", chromedp.ByQuery), chromedp.KeyEvent(kb.Enter))
	p.waitText("#made", "/m2/demo/profile/update")
	var order []string
	for range 3 {
		p.run(chromedp.KeyEvent(kb.Tab))
		order = append(order, eval[string](p, `document.activeElement.id || document.activeElement.className`))
	}
	assert.Equal(t, []string{"config", "records"}, order[:2])
	assert.NotEqual(t, "records", order[2], "a text area is left by Tab")
}

func TestThePage_NamesWhatItIs(t *testing.T) {
	p := openLived(t)
	unnamed := eval[[]string](p, `[...document.querySelectorAll('input, select, textarea, button')]
		.filter((e) => !(e.labels?.length || e.ariaLabel || e.textContent.trim())).map((e) => e.outerHTML)`)
	assert.Empty(t, unnamed, "every control has a name")
	assert.Equal(t, 1, eval[int](p, `document.querySelectorAll('main').length`))
	assert.Equal(t, 1, eval[int](p, `document.querySelectorAll('h1').length`))
	assert.Equal(t, "status", eval[string](p, `document.querySelector('#connection').role`), "which is read out politely")
	assert.Empty(t, eval[[]string](p, `((ids) => ids.filter((id, i) => ids.indexOf(id) !== i))([...document.querySelectorAll('[id]')].map((e) => e.id))`))
}

func TestThePage_ConnectsAgainAfterTheEmulatorStartsAnew(t *testing.T) {
	start := func(address string) (string, func()) {
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		require.NoError(t, err)
		e, err := emulator.New(emulator.Settings{RecentCalls: 100})
		require.NoError(t, err)
		server := &http.Server{Handler: page.Guard(page.New(e), true), ReadHeaderTimeout: waitFor}
		go func() { _ = server.Serve(listener) }()
		return listener.Addr().String(), func() {
			e.Close()
			_ = server.Shutdown(context.Background())
			_ = server.Close()
		}
	}
	address, stop := start("127.0.0.1:0")
	p := open(t, "http://"+address)
	update(t, "http://"+address, "crm-1", "tier", "gold")
	p.waitText("#calls td", "crm-1")
	http.DefaultClient.CloseIdleConnections()
	stop()
	p.ignore = true // that the server does not answer
	p.waitText("#connection", "Connecting again")

	_, stop = start(address)
	t.Cleanup(stop)
	p.waitText("#connection", "Live")
	p.waitText("#calls-empty", "No calls yet")
	update(t, "http://"+address, "crm-2", "tier", "gold")
	p.waitText("#calls td", "crm-2")
	assert.Equal(t, 1, eval[int](p, `document.querySelectorAll('#calls tbody tr').length`))
}

// TestScreenshots makes the pictures of the documentation, where it is told a folder.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Log("-screenshots names the folder to write them to")
		return
	}
	p := openLived(t)
	p.run(chromedp.EmulateViewport(1200, 1040))
	eval[any](p, `(document.activeElement.blur(), scrollTo(0, 0), document.querySelector('#visitors-scroll').style.maxHeight = '9rem',
		document.querySelector('#calls-scroll').style.maxHeight = '17rem', null)`)
	p.picture("page-watch.png")
	eval[any](p, `(location.hash = '#try', null)`)
	p.waitText("#made", "/m2/demo/profile/update")
	p.run(chromedp.EmulateViewport(1200, 660))
	eval[any](p, `(scrollTo(0, 0), null)`)
	p.picture("page-try.png")
}

func (p *tab) picture(name string) {
	p.t.Helper()
	eval[any](p, `new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(null))))`)
	var picture []byte
	p.run(chromedp.CaptureScreenshot(&picture))
	require.Less(p.t, len(picture), 200_000)
	require.NoError(p.t, os.WriteFile(filepath.Join(*screenshots, name), picture, 0o600))
}
