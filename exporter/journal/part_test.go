// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

var (
	files = component.MustNewIDWithName("file_storage", "queue")
	logs  = Part{Storage: files, Exporter: component.MustNewID("adobe_target"), Name: "logs"}
)

// fileStorage returns the storage extension of the distribution on a folder.
func fileStorage(t *testing.T, folder string) storage.Extension {
	t.Helper()
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory = folder
	extension, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, extension.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { assert.NoError(t, extension.Shutdown(context.WithoutCancel(t.Context()))) })
	return extension.(storage.Extension)
}

// written returns the file of a part that holds some hundred values, in several pages.
func written(t *testing.T, folder string) (path string, content []byte) {
	t.Helper()
	client, err := logs.Open(t.Context(), fileStorage(t, folder))
	require.NoError(t, err)
	for n := range 20 {
		var ops []*storage.Operation
		for i := range 20 {
			ops = append(ops, storage.SetOperation(strconv.Itoa(20*n+i), make([]byte, 500)))
		}
		require.NoError(t, client.Batch(t.Context(), ops...))
	}
	require.NoError(t, client.Close(t.Context()))
	path = filepath.Join(folder, "exporter_adobe_target__logs")
	content, err = os.ReadFile(path) //nolint:gosec // in a folder of the test
	require.NoError(t, err)
	require.Greater(t, len(content), 50*os.Getpagesize())
	return path, content
}

func TestPart_AFileThatIsDamagedIsNamedAndLeftAsItIs(t *testing.T) {
	page := os.Getpagesize()
	for name, damage := range map[string]func(content []byte) []byte{
		"half of it is gone":                   func(c []byte) []byte { return c[:len(c)/2] },
		"all but two pages are gone":           func(c []byte) []byte { return c[:2*page] },
		"all but a page is gone":               func(c []byte) []byte { return c[:page] },
		"it ends within what is read together": func(c []byte) []byte { return c[:17*page] },
		"all bytes are zero":                   func(c []byte) []byte { return make([]byte, len(c)) },
		"zeros from the third page on":         func(c []byte) []byte { clear(c[2*page:]); return c },
		"scribbled from the sixth page on": func(c []byte) []byte {
			return append(c[:5*page], bytes.Repeat([]byte{0xa5}, len(c)-5*page)...)
		},
		"it is something else": func(c []byte) []byte { return bytes.Repeat([]byte("corrupt "), len(c)/8) },
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path, content := written(t, folder)
			content = damage(content)
			require.NoError(t, os.WriteFile(path, content, 0o600))
			for range 2 { // the first did not keep the lock
				_, err := logs.Open(t.Context(), fileStorage(t, folder))
				require.ErrorContains(t, err, path+" is damaged (")
				require.ErrorContains(t, err, "): restore it, or move it away and accept that what it held is lost")
			}
			after, err := os.ReadFile(path) //nolint:gosec // in a folder of the test
			require.NoError(t, err)
			assert.Equal(t, content, after)
		})
	}
}

func TestPart_AFileThatIsInUseIsNamed(t *testing.T) {
	folder := t.TempDir()
	client, err := logs.Open(t.Context(), fileStorage(t, folder))
	require.NoError(t, err)
	_, err = logs.Open(t.Context(), fileStorage(t, folder))
	require.EqualError(t, err, filepath.Join(folder, "exporter_adobe_target__logs")+
		" is in use by another process: stop that one, or give each collector a directory of its own")
	require.NoError(t, client.Close(t.Context()))
	client, err = logs.Open(t.Context(), fileStorage(t, folder))
	require.NoError(t, err)
	require.NoError(t, client.Close(t.Context()))
}

func TestPart_AFolderThatIsNoneIsTheErrorOfTheSystem(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "missing")
	_, err := logs.Open(t.Context(), fileStorage(t, folder))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, filepath.Join(folder, "exporter_adobe_target__logs")+" cannot be opened: ")
}

