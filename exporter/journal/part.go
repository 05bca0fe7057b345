// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package journal // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// Extension returns a storage extension that runs in this Collector.
func Extension(host component.Host, id component.ID) (storage.Extension, error) {
	var running []string
	for other, extension := range host.GetExtensions() {
		switch extension, ok := extension.(storage.Extension); {
		case other == id && ok:
			return extension, nil
		case other == id:
			return nil, fmt.Errorf("%q is an extension that stores nothing, name a storage such as file_storage", id)
		case ok:
			running = append(running, other.String())
		}
	}
	slices.Sort(running)
	if len(running) == 0 {
		running = []string{"none"}
	}
	return nil, fmt.Errorf("%q is not configured under extensions, or not listed in service::extensions; storages that are: %s",
		id, strings.Join(running, ", "))
}

// Part is what an exporter keeps in a storage extension under a name.
type Part struct {
	Storage  component.ID
	Exporter component.ID
	Name     string
}

// Open opens the part. Its client gives an error where the storage panics.
func (p Part) Open(ctx context.Context, extension storage.Extension) (storage.Client, error) {
	var opened storage.Client
	err := caught(func() (err error) {
		if folder := directory(extension); folder != "" {
			err = whole(filepath.Join(folder, p.file()))
		}
		if err != nil {
			return err
		}
		opened, err = extension.GetClient(ctx, component.KindExporter, p.Exporter, p.Name)
		return err
	})
	where := p.Where(extension)
	if err != nil {
		return nil, fmt.Errorf("%s %w", where, p.explained(err))
	}
	return &sturdy{client: opened, where: where}, nil
}

// Where names the part as those find it who look for it: by its file, if it has one.
func (p Part) Where(extension storage.Extension) string {
	switch folder := directory(extension); {
	case folder != "":
		return filepath.Join(folder, p.file())
	case p.inFile():
		return fmt.Sprintf("file %s of %q", p.file(), p.Storage)
	}
	return fmt.Sprintf("what %q keeps in %q under %q", p.Exporter, p.Storage, p.Name)
}

func (p Part) inFile() bool { return p.Storage.Type().String() == "file_storage" }

var unsafeInFile = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// file is the name that file_storage gives the file.
func (p Part) file() string {
	name := strings.Join([]string{"exporter", p.Exporter.Type().String(), p.Exporter.Name(), p.Name}, "_")
	return unsafeInFile.ReplaceAllStringFunc(name, func(c string) string {
		character, _ := utf8.DecodeRuneInString(c)
		return fmt.Sprintf("~%04X", character)
	})
}

// explained says what to do about an error of an opening.
func (p Part) explained(err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, errDamaged):
		return err
	case !p.inFile() || errors.As(err, &path):
		return fmt.Errorf("cannot be opened: %w", err)
	case err.Error() == "timeout": // bbolt's, which has waited for the lock of the file
		return errors.New("is in use by another process: stop that one, or give each collector a directory of its own")
	}
	return damage(err)
}

var errDamaged = errors.New("restore it, or move it away and accept that what it held is lost")

func damage(what any) error { return fmt.Errorf("is damaged (%v): %w", what, errDamaged) }
