// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRemedy_EveryReasonHasItsOwn(t *testing.T) {
	said := make(map[string]string)
	for _, e := range usualEndings() {
		text := remedy(e.reason).String
		switch {
		case strings.HasPrefix(e.reason, "status_"):
			assert.NotEmpty(t, text)
		default:
			assert.Contains(t, remedies, e.reason)
			assert.Empty(t, said[text], "%s and another say the same", e.reason)
			said[text] = e.reason
		}
	}
	assert.Greater(t, len(said), 10)
}
