// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package page is what a browser shows of the emulator: what arrives, while it runs, and the calls that a mapping makes of
// records, as one types. It knows the emulator by its control alone, which its scripts ask.
//
// Its own paths are
//
//	GET  /                 the page, for those who accept text/html; others get what the emulator answers
//	GET  /_page/{file}     its style and scripts
//	GET  /_page/example    {"config":"…","records":"…"}: what there is to try at first
//	POST /_page/try        the same, answered with what the preview makes of it, or {"error":"…"}
//
// The scripts write what comes from records as text, never as markup, and load nothing from elsewhere.
package page // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

const ownPrefix = "/_page/"

// policy lets the page load its own files and ask its own server, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

//go:embed assets
var embedded embed.FS

// page answers its own paths, and leaves the others to the emulator.
type page struct {
	emulator http.Handler
	own      *http.ServeMux
}

// New returns a handler that serves the page in front of the emulator.
func New(emulator http.Handler) http.Handler {
	assets, err := fs.Sub(embedded, "assets")
	if err != nil {
		panic(err) // the folder is embedded
	}
	files := http.FileServerFS(assets)
	own := http.NewServeMux()
	own.Handle("GET /{$}", files)
	own.Handle("GET "+ownPrefix, http.StripPrefix(strings.TrimSuffix(ownPrefix, "/"), files))
	own.HandleFunc("GET "+ownPrefix+"example", serveExample)
	own.Handle("POST "+ownPrefix+"try", make(tries, 1))
	return &page{emulator: emulator, own: own}
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !isOwn(r) {
		p.emulator.ServeHTTP(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-cache")
	header.Set("Vary", "Accept")
	p.own.ServeHTTP(w, r)
}

// isOwn reports whether a request is for the page. Redirects end at / too, and those who follow one want no page.
func isOwn(r *http.Request) bool {
	if r.URL.Path == "/" {
		isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
		return isRead && strings.Contains(r.Header.Get("Accept"), "text/html")
	}
	return strings.HasPrefix(r.URL.Path, ownPrefix)
}
