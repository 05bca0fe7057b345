// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// target is a counting server in its own process.
type target struct {
	*process
	addresses
}

func startTarget(ctx context.Context, args ...string) (*target, error) {
	p, err := startRole(ctx, "serve", args...)
	if err != nil {
		return nil, err
	}
	t := &target{process: p}
	if err := p.hear(&t.addresses); err != nil {
		p.kill()
		return nil, err
	}
	return t, nil
}

func (t *target) stats(ctx context.Context) (serverStats, error) {
	var stats serverStats
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.Stats, http.NoBody)
	if err != nil {
		return stats, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return stats, fmt.Errorf("the counting server: %w", err)
	}
	defer response.Body.Close()
	err = json.NewDecoder(response.Body).Decode(&stats)
	return stats, err
}

const (
	pollInterval = 20 * time.Millisecond
	// patience is how long nothing at all may happen.
	patience = 60 * time.Second
)

// until waits until so many calls have come, while the program that makes them runs.
func (t *target) until(ctx context.Context, client *process, calls int64) (serverStats, error) {
	return t.watch(ctx, client, func(stats serverStats) bool { return stats.Calls >= calls })
}

// watch waits until the statistics are as wanted. It gives up when no call comes for long.
func (t *target) watch(ctx context.Context, client *process, wanted func(serverStats) bool) (serverStats, error) {
	last, lastChange := serverStats{}, time.Now()
	for {
		stats, err := t.stats(ctx)
		if err != nil || wanted(stats) {
			return stats, err
		}
		if err := client.running(); err != nil {
			return stats, err
		}
		if stats != last {
			last, lastChange = stats, time.Now()
		}
		if time.Since(lastChange) > patience {
			return stats, fmt.Errorf("after %d calls %s made none for %s%s", stats.Calls, client.name, patience, client.log)
		}
		if err := sleep(ctx, pollInterval); err != nil {
			return stats, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
