// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sample // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/sample"

import (
	"errors"
	"fmt"
	"math"
)

// Settings says how many records to write and of whom.
type Settings struct {
	// Records is the number of lines.
	Records int
	// Visitors is the number of different visitors the records are of.
	Visitors int
	// Seed chooses one of the many possible samples.
	Seed uint64
	// Zipf is the exponent of the skew: the k-th visitor has records in
	// proportion to 1/k^Zipf. 0 gives every visitor as many.
	Zipf float64
	// OddEvery makes one record in so many an odd one (see Kinds). 0 makes none.
	OddEvery int
}

// NewDefaultSettings returns the settings of the committed sample.
func NewDefaultSettings() Settings {
	return Settings{Records: 400, Visitors: 120, Seed: 1, Zipf: 0.8, OddEvery: 8}
}

// Validate returns an error that names every setting that makes no sense.
func (s Settings) Validate() error {
	var errs []error
	if s.Records < 0 {
		errs = append(errs, fmt.Errorf("records: must not be negative, is %d", s.Records))
	}
	if s.Visitors < 1 {
		errs = append(errs, fmt.Errorf("visitors: must be at least 1, is %d", s.Visitors))
	}
	if s.Zipf < 0 || math.IsNaN(s.Zipf) || math.IsInf(s.Zipf, 0) {
		errs = append(errs, fmt.Errorf("zipf: must be a number of at least 0, is %v", s.Zipf))
	}
	if s.OddEvery < 0 {
		errs = append(errs, fmt.Errorf("odd: must not be negative, is %d", s.OddEvery))
	}
	return errors.Join(errs...)
}
