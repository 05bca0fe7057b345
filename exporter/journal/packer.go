// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package journal // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

const (
	// worthPacking is the size from which compression makes a value much shorter.
	worthPacking = 1 << 10
	// farthest is how far back in a value compression looks, which bounds its memory.
	farthest = 256 << 10
)

// mark begins a packed value. No protobuf message of the helper's does.
const mark = "\xffTQ1"

// The first byte behind mark and checksum says how the rest is stored.
const (
	plain byte = iota
	compressed
)

// ErrDamaged is the error of a value that is not what was written.
var ErrDamaged = errors.New("the stored value is damaged")

// Packer makes values short, and finds out when they are not what was stored. It is safe
// for concurrent use.
type Packer struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// NewPacker returns a Packer.
func NewPacker() (*Packer, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(farthest), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("compression of what is stored: %w", err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("compression of what is stored: %w", err)
	}
	return &Packer{encoder, decoder}, nil
}

// Pack returns what is to be stored of a value.
func (p *Packer) Pack(value []byte) []byte {
	if len(value) < worthPacking {
		return append([]byte(mark), Seal(append([]byte{plain}, value...))...)
	}
	return append([]byte(mark), Seal(p.encoder.EncodeAll(value, []byte{compressed}))...)
}

// Packed reports whether a stored value was packed.
func Packed(stored []byte) bool { return bytes.HasPrefix(stored, []byte(mark)) }

// Unpack returns the value that was packed, or ErrDamaged.
func (p *Packer) Unpack(stored []byte) ([]byte, error) {
	marked, found := bytes.CutPrefix(stored, []byte(mark))
	text, whole := Unseal(marked)
	if !found || !whole || len(text) == 0 {
		return nil, ErrDamaged
	}
	switch text[0] {
	case plain:
		return text[1:], nil
	case compressed:
		value, err := p.decoder.DecodeAll(text[1:], nil)
		if err != nil {
			return nil, ErrDamaged
		}
		return value, nil
	}
	return nil, ErrDamaged
}
