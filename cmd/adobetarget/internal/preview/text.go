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
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-adobetarget/adobetargetexporter"
)

const (
	// maxText is the most bytes of a configuration that is typed.
	maxText = 256 << 10
	// clientCodeOfText is the client code of settings that have none, which is a mapping alone.
	clientCodeOfText = "demo"
)

// LoadText reads a configuration that is typed: a whole one, its exporters, or the settings of one exporter. It reads no
// file and no environment variable, so a ${…} in it is an error. Settings alone need no client code.
func LoadText(ctx context.Context, text, exporter string) (*Exporter, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("the configuration is longer than %d bytes", maxText)
	}
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		return nil, err
	}
	if len(root.Content) == 0 || root.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("write the settings of the exporter, such as visitor and profile")
	}
	if err := withoutReferences(&root); err != nil {
		return nil, err
	}
	text, err := whole(&root, text)
	if err != nil {
		return nil, err
	}
	return resolve(ctx, exporter, confmap.ResolverSettings{
		URIs:              []string{"yaml:" + text},
		ProviderFactories: []confmap.ProviderFactory{yamlprovider.NewFactory()},
	})
}

// withoutReferences refuses a reference to what stands elsewhere.
func withoutReferences(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode && strings.Contains(strings.ReplaceAll(n.Value, "$$", ""), "${") {
		return fmt.Errorf("line %d: ${…} is not looked up here, write the value in its place, or $${ for the text itself", n.Line)
	}
	for _, child := range n.Content {
		if err := withoutReferences(child); err != nil {
			return err
		}
	}
	return nil
}

// whole returns the text with the keys above it that a Collector's configuration has.
func whole(root *yaml.Node, text string) (string, error) {
	settings := root.Content[0]
	of := adobetargetexporter.NewFactory().Type()
	hasClientCode := false
	for i := 0; i < len(settings.Content); i += 2 {
		key := settings.Content[i].Value
		var id component.ID
		switch {
		case key == exportersKey:
			return text, nil
		case id.UnmarshalText([]byte(key)) == nil && id.Type() == of:
			return nested(settings, exportersKey)
		case key == "client_code":
			hasClientCode = true
		}
	}
	if !hasClientCode {
		settings.Content = append(settings.Content,
			&yaml.Node{Kind: yaml.ScalarNode, Value: "client_code"}, &yaml.Node{Kind: yaml.ScalarNode, Value: clientCodeOfText})
	}
	return nested(settings, exportersKey, of.String())
}

func nested(settings *yaml.Node, keys ...string) (string, error) {
	for _, key := range slices.Backward(keys) {
		settings = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: key}, settings}}
	}
	text, err := yaml.Marshal(settings)
	return string(text), err
}
