// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	adobetargetexporter "github.com/otelcol-adobetarget/adobetargetexporter"
)

// readExporter is to be replaced by the resolution of the command preview.
func readExporter(files []string, exporter string) (string, *adobetargetexporter.Config, error) {
	whole := confmap.New()
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // G304: the user names it
		if err != nil {
			return "", nil, err
		}
		var m map[string]any
		if err := yaml.Unmarshal(text, &m); err != nil {
			return "", nil, fmt.Errorf("%s: not YAML", file)
		}
		if err := whole.Merge(confmap.NewFromStringMap(m)); err != nil {
			return "", nil, err
		}
	}
	exporters, err := whole.Sub("exporters")
	if err != nil {
		return "", nil, err
	}
	keys := slices.Sorted(maps.Keys(exporters.ToStringMap()))
	if exporter == "" {
		if len(keys) != 1 {
			return "", nil, errors.New("--exporter: name one")
		}
		exporter = keys[0]
	}
	sub, err := exporters.Sub(exporter)
	if err != nil {
		return "", nil, err
	}
	cfg := adobetargetexporter.NewFactory().CreateDefaultConfig().(*adobetargetexporter.Config)
	if err := sub.Unmarshal(cfg); err != nil {
		return "", nil, err
	}
	return exporter, cfg, confmap.Validate(cfg)
}
