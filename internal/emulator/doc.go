// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package emulator is an in-memory Adobe Target to develop and test against: the Single and the Bulk Profile Update API, the
// Delivery API as a way to set profile parameters, and the profile fetch, with a rolling quota, a bearer token, latency and
// faults on demand. Where Adobe is silent it is the stricter of the two, so that a client which satisfies the emulator is not
// surprised by Target. It knows nothing of the exporter, of the Collector, or of the command that runs it, and it writes no log.
//
// # Updates
//
// GET and POST on /m2/{clientCode}/profile/update, and on /m2/client/profile/update where the client code comes from a Host
// of the shape <code>.tt.omtrdc.net, else from [Settings].ClientCode, else is "client". Every attempt counts against the
// quota when it arrives, and ends in exactly one of these:
//
//	unauthorized  403  a token is set and the call does not carry it
//	over quota    429  more attempts than the quota within the window that ends now
//	malformed     400  parameters that cannot be read, are given twice, are unknown or reserved; an impossible visitor
//	              405  neither GET nor POST
//	              413  a body of more than 60,000 bytes
//	              414  a path and query of more than 8,000 bytes
//	              415  a body that is no UTF-8 form, or any Content-Encoding
//	refused       200  success false: well-formed, but without profile parameters or with an empty value
//	faulted            a fault was acted out, see [Fault]
//	accepted      200  success true: submitted, which is not applied: the visitor may be unknown
//
// A path or client code that does not exist answers 404 and is no attempt.
//
// # Delivery
//
// POST on /rest/v1/delivery?client={clientCode}&sessionId={id} with JSON of one visitor, by tntId or thirdPartyId, and the
// profileParameters of mboxes to execute or of notifications. It sets them in the same profiles, creates those that do not
// exist, and counts what Adobe would bill. It has no quota. Its faults are those of updates, and so are its counters but for
// [Stats].Deliveries. An answer names what was done, or is JSON with a message:
//
//	400  not that JSON, unknown or repeated members, over 50 mboxes, notifications or parameters, a name of over 128 or a
//	     value of over 256 characters, an empty value, an impossible mbox, visitor or session; a session of two visitors, or
//	     two sessions of one visitor within 30 minutes; a token or a cookie, as it takes none
//	420  over 100 calls of a session at once
//	405, 413, 415 as for updates
//
// # Bulk
//
// POST on /m2/{clientCode}/profile/batchUpdate (v1) and /m2/{clientCode}/v2/profile/batchUpdate (v2) with a body of
//
//	batch=thirdPartyId,tier,store
//	crm-1,gold,Oslo
//	crm-2,,Bergen%20S
//
// and GET on /m2/{clientCode}/profile/batchStatus?batchId={id}, with &m2Node= and &showDetails=true if liked. A batch is
// incomplete until its time, see [Bulk], then it is complete and its rows take effect, or it is stuck and none does. v2 creates
// profiles, v1 does not. Batches take effect in the order of their times, and what was called in between is overwritten:
// [Stats].Overlaps counts the visitors of whom a client did not wait for that. Uploads have no quota; [Stats].Uploads and
// [Stats].Statuses count the calls, and what became of them is counted with updates.
//
//	403, 405, 415 as for updates, also 415 for a multipart form; 413 from 50,000,000 bytes on
//	400           a query; a body that breaks off. Of a status, an unknown or repeated parameter
//	404           a batch that is not known or, of a client code, not among the newest that are kept
//	503           over 50 calls in a minute, uploads and statuses of a client code together, without a Retry-After
//	200           success false, with the line that is at fault: what does not begin with batch=, a first column that is neither
//	              pcId nor thirdPartyId, no rows or over 500,000, columns or ids that are there twice, ids and names that
//	              updates would not take, names with profile., more fields than columns, blank lines, carriage returns, and
//	              anything but unreserved characters that is not percent-encoded. A comma or a line break is refused even so,
//	              as nobody knows whether it survives. A pcId in v2 and a thirdPartyId in v1 are refused until [Bulk] has them
//
// # Control
//
// What a test or a user steers from outside, never behind the token and never counted:
//
//	GET  /_emulator/stats      the counters, see [Stats]
//	GET  /_emulator/profiles   {"total":1,"profiles":[{"client":"acme","parameter":"mboxPC","id":"1.01_00",
//	                           "modified_at":"…","attributes":{"tier":{"value":"gold","modified_at":"…"}}}]};
//	                           ?limit= and ?offset= choose a part
//	GET  /_emulator/visitors   {"total":100000,"found":1,"visitors":[{"client":"acme","parameter":"mboxPC","id":"1.01_00",
//	                           "modified_at":"…","attributes":3}]}; ?search= is a part of the id, in whatever case; ?order=
//	                           is id or changed, the last first; ?limit= and ?offset= choose a part
//	GET  /_emulator/visitor    ?client=acme&parameter=mboxPC&id=1.01_00: {"profile":{…},"calls":[…]}, the newest calls first
//	GET  /_emulator/call       ?number=17: what is needed to make one of the newest calls again, see [Settings].RecentCalls
//	GET  /_emulator/events     server-sent events: start, calls and state, ten times a second at most
//	GET  /_emulator/history    ?visitor=<id>: [{"client":"acme","parameter":"mboxPC","id":"1.01_00","values":{"seq":["1","2"]}}]
//	PUT  /_emulator/receipts   {"prefix":"r"}: parameters r1, r2, … are from now on kept as receipts, not as attributes
//	GET  /_emulator/receipts   {"mboxPC":{"numbers":[[1,17],[19,40]],"accepted":41}}, see [Receipts]
//	GET  /_emulator/uploads    [{"id":"acme-1772366400000-10000001","client":"acme","version":"v2","parameter":"mboxPC","rows":2,
//	                           "bytes":46,"names":["tier"],"status":"complete","updated":2,"not_found":0,"failed":0,
//	                           "submitted_at":"…","completed_at":"…"}]
//	PUT  /_emulator/bulk       {"processing":"2s","override":"lost_properties","status_scheme":"http","status_host":"…","keep":10,
//	                           "escaped":false,"v2_pcid":false,"v1_third_party":false,"rows":"failed","encoded_ids":false,
//	                           "unknown_word":false}, see [Bulk]
//	GET  /_emulator/faults     the faults still active, in the shape PUT takes
//	PUT  /_emulator/faults     [{"kind":"status","status":503,"retry_after":"3s","retry_after_date":false,"location":"",
//	                           "probability":0.5,"count":10,"visitor":"<id>","applied":false,"route":"bulk"}]; only kind is
//	                           required. A route is one of single, delivery, bulk, bulk_status
//	PUT  /_emulator/single     how updates and the fetch behave where Adobe's pages disagree, see [Single]: {"segment":"code",
//	                           "place":"body","refuse_unknown":true,"value_length":256,"name_length":128,"parameters":50,
//	                           "body_bytes":60000,"cut_values":true,"trim_values":true,"lag":"1h"}
//	PUT  /_emulator/latency    {"fixed":"200ms","jitter":"50ms"}, which GET shows
//	PUT  /_emulator/token      {"token":"…"}; an empty one asks for no token
//	PUT  /_emulator/quota      {"calls":1000,"window":"24h","retry_after":"60s"}; calls 0 lifts the quota
//	GET  /_emulator/quota      the same, and how full the window of each client code is and when it frees, see [Window]
//	POST /_emulator/reset      as if just started
//
// A PUT or POST that worked answers 204, anything wrong answers {"status":…,"message":"…"}.
package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
