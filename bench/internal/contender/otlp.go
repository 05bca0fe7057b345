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
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
)

// offers keeps as many connections as a busy sender has.
var offers = &http.Client{
	Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	Timeout:   process.Patience,
}

// Request returns what OTLP sends for logs.
func Request(logs plog.Logs) ([]byte, error) {
	return plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
}

// Offer sends a request again and again until the collector takes it.
func (c *Collector) Offer(ctx context.Context, request []byte) error {
	const pause = 2 * time.Millisecond
	answer := "nothing"
	_, err := process.Await(ctx, pause, func() (status int, done bool, err error) {
		if status, answer = c.offerOnce(ctx, request); status == http.StatusOK {
			return status, true, nil
		}
		return status, false, c.Running()
	})
	if err != nil {
		return fmt.Errorf("%s took no record at %s and answered %q last: %w%s", c.Name, c.LogsURL,
			answer, err, c.Log())
	}
	return nil
}

// offerOnce sends a request, and returns the status of the answer, 0 without one, and in words what
// came of it.
func (c *Collector) offerOnce(ctx context.Context, body []byte) (status int, answer string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.LogsURL,
		bytes.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	response, err := offers.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode, response.Status
}
