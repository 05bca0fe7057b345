// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"fmt"
	"net/http"
)

// serveSummary is the page for a person who wonders what this is. It answers any method: it is also where a redirect ends.
func (e *Emulator) serveSummary(w http.ResponseWriter, _ *http.Request) {
	s := e.Stats()
	malformed := 0
	for _, n := range s.Malformed {
		malformed += n
	}
	text := fmt.Sprintf(`Adobe Target emulator: profile updates in memory, for development and tests. This is not Adobe Target.

attempts      %d
accepted      %d
refused       %d
malformed     %d
unauthorized  %d
over quota    %d
faulted       %d
deliveries    %d
billed        %d
uploads       %d
rows          %d
visitors      %d

/m2/{clientCode}/profile/update          updates a profile
/m2/{clientCode}/v2/profile/batchUpdate  updates or creates many
/rest/v1/delivery                        updates or creates a profile, in a call that is billed
/rest/v1/profiles/{tntId}?client={code}  shows one
/_emulator/stats                         all counters
/_emulator/profiles                      all profiles
/_emulator/uploads                       all batches
/_emulator/faults                        the active faults
`, s.Attempts, s.Accepted, s.Refused, malformed, s.Unauthorized, s.OverQuota, s.Faulted, s.Deliveries, s.Billed, s.Uploads, s.Rows, s.Visitors)
	answer{status: http.StatusOK, contentType: textType, body: []byte(text)}.write(w)
}
