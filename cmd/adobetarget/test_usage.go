// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

const testIntroduction = `Runs tests of a mapping: records, and the calls that the exporter makes of them. FILE is a file of
tests, or a folder, of which all files *.test.yaml are run.

  config: nested-json.yaml         # beside this file; or a list of files or URIs, as --config takes
  exporter: adobe_target/x         # only where the configuration has several
  tests:
    - name: a store visit becomes one call
      records:                     # or records_file: visits.jsonl, with as: attributes, body, …
        - attributes: {customer.id: zoe, loyalty.tier: gold}
          body: {profile: {a: 1}}
          resource: {store.id: "17"}
          time: 2026-01-05T08:00:04Z
        - body: nobody
      match: exact                 # the default; with contains there may be more than is expected
      merge: true                  # the default; with false each record has its own call
      expect:
        calls:
          - records: [1]           # optional
            visitor: {mbox3rdPartyId: zoe}
            parameters: {profile.loyaltyTier: gold}
            route: single          # optional
        skipped:
          - {record: 2, reason: no_visitor, place: visitor}   # place optional

Records may also have scope, observed_time, severity_text, severity_number, event_name, trace_id
and span_id. Whole numbers are whole; what looks like a date is a text. Rows of an upload, and
the calls that a visitor's parameters are divided into, are calls of their own here. With exact
they are all, in their order, with all parameters, and the skipped records are all. A test must
expect something.

--update leaves what passes as it is written, comments too.

Exit code: 0, or 1 where a test failed or --run matched none, or 2 where arguments, a file of tests
or its configuration cannot be read; a file or folder without tests is such.`

const testExamples = `  adobetarget test mapping.test.yaml
  adobetarget test --junit report.xml docs/recipes`
