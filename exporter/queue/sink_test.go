// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
)

// sink is what the records become: a list, stored whole.
type sink struct {
	mu      sync.Mutex
	list    []int64
	changed bool
	// room is waited for by those who push, while it is not nil.
	room    chan struct{}
	stopped chan struct{}
	damaged int
	seen    []plog.Logs
}

const sinkKey = "sink"

func (s *sink) load(ctx context.Context, client storage.Client) (found bool, err error) {
	stored, err := client.Get(ctx, sinkKey)
	if err != nil || stored == nil {
		return false, err
	}
	return true, json.Unmarshal(stored, &s.list)
}

func (s *sink) push(ctx context.Context, ld plog.Logs) (func(context.Context) error, error) {
	s.mu.Lock()
	room := s.room
	s.mu.Unlock()
	if room != nil {
		select {
		case <-room:
		case <-s.stopped:
			return nil, errStopped
		}
	}
	return s.takeOver(ctx, ld)
}

func (s *sink) takeOver(_ context.Context, ld plog.Logs) (func(context.Context) error, error) {
	return func(context.Context) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.list = append(s.list, numbers(ld)...)
		s.changed = true
		s.seen = append(s.seen, ld)
		return nil
	}, nil
}

func (s *sink) held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.list)
}

func (s *sink) owed() (ops []*storage.Operation, written func(bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.changed {
		return nil, func(bool) {}
	}
	s.changed = false
	stored, err := json.Marshal(s.list)
	if err != nil {
		panic(err)
	}
	return []*storage.Operation{storage.SetOperation(sinkKey, stored)}, func(ok bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed = s.changed || !ok
	}
}

// add is something that happens behind the queue.
func (s *sink) add(number int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.changed = append(s.list, number), true
}

// block lets those who push wait, and returns what lets them go on.
func (s *sink) block() (unblock func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := make(chan struct{})
	s.room = room
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.room = nil
		close(room)
	}
}

// taken returns the numbers that were handed on, in their order.
func (s *sink) taken() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.list)
}

func stored(t *testing.T, data map[string][]byte) (list []int64) {
	t.Helper()
	if data[sinkKey] != nil {
		require.NoError(t, json.Unmarshal(data[sinkKey], &list))
	}
	return list
}
