// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"fmt"
	"os"
)

// benthosConfiguration does the same work. Records are read in batches, which are mapped at once, and whose calls go one
// after the other.
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

// benthosContestants returns Benthos as it comes, with so many batches at once, and with one change that no setting makes.
func (s *suite) benthosContestants(ctx context.Context, file string) (unchanged, changed []*contestant) {
	for _, atOnce := range []int{2, 8, concurrency} {
		unchanged = append(unchanged, &contestant{name: fmt.Sprintf("Benthos, %d at once", atOnce), run: func() (result, error) {
			return s.runBenthos(ctx, file, atOnce)
		}})
	}
	return unchanged, []*contestant{{
		name: fmt.Sprintf("Benthos, %d at once, changed to keep connections", concurrency), against: unchanged,
		run: func() (result, error) { return s.runBenthos(ctx, file, concurrency, "-keep-connections") },
	}}
}

// runBenthos lets Benthos send a file of distinct visitors. It may make calls more than once.
func (s *suite) runBenthos(ctx context.Context, file string, atOnce int, flags ...string) (r result, err error) {
	server, err := startTarget(ctx)
	if err != nil {
		return r, err
	}
	defer server.kill()
	path := s.path("benthos.yaml")
	err = os.WriteFile(path, fmt.Appendf(nil, benthosConfiguration, file, server.URL, updatePath, atOnce), 0o600)
	if err != nil {
		return r, err
	}
	b, err := start(ctx, s.benthos, append(flags, "run", path)...)
	if err != nil {
		return r, err
	}
	defer b.kill()
	stats, held, err := server.lifeOf(ctx, b)
	if err != nil {
		return r, err
	}
	used, err := b.wait()
	if err != nil {
		return r, err
	}
	used.PeakRSS = held.Peak
	if r, err = closing(ctx, server, b.whole(stats, s.lines, used)); err != nil {
		return r, err
	}
	return r, r.noneLost()
}

// lifeOf watches a program that ends by itself until it has, and returns what it did and held until then.
func (t *target) lifeOf(ctx context.Context, client *process) (serverStats, memory, error) {
	var held memory
	stats, err := await(ctx, pollInterval, func() (serverStats, bool, error) {
		stopped := client.running() != nil // asked first, so that all its calls are in the statistics
		if now, err := client.memory(); err == nil {
			held = held.more(now)
		}
		stats, err := t.stats(ctx)
		return stats, stopped, err
	})
	if err != nil {
		return stats, held, fmt.Errorf("after %d calls of %s: %w%s", stats.Calls, client.name, err, &client.log)
	}
	if held.Peak == 0 {
		return stats, held, fmt.Errorf("%s ended before its memory could be read%s", client.name, &client.log)
	}
	return stats, held, nil
}
