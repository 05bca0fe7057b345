// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"bufio"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"
)

const (
	batchStart   = "batch="
	maxBatchRows = 500_000
	// The two names that the first column may have.
	columnPCID         = "pcId"
	columnThirdPartyID = "thirdPartyId"
)

var errBatchEmpty = errors.New("Batch is empty") //nolint:staticcheck // ST1005: the words that Target is said to have for it

// batch is what the body of an upload says.
type batch struct {
	// parameter is the one of updates that carries the ids, MboxPC or Mbox3rdPartyID.
	parameter string
	names     []string
	// rows are those that have a value, lines counts the others too.
	rows  []batchRow
	lines int
	// ids are the hashes of all ids, sorted: what is kept of them once the rows have been applied.
	ids []uint64
}

type batchRow struct {
	id     string
	values []pair
}

var idSeed = maphash.MakeSeed()

// holds reports whether the batch has a row of the id, also one without a value.
func (b *batch) holds(id string) bool {
	_, found := slices.BinarySearch(b.ids, maphash.String(idSeed, id))
	return found
}

// batchParser reads an upload line by line, so that only its rows are held.
type batchParser struct {
	in                 *bufio.Reader
	line               int
	thirdPartyIDLength int
	seen               map[string]struct{}
	batch              batch
}

// parseBatch holds a body against what Adobe documents for the Bulk Profile Update API, and against what it does not
// document and a client had better not try. A refusal names the line and repeats nothing of it.
func parseBatch(body io.Reader, thirdPartyIDLength int) (batch, error) {
	p := batchParser{in: bufio.NewReader(body), thirdPartyIDLength: thirdPartyIDLength, seen: map[string]struct{}{}}
	start := make([]byte, len(batchStart))
	if _, err := io.ReadFull(p.in, start); err != nil || string(start) != batchStart {
		return batch{}, errors.New("the body does not begin with batch=")
	}
	if err := p.read(p.readHeader); err != nil {
		return batch{}, err
	}
	for {
		switch err := p.read(p.readRow); {
		case errors.Is(err, io.EOF) && p.batch.lines == 0:
			return batch{}, errBatchEmpty
		case errors.Is(err, io.EOF):
			slices.Sort(p.batch.ids)
			return p.batch, nil
		case err != nil:
			return batch{}, err
		}
	}
}

// read has the next line read, and returns io.EOF behind the last.
func (p *batchParser) read(how func(line string) error) error {
	p.line++
	line, err := p.in.ReadString('\n')
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return errors.New("the body could not be read to its end")
	case err != nil && line == "":
		if p.line == 1 {
			return errBatchEmpty
		}
		return io.EOF
	}
	line = strings.TrimSuffix(line, "\n")
	if line == "" {
		err = errors.New("the line is blank")
	} else {
		err = how(line)
	}
	if err != nil {
		return fmt.Errorf("line %d: %w", p.line, err)
	}
	return nil
}

func (p *batchParser) readHeader(line string) error {
	key, rest, more := strings.Cut(line, ",")
	switch key {
	case columnPCID:
		p.batch.parameter = MboxPC
	case columnThirdPartyID:
		p.batch.parameter = Mbox3rdPartyID
	default:
		return errors.New("the first column is neither pcId nor thirdPartyId")
	}
	if !more {
		return errors.New("there is no column but that of the ids")
	}
	seen := map[string]struct{}{columnPCID: {}, columnThirdPartyID: {}}
	for field := range strings.SplitSeq(rest, ",") {
		name, err := decodeField(field)
		if err == nil {
			err = validateName(name)
		}
		_, twice := seen[name]
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(name, profilePrefix):
			return errors.New("the name of a profile parameter has its prefix")
		case twice:
			return errors.New("a column is there twice, or is a second one of ids")
		}
		seen[name] = struct{}{}
		p.batch.names = append(p.batch.names, name)
	}
	return nil
}

func (p *batchParser) readRow(line string) error {
	b := &p.batch
	if b.lines == maxBatchRows {
		return fmt.Errorf("there are more than %d rows", maxBatchRows)
	}
	b.lines++
	first, rest, more := strings.Cut(line, ",")
	id, err := decodeField(first)
	if err == nil {
		err = Visitor{Parameter: b.parameter, ID: id}.validate(p.thirdPartyIDLength)
	}
	if err != nil {
		return err
	}
	if _, twice := p.seen[id]; twice {
		return errors.New("the id is there twice")
	}
	p.seen[id] = struct{}{}
	b.ids = append(b.ids, maphash.String(idSeed, id))
	if !more {
		return nil
	}
	return p.readValues(batchRow{id: id}, rest)
}

func (p *batchParser) readValues(row batchRow, fields string) error {
	b := &p.batch
	row.values = make([]pair, 0, min(strings.Count(fields, ",")+1, len(b.names)))
	column := 0
	for field := range strings.SplitSeq(fields, ",") {
		if column == len(b.names) {
			return errors.New("the row has more fields than the header")
		}
		value, err := decodeField(field)
		if err != nil {
			return err
		}
		if value != "" {
			row.values = append(row.values, pair{name: b.names[column], value: value})
		}
		column++
	}
	if len(row.values) > 0 {
		b.rows = append(b.rows, row)
	}
	return nil
}

// decodeField takes only what means the same however often Target decodes the form and wherever it splits it.
func decodeField(field string) (string, error) {
	for i := range len(field) {
		if !isUnreserved(field[i]) && field[i] != '%' {
			return "", errors.New("a byte that must be percent-encoded is not")
		}
	}
	decoded, refused := unescape(field)
	switch {
	case refused != nil:
		return "", errors.New(refused.message)
	case strings.ContainsAny(decoded, ",\r\n"):
		return "", errors.New("a name, id or value has a comma or a line break, of which nobody knows whether it survives")
	}
	return decoded, nil
}

// isUnreserved reports whether RFC 3986 never wants a byte percent-encoded.
func isUnreserved(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("-._~", c) >= 0
}
