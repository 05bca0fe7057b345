// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	if err := p.hear(ctx, &t.addresses, nil); err != nil {
		p.kill()
		return nil, err
	}
	return t, nil
}

// stats returns what the server has seen so far.
func (t *target) stats(ctx context.Context) (serverStats, error) {
	var stats serverStats
	text, err := get(ctx, t.Stats)
	if err != nil {
		return stats, fmt.Errorf("the statistics of the counting server: %w%s", err, &t.log)
	}
	if err := json.Unmarshal(text, &stats); err != nil {
		return stats, fmt.Errorf("the statistics of the counting server: %q: %w", text, err)
	}
	return stats, nil
}

// until waits until so many calls have come, while the program that makes them runs.
func (t *target) until(ctx context.Context, client *process, calls int64) (serverStats, error) {
	return t.watch(ctx, client, func(stats serverStats) bool { return stats.Calls >= calls })
}

// watch waits until the statistics are as wanted. It gives up when nothing happens at the server for long.
func (t *target) watch(ctx context.Context, client *process, wanted func(serverStats) bool) (serverStats, error) {
	stats, err := await(ctx, pollInterval, func() (serverStats, bool, error) {
		stopped := client.running()
		stats, err := t.stats(ctx)
		if err != nil || wanted(stats) {
			return stats, true, err
		}
		return stats, false, stopped
	})
	if err != nil {
		return stats, fmt.Errorf("after %d calls of %s: %w%s", stats.Calls, client.name, err, &client.log)
	}
	return stats, nil
}

// addVisitors adds those whom the server has seen, and returns how many they are.
func (t *target) addVisitors(ctx context.Context, to *visitorSet) (int, error) {
	text, err := get(ctx, t.Stats+visitorsPath)
	if err != nil {
		return 0, fmt.Errorf("the visitors of the counting server: %w", err)
	}
	seen := newVisitorSet(to.size)
	if err := errors.Join(seen.addBytes(text), to.addBytes(text)); err != nil {
		return 0, err
	}
	return seen.count(), nil
}
