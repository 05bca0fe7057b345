// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

const emulatorIntroduction = `An Adobe Target in memory, for development, demonstrations and tests. It is not Adobe Target.

It answers
  GET, POST /m2/{clientCode}/profile/update                    updates a profile
  POST /m2/{clientCode}/v2/profile/batchUpdate                 updates or creates many, from a file
  POST /m2/{clientCode}/profile/batchUpdate                    updates many
  GET /m2/{clientCode}/profile/batchStatus?batchId={id}        says how far such a file is
  POST /rest/v1/delivery?client={clientCode}&sessionId={id}    updates or creates one, in a call that is billed
  GET /rest/v1/profiles/{tntId}?client={clientCode}            shows one
  GET /rest/v1/profiles/thirdPartyId/{id}?client={clientCode}

and shows it on the page /. Nothing leaves the machine, and nothing is kept when it ends.`

const emulatorExamples = `  adobetarget emulator --listen 127.0.0.1:8089
  curl -d 'mbox3rdPartyId=crm-1&profile.tier=gold' http://127.0.0.1:8089/m2/acme/profile/update
  printf 'batch=thirdPartyId,tier\ncrm-1,gold\n' | curl --data-binary @- http://127.0.0.1:8089/m2/acme/v2/profile/batchUpdate`

const emulatorControl = `
Control, never behind the token and never counted
  GET  /_emulator/stats     counters
  GET  /_emulator/profiles  {"total":1,"profiles":[{"client":"acme","parameter":"mbox3rdPartyId","id":"crm-1",
                            "modified_at":"...","attributes":{"tier":{"value":"gold","modified_at":"..."}}}]}
                            ?limit=100&offset=0 chooses a part
  GET  /_emulator/visitors  ?search=crm&order=changed&limit=50&offset=0: visitors by a part of the id, without values
  GET  /_emulator/visitor   ?client=acme&parameter=mbox3rdPartyId&id=crm-1: its profile and its newest calls
  GET  /_emulator/call      ?number=17: one of the newest calls, with its parameters
  GET  /_emulator/events    server-sent events of calls and of what changes, which the page is made of
  GET  /_emulator/history   ?visitor=crm-1: [{"client":"acme","parameter":"mbox3rdPartyId","id":"crm-1",
                            "values":{"tier":["silver","gold"]}}], with --history
  PUT  /_emulator/receipts  {"prefix":"r"}: parameters r1, r2, ... are kept as receipts, not as attributes
  GET  /_emulator/receipts  which numbers arrived, by the parameter that names the visitor, and how many were accepted
  GET  /_emulator/uploads   the files of batchUpdate that were taken, without ids and values
  PUT  /_emulator/single    {"segment":"code","place":"body","refuse_unknown":true,"value_length":256,"name_length":128,
                            "parameters":50,"body_bytes":60000,"cut_values":true,"trim_values":true,"lag":"1h"}
  PUT  /_emulator/bulk      {"processing":"2s","override":"lost_properties","status_scheme":"http","status_host":"...","keep":10,
                            "escaped":false,"v2_pcid":false,"v1_third_party":false,"rows":"failed","encoded_ids":false,
                            "unknown_word":false}; rows that a status names: failed, all, none
  GET  /_emulator/faults    the faults still active
  PUT  /_emulator/faults    a list of faults, [] lifts them
  PUT  /_emulator/latency   {"fixed":"200ms","jitter":"50ms"}
  PUT  /_emulator/token     {"token":"..."}, empty asks for none
  PUT  /_emulator/quota     {"calls":1000,"window":"24h","retry_after":"60s"}, calls 0 lifts it
  GET  /_emulator/quota     the same, and how full the window of each client code is
  POST /_emulator/reset     as if just started

A fault hits well-formed calls; only its kind is required
  {"kind":"status","status":503,"retry_after":"3s","retry_after_date":true}
  {"kind":"redirect","status":302,"location":"https://example.com/"}
  {"kind":"reset"} {"kind":"hang"} {"kind":"refuse"} {"kind":"garbage"} {"kind":"truncate"} {"kind":"silent"}
  {"kind":"stuck"} {"kind":"fail_rows"}           what becomes of a batch
  {"kind":"foreign","location":"https://example.com/"} {"kind":"no_status"} {"kind":"entity"} {"kind":"large"}
                                                  odd answers of the bulk API
and each may have
  "probability":0.1    the share of the calls it hits
  "count":5            how many calls it hits before it is gone
  "visitor":"crm-1"    the only visitor it hits, and any batch with a row of that visitor
  "route":"single"     the only calls it hits: single, delivery, bulk, bulk_status
  "applied":true       the update takes effect although the call fails
`
