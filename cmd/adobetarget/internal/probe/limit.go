// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// bounds are what is known of a limit: the most that was taken, 0 for none, and the least that was
// refused, 0 for none.
type bounds struct{ taken, refused int }

func (b bounds) exact() bool { return b.refused == b.taken+1 }

// below reports whether so many may be refused.
func (b bounds) below(n int) bool { return b.refused > 0 && b.taken < n }

// String says the limit in words.
func (b bounds) String() string {
	switch {
	case b.refused == 0:
		return fmt.Sprintf("%d are taken, more were not asked for", b.taken)
	case b.exact():
		return fmt.Sprintf("%d are taken, one more is refused", b.taken)
	case b.taken == 0:
		return fmt.Sprintf("%d are refused, and nothing was found that is taken", b.refused)
	}
	return fmt.Sprintf("%d are taken, %d are refused", b.taken, b.refused)
}

// limit looks for a limit: at the documented ones from the highest on, then whether the one that was
// taken is the limit, then in halves, with at most so many calls.
func limit(ctx context.Context, documented []int, calls int, taken func(context.Context, int) (bool, error)) (bounds, error) {
	var b bounds
	for ; calls > 0; calls-- {
		n := b.next(documented)
		if n == 0 {
			return b, nil
		}
		is, err := taken(ctx, n)
		if err != nil {
			return b, err
		}
		if is {
			b.taken = n
		} else {
			b.refused = n
		}
	}
	return b, nil
}

// next returns what to ask for, 0 for nothing further.
func (b bounds) next(documented []int) int {
	if b.taken == 0 {
		for _, n := range slices.Backward(documented) {
			if b.refused == 0 || n < b.refused {
				return n
			}
		}
	}
	switch {
	case b.refused == 0, b.exact():
		return 0
	case slices.Contains(documented, b.taken):
		return b.taken + 1
	}
	return (b.taken + b.refused) / 2
}

const (
	// How many calls a limit takes at most.
	mostOfID    = 5
	mostOfValue = 5
	mostOfName  = 3
	mostOfCount = 3
	mostOfSize  = 3

	// highestValue is the highest limit of a value that Adobe names.
	highestValue = 5000
)

// askIDLength asks how long an mbox3rdPartyId may be, by ids that are made up.
func (p *probe) askIDLength(ctx context.Context, f *Finding) error {
	if p.unknown != nil && !*p.unknown {
		f.conclude(Open, "updates of made-up ids are refused, so nothing tells a long one from an unknown one")
		return nil
	}
	b, err := limit(ctx, []int{60, 128, profile.MaxThirdPartyIDLength, profile.MaxThirdPartyIDLength + 1}, mostOfID, func(ctx context.Context, n int) (bool, error) {
		id := p.madeUp()
		id.ID += strings.Repeat("x", n-len(id.ID))
		a, err := p.form(ctx, f, fmt.Sprintf("an mbox3rdPartyId of %d characters", n), refused, visitorForm(id)+field(Prefix, p.marker))
		return a.Verdict == route.Delivered, err
	})
	if err != nil {
		return err
	}
	most := min(b.taken, profile.MaxThirdPartyIDLength)
	switch set := p.subject.config.MaxThirdPartyIDLength; {
	case most == 0:
		f.conclude(Open, b.String())
	case set > most && b.refused <= set:
		f.conclude(Differs, b.String()+": longer ids are refused, and the configuration lets them through", Setting{Path: "max_third_party_id_length", Value: most})
	case most > set:
		f.conclude(Fits, b.String()+"; the configuration leaves out ids that are taken here", Setting{Path: "max_third_party_id_length", Value: most, Optional: true})
	default:
		f.conclude(Fits, b.String())
	}
	return nil
}

// askValueLength asks how long a value may be.
func (p *probe) askValueLength(ctx context.Context, f *Finding) error {
	b, err := limit(ctx, []int{256, highestValue}, mostOfValue, func(ctx context.Context, n int) (bool, error) {
		value := profile.Parameter{Name: numbered("Value", n), Value: p.marker + strings.Repeat("v", n-len(p.marker))}
		return p.update(ctx, f, fmt.Sprintf("a value of %d characters", n), refused, p.base, value)
	})
	if err != nil {
		return err
	}
	p.values = b
	p.concludeValueLength(f, b)
	return nil
}

func (p *probe) concludeValueLength(f *Finding, b bounds) {
	set := p.subject.config.MaxValueLength
	switch {
	case b.taken == 0:
		f.conclude(Open, b.String())
	case b.refused > 0 && (set == 0 || set > b.taken):
		f.conclude(Differs, b.String()+": an update with a longer one is lost as a whole", Setting{Path: "max_value_length", Value: b.taken})
	case set > 0 && b.taken > set:
		f.conclude(Fits, b.String()+"; the configuration leaves out values that are taken here", Setting{Path: "max_value_length", Value: b.taken, Optional: true})
	default:
		f.conclude(Fits, b.String())
	}
}

