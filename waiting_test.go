// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// tooMany is an answer that holds every record, whose visitor ever it is.
func tooMany(*http.Request) (int, error) { return http.StatusTooManyRequests, nil }

// fill fills the queue of three records, and the batch that is being sent before it.
func fill(t *testing.T, exp exporter.Logs) (taken int) {
	t.Helper()
	for {
		ctx, cancel := context.WithTimeout(remotely(t.Context()), time.Second)
		err := exp.ConsumeLogs(ctx, oneRecord("a", "n", strconv.Itoa(taken+1)))
		cancel()
		if err != nil {
			return taken
		}
		taken++
	}
}

// remotely marks the context as that of a request over the network.
func remotely(ctx context.Context) context.Context {
	return client.NewContext(ctx, client.Info{Addr: &net.TCPAddr{}})
}

func smallQueue(endpoint string) *Config {
	cfg := persistentConfig(endpoint)
	queue := cfg.QueueConfig.Get()
	queue.QueueSize, queue.Batch.Get().MinSize, queue.Batch.Get().MaxSize = 3, 1, 1
	return cfg
}

func TestWhatAReceiverWasHandingOnToAFullQueueWhenItEndedComesInTheNextRun(t *testing.T) {
	set := exportertest.NewNopSettings(metadata.Type)
	target, endpoint := startEmulator(t, emulator.Settings{
		History: true, Sequences: []string{"n"},
		Faults: []emulator.Fault{{Kind: emulator.FaultStatus, Status: http.StatusTooManyRequests}},
	})
	h := newHost()
	h.extensions = map[component.ID]component.Component{queueStorageID: fileStorage(t, t.TempDir())}
	exp := start(t, set, smallQueue(endpoint), h)
	taken := fill(t, exp)

	ended, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	require.NoError(t, exp.ConsumeLogs(ended, oneRecord("a", "n", strconv.Itoa(taken+1))), "it waited, and is written down when its context ends")
	require.NoError(t, exp.ConsumeLogs(ended, oneRecord("a", "n", strconv.Itoa(taken+2))), "so is what follows it")
	require.NoError(t, exp.Shutdown(t.Context()))

	require.NoError(t, target.SetFaults(nil))
	exp = start(t, set, smallQueue(endpoint), h)
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("a", "n", strconv.Itoa(taken+3))), "this run's records wait for their turn")
	require.Eventually(t, func() bool {
		p, _ := target.Profile("mbox3rdPartyId", "a")
		return p.Attributes["n"].Value == strconv.Itoa(taken+3)
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, exp.Shutdown(t.Context()))
	assert.Zero(t, target.Stats().Disorders)

	exp = start(t, set, smallQueue(endpoint), h)
	require.NoError(t, exp.Shutdown(t.Context()))
	assert.Zero(t, target.Stats().Disorders, "nothing comes twice in a later run")
}

// fullQueue starts an exporter in virtual time whose queue in memory is full.
func fullQueue(t *testing.T) exporter.Logs {
	t.Helper()
	cfg := smallQueue("http://target.example")
	cfg.QueueConfig.Get().StorageID = nil
	cfg.DrainTimeout = 0
	cfg.RetryConfig.InitialInterval, cfg.RetryConfig.MaxInterval = time.Second, time.Second
	cfg.ClientConfig.Auth = configoptional.Some(configauth.Config{AuthenticatorID: wireID})
	h := newHost()
	h.extensions = map[component.ID]component.Component{wireID: &wire{answer: tooMany}}
	exp := start(t, exportertest.NewNopSettings(metadata.Type), cfg, h)
	fill(t, exp)
	return exp
}

func TestAClientDoesNotWaitLongForAFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exp := fullQueue(t)
		began := time.Now()
		err := exp.ConsumeLogs(remotely(t.Context()), oneRecord("a", "n", "9"))
		require.ErrorIs(t, err, errNoRoom)
		assert.False(t, consumererror.IsPermanent(err), "it is to be sent again")
		assert.Equal(t, clientWaits, time.Since(began))

		ctx, cancel := context.WithTimeout(remotely(t.Context()), time.Millisecond)
		defer cancel()
		require.ErrorIs(t, exp.ConsumeLogs(ctx, oneRecord("a", "n", "9")), context.DeadlineExceeded, "it gave up itself")
		require.NoError(t, exp.Shutdown(t.Context()))
	})
}

func TestAReceiverThatReadsWaitsForAFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exp := fullQueue(t)
		began := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		require.ErrorIs(t, exp.ConsumeLogs(ctx, oneRecord("a", "n", "9")), context.Canceled, "a queue in memory has no place to put it")
		assert.Equal(t, time.Minute, time.Since(began))
		require.NoError(t, exp.Shutdown(t.Context()))
	})
}

// TestWhoHasTimeIsToldThatTheQueueIsFull has callers that come again by themselves.
func TestWhoHasTimeIsToldThatTheQueueIsFull(t *testing.T) {
	_, endpoint := startEmulator(t, emulator.Settings{
		Faults: []emulator.Fault{{Kind: emulator.FaultStatus, Status: http.StatusTooManyRequests}},
	})
	for name, blocks := range map[string]bool{"without block_on_overflow at once": false, "with a deadline when it is over": true} {
		t.Run(name, func(t *testing.T) {
			h := newHost()
			h.extensions = map[component.ID]component.Component{queueStorageID: fileStorage(t, t.TempDir())}
			cfg := smallQueue(endpoint)
			cfg.QueueConfig.Get().BlockOnOverflow = blocks
			exp := start(t, exportertest.NewNopSettings(metadata.Type), cfg, h)
			fill(t, exp)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			require.Error(t, exp.ConsumeLogs(ctx, oneRecord("a", "n", "9")))
			assert.Zero(t, exp.(*wrappedLogs).exporter.overflow.Records())

			require.NoError(t, exp.(*wrappedLogs).exporter.overflow.Add(t.Context(), oneRecord("a", "n", "9")))
			ctx, cancel = context.WithTimeout(remotely(t.Context()), 10*time.Millisecond)
			defer cancel()
			err := exp.ConsumeLogs(ctx, oneRecord("a", "n", "9"))
			require.Error(t, err)
			assert.Equal(t, blocks, errors.Is(err, context.DeadlineExceeded))
			require.NoError(t, exp.Shutdown(t.Context()))
		})
	}
}

func TestAQueueThatIsTooSmallForWhatWaitedForItIsAnErrorAtStart(t *testing.T) {
	set := exportertest.NewNopSettings(metadata.Type)
	_, endpoint := startEmulator(t, emulator.Settings{})
	h := newHost()
	h.extensions = map[component.ID]component.Component{queueStorageID: fileStorage(t, t.TempDir())}
	exp := start(t, set, persistentConfig(endpoint), h)
	exp.(*wrappedLogs).exporter.overflow.Stop() // nothing leaves the line any more
	require.NoError(t, exp.(*wrappedLogs).exporter.overflow.Add(t.Context(), requestOf(4)))
	require.NoError(t, exp.Shutdown(t.Context()))

	small, err := newFactory(&accounts).CreateLogs(t.Context(), set, smallQueue(endpoint))
	require.NoError(t, err)
	require.ErrorContains(t, small.Start(t.Context(), h), "a request of 4 log records, 4 items, is larger than the sending queue, which holds 3")
	require.NoError(t, small.Shutdown(t.Context()))
}
