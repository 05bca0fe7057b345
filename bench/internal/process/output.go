// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package process // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

// Say writes one line of JSON for the process that started this one in a role, which hears it with
// Hear.
func Say(what any) error {
	if err := json.NewEncoder(os.Stdout).Encode(what); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// speech is the standard output of a role, line by line.
type speech struct {
	mu   sync.Mutex
	text []byte
}

func (s *speech) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = append(s.text, text...)
	return len(text), nil
}

// next returns the next whole line without its end, if there is one, and forgets it.
func (s *speech) next() (line []byte, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line, rest, found := bytes.Cut(s.text, []byte("\n"))
	if !found {
		return nil, false
	}
	s.text = rest
	return line, true
}

// tail keeps the end of what a process says, for when it fails.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailLength = 4_000

func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, text...)
	if over := len(t.text) - tailLength; over > 0 {
		t.text = bytes.Clone(t.text[over:])
	}
	return len(text), nil
}

// String returns the text as the end of an error.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.text) == 0 {
		return ""
	}
	return "; the end of its log:\n" + string(t.text)
}
