// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"errors"
	"fmt"
	"io"
)

// failure is an error that is none of the arguments: what was asked for ran, and failed.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// exitCode says what went wrong and returns the exit code for it. What is no failure is a usage error: cobra's own are,
// and so is what cannot be read.
func exitCode(err error, stderr io.Writer) int {
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, "adobetarget:", err)
	if _, failed := errors.AsType[failure](err); failed {
		return exitFailure
	}
	return exitUsage
}
