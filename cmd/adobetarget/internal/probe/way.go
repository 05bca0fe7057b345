// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// way is how an update is sent.
type way route.Config

const (
	codePath    = "/m2/{client_code}/profile/update"
	literalPath = "/m2/client/profile/update"
)

// configured is the way that the configuration has.
func (s *Subject) configured() way {
	w := way(s.config.API)
	if w.Method == http.MethodPost && w.Parameters == "" {
		w.Parameters = route.Body
	}
	return w
}

func (w way) api(s *Subject) (route.API, error) {
	return route.NewSingle(route.Config(w), s.endpoint, s.config.ClientCode)
}

// place says where a way has its parameters.
func (w way) place() string {
	switch {
	case w.Method == http.MethodGet:
		return "GET, in the query"
	case w.Parameters == route.Query:
		return "POST, in the query"
	}
	return "POST, a form in the body"
}

func (w way) at(path string) way { w.Path = path; return w }

// paths are those to ask for, the configured one first.
func (s *Subject) paths() []string {
	paths := []string{s.configured().Path}
	for _, path := range []string{codePath, literalPath} {
		if !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	return paths
}

// places are the ways at a path, the configured one first.
func (s *Subject) places(path string) []way {
	configured := s.configured().at(path)
	ways := []way{configured}
	for _, w := range []way{
		{Method: http.MethodPost, Parameters: route.Body, Path: path},
		{Method: http.MethodPost, Parameters: route.Query, Path: path},
		{Method: http.MethodGet, Path: path},
	} {
		if w.place() != configured.place() {
			ways = append(ways, w)
		}
	}
	return ways
}

// askPath asks which paths there are, the parameters placed as the configuration has it.
func (p *probe) askPath(ctx context.Context, f *Finding) error {
	configured := p.subject.configured()
	for i, path := range p.subject.paths() {
		want := refused
		if i == 0 {
			want = answered
		}
		taken, err := p.update(ctx, f, path, want, configured.at(path), p.mark(fmt.Sprint("Path", i+1)))
		if err != nil {
			return err
		}
		if taken && !f.taken(p.base.Path) {
			p.base = configured.at(path)
		}
	}
	p.concludePath(f)
	return nil
}

// concludePath says which path to configure. It is said again once it is known what the profile shows.
func (p *probe) concludePath(f *Finding) {
	configured := p.subject.configured().Path
	works := best(f, configured)
	switch works {
	case "":
		f.conclude(Open, "no path takes an update with its parameters where the configuration has them")
	case configured:
		f.conclude(Fits, "updates are taken at the configured path")
	default:
		f.conclude(Differs, why(f, configured, "updates are taken at another path than the configured one"), Setting{Path: "api::path", Value: works})
	}
}

// askParameters asks where parameters are looked for. If the configured place takes nothing at any
// path, all are asked at each of them.
func (p *probe) askParameters(ctx context.Context, f *Finding) error {
	paths := []string{p.base.Path}
	for _, path := range p.subject.paths() {
		if path != p.base.Path {
			paths = append(paths, path)
		}
	}
	for i, path := range paths[:min(len(paths), 2)] {
		for j, w := range p.subject.places(path) {
			asked := w.place()
			if i > 0 {
				asked += " at " + path
			}
			taken, err := p.update(ctx, f, asked, refused, w, p.mark(fmt.Sprint("Place", i*3+j+1)))
			if err != nil {
				return err
			}
			if taken && !f.anyTaken(asked) {
				p.base = w
			}
		}
		if f.anyTaken("") {
			break
		}
	}
	p.concludeParameters(f)
	p.settlePath()
	if !f.anyTaken("") {
		return &ending{why: "no way of an update is taken", do: "see the answers: is the visitor one that the sandbox knows, and is client_code the sandbox's?"}
	}
	return nil
}

// settlePath says of a path that took nothing that it takes what is placed otherwise, if so.
func (p *probe) settlePath() {
	for _, f := range p.findings {
		if f.Question != questionPath || f.Result != Open || p.base == p.subject.configured() {
			continue
		}
		if p.base.Path == p.subject.configured().Path {
			f.conclude(Fits, "updates are taken at the configured path, with their parameters at another place")
		} else {
			f.conclude(Differs, "updates are taken at another path, with their parameters at another place", Setting{Path: "api::path", Value: p.base.Path})
		}
	}
}

// concludeParameters says which place to configure.
func (p *probe) concludeParameters(f *Finding) {
	configured := p.subject.configured().place()
	works := best(f, configured)
	switch works {
	case "":
		f.conclude(Open, "parameters are taken at no place")
		return
	case configured:
		f.conclude(Fits, "parameters are taken where the configuration has them")
		return
	}
	place, path, elsewhere := strings.Cut(works, " at ")
	var settings []Setting
	switch place {
	case (way{Method: http.MethodGet}).place():
		settings = []Setting{{Path: "api::method", Value: http.MethodGet}}
	case (way{Method: http.MethodPost, Parameters: route.Query}).place():
		settings = []Setting{{Path: "api::method", Value: http.MethodPost}, {Path: "api::parameters", Value: string(route.Query)}}
	default:
		settings = []Setting{{Path: "api::method", Value: http.MethodPost}, {Path: "api::parameters", Value: string(route.Body)}}
	}
	if elsewhere {
		settings = append(settings, Setting{Path: "api::path", Value: path})
	}
	f.conclude(Differs, why(f, configured, "parameters are taken at another place than the configured one"), settings...)
}

// best returns the case to configure: the configured one, if it was taken, unless the profile shows
// what others have sent and not what it has. It returns "" when none was taken.
func best(f *Finding, configured string) string {
	found := ""
	for i := range f.Cases {
		c := &f.Cases[i]
		switch {
		case !c.taken:
		case c.Asked == configured && (c.Seen == nil || *c.Seen || !f.anySeen()):
			return configured
		case found == "" && (c.Seen == nil || *c.Seen || !f.anySeen()):
			found = c.Asked
		}
	}
	return found
}

// why says that what the configured case sent was ignored, if so.
func why(f *Finding, configured, otherwise string) string {
	if f.taken(configured) {
		return "what is sent as configured is answered with success and ignored: the profile shows only what was sent otherwise"
	}
	return otherwise
}

func (f *Finding) anySeen() bool {
	return slices.ContainsFunc(f.Cases, func(c Case) bool { return c.Seen != nil && *c.Seen })
}

// anyTaken reports whether a case was taken, but for one.
func (f *Finding) anyTaken(besides string) bool {
	return slices.ContainsFunc(f.Cases, func(c Case) bool { return c.taken && c.Asked != besides })
}
