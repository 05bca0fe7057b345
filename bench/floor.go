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
	caller := floorCaller{client: &http.Client{Transport: transport}, url: o.url + updatePath, bodies: bodies, atOnce: o.concurrency}
	m, err := o.measure(
		func() error { return caller.call(ctx, o.warmUp()) },
		func() error { return caller.call(ctx, o.calls) },
	)
	if err != nil {
		return err
	}
	return say(m)
}

// floorCaller makes calls with bodies made ahead, so many at once.
type floorCaller struct {
	client *http.Client
	url    string
	bodies [][]byte
	atOnce int
}

func (f floorCaller) call(ctx context.Context, calls int) error {
	var next atomic.Int64
	var workers sync.WaitGroup
	errs := make([]error, f.atOnce)
	for w := range errs {
		workers.Go(func() {
			for errs[w] == nil {
				n := int(next.Add(1)) - 1
				if n >= calls {
					return
				}
				errs[w] = post(ctx, f.client, f.url, f.bodies[n%len(f.bodies)])
			}
		})
	}
	workers.Wait()
	return errors.Join(errs...)
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
