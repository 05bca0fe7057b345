// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package sealed puts a checksum before what is written to a storage extension. A
// storage can give back less than it took, or something else, and what is not OTLP can
// be read as OTLP without records.
package sealed // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sealed"

import (
	"encoding/binary"
	"hash/crc32"
)

const sumSize = 4

// Seal returns the text behind its checksum.
func Seal(text []byte) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, sumSize+len(text)), crc32.ChecksumIEEE(text)), text...)
}

// Open returns the text that was sealed, and whether it is what was sealed.
func Open(stored []byte) (text []byte, whole bool) {
	if len(stored) < sumSize {
		return nil, false
	}
	text = stored[sumSize:]
	return text, binary.BigEndian.Uint32(stored) == crc32.ChecksumIEEE(text)
}
