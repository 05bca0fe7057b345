// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// disk is a host with a storage that can be full.
type disk struct {
	storage.Extension
	storage.Client
	mu   sync.Mutex
	full bool
	kept map[string][]byte
}

var diskID = component.MustNewID("disk")

func (d *disk) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{diskID: d}
}

func (d *disk) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return d, nil
}
func (d *disk) Start(context.Context, component.Host) error { return nil }
func (d *disk) Shutdown(context.Context) error              { return nil }
func (d *disk) Close(context.Context) error                 { return nil }

func (d *disk) fill(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

func (d *disk) Get(_ context.Context, key string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kept[key], nil
}

func (d *disk) Set(_ context.Context, key string, value []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return errors.New("no space left on device")
	}
	d.kept[key] = value
	return nil
}

func (d *disk) Delete(_ context.Context, key string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.kept, key)
	return nil
}

func (d *disk) Batch(ctx context.Context, ops ...*storage.Operation) (err error) {
	before := maps.Clone(d.kept)
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value, err = d.Get(ctx, op.Key)
		case storage.Set:
			err = d.Set(ctx, op.Key, op.Value)
		case storage.Delete:
			err = d.Delete(ctx, op.Key)
		}
		if err != nil {
			d.kept = before
			return err
		}
	}
	return nil
}

// accountOn returns an account that is written down before each call.
func accountOn(t *testing.T, d *disk) *quota.Account {
	t.Helper()
	account := quota.NewAccount(quota.Limits{
		Quota: quota.WindowConfig{Calls: 1000, Window: time.Hour, Storage: &diskID, Reservation: 1},
	})
	_, err := account.Persist(t.Context(), d, diskID, quota.Key{ClientCode: "acme", Endpoint: "http://target.example"})
	require.NoError(t, err)
	return account
}

func TestSender_NoMoreCallsLeaveThanTheQuotaHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, window = 10, time.Hour
		f := started(t, func(set *setup) {
			set.quota.Quota = quota.WindowConfig{Calls: limit, Window: window}
			set.route.latency, set.route.perCall = time.Second, 1
		})
		f.pattern(down, "xx..x..xxxx...x....xx..xxxxxxx")
		records := visitors(60)
		for i := range records {
			records[i].parameters["a"] = "1"
		}
		f.push(t, records...)
		time.Sleep(30 * time.Hour)
		f.Stop()
		calls := f.route.calls()
		assert.Greater(t, len(calls), 60)
		for i := range calls[limit:] {
			assert.Greater(t, calls[i+limit].at.Sub(calls[i].at), window)
		}
		assert.Equal(t, map[string]int{"delivered": 60}, f.counts("records"))
	})
}

func TestSender_WhileTheQuotaCannotBeWrittenNothingLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{kept: make(map[string][]byte)}
		f := started(t, func(set *setup) {
			set.outbox.MergeWindow = 0
			set.Account = accountOn(t, d)
		})
		for outages := range 2 {
			d.fill(true)
			f.push(t, visitors(20)...)
			time.Sleep(time.Hour)
			assert.LessOrEqual(t, len(f.route.calls()), 1, "one may have been written down before")
			waiting := f.counts("outbox.visitors")
			assert.Equal(t, 20, waiting["pace"]+waiting["calling"], "causes by which an alert tells")
			assert.InDelta(t, 12*(outages+1), f.said("The quota account cannot be written"), 2, "every five minutes")
			d.fill(false)
			time.Sleep(time.Minute)
			assert.Equal(t, map[string]int{"delivered": 20 * (outages + 1)}, f.counts("records"))
			f.route.calls()
		}
		f.Stop()
	})
}

// TestSender_EntriesOfAnEarlierConfigurationAreCheckedAgain has entries that were mapped with
// wider limits.
func TestSender_EntriesOfAnEarlierConfigurationAreCheckedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := newFixture(t)
		before.push(t,
			record{"a", map[string]string{"tier": "1", "large": string(make([]byte, 200))}},
			record{"b", map[string]string{"large": string(make([]byte, 200))}},
			tier("much longer than it may be now", "1"), tier("much longer than it may be now", "2"),
		)
		before.Stop()
		f := started(t, func(set *setup) {
			set.Outbox = before.outbox
			set.mapper.MaxThirdPartyIDLength = 20
			set.mapper.MaxCall = 150
		})
		time.Sleep(10 * time.Second)
		assert.Equal(t, []map[string]string{{"tier": "1"}}, parametersOf(f.route.calls()))
		assert.Equal(t, map[string]int{"delivered": 1, "rejected configuration": 3}, f.counts("records"))
		assert.Equal(t, map[string]int{"too_large": 2}, f.counts("parameters.dropped"))
		assert.Equal(t, 1, f.set.Account.Usage().Used, "what is not sent is given back to the quota")
		assert.Equal(t, 1, f.said("Log records rejected"))
		f.Stop()
	})
}
