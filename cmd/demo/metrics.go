// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// sample is one line of a metrics page.
type sample struct {
	name   string
	labels map[string]string
	value  float64
}

// maxMetricLine is more than any line of a collector has.
const maxMetricLine = 1 << 20

// readMetrics reads a page in the Prometheus text format, as far as counters and
// gauges need it.
func readMetrics(page io.Reader) ([]sample, error) {
	var samples []sample
	lines := bufio.NewScanner(page)
	lines.Buffer(nil, maxMetricLine)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s, err := readSample(line)
		if err != nil {
			return nil, fmt.Errorf("metrics, line %d: %w", number, err)
		}
		samples = append(samples, s)
	}
	return samples, lines.Err()
}

func readSample(line string) (sample, error) {
	s := sample{labels: map[string]string{}}
	end := strings.IndexAny(line, "{ \t")
	if end <= 0 {
		return s, errors.New("no name and value")
	}
	s.name = strings.TrimSuffix(line[:end], "_total")
	rest := line[end:]
	if rest[0] == '{' {
		var err error
		if rest, err = s.readLabels(rest[1:]); err != nil {
			return s, err
		}
	}
	fields := strings.Fields(rest) // the value, and a time that is not needed
	if len(fields) == 0 || len(fields) > 2 {
		return s, errors.New("no value")
	}
	value, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return s, errors.New("the value is no number")
	}
	s.value = value
	return s, nil
}

// readLabels reads what follows an opening brace and returns what follows the
// closing one.
func (s *sample) readLabels(text string) (rest string, err error) {
	for {
		text = strings.TrimLeft(text, ", ")
		if after, closed := strings.CutPrefix(text, "}"); closed {
			return after, nil
		}
		name, after, found := strings.Cut(text, `="`)
		if !found {
			return "", errors.New("a label without a value")
		}
		var value string
		if value, text, err = readLabelValue(after); err != nil {
			return "", err
		}
		s.labels[strings.TrimSpace(name)] = value
	}
}

// readLabelValue reads up to the closing quote. The format escapes the quote, the
// backslash and the line feed.
func readLabelValue(text string) (value, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:], nil
		case c == '\\' && i+1 < len(text):
			i++
			if text[i] == 'n' {
				b.WriteByte('\n')
			} else {
				b.WriteByte(text[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errors.New("a label whose value does not end")
}
