// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package journal // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"

import (
	"hash/crc32"
	"os"
	"reflect"
	"time"

	"go.etcd.io/bbolt"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// lockTimeout is how long is waited for another process to let go of a file.
const lockTimeout = time.Second

// whole returns an error when a file of bbolt is damaged or in use. bbolt looks at the pages itself
// when it opens a file to write, but in a goroutine of its own, and a panic there ends the process.
// Read in this one, it is an error.
func whole(path string) error {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return nil //nolint:nilerr // it will be made, or opening it says why not
	}
	return caught(func() error {
		db, err := bbolt.Open(path, 0, &bbolt.Options{ReadOnly: true, Timeout: lockTimeout})
		if err != nil {
			return err
		}
		defer db.Close()
		return db.View(func(tx *bbolt.Tx) error {
			return tx.ForEach(func(_ []byte, bucket *bbolt.Bucket) error {
				return bucket.ForEach(func(key, _ []byte) error {
					_ = crc32.ChecksumIEEE(key) // a damaged page may say that it is where no memory is
					return nil
				})
			})
		})
	})
}

// directory returns where a file_storage has its files, "" for a storage of another kind. No
// storage tells it, so it is looked up in the extension's configuration.
func directory(extension storage.Extension) string {
	v := reflect.Indirect(reflect.ValueOf(extension))
	for _, field := range []string{"cfg", "Directory"} {
		if v.Kind() != reflect.Struct {
			return ""
		}
		v = reflect.Indirect(v.FieldByName(field))
	}
	if v.Kind() != reflect.String {
		return ""
	}
	return v.String()
}
