// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package page_test // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

const (
	waitFor = time.Minute
	tick    = 20 * time.Millisecond
)

var screenshots = flag.String("screenshots", "", "folder to write the pictures of the documentation to; none by default")

func TestMain(m *testing.M) {
	code := m.Run()
	closeBrowser()
	os.Exit(code)
}

// browser is started once, for the first test that needs it. Every test has a tab of its own.
var (
	browser      = sync.OnceValues(startBrowser)
	closeBrowser = func() {}
)

func findBrowser() (string, error) {
	if named := os.Getenv("CHROME"); named != "" {
		return named, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no browser is found, and the page is tested in one: apt-get install -y chromium, " +
		"or set CHROME to the path of a Chromium or Chrome")
}

func startBrowser() (context.Context, error) {
	path, err := findBrowser()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "page-browser")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(folder), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(waitFor),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("no-first-run", true), chromedp.Flag("disable-dev-shm-usage", true))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	// What it does not know of a newer browser is nothing to a test.
	ctx, stop := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	closeBrowser = func() {
		stop()
		stopAllocator()
		_ = os.RemoveAll(folder)
	}
	return ctx, chromedp.Run(ctx)
}

// tab is the page in a browser.
type tab struct {
	t        *testing.T
	ctx      context.Context
	mu       sync.Mutex
	problems []string
	// ignore is set where problems are part of the test.
	ignore bool
}

// open opens a tab, whose console must stay free of errors until the test ends.
func open(t *testing.T, address string) *tab {
	t.Helper()
	running, err := browser()
	require.NoError(t, err)
	ctx, cancel := chromedp.NewContext(running)
	p := &tab{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, p.listen)
	require.NoError(t, chromedp.Run(ctx), "the tab lives as long as the context of its first run")
	p.run(log.Enable(), chromedp.EmulateViewport(1400, 900), chromedp.Navigate(address))
	t.Cleanup(func() {
		cancel()
		assert.Empty(t, p.said(), "the console says so")
	})
	return p
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			p.problems = append(p.problems, fmt.Sprint("console.", e.Type))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning {
			p.problems = append(p.problems, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

func (p *tab) said() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ignore {
		return nil
	}
	return slices.Clone(p.problems)
}

func (p *tab) run(actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, waitFor)
	defer cancel()
	require.NoError(p.t, chromedp.Run(ctx, actions...))
}

// eval returns what an expression gives.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	var got T
	p.run(chromedp.Evaluate(expression, &got, func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
	return got
}

// wait waits until an expression is true.
func (p *tab) wait(expression string) {
	p.t.Helper()
	end := time.Now().Add(waitFor)
	for !eval[bool](p, expression) {
		require.True(p.t, time.Now().Before(end), "%s does not become true", expression)
		require.Empty(p.t, p.said(), "the console says so")
		time.Sleep(tick)
	}
}

// waitText waits until an element that is shown has a text in it.
func (p *tab) waitText(selector, part string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.checkVisibility() && e.textContent.includes(%q))`, selector, part))
}

func (p *tab) click(selector string) {
	p.t.Helper()
	p.run(chromedp.Click(selector, chromedp.ByQuery))
}

// clickOn clicks the button with the words.
func (p *tab) clickOn(words string) {
	p.t.Helper()
	p.run(chromedp.Click(fmt.Sprintf(`//button[normalize-space()=%q]`, words), chromedp.BySearch))
}

// fill puts a text where one types.
func (p *tab) fill(selector, text string) {
	p.t.Helper()
	eval[any](p, fmt.Sprintf(`((e) => { e.focus(); e.value = %q; e.dispatchEvent(new Event('input', { bubbles: true })); return null; })(document.querySelector(%q))`,
		text, selector))
}

func (p *tab) size(width, height int64, dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	p.run(chromedp.EmulateViewport(width, height),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
}

// serve runs an emulator with its page.
func serve(t *testing.T, settings emulator.Settings) (*emulator.Emulator, string) {
	t.Helper()
	settings.RecentCalls = 1000
	e, err := emulator.New(settings)
	require.NoError(t, err)
	server := httptest.NewServer(page.Guard(page.New(e), true))
	t.Cleanup(func() {
		e.Close()
		server.CloseClientConnections()
		server.Close()
	})
	return e, server.URL
}