// askNameLength asks how long the name of a parameter may be.
func (p *probe) askNameLength(ctx context.Context, f *Finding) error {
	b, err := limit(ctx, []int{profile.MaxNameLength, profile.MaxNameLength + 1}, mostOfName, func(ctx context.Context, n int) (bool, error) {
		name := Prefix + strings.Repeat("n", n-len(Prefix))
		a, err := p.form(ctx, f, fmt.Sprintf("a name of %d characters", n), refused, visitorForm(p.anybody())+field(name, p.marker))
		return a.Verdict == route.Delivered, err
	})
	if err != nil {
		return err
	}
	concludeFixed(f, b, profile.MaxNameLength, "names of up to 128 characters")
	return nil
}

// askCount asks how many parameters a call may have.
func (p *probe) askCount(ctx context.Context, f *Finding) error {
	const most = 200
	b, err := limit(ctx, []int{50, most}, mostOfCount, func(ctx context.Context, n int) (bool, error) {
		var form strings.Builder
		form.WriteString(visitorForm(p.anybody()))
		for i := range n {
			form.WriteString(field(numbered("Count", i+1), p.marker))
		}
		a, err := p.form(ctx, f, fmt.Sprintf("%d parameters", n), cutOff, form.String())
		return a.Verdict == route.Delivered, err
	})
	if err != nil {
		return err
	}
	p.count = b
	concludeFixed(f, b, most, "as many parameters as fit")
	return nil
}

// askSize asks how large a call may be: its body, or path and query where the parameters are there.
func (p *probe) askSize(ctx context.Context, f *Finding) error {
	if p.values.below(widest) || p.count.below(mostInSize) {
		f.conclude(Open, "a large call is refused for its long values or for how many they are, so nothing tells how large one may be")
		return nil
	}
	api, err := p.base.api(p.subject)
	if err != nil {
		return err
	}
	sends, documented, what := profile.MaxBody, []int{8_000, profile.MaxBody, 60 << 10}, "a body of %d bytes"
	beside := 0
	if p.base.Method == http.MethodGet || p.base.Parameters == route.Query {
		sends, documented, what = profile.MaxRequestTarget, []int{2_000, profile.MaxRequestTarget, 8 << 10}, "path and query of %d bytes"
		beside = profile.MaxRequestTarget - api.Limits().Bytes
	}
	size := func(ctx context.Context, n int) (bool, error) {
		a, ended := p.form(ctx, f, fmt.Sprintf(what, n), cutOff, sized(visitorForm(p.anybody()), n-beside))
		return a.Verdict == route.Delivered, ended
	}
	b, err := limit(ctx, documented, mostOfSize, size)
	if err != nil {
		return err
	}
	concludeFixed(f, b, sends, fmt.Sprintf("calls of up to %d bytes", sends))
	return nil
}

// concludeFixed holds a limit against what the exporter sends and has no setting for.
func concludeFixed(f *Finding, b bounds, sends int, what string) {
	switch {
	case b.taken >= sends:
		f.conclude(Fits, b.String()+"; the exporter sends "+what)
	case b.refused > 0:
		f.conclude(Differs, b.String()+", and the exporter sends "+what+". No setting changes that: please report it to the maintainers")
	default:
		f.conclude(Open, b.String())
	}
}

const (
	// wide is three bytes in UTF-8 and nine when they are percent-encoded, so that few characters
	// make a large call.
	wide = "%E5%8C%97"
	// widest is how many of them stand in a value, which has fewer than 256 characters then.
	widest = 200
	// mostInSize are so many as the largest call that is asked for has of them.
	mostInSize = (60<<10)/(widest*len(wide)) + 2
)

// sized returns a form of exactly so many bytes.
func sized(form string, bytes int) string {
	var b strings.Builder
	b.WriteString(form)
	for i := 1; ; i++ {
		name := "&profile." + numbered("Size", i) + "="
		room := bytes - b.Len() - len(name)
		if room <= widest*len(wide) {
			b.WriteString(name)
			b.WriteString(strings.Repeat(wide, max(room, 0)/len(wide)))
			b.WriteString(strings.Repeat("x", max(room, 0)%len(wide)))
			return b.String()
		}
		// The next one needs room too.
		chars := widest
		if room-chars*len(wide) < 2*len(name) {
			chars = widest / 2
		}
		b.WriteString(name)
		b.WriteString(strings.Repeat(wide, chars))
	}
}
