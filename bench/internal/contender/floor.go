// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// FloorRole is the name of the role that Floor is.
const FloorRole = "floor"

// Floor is the role of the least that a client of Go's net/http can cost: bodies made ahead,
// nothing decided, nothing counted.
func Floor(ctx context.Context, args []string) error {
	c, err := parseClient(FloorRole, args)
	if err != nil {
		return err
	}
	transport := &http.Transport{
		MaxIdleConns: c.AtOnce, MaxIdleConnsPerHost: c.AtOnce,
		MaxConnsPerHost: c.AtOnce, ForceAttemptHTTP2: c.Server.HTTP2,
	}
	if c.Server.Certificate != "" {
		if transport.TLSClientConfig, err = server.Trust(c.Server.Certificate); err != nil {
			return err
		}
	}
	bodies := make([][]byte, min(madeAhead, c.Calls))
	for i := range bodies {
		bodies[i] = records.Of(i).Form()
	}
	f := floor{
		client: &http.Client{Transport: transport}, url: c.url + server.UpdatePath,
		bodies: bodies, atOnce: c.AtOnce,
	}
	m, err := c.measure(
		func() error { return f.call(ctx, c.warmUp()) },
		func() error { return f.call(ctx, c.Calls) },
	)
	if err != nil {
		return err
	}
	return process.Say(m)
}

// floor makes calls with bodies made ahead, so many at once.
type floor struct {
	client *http.Client
	url    string
	bodies [][]byte
	atOnce int
}

func (f floor) call(ctx context.Context, calls int) error {
	var next atomic.Int64
	workers, ctx := errgroup.WithContext(ctx)
	for range f.atOnce {
		workers.Go(func() error {
			for n := int(next.Add(1)) - 1; n < calls; n = int(next.Add(1)) - 1 {
				if err := f.post(ctx, f.bodies[n%len(f.bodies)]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return workers.Wait()
}

func (f floor) post(ctx context.Context, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := f.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answered %d", response.StatusCode)
	}
	return nil
}
