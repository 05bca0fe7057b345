// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/xpdata/request"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/deferred"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/delivery"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/overflow"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// visitorFormat counts the changes of how a mapping finds the visitor of a record.
const visitorFormat = 1

// watch returns what keeps the order over a restart, and begins to number what
// arrives. Without a persistent queue nothing comes over a restart.
func (e *logsExporter) watch(ctx context.Context, host component.Host) (*arrival.Watch, error) {
	queue := e.cfg.QueueConfig.Get()
	if queue == nil || queue.StorageID == nil {
		return nil, nil //nolint:nilnil // no watch is needed, and that is no error
	}
	mapping := fmt.Sprintf("%d %#v %d", visitorFormat, e.cfg.Visitor, e.cfg.MaxThirdPartyIDLength)
	watch, err := arrival.Open(ctx, host, *queue.StorageID, e.set.ID, mapping)
	if err != nil {
		return nil, err
	}
	e.closers = append(e.closers, watch.Close)
	e.arrivals = watch.Counter()
	e.guard.OnMove(func(ctx context.Context, items [][]byte) error {
		var visitors []profile.Visitor
		for _, item := range items {
			ld, err := decoded(item)
			if err != nil {
				return fmt.Errorf("an item of %d bytes, that the queue would drop, can not be decoded: %w", len(item), err)
			}
			visitors = append(visitors, e.visitorsOf(ctx, ld)...)
		}
		return watch.Displaced(ctx, visitors)
	})
	return watch, nil
}

// visitorsOf returns the visitors of records that are numbered.
func (e *logsExporter) visitorsOf(ctx context.Context, ld plog.Logs) []profile.Visitor {
	numbers := arrival.Take(ld)
	defer arrival.PutBack(ld, numbers)
	return slices.Collect(e.mapper.Visitors(ctx, ld))
}

// decoded returns the records of an item of the queue, as the helper decodes it.
func decoded(item []byte) (plog.Logs, error) {
	_, ld, err := request.UnmarshalLogs(item)
	if errors.Is(err, request.ErrInvalidFormat) {
		unmarshaler := plog.ProtoUnmarshaler{}
		return unmarshaler.UnmarshalLogs(item)
	}
	return ld, err
}

// deferred returns what keeps the records of visitors that fail while others get
// through: in the storage of a persistent queue, or in memory as the queue does.
// Without a queue, or with one that waits for the result, the caller keeps them. With
// retries switched off nothing is deferred, but an earlier run may have done so.
func (e *logsExporter) deferred(ctx context.Context, host component.Host) (*deferred.Store, error) {
	queue := e.cfg.QueueConfig.Get()
	if queue == nil || queue.WaitForResult || (!e.cfg.RetryConfig.Enabled && queue.StorageID == nil) {
		return nil, nil //nolint:nilnil // nothing is deferred, and that is no error
	}
	var client storage.Client
	if queue.StorageID != nil {
		var err error
		if client, err = e.storage(ctx, host, *queue.StorageID, "deferred"); err != nil {
			return nil, err
		}
	}
	store, err := deferred.Open(ctx, client, e.cfg.RetryConfig, time.Now(), func(ld plog.Logs) profile.Visitor {
		return delivery.VisitorOf(ctx, e.mapper, ld)
	})
	if err != nil {
		if client != nil {
			err = errors.Join(err, client.Close(ctx))
		}
		return nil, err
	}
	e.closers = append(e.closers, store.Close)
	return store, nil
}

// waiting opens what keeps the records of callers that can not wait for a full queue.
// A queue in memory would lose them with the process, like all that it holds.
func (e *logsExporter) waiting(ctx context.Context, host component.Host, watch *arrival.Watch) (*overflow.Store, error) {
	queue := e.cfg.QueueConfig.Get()
	if queue == nil || queue.StorageID == nil {
		return nil, nil //nolint:nilnil // nothing is kept, and that is no error
	}
	client, err := e.storage(ctx, host, *queue.StorageID, "overflow")
	if err != nil {
		return nil, err
	}
	store, err := overflow.Open(ctx, client, e.cfg.fits, e.set.Logger)
	if err != nil {
		return nil, errors.Join(err, client.Close(ctx))
	}
	e.closers = append(e.closers, store.Close)
	// A smaller request, that came later, may have found room before.
	var visitors []profile.Visitor
	for ld := range store.Line() {
		visitors = append(visitors, e.visitorsOf(ctx, ld)...)
	}
	if store.Records() == 0 {
		return store, nil
	}
	if err := watch.Displaced(ctx, visitors); err != nil {
		return nil, fmt.Errorf("sending_queue::storage: %w", err)
	}
	return store, nil
}

// storage opens a part of the storage of the queue, by its name.
func (e *logsExporter) storage(ctx context.Context, host component.Host, id component.ID, name string) (storage.Client, error) {
	extension, ok := host.GetExtensions()[id].(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("sending_queue::storage: %q is no storage extension of this collector", id)
	}
	client, err := extension.GetClient(ctx, component.KindExporter, e.set.ID, name)
	if err != nil {
		return nil, fmt.Errorf("sending_queue::storage: opening its part %q: %w", name, err)
	}
	return client, nil
}

// account opens the account that the exporter shares with the others of its client
// code. A dry run sends nothing, so it keeps its own: it waits as it would wait,
// or longer where there would be too much to read, and takes nothing from the quota.
func (e *logsExporter) account(ctx context.Context, host component.Host) (*quota.Account, error) {
	if e.cfg.DryRun {
		return quota.NewAccount(e.cfg.dryRunLimits()), nil
	}
	u, err := url.Parse(e.cfg.endpoint())
	if err != nil {
		return nil, err
	}
	key := quota.NewKey(e.cfg.ClientCode, u)
	account, err := e.accounts.Open(key, e.cfg.limits())
	if err != nil {
		return nil, err
	}
	e.closers = append(e.closers, func(context.Context) error {
		e.accounts.Close(key)
		return nil
	})
	if storage := e.cfg.Quota.Storage; storage != nil {
		return account, e.persist(ctx, host, account, *storage, key)
	}
	e.set.Logger.Info("The quota account is kept in memory and starts cold: calls made before this start are not counted, " +
		"set quota::storage to keep it over restarts")
	return account, nil
}

// persist keeps the account in a storage extension.
func (e *logsExporter) persist(ctx context.Context, host component.Host, account *quota.Account, storage component.ID, key quota.Key) error {
	cold, err := account.Persist(ctx, host, storage, key)
	if err != nil {
		return err
	}
	e.closers = append(e.closers, account.Unpersist)
	if cold {
		e.set.Logger.Info("The quota account is new: calls made before this start are not counted")
	}
	return nil
}
