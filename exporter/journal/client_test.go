// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package journal // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

var (
	storageID  = component.MustNewIDWithName("file_storage", "queue")
	exporterID = component.MustNewIDWithName("adobe_target", "a")
)

// extensions is a host that has them.
type extensions map[component.ID]component.Component

func (e extensions) GetExtensions() map[component.ID]component.Component { return e }

// opened is a storage extension that notes who opens what.
type opened struct {
	component.Component
	err  error
	kind component.Kind
	id   component.ID
	name string
}

func (o *opened) GetClient(_ context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	o.kind, o.id, o.name = kind, id, name
	return storage.NewNopClient(), o.err
}

func TestOpen(t *testing.T) {
	extension := &opened{}
	client, err := Open(t.Context(), extensions{storageID: extension}, storageID, exporterID, "quota")
	require.NoError(t, err)
	assert.Equal(t, storage.NewNopClient(), client)
	assert.Equal(t, component.KindExporter, extension.kind)
	assert.Equal(t, exporterID, extension.id)
	assert.Equal(t, "quota", extension.name)
}

func TestOpen_FailsInWordsThatNameTheStorage(t *testing.T) {
	broken := errors.New("the disk is full")
	for name, tt := range map[string]struct {
		host extensions
		want string
		err  error
	}{
		"no extension has that name": {
			host: extensions{component.MustNewID("file_storage"): &opened{}},
			want: `"file_storage/queue" is no storage extension of this collector`,
		},
		"there are no extensions at all": {
			want: `"file_storage/queue" is no storage extension of this collector`,
		},
		"the extension is no storage": {
			host: extensions{storageID: struct{ component.Component }{}},
			want: `"file_storage/queue" is no storage extension of this collector`,
		},
		"the storage cannot be opened": {
			host: extensions{storageID: &opened{err: broken}},
			want: `"file_storage/queue" cannot be opened: the disk is full`,
			err:  broken,
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := Open(t.Context(), tt.host, storageID, exporterID, "quota")
			require.EqualError(t, err, tt.want)
			assert.Nil(t, client)
			if tt.err != nil {
				require.ErrorIs(t, err, tt.err, "its cause can be asked for")
			}
		})
	}
}
