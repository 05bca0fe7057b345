// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contest"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// Benthos is where Benthos is, and where its files may lie.
type Benthos struct{ Program, Folder string }

// benthosConfiguration does the same work. Records are read in batches, which are mapped at once,
// and whose calls go one after the other.
const benthosConfiguration = `
http: {enabled: false}
logger: {level: WARN}
metrics: {none: {}}
input:
  batched:
    child: {file: {paths: [%q], scanner: {lines: {}}}}
    policy: {count: 100, period: 10ms}
pipeline:
  processors:
    - mapping: |
        root = "mbox3rdPartyId=" + this."customer.id".escape_url_query() +
          "&profile.lastOfflineAction=" + this.action.escape_url_query() +
          "&profile.lastOfflineStore=" + this."store.id".escape_url_query() +
          "&profile.homeCity=" + this.city.escape_url_query() +
          "&profile.loyaltyTier=" + this."loyalty.tier".escape_url_query() +
          "&profile.loyaltyPoints=" + this."loyalty.points".string().escape_url_query()
output:
  http_client:
    url: %s%s
    verb: POST
    headers: {Content-Type: application/x-www-form-urlencoded}
    max_in_flight: %d
    timeout: 10s
`

// Run lets Benthos send a file of so many records, with so many batches at once. It may make calls
// more than once. flags are those of the harness's own program, before the command.
func (b Benthos) Run(ctx context.Context, file string, records, atOnce int,
	flags ...string,
) (r contest.Result, err error) {
	to, err := server.Start(ctx, server.Options{})
	if err != nil {
		return r, err
	}
	defer to.Kill()
	path := filepath.Join(b.Folder, "benthos.yaml")
	err = os.WriteFile(path, fmt.Appendf(nil, benthosConfiguration, file, to.URL, server.UpdatePath,
		atOnce), 0o600)
	if err != nil {
		return r, err
	}
	p, err := process.Start(ctx, b.Program, append(flags, "run", path)...)
	if err != nil {
		return r, err
	}
	defer p.Kill()
	_, held, err := to.LifeOf(ctx, p)
	if err != nil {
		return r, err
	}
	used, err := p.Wait()
	if err != nil {
		return r, err
	}
	used.PeakRSS = held.Peak
	if r, err = closing(ctx, to, contest.Result{}); err != nil {
		return r, err
	}
	r.Measured = whole(p, r.Server, records, used)
	r.Made = records
	return r, r.NoneLost()
}
