// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// remedies say, for each reason why records were not delivered, what to look at next: those that
// are declared here in this package, and with them those of the rooms that the records came from.
var remedies = map[string]string{
	route.ReasonRefused: "Target takes others: look at what is special about the parameters of these records, dry_run: true shows their calls",
	"status_413":        "the calls are too large for Target or for a proxy: lower max_value_length, or map fewer parameters",
	"status_414":        "the URLs are too long for Target or for a proxy: set api::parameters: body, or lower max_value_length",
	"status_431":        "the URLs or headers are too long for Target or for a proxy: set api::parameters: body, or lower max_value_length",

	reasonUnconfirmed: "Target took the upload; raise bulk::status::timeout if its status comes later, and see the calls of route bulk_status",
	reasonUploadStuck: "uploads of others are complete: look at what is special about these records, dry_run: true shows their rows",
	reasonRowFailed:   "other rows do not fail: look at what is special about these records, such as an id that Target does not know in this form",

	mapping.SkipCondition.String():       "they meet none of the conditions; nothing is to be done if that is meant",
	mapping.SkipConditionFailed.String(): "see the conditions: they cannot be evaluated on these records",
	mapping.SkipNoVisitor.String():       "see visitor: none of its entries finds an id in these records",
	mapping.SkipVisitorFailed.String():   "see visitor: an expression cannot be evaluated on these records",
	mapping.SkipInvalidVisitor.String():  "see visitor: what it finds is no id, such as a placeholder, a rounded number or a text that is too long",
	mapping.SkipNoParameters.String():    "see profile: none of its entries gives a parameter that can be sent",
	mapping.SkipTooLarge.String():        "see profile: no parameter alone fits into a call",
}

// remedy is the field of a log line that says what to look at next.
func remedy(reason string) zap.Field {
	if text, known := remedies[reason]; known {
		return zap.String("what_to_do", text)
	}
	return zap.String("what_to_do", "Target takes others: compare these calls with the API's, dry_run: true shows them")
}
