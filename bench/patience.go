// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// pollInterval is how often something is looked at that does not say by itself when it changes.
	pollInterval = 20 * time.Millisecond
	// patience is how long nothing at all may happen.
	patience = 60 * time.Second
)

// await looks at something every so often until it is done. It gives up once what it sees has stayed the same for as long
// as patience is. It returns what it saw last, with an error too.
func await[T comparable](ctx context.Context, every time.Duration, look func() (seen T, done bool, err error)) (T, error) {
	var last T
	for changed := time.Now(); ; {
		seen, done, err := look()
		if err != nil || done {
			return seen, err
		}
		if seen != last {
			last, changed = seen, time.Now()
		}
		if time.Since(changed) > patience {
			return seen, fmt.Errorf("nothing has changed for %s", patience)
		}
		if err := sleep(ctx, every); err != nil {
			return seen, err
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

// get returns what another process of the harness answers, which it has to do within patience.
func get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: %q", url, response.Status, text)
	}
	return text, nil
}
