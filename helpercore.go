// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	// droppingData begins the helper's line on a request of its queue that failed for good.
	droppingData = "Exporting failed. Dropping data."
	// rejectingData begins its line on each error that a caller gets.
	rejectingData = "Exporting failed. Rejecting data."
	// duringShutdown begins the error by which its queue knows to keep a request.
	duringShutdown = "interrupted due to shutdown: "
)

// helperCore is where the helper logs to. It leaves out the lines that raise a false alarm:
// that a request was dropped that the persistent queue keeps, or that its caller gets back, and
// that it was rejected, which is said with the reason where the caller is told.
type helperCore struct {
	zapcore.Core
	persistent, waits bool
}

// helperLogger returns the logger of the helper.
func (e *logsExporter) helperLogger() *zap.Logger {
	return e.set.Logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return &helperCore{core, e.guard != nil, e.cfg.waits()}
	}))
}

// With keeps what a logger made of the helper's has in all its lines.
func (c *helperCore) With(fields []zapcore.Field) zapcore.Core {
	return &helperCore{c.Core.With(fields), c.persistent, c.waits}
}

// Check takes the lines on failed exports, to look at their fields.
func (c *helperCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	switch {
	case strings.HasPrefix(entry.Message, rejectingData):
		return checked
	case strings.HasPrefix(entry.Message, droppingData):
		return checked.AddCore(entry, c)
	}
	return c.Core.Check(entry, checked)
}

// Write writes a line on a request that was dropped, if it was.
func (c *helperCore) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	if c.waits || c.persistent && kept(fields) {
		return nil
	}
	if checked := c.Core.Check(entry, nil); checked != nil {
		checked.Write(fields...)
	}
	return nil
}

// kept reports whether a line tells of a request that stays in the queue.
func kept(fields []zapcore.Field) bool {
	for _, f := range fields {
		if err, ok := f.Interface.(error); ok && strings.HasPrefix(err.Error(), duringShutdown) {
			return true
		}
	}
	return false
}
