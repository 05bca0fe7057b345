// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

// The outcomes of records.
const (
	// OutcomeCall is that of a record that goes with a call.
	OutcomeCall = "call"
	// OutcomeSkipped is that of a record that gives no update.
	OutcomeSkipped = "skipped"
)

// Record is what becomes of one record.
type Record struct {
	// Record is its number, from 1.
	Record int `json:"record"`
	// Outcome is call or skipped.
	Outcome string `json:"outcome"`
	// Call is the number of the call that it goes with, or the first of them.
	Call int `json:"call,omitempty"`
	// Rest is the number of the call that carries what the upload cannot.
	Rest int `json:"rest,omitempty"`
	// Reason is why it is skipped, as the exporter's metrics name it, and Place what in the YAML does it.
	Reason string `json:"reason,omitempty"`
	Place  string `json:"place,omitempty"`
	// Dropped are the parameters that were left out.
	Dropped []Dropped `json:"dropped,omitempty"`
}

// Dropped is a parameter that was left out of a record's update.
type Dropped struct {
	// Parameter is its name in Target, "" where nothing names it. A map is named by the beginning of its parameters' names.
	Parameter string `json:"parameter,omitempty"`
	Reason    string `json:"reason"`
	// Place is the entry in the YAML that found it, "" where all together are too many.
	Place string `json:"place,omitempty"`
}

// Call is one call as it would be made.
type Call struct {
	// Call is its number, from 1. Where a visitor's parameters need several calls, all have that number, and Part
	// and Parts tell them apart.
	Call  int `json:"call"`
	Part  int `json:"part,omitempty"`
	Parts int `json:"parts,omitempty"`
	// Route is single, delivery or bulk.
	Route  string `json:"route"`
	Method string `json:"method"`
	// Path is that of the URL, without its query.
	Path string `json:"path"`
	// Row is what an update calls, for all routes but bulk.
	*Row
	// Rows are those of an upload.
	Rows []Row `json:"rows,omitempty"`
	// Bytes is the length of what carries the parameters: the body, or the query.
	Bytes int64 `json:"bytes"`
	// Reason is why the call is none of the route that is set: not_for_bulk.
	Reason string `json:"reason,omitempty"`
}

// Row is what is said of one visitor.
type Row struct {
	// Visitor has one member, the parameter that names the visitor, with the id or what stands for it.
	Visitor map[string]string `json:"visitor"`
	// Parameters are what is set, by their names in Target.
	Parameters map[string]string `json:"parameters"`
	// Records are the numbers of the records behind it.
	Records []int `json:"records"`
}

// Summary is what came of all records.
type Summary struct {
	Totals Totals `json:"summary"`
}

// Totals are the numbers of a Summary.
type Totals struct {
	Exporter string `json:"exporter"`
	Route    string `json:"route"`
	// Overflow is where updates would go while the quota is used up. The preview shows the calls of the route.
	Overflow string `json:"overflow,omitempty"`
	// As is how records were read, see Form.
	As      string `json:"as,omitempty"`
	Merged  bool   `json:"merged"`
	Records int    `json:"records"`
	// Visitors is how many visitors there are updates of. It is not counted where records do not merge.
	Visitors int `json:"visitors,omitempty"`
	Calls    int `json:"calls"`
	// Skipped counts records, and Dropped parameters, by reason.
	Skipped map[string]int `json:"skipped"`
	Dropped map[string]int `json:"dropped"`
}
