// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "context"

func (s *suite) distributionSection(ctx context.Context) (string, error) { return "", nil }
func (s *suite) recordSection(ctx context.Context) (string, error)       { return "", nil }
func (s *suite) mergingSection(ctx context.Context) (string, error)      { return "", nil }
func (s *suite) memorySection(ctx context.Context) (string, error)       { return "", nil }
func (s *suite) startSection(ctx context.Context) (string, error)        { return "", nil }
func (s *suite) concurrencySection(ctx context.Context) (string, error)  { return "", nil }
