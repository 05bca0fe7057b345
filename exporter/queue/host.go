// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queue"

import (
	"context"
	"fmt"
	"maps"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
)

// queueName is what the helper's queue calls its storage among those of the exporter.
var queueName = pipeline.SignalLogs.String()

// guardedHost is a Collector whose storage extension gives the queue a guarded client.
type guardedHost struct {
	component.Host
	guard *Guard
}

// Host returns a host to start the helper with. It is the given one but for the storage of the
// queue.
func (g *Guard) Host(host component.Host) component.Host { return &guardedHost{host, g} }

// Unguarded returns the host that was given to Guard.Host, or the host itself. What else it can
// do is found by type assertion, which a wrapper hides.
func Unguarded(host component.Host) component.Host {
	if guarded, ok := host.(*guardedHost); ok {
		return guarded.Host
	}
	return host
}

func (h *guardedHost) GetExtensions() map[component.ID]component.Component {
	extensions := h.Host.GetExtensions()
	extension, ok := extensions[h.guard.set.Storage].(storage.Extension)
	if !ok {
		return extensions // the helper does not start
	}
	extensions = maps.Clone(extensions)
	extensions[h.guard.set.Storage] = &guardedExtension{extension, h}
	return extensions
}

// Report passes a status on, for which hosts are asked by type assertion.
func (h *guardedHost) Report(event *componentstatus.Event) {
	componentstatus.ReportStatus(h.Host, event)
}

type guardedExtension struct {
	storage.Extension
	host *guardedHost
}

// GetClient returns the extension's client, guarded when it is the queue's.
func (e *guardedExtension) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	if name != queueName {
		return e.Extension.GetClient(ctx, kind, id, name)
	}
	g := e.host.guard
	part := func(name string) journal.Part { return journal.Part{Storage: g.set.Storage, Exporter: id, Name: name} }
	open := func(ctx context.Context, name string) (storage.Client, error) {
		client, err := part(name).Open(ctx, e.Extension)
		if err != nil {
			return nil, fmt.Errorf("sending_queue::storage: %w", err)
		}
		return client, nil
	}
	client, err := open(ctx, name)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.source = source{client: client, open: open, where: func(name string) string { return part(name).Where(e.Extension) }}
	return &guarded{client, g}, nil
}
