// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package journal // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"time"

	"go.etcd.io/bbolt"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

var errLoop = errors.New("its keys are out of order")

// settings are those of a file_storage that no storage tells. They are looked up in the
// extension's configuration; where that is another one than is known, nothing is looked at
// beforehand.
type settings struct {
	folder   string
	timeout  time.Duration // for which is waited for another process to let go of a file
	recreate bool          // a damaged file is set aside by the storage itself
}

func settingsOf(extension storage.Extension) (s settings) {
	v := reflect.Indirect(reflect.ValueOf(extension))
	if v.Kind() != reflect.Struct {
		return s
	}
	cfg := reflect.Indirect(v.FieldByName("cfg"))
	if cfg.Kind() != reflect.Struct {
		return s
	}
	if f := cfg.FieldByName("Directory"); f.Kind() == reflect.String {
		s.folder = f.String()
	}
	if f := cfg.FieldByName("Timeout"); f.Kind() == reflect.Int64 {
		s.timeout = time.Duration(f.Int())
	}
	if f := cfg.FieldByName("Recreate"); f.Kind() == reflect.Bool {
		s.recreate = f.Bool()
	}
	return s
}

// whole returns an error when a file of bbolt is damaged, or in use for longer than timeout. bbolt
// looks at the pages itself when it opens a file to write, but in a goroutine of its own, and a
// panic there ends the process. Read in this one, it is an error.
func whole(path string, timeout time.Duration) error {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return nil //nolint:nilerr // it will be made, or opening it says why not
	}
	return caught(func() error {
		db, err := bbolt.Open(path, 0, &bbolt.Options{ReadOnly: true, Timeout: timeout})
		if err != nil {
			return err
		}
		defer db.Close()
		return db.View(func(tx *bbolt.Tx) error {
			return tx.ForEach(func(_ []byte, bucket *bbolt.Bucket) error {
				var last []byte
				return bucket.ForEach(func(key, _ []byte) error {
					// Pages of different ages may lead to each other in a circle. And a damaged one may
					// say that a key is where no memory is.
					if last != nil && bytes.Compare(last, key) >= 0 {
						return damage(errLoop)
					}
					last = key
					return nil
				})
			})
		})
	})
}
