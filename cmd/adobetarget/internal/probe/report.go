// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Report is what a probe found out.
type Report struct {
	Host       string     `json:"host"`
	ClientCode string     `json:"client_code"`
	Exporter   string     `json:"exporter"`
	Calls      int        `json:"calls"`
	Findings   []*Finding `json:"findings"`
	// Settings are those of the findings, each once.
	Settings []Setting `json:"settings"`
	// Ended says why the probe ended before all questions were asked, and Do what to do.
	Ended string `json:"ended,omitempty"`
	Do    string `json:"do,omitempty"`
}

func (p *probe) report(end *ending) *Report {
	r := &Report{
		Host: p.subject.host, ClientCode: p.subject.config.ClientCode, Exporter: p.subject.Exporter,
		Calls: p.line.made, Findings: p.findings, Settings: []Setting{},
	}
	if end != nil {
		r.Ended, r.Do = end.why, end.do
	}
	for _, f := range p.findings {
		for _, s := range f.Settings {
			if !slices.Contains(r.Settings, s) {
				r.Settings = append(r.Settings, s)
			}
		}
	}
	return r
}

// Fits reports whether all questions were answered, and the configuration fits the answers.
func (r *Report) Fits() bool {
	for _, f := range r.Findings {
		if f.Result == Differs || f.Result == Open {
			return false
		}
	}
	return r.Ended == ""
}

// WriteJSON writes the report for machines.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// Write writes the report for people: a block a question, then the settings that fit.
func (r *Report) Write(w io.Writer) error {
	var text strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&text, "%-8s %s: %s\n", f.Result, f.Question, f.Meaning)
		for i := range f.Cases {
			f.Cases[i].write(&text)
		}
		for _, s := range f.Settings {
			fmt.Fprintf(&text, "         = %s: %v\n", s.Path, s.Value)
		}
	}
	fmt.Fprintf(&text, "\n%d calls were made.\n", r.Calls)
	if r.Ended != "" {
		fmt.Fprintf(&text, "Ended early: %s.\n  %s.\n", r.Ended, r.Do)
	}
	fragment, err := r.fragment()
	if err != nil {
		return err
	}
	text.WriteString(fragment)
	_, err = io.WriteString(w, text.String())
	return err
}

func (c *Case) write(w io.Writer) {
	fmt.Fprintf(w, "         - %s", c.Asked)
	if c.Answer != nil {
		fmt.Fprintf(w, ": %s", c.Answer)
	}
	if c.Found != "" {
		fmt.Fprintf(w, ": %s", c.Found)
	}
	if c.Seen != nil {
		seen := "; the profile does not show it yet"
		if *c.Seen {
			seen = "; the profile shows it"
		}
		fmt.Fprint(w, seen)
	}
	fmt.Fprintln(w)
}

// fragment returns the settings as YAML, those that may stay as they are in a comment.
func (r *Report) fragment() (string, error) {
	exporter := map[string]any{}
	var comments strings.Builder
	for _, s := range r.Settings {
		if s.Optional {
			fmt.Fprintf(&comments, "# %s: %v would be taken too\n", s.Path, s.Value)
			continue
		}
		put(exporter, strings.Split(s.Path, "::"), s.Value)
	}
	if len(exporter) == 0 {
		return comments.String(), nil
	}
	var text strings.Builder
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(map[string]any{"exporters": map[string]any{r.Exporter: exporter}}); err != nil {
		return "", err
	}
	return "\nSettings that fit:\n\n" + text.String() + comments.String(), nil
}

func put(into map[string]any, path []string, value any) {
	if len(path) == 1 {
		into[path[0]] = value
		return
	}
	below, is := into[path[0]].(map[string]any)
	if !is {
		below = map[string]any{}
		into[path[0]] = below
	}
	put(below, path[1:], value)
}
