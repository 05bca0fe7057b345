// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

const (
	updatePath = "/m2/acme/profile/update"
	formType   = "application/x-www-form-urlencoded"
	// madeAhead is how many calls are prepared; they are made over and over.
	madeAhead = 10_000
)

// floor is the role of the least that a client of Go's net/http can cost: bodies made ahead, nothing decided, nothing counted.
func floor(ctx context.Context, args []string) error {
	o := parseClient("floor", args)
	transport := &http.Transport{
		MaxIdleConns: o.concurrency, MaxIdleConnsPerHost: o.concurrency, MaxConnsPerHost: o.concurrency, ForceAttemptHTTP2: o.http2,
	}
	if o.tls != "" {
		var err error
		if transport.TLSClientConfig, err = trust(o.tls); err != nil {
			return err
		}
	}
	bodies := make([][]byte, min(madeAhead, o.calls))
	for i := range bodies {
		bodies[i] = actionOf(i).form()
	}
	client := &http.Client{Transport: transport}
	return o.measure(func(calls int) error {
		var next atomic.Int64
		var workers sync.WaitGroup
		errs := make([]error, o.concurrency)
		for w := range o.concurrency {
			workers.Go(func() {
				for errs[w] == nil {
					n := int(next.Add(1)) - 1
					if n >= calls {
						return
					}
					errs[w] = post(ctx, client, o.url+updatePath, bodies[n%len(bodies)])
				}
			})
		}
		workers.Wait()
		return errors.Join(errs...)
	})
}

func post(ctx context.Context, client *http.Client, url string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", formType)
	response, err := client.Do(request)
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
