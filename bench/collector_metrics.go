// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// What a collector can not tell yet when it has only just started.
var (
	errNoPage   = errors.New("there is no metrics page")
	errNoMetric = errors.New("the page has no such metric")
)

// notYet says whether a metric is only missing so far.
func notYet(err error) bool { return errors.Is(err, errNoPage) || errors.Is(err, errNoMetric) }

// metric returns the sum of a metric over its series, and 0 while it can not be had.
func (c *collector) metric(ctx context.Context, name string) float64 {
	value, _ := c.metricNow(ctx, name)
	return value
}

// metricNow returns the sum of a metric over its series. The error is an errNoPage or an errNoMetric when the collector may
// not be so far yet.
func (c *collector) metricNow(ctx context.Context, name string) (float64, error) {
	page, err := get(ctx, c.metrics)
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %w", name, errNoPage, err)
	}
	value, err := sumOf(page, name)
	if err != nil {
		return 0, fmt.Errorf("%s at %s: %w", name, c.metrics, err)
	}
	return value, nil
}

// sumOf adds up the series of a metric on a page in the Prometheus text format.
func sumOf(page []byte, name string) (float64, error) {
	sum, found := 0.0, false
	for lines := bufio.NewScanner(bytes.NewReader(page)); lines.Scan(); {
		rest, begins := strings.CutPrefix(lines.Text(), name)
		if !begins || rest == "" || (rest[0] != '{' && rest[0] != ' ') {
			continue
		}
		value, err := strconv.ParseFloat(rest[strings.LastIndex(rest, " ")+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no value of a metric", lines.Text())
		}
		sum, found = sum+value, true
	}
	if !found {
		return 0, errNoMetric
	}
	return sum, nil
}

// goroutines returns how many goroutines a collector with the pprof extension has.
func (c *collector) goroutines(ctx context.Context) (int, error) {
	text, err := get(ctx, "http://"+c.profile+"/debug/pprof/goroutine?debug=1")
	if err != nil {
		return 0, fmt.Errorf("the goroutines of the collector: %w", err)
	}
	return goroutinesIn(text)
}

// goroutinesIn reads the total at the head of a goroutine profile in text.
func goroutinesIn(profile []byte) (int, error) {
	head, _, _ := strings.Cut(string(profile), "\n")
	total, found := strings.CutPrefix(head, "goroutine profile: total ")
	number, err := strconv.Atoi(total)
	if !found || err != nil {
		return 0, fmt.Errorf("%q is no head of a goroutine profile", head)
	}
	return number, nil
}
