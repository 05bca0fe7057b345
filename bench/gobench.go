// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
)

// goBenchmark runs Go benchmarks of a package and returns what they report by name and unit.
func goBenchmark(ctx context.Context, pkg, pattern string, count int) (map[string]map[string][]float64, error) {
	command := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", pattern, "-benchtime", "0.5s", //nolint:gosec // G204: of this repository
		"-count", strconv.Itoa(count), pkg)
	output, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test -bench in %s: %w\n%s", pkg, err, output)
	}
	return parseBenchmarks(strings.NewReader(string(output))), nil
}

// parseBenchmarks reads lines such as "BenchmarkCall/with_a_pace-2   100   223.4 ns/op   0 B/op".
func parseBenchmarks(output io.Reader) map[string]map[string][]float64 {
	results := make(map[string]map[string][]float64)
	for lines := bufio.NewScanner(output); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(words[0], "Benchmark")
		if dash := strings.LastIndex(name, "-"); dash > 0 {
			name = name[:dash] // the number of processors
		}
		if results[name] == nil {
			results[name] = make(map[string][]float64)
		}
		for i := 2; i+1 < len(words); i += 2 {
			if value, err := strconv.ParseFloat(words[i], 64); err == nil {
				results[name][words[i+1]] = append(results[name][words[i+1]], value)
			}
		}
	}
	return results
}
