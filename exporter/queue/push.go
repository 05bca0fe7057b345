// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queue"

import (
	"context"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

// Push hands on a request that the helper has read. With an error, which is the storage's or
// that the exporter stops, nothing has come of it, and it is to be pushed again.
func (g *Guard) Push(ctx context.Context, ld plog.Logs) error {
	if err := g.settle(ctx); err != nil {
		return err
	}
	for {
		key, ok := g.nextUnread()
		if !ok {
			break
		}
		item, err := g.read(ctx, key)
		if err != nil {
			return err
		}
		if err := g.hand(ctx, item); err != nil {
			return err
		}
		g.doneUnread()
	}
	return g.hand(ctx, ld)
}

// hand hands a request on, and notes that it was put.
func (g *Guard) hand(ctx context.Context, ld plog.Logs) error {
	if ld.LogRecordCount() == 0 {
		return nil
	}
	strip(ld)
	put, err := g.set.Push(ctx, ld)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := put(ctx); err != nil {
		return err
	}
	g.state.putting = true
	return nil
}

// settle waits until every deletion that failed was made good, and what is in flight was noted:
// no further item is handed on before.
func (g *Guard) settle(ctx context.Context) error {
	for d := firstPause; ; {
		err := g.trySettle(ctx)
		if err == nil {
			return nil
		}
		if !g.pause(ctx, &d) {
			return errStopped
		}
	}
}

func (g *Guard) trySettle(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.start.err != nil:
		return g.start.err
	case g.state.note != nil:
		return g.write(ctx, []*storage.Operation{g.state.note})
	case len(g.state.owed) > 0:
		return g.write(ctx, nil)
	}
	return nil
}

func (g *Guard) nextUnread() (key string, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.state.unread) == 0 {
		return "", false
	}
	return g.state.unread[0], true
}

func (g *Guard) doneUnread() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state.unread = g.state.unread[1:]
}

// read reads an item for which the helper was given a placeholder, and does not give up before
// the exporter stops. A damaged item is set aside, and has no records.
func (g *Guard) read(ctx context.Context, key string) (plog.Logs, error) {
	for d := firstPause; ; {
		ld, err := g.tryRead(ctx, key)
		if err == nil {
			return ld, nil
		}
		g.fault.fails(g.set, err)
		if !g.pause(ctx, &d) {
			return plog.Logs{}, errStopped
		}
	}
}

func (g *Guard) tryRead(ctx context.Context, key string) (plog.Logs, error) {
	stored, err := g.source.client.Get(ctx, key)
	if err != nil || stored == nil { // of an offer that failed
		return plog.NewLogs(), err
	}
	ld, err := g.decode(stored)
	if err != nil {
		return plog.NewLogs(), g.setAside(ctx, key, stored)
	}
	return ld, nil
}

func (g *Guard) decode(stored []byte) (plog.Logs, error) {
	item, err := unpackItem(g.packer, stored)
	if err != nil {
		return plog.Logs{}, err
	}
	return decodeItem(item)
}

// setAside keeps the bytes of a damaged item, of which the helper is about to let go, and says so.
func (g *Guard) setAside(ctx context.Context, key string, stored []byte) error {
	if err := g.source.client.Batch(ctx, storage.SetOperation(asideKey+key, stored)); err != nil {
		return err
	}
	g.set.Damaged()
	g.set.Logger.Error("An item of the sending queue is damaged: the log records in it are not sent, and its bytes are set aside in the storage",
		zap.Stringer("storage", g.set.Storage), zap.String("key", asideKey+key), zap.Int("bytes", len(stored)))
	return nil
}
