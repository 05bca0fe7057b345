// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package process // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	// PollInterval is how often something is looked at that does not say by itself when it changes.
	PollInterval = 20 * time.Millisecond
	// Patience is how long nothing at all may happen.
	Patience = 60 * time.Second
)

// Await looks at something every so often until it is done. It gives up once what it sees has
// stayed the same for as long as Patience is. It returns what it saw last, with an error too.
func Await[T comparable](ctx context.Context, every time.Duration,
	look func() (seen T, done bool, err error),
) (T, error) {
	var last T
	for changed := time.Now(); ; {
		seen, done, err := look()
		if err != nil || done {
			return seen, err
		}
		if seen != last {
			last, changed = seen, time.Now()
		}
		if time.Since(changed) > Patience {
			return seen, fmt.Errorf("nothing has changed for %s", Patience)
		}
		if err := Sleep(ctx, every); err != nil {
			return seen, err
		}
	}
}

// Sleep waits for a while, or until ctx ends, which is an error.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Get returns what another process of the harness answers, which it has to do within Patience.
func Get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
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

// FreePort returns a port of the loopback address that nobody listens at.
func FreePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
