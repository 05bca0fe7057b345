// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"golang.org/x/perf/benchfmt"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// benchmarks are what Go benchmarks reported: by name, without "Benchmark", and by unit, one value
// for each time they ran.
type benchmarks map[string]map[string][]float64

func (b benchmarks) names() []string { return slices.Sorted(maps.Keys(b)) }

// median returns that of a unit, 0 where the benchmark does not report it.
func (b benchmarks) median(name, unit string) float64 { return report.Median(b[name][unit]) }

// goBenchmark runs the Go benchmarks of a package that fit a pattern, each for that long and so
// many times. All that they have started ends with ctx.
func goBenchmark(ctx context.Context, pkg, pattern, each string, count int) (benchmarks, error) {
	command := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", pattern, "-benchtime", each, //nolint:gosec // G204: of this repository
		"-count", strconv.Itoa(count), pkg)
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	process.EndWithChildren(command)
	command.WaitDelay = 5 * time.Second // for who holds the output open nevertheless
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("go test -bench %s %s: %w", pattern, pkg, ctx.Err())
		}
		return nil, fmt.Errorf("go test -bench %s %s: %w\n%s%s", pattern, pkg, err, &complaints,
			&output)
	}
	return parseBenchmarks(&output)
}

// parseBenchmarks reads the output of Go benchmarks.
func parseBenchmarks(output io.Reader) (benchmarks, error) {
	results := make(benchmarks)
	lines := benchfmt.NewReader(output, "go test -bench")
	for lines.Scan() {
		switch line := lines.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, line
		case *benchfmt.Result:
			name := withoutProcessors(line.Name)
			if results[name] == nil {
				results[name] = make(map[string][]float64)
			}
			for _, v := range line.Values {
				// The reader makes seconds of nanoseconds, and keeps what the benchmark said.
				value, unit := v.Value, v.Unit
				if v.OrigUnit != "" {
					value, unit = v.OrigValue, v.OrigUnit
				}
				results[name][unit] = append(results[name][unit], value)
			}
		}
	}
	return results, lines.Err()
}

// withoutProcessors takes the number of processors off a name. With one processor Go writes none.
func withoutProcessors(name benchfmt.Name) string {
	base, parts := name.Parts()
	if last := len(parts) - 1; last >= 0 && parts[last][0] == '-' {
		parts = parts[:last]
	}
	return string(base) + string(bytes.Join(parts, nil))
}
