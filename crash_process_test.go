// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

var (
	errKilled   = errors.New("the process was killed")
	errDiskFull = errors.New("no space left on device")

	crashStorageID = component.MustNewIDWithName("file_storage", "crash")
)

// crashProcess is one process: a file storage in a folder, and calls. It is killed at one of
// its moments, which are the operations of its storage and its calls. From then on it stores
// nothing and calls nobody, and what the kill has left of its folder is in a copy.
type crashProcess struct {
	t      *testing.T
	random *crashRandom
	folder string
	// cuts lets a kill end a batch of the storage between two of its operations.
	cuts bool

	mu      sync.Mutex
	moments int // until the kill, 0 when there is none
	left    string
	dead    chan struct{}
	// fails says which batches of the storage fail for now; nothing of them is carried out.
	fails func(ops []*storage.Operation) bool
}

func newCrashProcess(t *testing.T, random *crashRandom, folder string, moments int) *crashProcess {
	t.Helper()
	return &crashProcess{t: t, random: random, folder: folder, moments: moments, left: folder, dead: make(chan struct{})}
}

// fault has batches fail from now on, none with nil.
func (p *crashProcess) fault(fails func([]*storage.Operation) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fails = fails
}

func (p *crashProcess) killed() bool {
	select {
	case <-p.dead:
		return true
	default:
		return false
	}
}

// passes lets something happen at the next moment of the process, unless it is killed before.
// With the last moment it is killed before or after that, and after a beginning of it where
// there is one. It reports whether the process learns what came of it.
func (p *crashProcess) passes(beginning func(), happen func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed() {
		return false
	}
	if p.moments != 1 {
		p.moments--
		happen()
		return true
	}
	switch p.random.IntN(3) {
	case 0:
	case 1:
		beginning()
	default:
		happen()
	}
	p.die()
	return false
}

// kill ends the process now.
func (p *crashProcess) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.die()
}

// die is called with the lock held.
func (p *crashProcess) die() {
	p.left = p.t.TempDir()
	if err := os.CopyFS(p.left, os.DirFS(p.folder)); err != nil {
		panic(err)
	}
	close(p.dead)
}

// storage starts the storage of the process, and returns what ends it.
func (p *crashProcess) storage() (extension storage.Extension, end func()) {
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory, cfg.FSync = p.folder, false
	files, err := factory.Create(p.t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(p.t, err)
	require.NoError(p.t, files.Start(p.t.Context(), componenttest.NewNopHost()))
	return &crashStorage{files.(storage.Extension), p}, func() {
		require.NoError(p.t, files.Shutdown(context.WithoutCancel(p.t.Context())))
	}
}

type crashStorage struct {
	storage.Extension
	process *crashProcess
}

func (s *crashStorage) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	client, err := s.Extension.GetClient(ctx, kind, id, name)
	return &crashClient{client, s.process}, err
}

type crashClient struct {
	storage.Client
	process *crashProcess
}

func (c *crashClient) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

func (c *crashClient) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c *crashClient) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (c *crashClient) Batch(ctx context.Context, ops ...*storage.Operation) (err error) {
	beginning := func() {
		if c.process.cuts {
			_ = c.Client.Batch(ctx, ops[:c.process.random.IntN(len(ops))]...)
		}
	}
	learns := c.process.passes(beginning, func() {
		if c.process.fails != nil && c.process.fails(ops) {
			err = errDiskFull
			return
		}
		err = c.Client.Batch(ctx, ops...)
	})
	if !learns {
		return errKilled
	}
	return err
}

// crashFaults are ways in which a storage fails for a while.
var crashFaults = []func([]*storage.Operation) bool{crashNothingWorks, crashNothingIsWritten, crashNoItemIsDeleted, crashNoItemIsRead}

func crashNothingWorks([]*storage.Operation) bool { return true }

func crashNothingIsWritten(ops []*storage.Operation) bool {
	return slices.ContainsFunc(ops, func(op *storage.Operation) bool { return op.Type != storage.Get })
}

func crashNoItemIsDeleted(ops []*storage.Operation) bool {
	return slices.ContainsFunc(ops, func(op *storage.Operation) bool { return op.Type == storage.Delete && isQueueItem(op.Key) })
}

func crashNoItemIsRead(ops []*storage.Operation) bool {
	return slices.ContainsFunc(ops, func(op *storage.Operation) bool { return op.Type == storage.Get && isQueueItem(op.Key) })
}

// crashOnlyOffersWork lets the queue take requests, and do nothing else.
func crashOnlyOffersWork(ops []*storage.Operation) bool {
	return !slices.ContainsFunc(ops, func(op *storage.Operation) bool { return op.Type == storage.Set && isQueueItem(op.Key) })
}

// isQueueItem reports whether a key is that of an item, which the helper numbers.
func isQueueItem(key string) bool {
	_, err := strconv.ParseUint(key, 10, 64)
	return err == nil
}

// crashRandom is a source of random numbers for several goroutines.
type crashRandom struct {
	mu     sync.Mutex
	random *rand.Rand
}

func newCrashRandom(seed uint64) *crashRandom {
	return &crashRandom{random: rand.New(rand.NewPCG(seed, 7))}
}

func (r *crashRandom) IntN(n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.random.IntN(n)
}

// chance reports true once in n times.
func (r *crashRandom) chance(n int) bool { return n > 0 && r.IntN(n) == 0 }
