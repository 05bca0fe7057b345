// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// profileSeconds is less than the distribution takes for its lines.
const profileSeconds = 4

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
		fetched <- fetchProfile(ctx, "http://"+address, filepath.Join(s.profiles, "distribution.pb.gz"))
	}()
	_, err = s.distribution(ctx, setup{File: file, Profile: address})
	return errors.Join(err, <-fetched)
}

// fetchProfile takes a CPU profile as soon as there is somebody to give it.
func fetchProfile(ctx context.Context, url, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", url, profileSeconds), http.NoBody)
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
	file, err := os.Create(path) //nolint:gosec // G304: the user names the folder
	if err != nil {
		return err
	}
	_, err = io.Copy(file, response.Body)
	return errors.Join(err, file.Close())
}
