// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

import (
	"bytes"
	"io"
)

// lineCounter reads, and knows in which line a byte stands. It is asked for one after another.
type lineCounter struct {
	from   io.Reader
	read   int64
	asked  int64   // the last byte that was asked for
	breaks []int64 // where line breaks stand that were not asked beyond
	before int     // those that were
}

// Read reads on, as an io.Reader does, but not further than maxLine behind what was asked for: that would have to be kept.
func (l *lineCounter) Read(p []byte) (int, error) {
	if l.read-l.asked > maxLine {
		return 0, errTooLong
	}
	n, err := l.from.Read(p)
	for at := 0; ; {
		next := bytes.IndexByte(p[at:n], '\n')
		if next < 0 {
			break
		}
		at += next + 1
		l.breaks = append(l.breaks, l.read+int64(at)-1)
	}
	l.read += int64(n)
	return n, err
}

// at returns the number of the line in which a byte stands, from 1.
func (l *lineCounter) at(offset int64) int {
	l.asked = offset
	passed := 0
	for passed < len(l.breaks) && l.breaks[passed] < offset {
		passed++
	}
	l.breaks = l.breaks[passed:]
	l.before += passed
	return l.before + 1
}

// space returns how many bytes of white space r begins with.
func space(r io.Reader) (n int64) {
	var one [1]byte
	for {
		if _, err := r.Read(one[:]); err != nil || !bytes.ContainsAny(one[:], " \t\r\n") {
			return n
		}
		n++
	}
}
