// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package journal // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// Open opens the part with that name of what an exporter keeps in a storage extension.
func Open(ctx context.Context, host component.Host, storageID, exporterID component.ID, name string) (storage.Client, error) {
	extension, ok := host.GetExtensions()[storageID].(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("%q is no storage extension of this collector", storageID)
	}
	client, err := extension.GetClient(ctx, component.KindExporter, exporterID, name)
	if err != nil {
		return nil, fmt.Errorf("%q cannot be opened: %w", storageID, err)
	}
	return client, nil
}
