// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"strconv"
)

// outcomes are how many records have come to each of their ends.
type outcomes map[string]int

// records is the number of records at any end.
func (o outcomes) records() int {
	sum := 0
	for _, records := range o {
		sum += records
	}
	return sum
}

// outcomes returns those of the collector's records, none while there is no page of metrics yet.
func (c *collector) outcomes(ctx context.Context) outcomes {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.metrics, http.NoBody)
	if err != nil {
		return nil
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	return outcomesOn(response.Body)
}

var recordsSeries = regexp.MustCompile(`^otelcol_adobe_target_records\{(?:.*,)?outcome="([a-z_]+)".*\} (\S+)$`)

// outcomesOn reads a page in the Prometheus text format. The series of an outcome are added up.
func outcomesOn(page io.Reader) outcomes {
	found := make(outcomes)
	for lines := bufio.NewScanner(page); lines.Scan(); {
		series := recordsSeries.FindStringSubmatch(lines.Text())
		if series == nil {
			continue
		}
		if records, err := strconv.ParseFloat(series[2], 64); err == nil {
			found[series[1]] += int(records)
		}
	}
	return found
}
