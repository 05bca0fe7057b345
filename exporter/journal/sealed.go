// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package journal // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"

import (
	"encoding/binary"
	"hash/crc32"
)

const sumSize = 4

// Seal returns the text behind its checksum.
func Seal(text []byte) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, sumSize+len(text)), crc32.ChecksumIEEE(text)), text...)
}

// Unseal returns the text that was sealed, and whether it is what was sealed.
func Unseal(stored []byte) (text []byte, whole bool) {
	if len(stored) < sumSize {
		return nil, false
	}
	text = stored[sumSize:]
	return text, binary.BigEndian.Uint32(stored) == crc32.ChecksumIEEE(text)
}
