// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// benchmarks are what Go benchmarks reported: by name, without "Benchmark", and by unit, one value for each time they ran.
type benchmarks map[string]map[string][]float64

func (b benchmarks) names() []string { return slices.Sorted(maps.Keys(b)) }

// median returns that of a unit, 0 where the benchmark does not report it.
func (b benchmarks) median(name, unit string) float64 { return report.Median(b[name][unit]) }

// goBenchmark runs the Go benchmarks of a package that fit a pattern, each for that long and so many times. All that they
// have started ends with ctx.
func goBenchmark(ctx context.Context, pkg, pattern, each string, count int) (benchmarks, error) {
	command := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", pattern, "-benchtime", each, //nolint:gosec // G204: of this repository
		"-count", strconv.Itoa(count), pkg)
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	endWithChildren(command)
	command.WaitDelay = 5 * time.Second // for who holds the output open nevertheless
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("go test -bench %s %s: %w", pattern, pkg, ctx.Err())
		}
		return nil, fmt.Errorf("go test -bench %s %s: %w\n%s%s", pattern, pkg, err, &complaints, &output)
	}
	return parseBenchmarks(&output)
}

// parseBenchmarks reads lines such as "BenchmarkCall/with_a_pace-2   100   223.4 ns/op   0 B/op".
func parseBenchmarks(output io.Reader) (benchmarks, error) {
	results := make(benchmarks)
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		name := withoutProcessors(strings.TrimPrefix(words[0], "Benchmark"))
		if results[name] == nil {
			results[name] = make(map[string][]float64)
		}
		for i := 2; i+1 < len(words); i += 2 {
			value, err := strconv.ParseFloat(words[i], 64)
			if err != nil {
				return nil, fmt.Errorf("the Go benchmark %s reports %q %s: that is no number", name, words[i], words[i+1])
			}
			results[name][words[i+1]] = append(results[name][words[i+1]], value)
		}
	}
	return results, lines.Err()
}

// withoutProcessors takes the number of processors off a name. With one processor Go writes none.
func withoutProcessors(name string) string {
	if dash := strings.LastIndex(name, "-"); dash > 0 {
		if _, err := strconv.Atoi(name[dash+1:]); err == nil {
			return name[:dash]
		}
	}
	return name
}
