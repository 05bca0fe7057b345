// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"

// Result is what a finding means for the configuration.
type Result string

const (
	// Fits is that the configuration does what was answered.
	Fits Result = "fits"
	// Differs is that it does not, see the settings of the finding.
	Differs Result = "differs"
	// Open is that the question could not be answered.
	Open Result = "open"
	// Noted is that the answer is of no setting.
	Noted Result = "noted"
)

// Finding is what was found out about a question.
type Finding struct {
	Question string `json:"question"`
	Result   Result `json:"result"`
	// Meaning says what the answers mean for the exporter.
	Meaning string `json:"meaning"`
	Cases   []Case `json:"cases,omitempty"`
	// Settings are those that fit the answers, where the configuration has others.
	Settings []Setting `json:"settings,omitempty"`
}

// Case is one call, or one thing that was looked for.
type Case struct {
	Asked  string  `json:"asked"`
	Answer *Answer `json:"answer,omitempty"`
	// Found says in words what is no answer: what became of a value.
	Found string `json:"found,omitempty"`
	// Seen is that the profile shows the value, absent where that was not looked for.
	Seen *bool `json:"seen,omitempty"`

	parameter string // that the call set, to look for
	taken     bool
}

// Setting is one of the exporter's.
type Setting struct {
	// Path is its place below the exporter, with :: between the keys.
	Path  string `json:"path"`
	Value any    `json:"value"`
	// Optional is that the present value works too.
	Optional bool `json:"optional,omitempty"`
}

// conclude sets what the finding means.
func (f *Finding) conclude(r Result, meaning string, settings ...Setting) {
	f.Result, f.Meaning, f.Settings = r, meaning, settings
}

// taken reports whether the call of a case was.
func (f *Finding) taken(asked string) bool {
	for i := range f.Cases {
		if f.Cases[i].Asked == asked {
			return f.Cases[i].taken
		}
	}
	return false
}
