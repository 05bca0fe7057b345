// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

const (
	pollInterval = 100 * time.Millisecond
	// stillPolls is for how many polls nothing may change before the numbers count
	// as final.
	stillPolls = 10
	// shownProfiles is how many profiles the examples are chosen from.
	shownProfiles = 1000
)

// settle waits until all records of the file have come to their end and nothing
// changes any more. When that takes too long it returns what there is.
func (d *demo) settle(ctx context.Context, lines int) (summary, error) {
	waiting, cancel := context.WithTimeout(ctx, d.wait)
	defer cancel()
	var last account
	still := 0
	err := d.collector.until(waiting, func() bool {
		now, err := d.web.account(waiting, d.places.metrics)
		if err != nil {
			return false
		}
		if now.equal(last) {
			still++
		} else {
			still = 0
		}
		last = now
		return still >= stillPolls && last.ended() >= lines
	})
	if err != nil && (ctx.Err() != nil || waiting.Err() == nil) {
		return summary{}, err
	}
	s := summary{data: d.data, lines: lines, account: last}
	if err := d.web.get(ctx, d.places.emulator+"/_emulator/stats", &s.stats); err != nil {
		return summary{}, err
	}
	var held struct {
		Profiles []emulator.Profile `json:"profiles"`
	}
	if err := d.web.get(ctx, fmt.Sprintf("%s/_emulator/profiles?limit=%d", d.places.emulator, shownProfiles), &held); err != nil {
		return summary{}, err
	}
	s.examples = chooseExamples(held.Profiles)
	if len(s.examples) > 0 {
		d.example = &s.examples[0]
	}
	return s, nil
}

// web asks the programs.
type web struct {
	client http.Client
}

func newWeb() *web {
	return &web{client: http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}}
}

func (w *web) close() { w.client.CloseIdleConnections() }

func (w *web) account(ctx context.Context, metrics string) (account, error) {
	answer, err := w.ask(ctx, metrics)
	if err != nil {
		return account{}, err
	}
	defer answer.Body.Close()
	samples, err := readMetrics(answer.Body)
	return newAccount(samples), err
}

// get reads a JSON answer.
func (w *web) get(ctx context.Context, url string, into any) error {
	answer, err := w.ask(ctx, url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	return nil
}

func (w *web) ask(ctx context.Context, url string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := w.client.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("%s answers %s", url, answer.Status)
	}
	return answer, nil
}
