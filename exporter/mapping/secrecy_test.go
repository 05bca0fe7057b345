// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const secret = "s3cr3t"

// TestValuesAreSaidNowhere lets expressions and conditions fail in every way on a
// record full of secrets, and listens to what is said.
func TestValuesAreSaidNowhere(t *testing.T) {
	var said bytes.Buffer
	zapCore := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&said), zapcore.DebugLevel)
	defer zap.ReplaceGlobals(zap.New(zapCore))()
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer log.SetOutput(log.Writer())
	log.SetOutput(&said)

	cfg := defaultConfig()
	cfg.Conditions = []Condition{`log.body["x"] == 1`, `ParseJSON(log.body) == nil`, `Int(log.body) == 1`}
	record := fixture{
		record:   map[string]any{"mbox3rdPartyId": secret + "/", "mboxPC": secret, "profile.user.x": secret, "profile." + secret: nil},
		resource: map[string]any{"profile.a": secret},
		body:     secret,
	}
	failing := update(t, cfg, record)
	assert.Equal(t, Update{Skip: SkipConditionFailed, Failed: "conditions::0"}, failing, "a skipped record shows nothing of itself")

	cfg.Conditions = append(cfg.Conditions, "true")
	for _, e := range []Expression{`ParseJSON(log.body)`, `Time(log.body, "%Y")`, `Duration(log.body)`, `log.body["x"]`, `ParseKeyValue(log.body)`, `ParseXML(log.body)`} {
		cfg.Visitor = append([]VisitorEntry{{Parameter: "mboxPC", Value: e}}, cfg.Visitor...)
		cfg.Profile = append(cfg.Profile, ProfileEntry{Parameter: "p", Value: e})
	}
	got := update(t, cfg, record)
	require.Equal(t, NotSkipped, got.Skip)
	assert.Equal(t, 6, got.Dropped[DropExpressionFailed])
	assert.NotContains(t, fmt.Sprintf("%v %+v", got.Skip, got.Dropped), secret)
	assert.Empty(t, said.String())

	// The listeners do hear.
	zap.L().Debug("a")
	slog.DebugContext(t.Context(), "b")
	log.Print("c")
	assert.Contains(t, said.String(), `"msg":"a"`)
	assert.Contains(t, said.String(), "msg=b")
	assert.Contains(t, said.String(), "c\n")
}

func TestOTTLsErrorsWouldSayTheValue(t *testing.T) {
	// Why the Mapper counts them and says nothing.
	expression, err := Expression(`Time(log.body, "%Y")`).parse()
	require.NoError(t, err)
	c, err := newRecordContext()
	require.NoError(t, err)
	ld := logsOf(t, fixture{body: secret})
	*c.resource = ld.ResourceLogs().At(0)
	*c.scope = c.resource.ScopeLogs().At(0)
	*c.record = c.scope.LogRecords().At(0)
	_, err = expression.ottl.Eval(t.Context(), c.ottl)
	assert.ErrorContains(t, err, secret)
}

func TestACanceledContextStillMapsTheBatch(t *testing.T) {
	// Mapping waits for nothing; a batch that is given up is given up where it waits.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := 0
	for _, got := range newMapper(t, everyPath()).Updates(ctx, logsOf(t, sale(), sale())) {
		assert.Equal(t, NotSkipped, got.Skip)
		n++
	}
	assert.Equal(t, 2, n)
}
