// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// FuzzRecords makes records of any kind out of the bytes and follows them into
// calls.
func FuzzRecords(f *testing.F) {
	for _, seed := range []string{
		"", "\x01\x00\x02id\x01\x04gold", strings.Repeat("\x05\x03abc\x02", 40), strings.Repeat("\x08", 200),
		strings.Repeat("\x07\x01\x02", 100), "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", strings.Repeat("0123456789abcdef", 30),
	} {
		f.Add([]byte(seed), uint16(200), uint8(0))
		f.Add([]byte(seed), uint16(60_000), uint8(4))
	}
	f.Fuzz(func(t *testing.T, data []byte, maxCall uint16, maxValue uint8) {
		cfg := conservationConfig()
		cfg.MaxCall, cfg.MaxValueLength = int(maxCall), int(maxValue)
		src := entropy(data)
		checkConservation(t, cfg, src.logs())
	})
}

// FuzzWire reads the bytes as OTLP, in which a map may hold a key twice, a list no
// values, and all text is of any bytes.
func FuzzWire(f *testing.F) {
	marshaler := plog.ProtoMarshaler{}
	seeds := []fixture{
		sale(),
		{record: withID(map[string]any{"p.a": "gold", "p.user.x": "x", "a": nil}), body: map[string]any{"k": []any{1, "x"}}},
		{record: map[string]any{"mboxPC": 17, "a": math.Inf(1)}, scope: map[string]any{"p.": ""}, resource: map[string]any{"p.\xff": "\xff"}},
		{record: withID(map[string]any{"skip": true})},
	}
	for _, name := range []string{"p.a", "p.b"} {
		seeds = append(seeds, fixture{record: withID(map[string]any{name: nested(20, map[string]any{"b": []byte{1}})}), body: "text"})
	}
	for i := range seeds {
		data, err := marshaler.MarshalLogs(logsOf(f, seeds[:i+1]...))
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add(twiceTheKey(f))
	unmarshaler := plog.ProtoUnmarshaler{}
	f.Fuzz(func(t *testing.T, data []byte) {
		if ld, err := unmarshaler.UnmarshalLogs(data); err == nil {
			checkConservation(t, conservationConfig(), ld)
		}
	})
}

// twiceTheKey returns a record on the wire with the attribute `p.a` twice, which
// pdata's own API cannot make.
func twiceTheKey(tb testing.TB) []byte {
	tb.Helper()
	ld := logsOf(tb, fixture{set: func(r plog.LogRecord) {
		r.Attributes().PutStr("mboxPC", "1")
		r.Attributes().PutStr("p.a", "first")
		r.Attributes().PutStr("p.b", "second")
	}})
	marshaler := plog.ProtoMarshaler{}
	data, err := marshaler.MarshalLogs(ld)
	require.NoError(tb, err)
	return bytes.ReplaceAll(data, []byte("p.b"), []byte("p.a"))
}

func TestAKeyThatStandsTwice(t *testing.T) {
	unmarshaler := plog.ProtoUnmarshaler{}
	ld, err := unmarshaler.UnmarshalLogs(twiceTheKey(t))
	require.NoError(t, err)
	require.Equal(t, 3, placesOf(ld)[0].record.Attributes().Len())
	checkConservation(t, conservationConfig(), ld)
	got := updates(t, newMapper(t, conservationConfig()), ld)[0]
	require.Equal(t, map[string]string{"a": "second"}, latest(got.Parameters))
}

// entropy gives values out of bytes; when they are used up it gives zeros.
type entropy []byte

func (s *entropy) byte() byte {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return b
}

func (s *entropy) text() string {
	n := min(int(s.byte())%24, len(*s))
	text := string((*s)[:n])
	*s = (*s)[n:]
	return text
}

func (s *entropy) number() uint64 {
	var raw [8]byte
	for i := range raw {
		raw[i] = s.byte()
	}
	return binary.LittleEndian.Uint64(raw[:])
}

func (s *entropy) logs() plog.Logs {
	ld := plog.NewLogs()
	for len(*s) > 0 && ld.LogRecordCount() < 50 {
		resource := ld.ResourceLogs().AppendEmpty()
		s.attributes(resource.Resource().Attributes())
		scope := resource.ScopeLogs().AppendEmpty()
		s.attributes(scope.Scope().Attributes())
		for range 1 + s.byte()%3 {
			record := scope.LogRecords().AppendEmpty()
			s.attributes(record.Attributes())
			s.value(record.Body(), 0)
		}
	}
	return ld
}

func (s *entropy) attributes(m pcommon.Map) {
	names := []string{"mbox3rdPartyId", "mboxPC", "a", "skip", "p.mboxPC", "p.user.x", "p.geolocation.city", "p.", "p"}
	for range s.byte() % 8 {
		switch kind := int(s.byte()); {
		case kind < 100:
			s.value(m.PutEmpty("p."+s.text()), 0)
		case kind < 120: // long enough for a name or a value to be refused
			m.PutStr("p."+strings.Repeat(s.text(), 9), strings.Repeat(s.text(), 500))
		case kind < 180:
			m.PutStr(names[kind%2], s.text())
		default:
			s.value(m.PutEmpty(names[kind%len(names)]), 0)
		}
	}
}

func (s *entropy) value(v pcommon.Value, depth int) {
	switch kind := s.byte() % 9; {
	case kind == 0:
	case kind == 1:
		v.SetInt(int64(s.number())) //nolint:gosec // any integer will do
	case kind == 2:
		v.SetDouble(math.Float64frombits(s.number()))
	case kind == 3:
		v.SetBool(s.byte()%2 == 0)
	case kind == 4:
		v.SetEmptyBytes().FromRaw([]byte(s.text()))
	case kind >= 7 || depth > 30:
		v.SetStr(s.text())
	case kind == 5:
		m := v.SetEmptyMap()
		for range s.byte() % 4 {
			s.value(m.PutEmpty(s.text()), depth+1)
		}
	default:
		list := v.SetEmptySlice()
		for range s.byte() % 4 {
			s.value(list.AppendEmpty(), depth+1)
		}
	}
}
