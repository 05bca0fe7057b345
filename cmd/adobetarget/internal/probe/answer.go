// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"

import (
	"encoding/json"
	"maps"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// maxWords is the most characters of an answer that are shown.
const maxWords = 100

// Answer is the shape of an answer: it is never shown whole.
type Answer struct {
	// Status is that of HTTP, 0 when there was no answer.
	Status int `json:"status"`
	// ContentType is the media type, without its parameters but for the charset.
	ContentType string `json:"content_type,omitempty"`
	// Verdict is what the exporter makes of it: delivered, rejected, setup_fault or not_now.
	Verdict string `json:"verdict,omitempty"`
	// Reason is why it is not delivered, as the exporter's metrics have it.
	Reason string `json:"reason,omitempty"`
	// RetryAfter is that there was such a header.
	RetryAfter bool `json:"retry_after,omitempty"`
	// Words are the first of the body, ids cut out.
	Words string `json:"words,omitempty"`
}

// String returns the answer in a line.
func (a Answer) String() string {
	text := strconv.Itoa(a.Status)
	if a.Status == 0 {
		text = "no answer"
	}
	if a.ContentType != "" {
		text += " " + a.ContentType
	}
	if a.Words != "" {
		text += " " + a.Words
	}
	if a.RetryAfter {
		text += " (with Retry-After)"
	}
	return text
}

// shapeOf returns the shape of the last answer.
func (p *probe) shapeOf(a route.Answer) *Answer {
	h := p.line.heard
	return &Answer{
		Status: h.status, ContentType: p.words(mediaType(h.contentType)), Verdict: a.Verdict.String(), Reason: a.Reason,
		RetryAfter: h.retryAfter, Words: p.words(h.outline()),
	}
}

func mediaType(header string) string {
	media, parameters, err := mime.ParseMediaType(header)
	if err != nil {
		return ""
	}
	if charset := parameters["charset"]; charset != "" {
		media += "; charset=" + charset
	}
	return media
}

// element is one of XML that holds a text and no other element.
var element = regexp.MustCompile(`<(\w+)>\s*([^<]*[^<\s])\s*</`)

// outline returns what of a body tells its kind: of JSON the names of its members, and its message; of
// Target's XML the elements that hold something.
func (h heard) outline() string {
	if !utf8.Valid(h.body) {
		return "(bytes that are no text)"
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(h.body, &members) != nil {
		return xmlOutline(string(h.body))
	}
	names := "{" + strings.Join(slices.Sorted(maps.Keys(members)), ", ") + "}"
	var message string
	if json.Unmarshal(members["message"], &message) == nil {
		names += " " + message
	}
	return names
}

func xmlOutline(body string) string {
	found := element.FindAllStringSubmatch(body, -1)
	if len(found) == 0 || !strings.Contains(body, "<response") {
		return body
	}
	var parts []string
	for _, e := range found {
		parts = append(parts, e[1]+"="+e[2])
	}
	return "<response> " + strings.Join(parts, ", ")
}

// word is what may be an id: it has no blank, no bracket and no delimiter of XML, JSON or a URL.
var word = regexp.MustCompile(`[^\s<>"'=&?,;:{}()\[\]/]+`)

const (
	cut = "…"
	// maxWord and maxNumbered are the most characters of a word that is shown, and of one with digits.
	maxWord     = 24
	maxNumbered = 5
)

// words returns the first words of a text in one line. Ids are cut out, known ones and what might be
// one: tokens always are.
func (p *probe) words(text string) string {
	text = replaceAll(text, p.subject.secrets())
	if !p.showIDs {
		text = word.ReplaceAllStringFunc(replaceAll(text, p.ids()), func(w string) string {
			if w == string(profile.Mbox3rdPartyID) {
				return w
			}
			if n := utf8.RuneCountInString(w); n > maxWord || n > maxNumbered && strings.ContainsAny(w, "0123456789") {
				return cut
			}
			return w
		})
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == utf8.RuneError }), " ")
	if shown := []rune(text); len(shown) > maxWords {
		text = string(shown[:maxWords]) + cut
	}
	return text
}

// ids are those of visitors, as they may stand in an answer.
func (p *probe) ids() []string {
	var ids []string
	for _, id := range []string{p.subject.Visitor.ID, p.madeUp().ID} {
		ids = append(ids, id, url.QueryEscape(id), url.PathEscape(id), xmlEscaper.Replace(id))
	}
	return ids
}

var xmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

// replaceAll cuts texts out, in whatever case, the longest first.
func replaceAll(text string, of []string) string {
	var quoted []string
	for _, secret := range slices.SortedFunc(slices.Values(of), func(a, b string) int { return len(b) - len(a) }) {
		if secret != "" {
			quoted = append(quoted, regexp.QuoteMeta(secret))
		}
	}
	if len(quoted) == 0 {
		return text
	}
	return regexp.MustCompile("(?i)"+strings.Join(quoted, "|")).ReplaceAllString(text, cut)
}
