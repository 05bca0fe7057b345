// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"
)

// feedInterval is the time from one record to the next while the demo stays.
const feedInterval = 500 * time.Millisecond

// records returns the file that the collector reads: the data, or, where the demo stays, a copy
// that can grow.
func (d *demo) records() (string, error) {
	if d.once {
		return filepath.Abs(d.data)
	}
	text, err := os.ReadFile(d.data)
	if err != nil {
		return "", err
	}
	if n := len(text); n > 0 && text[n-1] != '\n' {
		text = append(text, '\n')
	}
	d.places.records = filepath.Join(d.folder, "records.jsonl")
	return d.places.records, os.WriteFile(d.places.records, text, 0o600) //nolint:gosec // G703: a file of the demo's own folder
}

// feed has the collector read the records of the data again, one now and then, so that there is
// something to watch. It returns nil when the context is over.
func (d *demo) feed(ctx context.Context) error {
	file, err := os.OpenFile(d.places.records, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	ticker := time.NewTicker(feedInterval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		fed, err := d.feedOnce(ctx, file, ticker.C)
		if err != nil {
			return err
		}
		if !fed { // of an empty file there is nothing to send
			<-ctx.Done()
		}
	}
	return nil
}

// feedOnce goes through the data once and reports whether it holds anything.
func (d *demo) feedOnce(ctx context.Context, to io.Writer, next <-chan time.Time) (fed bool, err error) {
	file, err := os.Open(d.data)
	if err != nil {
		return false, err
	}
	defer file.Close()
	for line, err := range lines(file) {
		if err != nil {
			return fed, err
		}
		select {
		case <-ctx.Done():
			return fed, nil
		case <-next:
		}
		if _, err = to.Write(append(line, '\n')); err != nil {
			return fed, err
		}
		fed = true
	}
	return fed, nil
}

// countLines returns the number of lines that hold anything.
func countLines(path string) (n int, err error) {
	file, err := os.Open(path) //nolint:gosec // G304: the user names the file on the command line
	if err != nil {
		return 0, err
	}
	defer file.Close()
	for _, err := range lines(file) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// lines yields the lines that hold anything, without white space around them.
func lines(r io.Reader) func(yield func([]byte, error) bool) {
	return func(yield func([]byte, error) bool) {
		reader := bufio.NewReader(r)
		for {
			line, err := reader.ReadBytes('\n')
			if line = bytes.TrimSpace(line); len(line) > 0 && !yield(line, nil) {
				return
			}
			if err == nil {
				continue
			}
			if !errors.Is(err, io.EOF) {
				yield(nil, err)
			}
			return
		}
	}
}
