// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
)

// ErrStorage is the error of Wait when the account could not be written. No call
// may leave then: it would be forgotten by a crash.
var ErrStorage = errors.New("the account cannot be written")

const statementKey = "account"

// ledger keeps an account in a storage extension. Calls are reserved there before
// they leave, several at a time, so a crash can only make the account count calls
// that were never made.
type ledger struct {
	client  storage.Client
	key     Key
	batch   int // calls reserved by one write
	credits int // calls that are reserved and have not left
	users   int
}

// Persist keeps the account in a storage extension from now on, and counts what
// is stored there. The first user of an account loads it. Persist reports whether the
// account is cold: nothing was stored. Each user calls Unpersist in the end.
func (a *Account) Persist(
	ctx context.Context, host component.Host, storageID component.ID, key Key,
) (cold bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	extension, err := journal.Extension(host, storageID)
	if err != nil {
		return false, fmt.Errorf("%s: %w", key.storage(), err)
	}
	if a.ledger != nil {
		if _, err = a.takeOver(ctx, extension, storageID, a.ledger, key); err != nil {
			return false, err
		}
		a.ledger.users++
		return false, nil
	}
	client, err := key.open(ctx, extension, storageID)
	if err != nil {
		return false, err
	}
	l := &ledger{client: client, key: key, batch: a.limits.Quota.Reservation, users: 1}
	cold, err = a.load(ctx, l)
	if err == nil {
		var found bool
		found, err = a.takeOver(ctx, extension, storageID, l, key)
		cold = cold && !found
	}
	if err != nil {
		return false, errors.Join(err, client.Close(ctx))
	}
	a.ledger = l
	return cold, nil
}

// open opens what is stored under the key. The account is not that of one exporter, so it
// has an id of its own.
func (k Key) open(ctx context.Context, extension storage.Extension, storageID component.ID) (storage.Client, error) {
	id := component.MustNewIDWithName("adobe_target", "quota")
	client, err := journal.Part{Storage: storageID, Exporter: id, Name: k.name()}.Open(ctx, extension)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.storage(), err)
	}
	return client, nil
}

// Unpersist ends the use of the storage. With its last user the account is written
// as it is, without reservation.
func (a *Account) Unpersist(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.ledger
	l.users--
	if l.users > 0 {
		return nil
	}
	l.credits = 0
	err := a.store(ctx, l)
	a.ledger = nil
	return errors.Join(err, l.client.Close(ctx))
}

// load counts what is stored, unless it is counted already: written by this account
// itself, or loaded before. What was counted without this storage is written at
// once: it may be all of the quota, and then no call would leave and be written.
func (a *Account) load(ctx context.Context, l *ledger) (cold bool, err error) {
	data, err := l.client.Get(ctx, statementKey)
	if err != nil {
		return false, fmt.Errorf("%s: reading the account: %w", l.key.storage(), err)
	}
	counted := a.window.used + a.window.inFlight
	if data != nil {
		s, err := decode(data, l.key)
		switch {
		case err != nil:
			return false, err
		case string(data) == a.stored:
			return false, nil
		case s.Account != a.id:
			a.count(s)
		}
	}
	if counted > 0 {
		return data == nil, a.store(ctx, l)
	}
	a.stored = string(data)
	return data == nil, nil
}

// takeOver counts what an earlier version has stored under another name, and moves it to
// this account's. It reports whether there was anything. A crash in between counts these
// calls twice, never not at all.
func (a *Account) takeOver(
	ctx context.Context, extension storage.Extension, storageID component.ID, l *ledger, key Key,
) (found bool, err error) {
	if key.earlier == "" {
		return false, nil
	}
	earlier := Key{ClientCode: key.ClientCode, Endpoint: key.earlier}
	client, err := earlier.open(ctx, extension, storageID)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, client.Close(ctx)) }()
	data, err := client.Get(ctx, statementKey)
	if err != nil {
		return false, fmt.Errorf("%s: reading the account: %w", key.storage(), err)
	}
	if data == nil {
		return false, nil
	}
	s, err := decode(data, earlier)
	if err != nil {
		return false, err
	}
	a.count(s)
	if err := a.store(ctx, l); err != nil {
		return false, err
	}
	if err := client.Delete(ctx, statementKey); err != nil {
		return false, fmt.Errorf("%s: removing the account's earlier name: %w", key.storage(), err)
	}
	return true, nil
}

// count adds the calls of a statement.
func (a *Account) count(s *statement) {
	// In this order, so that what passes between the two makes calls younger.
	gone := a.now().since(s.instant())
	at := time.Since(a.origin)
	a.window.restore(s.history, at-gone)
	a.window.add(at, s.Reserved)
}

// credit makes sure that the next call is written down before it leaves, and reports
// whether it had to write for that.
func (a *Account) credit(ctx context.Context) (wrote bool, err error) {
	l := a.ledger
	if l == nil {
		a.stored = ""
		return false, nil
	}
	if l.credits == 0 {
		wrote = true
		room := a.window.limit - a.window.used - a.window.inFlight
		l.credits = max(1, min(l.batch, room))
		if err := a.store(ctx, l); err != nil {
			l.credits = 0
			return wrote, err
		}
	}
	l.credits--
	return wrote, nil
}

// store writes the account: what is over, what is under way and what is reserved.
func (a *Account) store(ctx context.Context, l *ledger) error {
	a.settle()
	at, now := time.Since(a.origin), a.now()
	s := &statement{
		Format:     statementFormat,
		ClientCode: l.key.ClientCode, Endpoint: l.key.Endpoint, Account: a.id,
		Wall: now.wall, Boot: now.boot, Uptime: int64(now.uptime),
		Reserved: l.credits + a.window.inFlight,
		history:  a.window.history(at),
	}
	data, err := s.encode()
	if err == nil {
		// Not to be mistaken for a storage that fails: the caller has stopped waiting.
		err = l.client.Set(context.WithoutCancel(ctx), statementKey, data)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %w", l.key.storage(), ErrStorage, err)
	}
	a.stored = string(data)
	return nil
}
