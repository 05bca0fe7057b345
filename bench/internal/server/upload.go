// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package server // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
)

const (
	// UploadPath is where uploads go, and statusPath where is asked what became of them.
	UploadPath = "/m2/acme/v2/profile/batchUpdate"
	statusPath = "/m2/acme/profile/batchStatus"

	uploadHead = "batch=thirdPartyId,"
	// uploadChunk is how much of an upload is held at a time. Each line has to fit in.
	uploadChunk = 1 << 16
)

// statusAnswer is of each upload: it is complete as soon as it is taken.
const statusAnswer = "<response><batchId>1</batchId><status>complete</status></response>"

// uploadAnswer says that an upload is taken, and that this host tells its status.
func uploadAnswer(host string) string {
	return "<response><success>true</success><batchStatus>http://" + host + statusPath +
		"?batchId=1</batchStatus><message>Batch submitted for processing</message></response>"
}

// readUpload reads an upload line by line, counts its rows and notes their visitors. It returns how
// many bytes it has read.
func (c *counter) readUpload(body io.Reader, now int64) (n int64, err error) {
	c.uploads.Add(1)
	lines := bufio.NewReaderSize(body, uploadChunk)
	head, err := lines.ReadSlice('\n')
	n = int64(len(head))
	if !bytes.HasPrefix(head, []byte(uploadHead)) {
		return n, errors.New("an upload has to begin with " + uploadHead)
	}
	for err == nil {
		var line []byte
		line, err = lines.ReadSlice('\n')
		n += int64(len(line))
		if err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
		if err := c.noteRow(line, now); err != nil {
			return n, err
		}
	}
	c.lastRow.Store(time.Now().UnixNano())
	return n, nil
}

// noteRow counts a row, and notes that its visitor came.
func (c *counter) noteRow(line []byte, now int64) error {
	id, _, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(","))
	customer, err := url.QueryUnescape(string(id))
	if err != nil {
		return fmt.Errorf("the id of a row: %w", err)
	}
	visitor, err := records.Visitor(customer)
	if err != nil {
		return err
	}
	c.rows.Add(1)
	return c.arrivals.note(visitor, now)
}
