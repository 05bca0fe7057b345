// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

const previewIntroduction = `Shows the calls that an exporter adobe_target makes of records. It reads the exporter's part
of a Collector's configuration, maps and merges the records with the exporter's own code, and
composes the calls. None is made: nothing is opened on the network, no extension is started, and
tokens and headers are not printed.

Records (--records) are JSON objects, one a line or over several lines. Each is OTLP/JSON (an
object with resourceLogs, as the file exporter writes it), or becomes a record by --as:

  record      it is written out: {"body":…,"attributes":{…},"resource":{…},"scope":{…},"time":…},
              with observed_time, severity_text, severity_number, event_name, trace_id, span_id
  attributes  its members are the attributes, as json_parser with parse_to: attributes makes them
  body        it is the body, as json_parser with parse_to: body makes it
  text        each line, whatever it is, is a text in the body
  auto        record where the first line has a body, attributes, resource or scope and no other
              keys than a record has, else attributes; the summary says which it was

What other operators and processors do is not done: a record has no time but the one of --as
record. Whole numbers stay whole as with parse_ints: true. With --floats they are read as
floating-point numbers: from 9007199254740992 on two of them become one, so a large number is no
id any more and no value, and is left out.

Output is one JSON object a line: one a record, in their order, then one a call, then a summary.
With --no-merge the calls of a record follow it at once.

  {"record":7,"outcome":"call","call":3}
  {"record":8,"outcome":"skipped","reason":"no_visitor","place":"exporters::adobe_target::visitor"}
  {"record":9,"outcome":"call","call":3,
   "dropped":[{"parameter":"profile.a","reason":"null","place":"exporters::adobe_target::profile::1"}]}
  {"call":3,"route":"single","method":"POST","path":"/m2/acme/profile/update",
   "visitor":{"mbox3rdPartyId":"zo…#3"},"parameters":{"profile.loyaltyTier":"gold"},
   "records":[1,7,9],"bytes":57}
  {"summary":{"exporter":"adobe_target","route":"single","as":"attributes","merged":true,
   "records":9,"visitors":3,"calls":3,"skipped":{"no_visitor":1},"dropped":{"null":1}}}

dropped are parameters that were left out, and in the summary how many. Where one call cannot carry a visitor's parameters,
its calls have one number with part and parts. An upload of route bulk has rows, each with
visitor, parameters and records; what no upload can carry goes by calls with reason not_for_bulk,
whose number the record has as rest. Which calls overflow, or wait, is not shown.

Records of a visitor merge into one update, as they do while they wait in the outbox. Without
sending_queue nothing waits, and only records of one request merge.

Ids are masked: their first two characters and a number of the visitor, which is good for this
run; --show-ids shows them. Values are shown as they are, and an id in a value is too.

Exit code: 0, or 1 where there were no records or one had an outcome named by --fail-on, or 2 where
arguments, the configuration or a record cannot be read.`

const previewExamples = `  adobetarget preview --config examples/demo.yaml --records testdata/actions.jsonl
  tail -n 100 actions.jsonl | adobetarget preview --config config.yaml --pretty
  adobetarget preview --config config.yaml --records logs.json --fail-on skipped,dropped`
