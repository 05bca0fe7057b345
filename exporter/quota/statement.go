// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"time"
)

// statement is what is stored of an account.
type statement struct {
	Format     string `json:"format"`
	ClientCode string `json:"client_code"`
	Endpoint   string `json:"endpoint"`
	// Account is the id of the account that wrote it. Earlier versions wrote none.
	Account string    `json:"account,omitempty"`
	Wall    time.Time `json:"wall"`
	Boot    string    `json:"boot"`
	Uptime  int64     `json:"uptime_ns"`
	// Reserved are calls that may leave after the statement was written. It is not
	// known when they did, or whether.
	Reserved int `json:"reserved"`
	history
}

// history is what a window holds of calls that are over.
type history struct {
	// Age is how long before the statement the newest bucket began.
	Age int64 `json:"age_ns"`
	// Width is how long a bucket lasts.
	Width int64 `json:"width_ns"`
	// Calls are those of each bucket, the newest first.
	Calls []int `json:"calls"`
}

const statementFormat = "adobe_target quota account 1"

var errDamaged = errors.New("the stored account is damaged " +
	"or not an account of this exporter. Restore it, or remove its file " +
	"if you accept that the calls of the last window are not counted")

func (s *statement) instant() instant {
	return instant{wall: s.Wall, boot: s.Boot, uptime: time.Duration(s.Uptime)}
}

// encode writes the statement behind a checksum.
func (s *statement) encode() ([]byte, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%08x %s", crc32.ChecksumIEEE(text), text), nil
}

// decode reads a statement of that account. Whatever is not one is an error, and
// never an account without calls.
func decode(data []byte, key Key) (*statement, error) {
	damaged := fmt.Errorf("%s: %w", key.storage(), errDamaged)
	sum, text, found := bytes.Cut(data, []byte(" "))
	if !found || string(sum) != fmt.Sprintf("%08x", crc32.ChecksumIEEE(text)) {
		return nil, damaged
	}
	s := &statement{}
	if err := json.Unmarshal(text, s); err != nil || s.Format != statementFormat ||
		s.Reserved < 0 || s.Age < 0 || s.Width <= 0 || len(s.Calls) > buckets+1 ||
		slices.ContainsFunc(s.Calls, func(calls int) bool { return calls < 0 }) {
		return nil, damaged
	}
	if s.ClientCode != key.ClientCode || s.Endpoint != key.Endpoint {
		return nil, fmt.Errorf("%s: the stored account is that of client_code %q "+
			"and another endpoint or client code than this one's; give each account a storage of its own", key.storage(), s.ClientCode)
	}
	return s, nil
}
