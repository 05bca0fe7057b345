// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"fmt"
	"os"
)

// benthosConfiguration does the same work. Of what its settings offer this was the fastest: records are read in batches,
// which are mapped at once, and whose calls go one after the other.
const benthosConfiguration = `
http: {enabled: false}
logger: {level: WARN}
metrics: {none: {}}
input:
  batched:
    child: {file: {paths: [%q], scanner: {lines: {}}}}
    policy: {count: 20, period: 10ms}
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

func (s *suite) runBenthos(ctx context.Context, file string, inFlight int, flags ...string) (r result, err error) {
	server, err := startTarget(ctx)
	if err != nil {
		return r, err
	}
	defer server.kill()
	path := s.path("benthos.yaml")
	err = os.WriteFile(path, fmt.Appendf(nil, benthosConfiguration, file, server.URL, updatePath, inFlight), 0o600)
	if err != nil {
		return r, err
	}
	b, err := start(ctx, s.benthos, append(flags, "run", path)...)
	if err != nil {
		return r, err
	}
	defer b.kill()
	select {
	case <-b.ended: // with the file
	case <-ctx.Done():
		return r, ctx.Err()
	}
	used, err := b.wait()
	if err != nil {
		return r, err
	}
	stats, err := server.stats(ctx)
	if err != nil {
		return r, err
	}
	return s.closing(ctx, server, b.whole(stats, s.lines, used))
}
