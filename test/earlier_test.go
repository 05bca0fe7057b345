// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"google.golang.org/protobuf/encoding/protowire"
)

// earlierParts are what builds before the outbox kept beside the queue.
var earlierParts = []struct{ name, key, what string }{
	{"deferred", "index", "log records that were deferred"},
	{"overflow", "line", "log records that waited for the queue"},
	{"arrival", "displaced", "log records that are out of their order in the queue"},
}

// sealOfNothing is how such a part looked when there was nothing in it any more.
var sealOfNothing = []byte{0, 0, 0, 0}

func TestWhatAnEarlierBuildHasLeftIsRefused(t *testing.T) {
	for _, part := range earlierParts {
		t.Run(part.name, func(t *testing.T) {
			folder, left := t.TempDir(), append([]byte{0, 0, 0, 0}, "something"...)
			writeEarlier(t, folder, part.name, part.key, left)
			c := startCollector(t, storageConfig(freePort(t), folder, "http://127.0.0.1:1"))
			assertDoesNotStart(t, c, "an earlier build of this exporter has left "+part.what)
			inStorage(t, folder, part.name, func(client storage.Client) {
				after, err := client.Get(t.Context(), part.key)
				require.NoError(t, err)
				assert.Equal(t, left, after, "it is left for the earlier build")
			})
		})
	}
}

func TestAnEmptyFolderOfAnEarlierBuildIsTakenOver(t *testing.T) {
	target := startTarget(t)
	folder, port := t.TempDir(), freePort(t)
	for _, part := range earlierParts {
		writeEarlier(t, folder, part.name, part.key, sealOfNothing)
	}
	for range 2 {
		c := startCollector(t, storageConfig(port, folder, target.url))
		v := newVisits(port, 10)
		v.ready(t)
		v.arrive(t, target)
		c.end(t)
	}
}

// writeEarlier makes the storage folder of an earlier build: a queue that is empty and has been
// used, and a part beside it.
func writeEarlier(t *testing.T, folder, part, key string, value []byte) {
	t.Helper()
	var index []byte
	for _, field := range []protowire.Number{3, 4} { // read and written up to the same item
		index = protowire.AppendFixed64(protowire.AppendTag(index, field, protowire.Fixed64Type), 7)
	}
	inStorage(t, folder, "logs", func(client storage.Client) {
		require.NoError(t, client.Set(t.Context(), "qmv0", index))
	})
	inStorage(t, folder, part, func(client storage.Client) {
		require.NoError(t, client.Set(t.Context(), key, value))
	})
}

// inStorage opens a part of what the exporter keeps in a storage folder.
func inStorage(t *testing.T, folder, part string, do func(storage.Client)) {
	t.Helper()
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory = folder
	extension, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, extension.Start(t.Context(), componenttest.NewNopHost()))
	client, err := extension.(storage.Extension).GetClient(t.Context(), component.KindExporter, component.MustNewID("adobe_target"), part)
	require.NoError(t, err)
	do(client)
	require.NoError(t, client.Close(t.Context()))
	require.NoError(t, extension.Shutdown(t.Context()))
}
