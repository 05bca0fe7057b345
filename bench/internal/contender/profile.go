// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
)

// Profile writes a CPU profile of so many seconds, from the moment when the collector can give one.
func (c *Collector) Profile(ctx context.Context, seconds int, path string) error {
	url := fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", c.ProfilesURL, seconds)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	for tries := 0; err != nil && tries < 250; tries++ {
		if err = process.Sleep(ctx, process.PollInterval); err == nil {
			response, err = http.DefaultClient.Do(request)
		}
	}
	if err != nil {
		return fmt.Errorf("no profile of the collector: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("no profile of the collector: %s answers %s", url, response.Status)
	}
	file, err := os.Create(path) //nolint:gosec // G304: the user names the folder
	if err != nil {
		return err
	}
	_, err = io.Copy(file, response.Body)
	return errors.Join(err, file.Close())
}

// Goroutines returns how many goroutines a collector with the pprof extension has.
func (c *Collector) Goroutines(ctx context.Context) (int, error) {
	text, err := process.Get(ctx, c.ProfilesURL+"/debug/pprof/goroutine?debug=1")
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
