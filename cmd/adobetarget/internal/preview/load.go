// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter"
)

const exportersKey = "exporters"

// Exporter is one exporter of a configuration, which is valid.
type Exporter struct {
	ID     component.ID
	Config *adobetargetexporter.Config
}

// Source is where the configuration of a Collector stands.
type Source struct {
	// URIs are what the Collector's --config takes: files, or URIs of the schemes file, yaml and env.
	URIs []string
	// Sets are what its --set takes, as key=value.
	Sets []string
	// Exporter is the exporter that is meant, as adobe_target/second. It may be left out where there is one.
	Exporter string
	// Logger is told of what the Collector warns of, such as an environment variable that is not set.
	Logger *zap.Logger
}

// Load reads one exporter as the Collector would. What else stands in the configuration is not looked at.
func Load(ctx context.Context, s Source) (*Exporter, error) {
	uris := slices.Clone(s.URIs)
	for _, set := range s.Sets {
		key, value, ok := strings.Cut(set, "=")
		if !ok || strings.TrimSpace(key) == "" {
			return nil, errors.New("--set: must be key=value, such as exporters.adobe_target.route=bulk")
		}
		uris = append(uris, "yaml:"+strings.TrimSpace(strings.ReplaceAll(key, ".", "::"))+": "+strings.TrimSpace(value))
	}
	return resolve(ctx, s.Exporter, confmap.ResolverSettings{
		URIs: uris,
		ProviderFactories: []confmap.ProviderFactory{
			fileprovider.NewFactory(), envprovider.NewFactory(), yamlprovider.NewFactory(),
		},
		DefaultScheme:    "env",
		ProviderSettings: confmap.ProviderSettings{Logger: s.Logger},
	})
}

func resolve(ctx context.Context, exporter string, set confmap.ResolverSettings) (*Exporter, error) {
	resolver, err := confmap.NewResolver(set)
	if err != nil {
		return nil, err
	}
	conf, err := resolver.Resolve(ctx)
	if err != nil {
		return nil, errors.Join(err, resolver.Shutdown(ctx))
	}
	e, err := fromConf(conf, exporter)
	return e, errors.Join(err, resolver.Shutdown(ctx))
}

// fromConf reads and validates the exporter of a resolved configuration.
func fromConf(conf *confmap.Conf, exporter string) (*Exporter, error) {
	exporters, err := conf.Sub(exportersKey)
	if err != nil {
		return nil, fmt.Errorf("%s: must be a map of exporters", exportersKey)
	}
	id, key, err := choose(exporters.ToStringMap(), exporter)
	if err != nil {
		return nil, err
	}
	section, err := exporters.Sub(key)
	if err != nil {
		return nil, fmt.Errorf("%s::%s: must be a map of settings", exportersKey, id)
	}
	cfg := adobetargetexporter.NewFactory().CreateDefaultConfig()
	if err := section.Unmarshal(&cfg); err != nil {
		return nil, fmt.Errorf("%s::%s: %w", exportersKey, id, err)
	}
	if err := validate(id, cfg); err != nil {
		return nil, err
	}
	return &Exporter{ID: id, Config: cfg.(*adobetargetexporter.Config)}, nil
}

// validate validates as the Collector does, which gives each error its place in the YAML.
func validate(id component.ID, cfg component.Config) error {
	return confmap.Validate(&struct {
		Exporters map[component.ID]component.Config `mapstructure:"exporters"`
	}{map[component.ID]component.Config{id: cfg}})
}

// choose returns the exporter that is meant, and the key that it has in the configuration.
func choose(exporters map[string]any, meant string) (id component.ID, key string, err error) {
	of := adobetargetexporter.NewFactory().Type()
	keys := make(map[string]component.ID)
	for key := range exporters {
		var each component.ID
		if name, _, _ := strings.Cut(key, "/"); strings.TrimSpace(name) != of.String() {
			continue
		}
		if err := each.UnmarshalText([]byte(key)); err != nil {
			return id, "", fmt.Errorf("%s: %w", exportersKey, err)
		}
		keys[key] = each
	}
	names := make([]string, 0, len(keys))
	for key, each := range keys {
		names = append(names, each.String())
		if meant == each.String() || meant == "" && len(keys) == 1 {
			return each, key, nil
		}
	}
	slices.Sort(names)
	switch {
	case len(names) == 0:
		return id, "", fmt.Errorf("%s: the configuration has no exporter %s", exportersKey, of)
	case meant == "":
		return id, "", fmt.Errorf("%s: the configuration has several, choose one with --exporter: %s", exportersKey, strings.Join(names, ", "))
	}
	return id, "", fmt.Errorf("%s: the configuration has no exporter %q, it has %s", exportersKey, meant, strings.Join(names, ", "))
}
