// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

const (
	// mostOfFetches is how often the profile is looked at until it shows what was sent.
	mostOfFetches = 4
	parts         = mostOfFetches - 1
)

// texts are values that a server may alter. The marker of the run stands in each.
var texts = []struct{ suffix, what, before, behind string }{
	{"Spaces", "spaces within", "a  b ", " c"},
	{"Blanks", "blanks at both ends", "  ", "  "},
	{"Plus", "a plus", "1+", "+2"},
	{"Percent", "percent signs", "50% %41 ", " 100%25"},
	{"Unicode", "letters beyond ASCII", "Zoë 北京 ", " 😀"},
	{"Case", "capitals and small letters", "MiXeD", "CaSe"},
	{"Form", "the delimiters of forms", "a&b=c;", "?#/"},
	{"Markup", "brackets, quotes, commas and bars", `<a href="x,y">`, "|'</a>"},
}

// askValues sends values that a server may alter, as the exporter would.
func (p *probe) askValues(ctx context.Context, f *Finding) error {
	var parameters []profile.Parameter
	for _, t := range texts {
		parameters = append(parameters, profile.Parameter{Name: Prefix + t.suffix, Value: t.before + p.marker + t.behind})
	}
	taken, err := p.update(ctx, f, fmt.Sprintf("one update with %d values", len(parameters)), answered, p.base, parameters...)
	switch {
	case err != nil:
		return err
	case !taken:
		f.conclude(Differs, "an update with such values is refused")
	default:
		f.conclude(Noted, "taken; what becomes of them is under seen")
	}
	return nil
}

// askSeen looks at the profile until it shows what was sent, or the wait is over. What it shows is
// put down with the questions that sent it.
func (p *probe) askSeen(ctx context.Context, f *Finding) error {
	if len(p.awaited) == 0 {
		f.conclude(Open, "nothing was sent that could be looked for")
		return nil
	}
	var shown map[string]string
	for i := range mostOfFetches {
		if i > 0 {
			if err := p.line.pause(ctx, p.wait/parts); err != nil {
				return &ending{why: "interrupted", do: "what was found so far stands above"}
			}
		}
		h, err := p.fetch(ctx, f, fmt.Sprintf("fetch %d", i+1), refused)
		if err != nil {
			return err
		}
		if attributes, is := h.attributes(); is {
			shown = attributes
		}
		if p.wait == 0 || p.missing(shown) == 0 {
			break
		}
	}
	p.lookAt(f, shown)
	return nil
}

// lookAt says what became of what was sent.
func (p *probe) lookAt(f *Finding, shown map[string]string) {
	missing := p.missing(shown)
	if missing == len(p.awaited) {
		f.conclude(Noted, fmt.Sprintf("not seen yet: nothing of what was sent shows within %s. Updates take up to an hour, 24 at most, "+
			"and none if there is no profile; ask again with --only values,seen --wait 1h", p.wait.Round(time.Second)))
		return
	}
	for _, finding := range p.findings {
		p.markSeen(finding, shown)
	}
	altered := p.compare(f, shown)
	switch {
	case altered > 0:
		f.conclude(Differs, fmt.Sprintf("%d values come back altered: no setting prevents that, see which", altered))
	case missing > 0:
		f.conclude(Noted, fmt.Sprintf("%d of %d values show within %s, as they were sent", len(p.awaited)-missing, len(p.awaited), p.wait.Round(time.Second)))
	default:
		f.conclude(Fits, fmt.Sprintf("all %d values come back as they were sent", len(p.awaited)))
	}
}

// missing returns how many values are not shown yet: those without the marker of this run.
func (p *probe) missing(shown map[string]string) int {
	n := 0
	for name := range p.awaited {
		if !strings.Contains(shown[name], p.marker) {
			n++
		}
	}
	return n
}

// markSeen says of the cases of a finding whether the profile shows what they sent, and draws the
// conclusions again that depend on it.
func (p *probe) markSeen(f *Finding, shown map[string]string) {
	for i := range f.Cases {
		c := &f.Cases[i]
		if c.parameter == "" {
			continue
		}
		seen := strings.Contains(shown[c.parameter], p.marker)
		c.Seen = &seen
	}
	switch f.Question {
	case questionPath:
		if f.anyTaken("") {
			p.concludePath(f)
		}
	case questionParameters:
		p.concludeParameters(f)
	case questionValueLength:
		p.lookForCuts(f, shown)
	}
}

// lookForCuts says that long values were taken and cut.
func (p *probe) lookForCuts(f *Finding, shown map[string]string) {
	kept := 0
	for i := range f.Cases {
		sent, back := p.awaited[f.Cases[i].parameter], shown[f.Cases[i].parameter]
		if strings.Contains(back, p.marker) && len(back) < len(sent) && strings.HasPrefix(sent, back) {
			f.Cases[i].Found = fmt.Sprintf("kept %d characters", len(back))
			kept = len(back)
		}
	}
	cuts := fmt.Sprintf("longer values are taken and cut to %d characters", kept)
	switch set := p.subject.config.MaxValueLength; {
	case kept == 0:
	case set == 0 || set > kept:
		f.conclude(Differs, cuts, Setting{Path: "max_value_length", Value: kept})
	default:
		f.conclude(Fits, cuts+", and the configuration leaves them out")
	}
}

// compare puts down what became of each value, and returns how many are altered.
func (p *probe) compare(f *Finding, shown map[string]string) int {
	altered := 0
	for _, t := range texts {
		sent, was := p.awaited[Prefix+t.suffix]
		if !was {
			continue
		}
		back := shown[Prefix+t.suffix]
		c := Case{Asked: t.what, Found: "as sent"}
		switch {
		case !strings.Contains(back, p.marker):
			c.Found = "not seen yet"
		case back != sent:
			altered++
			c.Found = replaceAll(alteration(sent, back, p.marker), p.subject.secrets())
			if !p.showIDs {
				c.Found = replaceAll(c.Found, p.ids())
			}
		}
		f.Cases = append(f.Cases, c)
	}
	return altered
}

// alteration says how a value differs. Both are the probe's own, so they are shown.
func alteration(sent, back, marker string) string {
	switch {
	case strings.TrimSpace(sent) == back:
		return "without the blanks at its ends"
	case strings.EqualFold(sent, back):
		return "in other case"
	case utf8.RuneCountInString(back) < utf8.RuneCountInString(sent) && strings.HasPrefix(sent, back):
		return "cut"
	}
	return fmt.Sprintf("%q became %q", strings.ReplaceAll(sent, marker, cut), strings.ReplaceAll(back, marker, cut))
}

// attributes reads a fetched profile, and reports whether it is one.
func (h heard) attributes() (map[string]string, bool) {
	var fetched struct {
		Attributes map[string]struct {
			Value string `json:"value"`
		} `json:"profileAttributes"`
	}
	if h.status != http.StatusOK || json.Unmarshal(h.body, &fetched) != nil || fetched.Attributes == nil {
		return nil, false
	}
	values := make(map[string]string, len(fetched.Attributes))
	for name, attribute := range fetched.Attributes {
		values[strings.TrimPrefix(name, "profile.")] = attribute.Value
	}
	return values, true
}
