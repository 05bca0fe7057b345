// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mappingtest // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/mappingtest"

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"
)

// File is a file of tests.
type File struct {
	// Path is that of the file.
	Path string
	// Config are the URIs of the configuration, and Exporter the one that is meant where it has several.
	Config   []string
	Exporter string
	Tests    []*Test

	text []byte
}

// Test is one test.
type Test struct {
	Name string
	// Line is where it begins.
	Line int

	records  []plog.Logs
	contains bool // beside what is expected there may be more
	each     bool // records do not merge
	expect   *Expected

	node *yaml.Node
}

// Read reads a file of tests. The errors name lines.
func Read(path string) (*File, error) {
	text, err := os.ReadFile(path) //nolint:gosec // it is named by who runs this
	if err != nil {
		return nil, err
	}
	return parse(path, text)
}

func parse(path string, content []byte) (*File, error) {
	f := &File{Path: path, text: content}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var root yaml.Node
	if err := decoder.Decode(&root); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(root.Content) == 0 {
		return nil, errors.New("the file is empty, write config and tests")
	}
	if err := root.Decode(new(any)); err != nil { // what an alias may not do, it refuses
		return nil, err
	}
	if !errors.Is(decoder.Decode(new(yaml.Node)), io.EOF) {
		return nil, errors.New("the file has more than one document")
	}
	err := fields(root.Content[0], "the file", map[string]func(*yaml.Node) error{
		"config":   f.readConfig,
		"exporter": text(&f.Exporter, "exporter"),
		"tests":    func(n *yaml.Node) error { return each(n, "tests", f.readTest) },
	})
	switch {
	case err != nil:
		return nil, err
	case len(f.Config) == 0:
		return nil, errors.New("config: required, the configuration beside the file")
	case len(f.Tests) == 0:
		return nil, errors.New("tests: there are none")
	}
	return f, nil
}

// schemed is a URI. A drive of Windows is none.
var schemed = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:`)

func (f *File) readConfig(n *yaml.Node) error {
	add := func(n *yaml.Node) error {
		var uri string
		if err := text(&uri, "config")(n); err != nil {
			return err
		}
		if !schemed.MatchString(uri) {
			uri = f.beside(uri)
		}
		f.Config = append(f.Config, uri)
		return nil
	}
	if follow(n).Kind == yaml.SequenceNode {
		return each(n, "config", add)
	}
	return add(n)
}

// beside returns the path of a file that is named by its place beside this one.
func (f *File) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(f.Path), name)
}

func (f *File) readTest(n *yaml.Node) error {
	t := &Test{Line: n.Line, node: follow(n)}
	var records *yaml.Node
	var file, as, match string
	merge := true
	err := fields(n, "a test", map[string]func(*yaml.Node) error{
		"name":         text(&t.Name, "name"),
		"records":      func(n *yaml.Node) error { records = n; return nil },
		"records_file": text(&file, "records_file"),
		"as":           text(&as, "as"),
		"match":        text(&match, "match"),
		"merge":        flag(&merge, "merge"),
		"expect":       func(n *yaml.Node) (err error) { t.expect, err = readExpected(n); return err },
	})
	t.each, t.contains = !merge, match == "contains"
	form := preview.Form(cmp.Or(as, string(preview.Auto)))
	switch {
	case err != nil:
		return err
	case t.Name == "":
		return at(n, "name: required")
	case match != "" && match != "exact" && match != "contains":
		return at(n, "match: %q is unknown, use exact or contains", match)
	case (records == nil) == (file == ""):
		return at(n, "write records or records_file, and not both")
	case as != "" && file == "":
		return at(n, "as: is for records_file")
	case form.Validate() != nil:
		return at(n, "as: %w", form.Validate())
	case file != "":
		err = t.readRecordsFile(n, f.beside(file), form)
	default:
		err = each(records, "records", t.readRecord)
	}
	switch {
	case err != nil:
		return err
	case len(t.records) == 0:
		return at(n, "there are no records")
	}
	if t.expect != nil {
		err = t.expect.validate(t.contains)
	}
	f.Tests = append(f.Tests, t)
	return err
}

func (t *Test) readRecord(n *yaml.Node) error {
	read, err := value(n)
	if err != nil {
		return err
	}
	members, is := read.(map[string]any)
	if !is {
		return at(n, "a record must be a map")
	}
	ld, err := preview.NewRecord(members)
	if err != nil {
		return at(n, "records: %w", err)
	}
	t.records = append(t.records, ld)
	return nil
}

func (t *Test) readRecordsFile(n *yaml.Node, path string, form preview.Form) error {
	file, err := os.Open(path) //nolint:gosec // as above
	if err != nil {
		return at(n, "records_file: %w", err)
	}
	defer file.Close()
	for ld, err := range preview.NewReader(file, form, false).Records() {
		if err != nil {
			return at(n, "records_file: %w", fmt.Errorf("%s: %w", path, err))
		}
		t.records = append(t.records, ld)
	}
	return nil
}