func TestPart_FindsTheFileOfEveryName(t *testing.T) {
	folder := t.TempDir()
	part := Part{Storage: files, Exporter: component.MustNewIDWithName("adobe_target", "a/b ü~"), Name: "logs"}
	extension := fileStorage(t, folder)
	client, err := part.Open(t.Context(), extension)
	require.NoError(t, err)
	require.NoError(t, client.Close(t.Context()))
	assert.FileExists(t, part.Where(extension))
}

// shelf is a storage extension of another kind, whose client does what it is told.
type shelf struct {
	component.StartFunc
	component.ShutdownFunc
	err    error
	client *shelfClient
}

func (s *shelf) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return s.client, s.err
}

type shelfClient struct {
	storage.Client
	do    func() error
	calls int
}

// client returns what the client stands on, which is nothing.
func (c *shelfClient) client() storage.Client { return c.Client }

func (c *shelfClient) Batch(context.Context, ...*storage.Operation) error { c.calls++; return c.do() }
func (c *shelfClient) Close(context.Context) error                        { c.calls++; return nil }

func TestPart_AStorageOfAnotherKindHasNoFile(t *testing.T) {
	part := logs
	part.Storage = component.MustNewID("redis_storage")
	refused := errors.New("connection refused")
	_, err := part.Open(t.Context(), &shelf{err: refused})
	require.ErrorIs(t, err, refused)
	require.EqualError(t, err, `what "adobe_target" keeps in "redis_storage" under "logs" cannot be opened: connection refused`)
}

func TestPart_AStorageThatPanicsIsNotCalledAgain(t *testing.T) {
	refused := errors.New("no space left on device")
	c := &shelfClient{do: func() error { return refused }}
	client, err := logs.Open(t.Context(), &shelf{client: c})
	require.NoError(t, err)
	require.ErrorIs(t, client.Batch(t.Context()), refused)
	require.ErrorIs(t, client.Batch(t.Context()), refused, "an error is none")
	assert.Equal(t, 2, c.calls)

	for name, panics := range map[string]func() error{
		"page 7 is not itself": func() error { panic("page 7 is not itself") },
		"a part of it is missing": func() error {
			_ = c.client().Close(t.Context())
			return nil
		},
	} {
		c = &shelfClient{do: panics}
		client, err = logs.Open(t.Context(), &shelf{client: c})
		require.NoError(t, err)
		want := `file exporter_adobe_target__logs of "file_storage/queue" is damaged (` + name + "): restore it, or move it away"
		require.ErrorContains(t, client.Batch(t.Context()), want)
		require.ErrorContains(t, client.Set(t.Context(), "a", nil), want)
		require.ErrorContains(t, client.Delete(t.Context(), "a"), want)
		_, err = client.Get(t.Context(), "a")
		require.ErrorContains(t, err, want)
		require.NoError(t, client.Close(t.Context()))
		assert.Equal(t, 1, c.calls)
	}
}

type extensions map[component.ID]component.Component

func (e extensions) GetExtensions() map[component.ID]component.Component { return e }

func TestExtension_NamesTheStoragesThatThereAre(t *testing.T) {
	b, none := component.MustNewIDWithName("file_storage", "b"), component.MustNewID("health_check")
	host := extensions{files: &shelf{}, b: &shelf{}, none: nil}
	found, err := Extension(host, b)
	require.NoError(t, err)
	assert.Same(t, host[b], found)
	_, err = Extension(host, none)
	require.EqualError(t, err, `"health_check" is an extension that stores nothing, name a storage such as file_storage`)
	_, err = Extension(host, component.MustNewIDWithName("file_storage", "c"))
	require.EqualError(t, err, `"file_storage/c" is not configured under extensions, or not listed in service::extensions; `+
		"storages that are: file_storage/b, file_storage/queue")
	_, err = Extension(extensions{}, b)
	require.ErrorContains(t, err, "storages that are: none")
}
