// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mappingtest // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/mappingtest"

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ending is that of files of tests.
const ending = ".test.yaml"

// Files returns the files that are named, and all files of tests of the folders that are.
func Files(args []string) (paths []string, err error) {
	if len(args) == 0 {
		return nil, errors.New("name a file of tests, or a folder of files *" + ending)
	}
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			paths = append(paths, arg)
			continue
		}
		before := len(paths)
		err = filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.HasSuffix(path, ending) {
				paths = append(paths, path)
			}
			return err
		})
		switch {
		case err != nil:
			return nil, err
		case len(paths) == before:
			return nil, fmt.Errorf("%s: has no files *%s", arg, ending)
		}
	}
	return paths, nil
}

// Replace writes a file anew, whole or not at all, with the mode that it has. It follows a link, and replaces no file that
// may not be written.
func Replace(path string, text []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	old, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer old.Close()
	info, err := old.Stat()
	if err != nil {
		return err
	}
	written, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	_, err = written.Write(text)
	err = errors.Join(err, written.Chmod(info.Mode().Perm()), written.Sync(), written.Close())
	if err == nil {
		err = os.Rename(written.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(written.Name()))
	}
	return nil
}
