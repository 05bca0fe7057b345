package mapping

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
)

func TestProbe(t *testing.T) {
	for _, e := range []string{
		`Time("2024-01-02","%Y-%m-%d")`, `Duration("3s")`, `Split("a,b",",")`, `ParseJSON("{\"a\":1,\"b\":[1,{\"c\":2}],\"d\":null,\"e\":1e30}")`,
		`TraceID(0x0102030405060708090a0b0c0d0e0f10)`, `SpanID(0x0102030405060708)`, `ProfileID(0x0102030405060708090a0b0c0d0e0f10)`, `log.trace_id`, `log.span_id`, `log.time`, `log.time_unix_nano`,
		`log.severity_number`, `SEVERITY_NUMBER_ERROR`, `log.attributes`, `log.body`, `log.attributes["m"]`, `log.attributes["l"]`,
		`[log.attributes["m"], log.attributes["l"]]`, `[log.time, 1, "a"]`, `{"a": log.attributes["m"], "b":[1,2], "t": log.time}`, `{"t": Duration("3s")}`, `{"t": Split("a,b", ",")}`,
		`Keys(log.attributes["m"])`, `Values(log.attributes["m"])`, `MapKeys(log.attributes["m"], (k) => Concat([k,"x"],""))`, `Sort(log.attributes["l"])`, `Append(log.attributes["l"], "z")`,
		`Sort(Split("b,a", ","))`, `URL("https://a.b/c?x=1")`, `UserAgent("curl/7")`, `Month(log.time)`, `Weekday(log.time)`, `Hour(log.time)`, `Hours(Duration("90m"))`, `Unix(3)`, `Hex("a")`, `ParseCSV("1,2","a,b")`, `ParseKeyValue("a=1 b=2")`,
		`Base64Decode("AAE=")`, `Decode("AAE=","base64")`, `log.attributes["bytes"]`, `Murmur3Hash("x")`, `FNV("x")`, `XXH3("x")`, `ParseXML("<a>b</a>")`, `ParseSimplifiedXML("<a><b>1</b></a>")`, `UUID()`, `ExtractPatterns("abc","(?P<n>b)")`,
		`Len(log.attributes)`, `log.flags`, `log.dropped_attributes_count`, `log.observed_time`, `resource.attributes`, `scope.name`, `resource.schema_url`, `log.cache`, `log.cache["x"]`, `nil`, `true`, `1.5`, `0x0102`, `1/0`, `ParseSeverity(1, {"info":[1]})`, `SliceToMap([{"k":"a","v":1}],["k"],["v"])`,
		`log.event_name`, `log.body["x"]`, `log.body.string`, `TruncateTime(log.time, Duration("1h"))`, `log.time - log.observed_time`, `Filter(log.attributes["l"], (x) => true)`, `Find(log.attributes["l"], (x) => true)`, `MapEach(log.attributes["l"], (x) => x)`, `resource`, `log`, `log.attributes["l"][0]`, `Int("x")`, `Double("NaN")`, `IsString("x")`, `1 == 1`, `Day(log.time)`, `DeleteIndex(log.attributes["l"],0)`, `Keys(ParseJSON("{}"))`, `Index("abc","b")`, `Bool("true")`, `resource.dropped_attributes_count`, `log.severity_text`, `otelcol.client`,  `otelcol.client.metadata`, `otelcol.client.metadata["x"]`,`otelcol.grpc.metadata`, `otelcol.client.addr`, `scope.attributes`,`When(true,"a","b")`,
	} {
		v, err := Expression(e).parse()
		if err != nil {
			fmt.Printf("%-50s PARSE %v\n", e, err)
			continue
		}
		rc, _ := newRecordContext()
		ld := plog.NewLogs()
		*rc.resource = ld.ResourceLogs().AppendEmpty()
		*rc.scope = rc.resource.ScopeLogs().AppendEmpty()
		*rc.record = rc.scope.LogRecords().AppendEmpty()
		rc.record.Body().SetStr("hello")
		rc.record.Attributes().FromRaw(map[string]any{"m": map[string]any{"a": 1, "b": []any{1}}, "l": []any{"b", int64(1), map[string]any{"z": 1e30}}, "bytes": []byte{1, 2}})
		res, err := v.Eval(t.Context(), rc.ottl)
		if err != nil {
			fmt.Printf("%-50s EVAL %v\n", e, err)
			continue
		}
		pv, d := resultValue(res)
		s := ""
		if d == kept {
			s = pv.AsString()
		} else {
			s = "DROP " + d.String()
		}
		fmt.Printf("%-50s %T  => %s\n", e, res, s)
	}
}
