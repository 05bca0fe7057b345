// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
)

// Setup is a collector with the exporter.
type Setup struct {
	Settings
	// File is what file_log reads. Without it the collector takes OTLP.
	File string
	// Storage is the folder of the persistent queue; without it the queue is in memory.
	Storage string
	// Group bounds the memory, unless it is nil.
	Group *process.Group
	// Profiled has the collector tell its profiles and its goroutines.
	Profiled bool
	// Watch is told of the collector of Run as soon as it is started, if anybody wants to know.
	Watch func(*Collector)
}

// ports are where a collector listens.
type ports struct{ metrics, otlp, profiles int }

// collector returns the configuration of a collector that listens there.
func (s Setup) collector(at ports) map[string]any {
	extensions, names := map[string]any{}, []any{}
	if s.Storage != "" {
		s.Queue = InStorage
		extensions[string(InStorage)] = fileStorage(s.Storage)
		names = append(names, string(InStorage))
	}
	if s.Profiled {
		extensions["pprof"] = map[string]any{"endpoint": local(at.profiles)}
		names = append(names, "pprof")
	}
	receiver, receives := "otlp", otlp(at.otlp)
	if s.File != "" {
		receiver, receives = "file_log", fileLog(s.File)
	}
	return map[string]any{
		"extensions": extensions,
		"receivers":  map[string]any{receiver: receives},
		"exporters":  map[string]any{"adobe_target": s.exporter()},
		"service": map[string]any{
			"extensions": names,
			"pipelines": map[string]any{
				"logs": map[string]any{"receivers": []any{receiver}, "exporters": []any{"adobe_target"}},
			},
			"telemetry": map[string]any{"metrics": map[string]any{
				"readers": []any{map[string]any{"pull": map[string]any{"exporter": prometheus(at.metrics)}}},
			}},
		},
	}
}

func local(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// handOn lets what an earlier run has left in the queue go to another server: to the exporter that
// is another account, and it asks to be told by the removal of these files.
func (s Setup) handOn() error {
	if s.Storage == "" {
		return nil
	}
	notes, err := filepath.Glob(filepath.Join(s.Storage, "*__begun"))
	for _, note := range notes {
		err = errors.Join(err, os.Remove(note))
	}
	return err
}

func fileStorage(folder string) map[string]any {
	return map[string]any{"directory": folder, "create_directory": true}
}

func otlp(port int) map[string]any {
	return map[string]any{"protocols": map[string]any{"http": map[string]any{"endpoint": local(port)}}}
}

// fileLog reads a file of JSON lines, and waits while the queue is full.
func fileLog(file string) map[string]any {
	return map[string]any{
		"include": []any{file}, "start_at": "beginning", "max_concurrent_files": 1,
		"retry_on_failure": map[string]any{"enabled": true, "max_elapsed_time": 0},
		"operators": []any{map[string]any{
			"type": "json_parser", "parse_to": "attributes",
			"parse_ints": true,
		}},
	}
}

func prometheus(port int) map[string]any {
	return map[string]any{"prometheus": map[string]any{
		"host": "127.0.0.1", "port": port, "without_scope_info": true, "without_type_suffix": true,
		"without_units": true,
	}}
}
