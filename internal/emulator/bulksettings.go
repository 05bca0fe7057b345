// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"errors"
	"time"
)

// Override is how Adobe's sentence is read that "consecutive v2 batch update calls without mbox calls in between for the
// same thirdPartyIds override the properties updated in the first batch update call".
type Override string

const (
	// OverrideLostProperties takes away what the previous batch of v2 set and the next lacks, unless a Delivery call of the
	// visitor came between them. It is the reading that harms, and the default.
	OverrideLostProperties Override = "lost_properties"
	// OverrideLastValue replaces values alone.
	OverrideLastValue Override = "last_value"
)

// Bulk is how the Bulk Profile Update API behaves. The zero value completes a batch by the next call.
type Bulk struct {
	// Processing is the time after an upload until its batch is complete, or stuck.
	Processing time.Duration
	// Override is [OverrideLostProperties] when empty.
	Override Override
	// StatusScheme and StatusHost stand in the address of the status, those of the upload when empty. Adobe's are http and a
	// host of the edge.
	StatusScheme string
	StatusHost   string
	// Keep is how many batches of a client code have a status, the newest; 0 keeps all. Adobe is said to keep ten.
	Keep int
	// Escaped writes the address of the status as XML wants it, with &amp; and not with the & of Adobe's pages.
	Escaped bool
	// V2PCID takes a pcId in v2, as Adobe does where the site has no ECID.
	V2PCID bool
	// V1ThirdParty takes a thirdPartyId in v1, on which Adobe's pages contradict each other.
	V1ThirdParty bool
	// Rows is [RowsFailed] when empty.
	Rows Rows
	// EncodedIDs names rows by their ids as they stand in the batch, percent-encoded.
	EncodedIDs bool
	// UnknownWord says unknown of a batch before its time, and not incomplete.
	UnknownWord bool
}

func (b Bulk) withDefaults() Bulk {
	if b.Override == "" {
		b.Override = OverrideLostProperties
	}
	if b.Rows == "" {
		b.Rows = RowsFailed
	}
	return b
}

func (b Bulk) validate() error {
	switch {
	case b.Processing < 0:
		return errors.New("bulk: processing must be 0 or more")
	case b.Override != OverrideLostProperties && b.Override != OverrideLastValue:
		return errors.New("bulk: override must be lost_properties or last_value")
	case b.StatusScheme != "" && b.StatusScheme != "http" && b.StatusScheme != "https":
		return errors.New("bulk: status_scheme must be http or https")
	case b.Keep < 0:
		return errors.New("bulk: keep must be 0 or more")
	case b.Rows != RowsFailed && b.Rows != RowsAll && b.Rows != RowsNone:
		return errors.New("bulk: rows must be failed, all or none")
	}
	return nil
}

// SetBulk changes how the Bulk Profile Update API behaves. A batch keeps the time it was given.
func (e *Emulator) SetBulk(bulk Bulk) error {
	bulk = bulk.withDefaults()
	if err := bulk.validate(); err != nil {
		return err
	}
	e.bulk.Store(&bulk)
	return nil
}

// refusesKey returns why a version does not take ids of the parameter.
func (b *Bulk) refusesKey(version, parameter string) error {
	switch {
	case version == bulkV2 && parameter == MboxPC && !b.V2PCID:
		return errors.New("v2 takes no pcId where the site has ECIDs")
	case version == bulkV1 && parameter == Mbox3rdPartyID && !b.V1ThirdParty:
		return errors.New("v1 takes no thirdPartyId")
	}
	return nil
}

// bulkWire is a Bulk in JSON.
type bulkWire struct {
	Processing   duration `json:"processing"`
	Override     Override `json:"override"`
	StatusScheme string   `json:"status_scheme"`
	StatusHost   string   `json:"status_host"`
	Keep         int      `json:"keep"`
	Escaped      bool     `json:"escaped"`
	V2PCID       bool     `json:"v2_pcid"`
	V1ThirdParty bool     `json:"v1_third_party"`
	Rows         Rows     `json:"rows"`
	EncodedIDs   bool     `json:"encoded_ids"`
	UnknownWord  bool     `json:"unknown_word"`
}

func (e *Emulator) changeBulk(body []byte) error {
	var w bulkWire
	if err := decodeStrictly(body, &w); err != nil {
		return err
	}
	return e.SetBulk(Bulk{
		Processing: w.Processing.std(), Override: w.Override, StatusScheme: w.StatusScheme, StatusHost: w.StatusHost,
		Keep: w.Keep, Escaped: w.Escaped, V2PCID: w.V2PCID, V1ThirdParty: w.V1ThirdParty,
		Rows: w.Rows, EncodedIDs: w.EncodedIDs, UnknownWord: w.UnknownWord,
	})
}
