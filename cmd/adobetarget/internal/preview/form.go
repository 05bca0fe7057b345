// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

import (
	"fmt"
	"slices"
	"strings"
)

// Form is how what is read becomes a record. Logs of OTLP/JSON are records whichever it is.
type Form string

const (
	// Auto decides it by the first line: Record where it has the keys of one and no others, else Attributes.
	Auto Form = "auto"
	// AsRecord is {"body":…,"attributes":{…},"resource":{…},"scope":{…},"time":…} and so on.
	AsRecord Form = "record"
	// AsAttributes has the members of an object be the attributes, as json_parser with parse_to: attributes.
	AsAttributes Form = "attributes"
	// AsBody has the object be the body, as json_parser with parse_to: body.
	AsBody Form = "body"
	// AsText has each line be a text, which is the body.
	AsText Form = "text"

	// asOTLP is what a summary says where all was OTLP.
	asOTLP Form = "otlp"
)

var forms = []Form{Auto, AsRecord, AsAttributes, AsBody, AsText}

// Validate returns an error unless there is such a form.
func (f Form) Validate() error {
	if slices.Contains(forms, f) {
		return nil
	}
	names := make([]string, len(forms))
	for i, known := range forms {
		names[i] = string(known)
	}
	return fmt.Errorf("%q is unknown, use one of %s", string(f), strings.Join(names, ", "))
}
