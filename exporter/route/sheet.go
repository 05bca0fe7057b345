// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"slices"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// bodyOfUpload begins the body of an upload. What follows is its file.
const bodyOfUpload = "batch="

// idColumns are the headers of the first column of a file.
var idColumns = map[profile.VisitorParameter]string{profile.MboxPC: "pcId", profile.Mbox3rdPartyID: "thirdPartyId"}

// Sheet is what is known of the file of an upload before it is made: whose ids its first column
// holds, its further columns, and how large it is. It can be kept as JSON, and be used after it
// was decoded. It is not safe for concurrent use.
type Sheet struct {
	// Of is what the ids of the first column are.
	Of profile.VisitorParameter `json:"of"`
	// Creates is that the upload goes by version 2 of the API, which creates profiles.
	Creates bool `json:"creates,omitempty"`
	// Names are the columns behind the first.
	Names []string `json:"names"`
	// Rows is the number of rows, without the header.
	Rows int `json:"rows"`
	// Bytes is the length of the body.
	Bytes int64 `json:"bytes"`

	index map[string]int // of Names, made when it is first needed
}

// Row is what an upload says of one visitor. Its parameters have different names.
type Row struct {
	Visitor    profile.Visitor
	Parameters []profile.Parameter
}

// NewSheet returns a file without rows.
func NewSheet(of profile.VisitorParameter) *Sheet {
	return &Sheet{Of: of, Bytes: int64(len(bodyOfUpload) + len(idColumns[of]))}
}

// Empty returns a file with the same columns and without rows.
func (s *Sheet) Empty() *Sheet {
	empty := &Sheet{Of: s.Of, Creates: s.Creates, Names: slices.Clone(s.Names)}
	empty.Bytes = int64(len(empty.appendHeader(nil)))
	return empty
}

// Missing returns how many of the names have no column yet.
func (s *Sheet) Missing(parameters []profile.Parameter) int {
	missing := 0
	for i := range parameters {
		if _, is := s.column(parameters[i].Name); !is {
			missing++
		}
	}
	return missing
}

// Size returns by how many bytes a row makes the file longer, the columns that it adds among them.
func (s *Sheet) Size(v profile.Visitor, parameters []profile.Parameter) int64 {
	bytes, last, columns := len("\n")+profile.EscapedLen(v.ID), 0, len(s.Names)
	for i := range parameters {
		column, is := s.column(parameters[i].Name)
		if !is {
			column = columns
			columns++
			bytes += len(",") + profile.EscapedLen(parameters[i].Name)
		}
		if value := parameters[i].Value; value != "" {
			bytes += profile.EscapedLen(value)
			last = max(last, column+1)
		}
	}
	return int64(bytes + last*len(","))
}

// Add counts a row. Names that are new become columns at the end, and a row leaves off its empty
// fields at the end, which Adobe allows: so the rows before stay as they are, and their bytes.
func (s *Sheet) Add(v profile.Visitor, parameters []profile.Parameter) {
	s.Bytes += s.Size(v, parameters)
	s.Rows++
	for i := range parameters {
		if _, is := s.column(parameters[i].Name); !is {
			name := profile.CleanName(parameters[i].Name)
			s.index[name] = len(s.Names)
			s.Names = append(s.Names, name)
		}
	}
}

// column returns which of the names this is.
func (s *Sheet) column(name string) (column int, is bool) {
	if s.index == nil {
		s.index = make(map[string]int, len(s.Names))
		for i, known := range s.Names {
			s.index[known] = i
		}
	}
	if column, is = s.index[name]; !is {
		column, is = s.index[profile.CleanName(name)]
	}
	return column, is
}

// appendHeader appends the beginning of the body up to the first row.
func (s *Sheet) appendHeader(dst []byte) []byte {
	dst = append(append(dst, bodyOfUpload...), idColumns[s.Of]...)
	for _, name := range s.Names {
		dst = profile.AppendEscaped(append(dst, ','), name)
	}
	return dst
}

// BulkCarries reports whether an upload can carry the parameter. It is not known whether Target
// decodes a field before it divides the rows, so none may hold what divides them.
func BulkCarries(p *profile.Parameter) bool {
	return isColumn(p.Name) && !profile.Malformed(p.Name) && !divides(p.Value)
}

// BulkNames reports whether a row can name the visitor.
func BulkNames(v profile.Visitor) bool {
	return strings.TrimSpace(v.ID) != "" && !divides(v.ID)
}

// isColumn reports whether a column can have the name: not that of a column of ids either.
func isColumn(name string) bool {
	return strings.TrimSpace(name) != "" && !strings.HasPrefix(name, "profile.") && !divides(name) &&
		name != idColumns[profile.MboxPC] && name != idColumns[profile.Mbox3rdPartyID]
}

// divides reports whether a text holds what divides fields or rows.
func divides(s string) bool {
	for i := range len(s) {
		if c := s[i]; c == ',' || c == '\n' || c == '\r' {
			return true
		}
	}
	return false
}
