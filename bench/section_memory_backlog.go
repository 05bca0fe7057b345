// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// queueMetric counts the records that the queue of the collector holds.
const queueMetric = "otelcol_exporter_queue_size"

// buildBacklog lets a collector read a file of varied records while nothing listens where Target should be.
func (s *suite) buildBacklog(ctx context.Context, queue string, records int) error {
	file := s.path("backlog.jsonl")
	if err := writeObjects(file, records, func(line int) any { return variedActionOf(line) }); err != nil {
		return err
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	c, err := s.startCollector(ctx, setup{
		Endpoint: fmt.Sprintf("http://127.0.0.1:%d", port), File: file, Storage: queue, QueueSize: 2 * records,
	})
	if err != nil {
		return err
	}
	defer c.kill()
	err = c.untilHeld(ctx, records)
	if err != nil {
		return err
	}
	_, err = c.end()
	return err
}

// untilHeld waits until so many records are in the queue.
func (c *collector) untilHeld(ctx context.Context, records int) error {
	var unknown error
	held, err := await(ctx, 10*pollInterval, func() (int, bool, error) {
		var size float64
		var now metrics
		if now, unknown = c.metrics(ctx); unknown == nil {
			size, unknown = now.sum(queueMetric)
		}
		if unknown != nil && !notYet(unknown) {
			return 0, false, unknown
		}
		return int(size), int(size) >= records, c.running()
	})
	if err != nil {
		return fmt.Errorf("%d records are in the queue: %w%s", held, errors.Join(err, unknown), &c.log)
	}
	return nil
}

// folderSize returns the bytes of the files in a folder.
func folderSize(folder string) (int64, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return 0, err
	}
	var size int64
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			return 0, err
		}
		size += info.Size()
	}
	return size, nil
}
