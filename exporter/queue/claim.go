// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queue"

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
)

const (
	// accountKey is where the queue's part says for whom the records in it are.
	accountKey = "account"
	// begunName is a part of its own that says that the queue's part is not new: that cannot be
	// seen in a file that was emptied. It is there while a run is under way or has left records.
	begunName = "begun"
	begunKey  = "begun"
)

// claim finds out whether the records that an earlier run has left are there and may be sent, and
// notes that a run is under way. It returns what notes, along with the start's other changes, for
// which account the records are. fresh is whether the part holds nothing of a queue.
func (g *Guard) claim(ctx context.Context, i *index, fresh bool) (ops []*storage.Operation, err error) {
	note, err := g.source.client.Get(ctx, accountKey)
	if err != nil {
		return nil, err
	}
	if note == nil && fresh {
		// Noted before the run is: a kill in between leaves a part that is new.
		err = g.refuseIfBegun(ctx, fmt.Errorf("%s is empty or new, though an earlier run has left log records there or was killed: restore it, "+
			"or remove %s too and accept that they are lost", g.source.where(queueName), g.source.where(begunName)))
		if err == nil {
			err = g.source.client.Batch(ctx, g.account())
		}
	} else {
		ops, err = g.claimRecords(ctx, note, i)
	}
	if err != nil {
		return nil, err
	}
	return ops, g.begun(ctx, func(client storage.Client) error { return client.Set(ctx, begunKey, []byte{1}) })
}

// account notes for which account the records are.
func (g *Guard) account() *storage.Operation {
	return storage.SetOperation(accountKey, journal.Seal([]byte(g.set.Account)))
}

// claimRecords returns what changes the note of the account, if it has to change, or an error when
// records wait for another one.
//
// Who removes the part that says that a run has begun lets them go to the account of this one.
func (g *Guard) claimRecords(ctx context.Context, note []byte, i *index) ([]*storage.Operation, error) {
	account, whole := journal.Unseal(note)
	held := g.set.Held()
	switch {
	case note == nil: // of a build that kept none
	case !whole:
		return nil, errors.New("it is damaged where it says for which account its log records are; restore it, " +
			"or remove this exporter's files there and accept that what they held is lost")
	case string(account) == g.set.Account:
		return nil, nil
	case i.requests() > 0 || held > 0:
		err := g.refuseIfBegun(ctx, fmt.Errorf("%d log records wait there for %s, and this exporter is configured for %s: set client_code and endpoint "+
			"back until they are sent, or give this exporter another storage, or remove %s to send them there after all",
			int(i.items)+held, account, g.set.Account, g.source.where(begunName)))
		if err != nil {
			return nil, err
		}
	}
	return []*storage.Operation{g.account()}, nil
}

// refuseIfBegun returns the refusal if an earlier run has left something, or was killed.
func (g *Guard) refuseIfBegun(ctx context.Context, refusal error) error {
	return g.begun(ctx, func(client storage.Client) error {
		begun, err := client.Get(ctx, begunKey)
		if err != nil || begun == nil {
			return err
		}
		return refusal
	})
}

// leave notes that the run has left nothing, if that is so.
func (g *Guard) leave(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.start.begun || g.start.err != nil || g.state.index.requests() > 0 || g.set.Held() > 0 {
		return nil
	}
	return g.begun(ctx, func(client storage.Client) error { return client.Delete(ctx, begunKey) })
}

func (g *Guard) begun(ctx context.Context, use func(storage.Client) error) error {
	client, err := g.source.open(ctx, begunName)
	if err != nil {
		return err
	}
	return errors.Join(use(client), client.Close(ctx))
}
