// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// starts is how often a start is measured; it is short, and the first one reads the program from the disk.
const starts = 5

// startSection measures how long the distribution takes from its start to its first call, and what it uses while idle.
func (s *suite) startSection(ctx context.Context) (string, error) {
	var verdicts report.Verdicts
	t := report.NewTable("", "ms", "fastest", "slowest")
	took := make([]float64, 0, starts)
	for range starts {
		ms, err := s.firstCall(ctx)
		if err != nil {
			return "", err
		}
		took = append(took, ms)
	}
	slow, fast := took[0], took[0]
	for _, ms := range took {
		slow, fast = max(slow, ms), min(fast, ms)
	}
	t.Add("start to first call", fmt.Sprintf("%.0f", report.Median(took)), fmt.Sprintf("%.0f", fast), fmt.Sprintf("%.0f", slow))
	verdicts.AtMost("start to first call in ms", report.Median(took), 300)

	idle := report.NewTable("idle", "CPU of a core", "RSS MB")
	empty := s.path("empty.jsonl")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		return "", err
	}
	for _, receiver := range []struct{ name, file string }{{"otlp", ""}, {"file_log", empty}} {
		share, rss, err := s.idleCPU(ctx, receiver.file)
		if err != nil {
			return "", err
		}
		idle.Add(receiver.name, fmt.Sprintf("%.2f %%", share), fmt.Sprintf("%.0f", rss))
		verdicts.AtMost(fmt.Sprintf("idle for %s with %s: %% of a core", s.idle, receiver.name), share, 0.5)
	}
	return t.String() + "\n" + idle.String() + "\n" + verdicts.String(), nil
}

// firstCall starts a collector on an empty persistent queue, offers it a record until it takes it, and returns the
// milliseconds until the call came.
func (s *suite) firstCall(ctx context.Context) (float64, error) {
	server, err := startTarget(ctx)
	if err != nil {
		return 0, err
	}
	defer server.kill()
	port, err := freePort(ctx)
	if err != nil {
		return 0, err
	}
	queue := s.path("empty-queue")
	err = os.RemoveAll(queue)
	if err != nil {
		return 0, err
	}
	// A batch of one is sent at once; the default would wait for more.
	c, err := s.startCollector(ctx, setup{Endpoint: server.URL, Port: port, Storage: queue, MinBatch: 1})
	if err != nil {
		return 0, err
	}
	defer c.kill()
	err = offer(ctx, c.process, fmt.Sprintf("http://127.0.0.1:%d/v1/logs", port))
	if err != nil {
		return 0, err
	}
	stats, err := server.until(ctx, c.process, 1)
	if err != nil {
		return 0, err
	}
	_, err = c.end()
	return float64(time.Unix(0, stats.First).Sub(c.began).Microseconds()) / 1_000, err
}

// offer sends one record until it is taken.
func offer(ctx context.Context, c *process, url string) error {
	body, err := plogotlp.NewExportRequestFromLogs(logs(1)).MarshalProto()
	if err != nil {
		return err
	}
	answer := "nothing"
	_, err = await(ctx, 2*time.Millisecond, func() (status int, done bool, err error) {
		if status, answer = offerOnce(ctx, url, body); status == http.StatusOK {
			return status, true, nil
		}
		return status, false, c.running()
	})
	if err != nil {
		return fmt.Errorf("%s took no record at %s and answered %q last: %w%s", c.name, url, answer, err, &c.log)
	}
	return nil
}

// offerOnce sends one record, and returns the status of the answer, 0 without one, and in words what came of it.
func offerOnce(ctx context.Context, url string, body []byte) (status int, answer string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode, response.Status
}

// idleCPU returns what a collector without work uses of a core, in percent, and what it holds.
func (s *suite) idleCPU(ctx context.Context, file string) (share, rss float64, err error) {
	port, err := freePort(ctx)
	if err != nil {
		return 0, 0, err
	}
	c, err := s.startCollector(ctx, setup{Endpoint: "http://127.0.0.1:1", Port: port, File: file, Storage: s.path("idle-queue")})
	if err != nil {
		return 0, 0, err
	}
	defer c.kill()
	err = sleep(ctx, settling)
	if err != nil {
		return 0, 0, err
	}
	before, err := cpuNow(c.cmd.Process.Pid)
	if err != nil {
		return 0, 0, err
	}
	err = sleep(ctx, s.idle)
	if err != nil {
		return 0, 0, err
	}
	after, err := cpuNow(c.cmd.Process.Pid)
	if err != nil {
		return 0, 0, err
	}
	held, err := memoryNow(c.cmd.Process.Pid)
	if err != nil {
		return 0, 0, err
	}
	_, err = c.end()
	return 100 * (after - before).Seconds() / s.idle.Seconds(), megabytes(held.Resident), err
}
