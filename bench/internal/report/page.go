// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"

import (
	"fmt"
	"strings"
)

// Replace returns the page with new text between the markers of a section. The rest of the page
// stays as it is.
func Replace(page, section, text string) (string, error) {
	begin, end := marker(section, "begin"), marker(section, "end")
	for _, m := range []string{begin, end} {
		if n := strings.Count(page, m); n != 1 {
			return "", fmt.Errorf("the page has the line %q %d times: write it once, where the results of %s belong", m, n, section)
		}
	}
	from, to := strings.Index(page, begin)+len(begin), strings.Index(page, end)
	if to < from {
		return "", fmt.Errorf("the page has the line %q after %q: change their places", begin, end)
	}
	return page[:from] + "\n\n" + strings.TrimSpace(text) + "\n\n" + page[to:], nil
}

func marker(section, edge string) string {
	return "<!-- bench: " + section + " " + edge + " -->"
}
