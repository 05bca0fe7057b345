// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
)

// profiledLines is how many lines there have to be for each second of a profile. It is more than the distribution sends in
// one, so that it is still at work when its profile ends.
const profiledLines = 40_000

// profileSeconds is how long a profile of the distribution lasts while it sends that many lines.
func profileSeconds(lines int) int { return lines / profiledLines }

// checkProfiles returns an error unless profiles can be taken and written.
func (o options) checkProfiles() error {
	errs := []error{checkFolder("-profiles", o.profiles)}
	if slices.Contains(o.only, "distribution") && profileSeconds(o.lines) < 1 {
		errs = append(errs, fmt.Errorf("-profiles: the distribution sends %d lines before a profile has lasted a second: give it -lines %d or more",
			o.lines, profiledLines))
	}
	return errors.Join(errs...)
}

// profileExporter runs the exporter alone once more, for a CPU profile, if one was asked for.
func (s *suite) profileExporter(ctx context.Context) error {
	if s.profiles == "" {
		return nil
	}
	_, err := s.client(ctx, "exporter", s.calls, concurrency, nil, []string{"-cpuprofile", filepath.Join(s.profiles, "exporter.pb.gz")})
	return err
}

// profileDistribution runs the distribution once more, for a CPU profile, if one was asked for.
func (s *suite) profileDistribution(ctx context.Context, file string) error {
	if s.profiles == "" {
		return nil
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	fetched := make(chan error, 1)
	go func() {
		url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", address, profileSeconds(s.lines))
		fetched <- fetchProfile(ctx, url, filepath.Join(s.profiles, "distribution.pb.gz"))
	}()
	_, err = s.distribution(ctx, setup{File: file, Profile: address})
	return errors.Join(err, <-fetched)
}

// fetchProfile takes a CPU profile as soon as there is somebody to give it.
func fetchProfile(ctx context.Context, url, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	for tries := 0; err != nil && tries < 250; tries++ {
		if err = sleep(ctx, pollInterval); err == nil {
			response, err = http.DefaultClient.Do(request)
		}
	}
	if err != nil {
		return fmt.Errorf("no profile of the distribution: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("no profile of the distribution: %s answers %s", url, response.Status)
	}
	file, err := os.Create(path) //nolint:gosec // G304: the user names the folder
	if err != nil {
		return err
	}
	_, err = io.Copy(file, response.Body)
	return errors.Join(err, file.Close())
}
