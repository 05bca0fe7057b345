// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

import { byID, el, keep, text } from './dom.js';
import { number, span } from './format.js';
import { control } from './server.js';

const ready = [
  ['503, Retry-After 10 s', { kind: 'status', status: 503, retry_after: '10s' }],
  ['429', { kind: 'status', status: 429 }],
  ['401', { kind: 'status', status: 401 }],
  ['10 % fail with 500', { kind: 'status', status: 500, probability: 0.1 }],
  ['Hang', { kind: 'hang' }],
  ['Reset the connection', { kind: 'reset' }],
  ['Refuse', { kind: 'refuse' }],
  ['Slow answers, 2 s', undefined],
];
const slow = { fixed: '2s', jitter: '0s' };
const quick = { fixed: '0s', jitter: '0s' };

const meanings = {
  reset: 'The connection is reset', hang: 'No answer comes', refuse: 'Refused with success false', redirect: 'Redirected',
  garbage: 'A page of HTML instead of an answer', truncate: 'Half of an answer', silent: 'An answer that says nothing',
  stuck: 'Batches get stuck', fail_rows: 'Rows of batches fail', foreign: 'The status is elsewhere', no_status: 'No status is named',
  entity: 'An entity in the XML', large: 'A very large status',
};

function describe(fault) {
  const said = [fault.kind === 'status' ? `Status ${fault.status}` : meanings[fault.kind] ?? fault.kind];
  if (fault.retry_after && fault.retry_after !== '0s') said.push(`Retry-After ${span(fault.retry_after)}`);
  if (fault.probability) said.push(`${number(fault.probability * 100)} % of the calls`);
  if (fault.route) said.push(`route ${fault.route.replace('_', ' ')}`);
  if (fault.visitor) said.push(`visitor ${fault.visitor}`);
  if (fault.applied) said.push('takes effect');
  said.push(fault.count ? `${number(fault.count)} left` : 'until lifted');
  return said.join(', ');
}

// sameBut compares two faults without what is left of them, which goes down from call to call.
const without = (fault) => JSON.stringify({ ...fault, count: 0 });

async function change(how) {
  try {
    await how();
    text(byID('faults-note'), '');
  } catch (error) {
    text(byID('faults-note'), `That is not possible: ${error.message}.`);
  }
}

// switchOn puts a fault in front of the others, as the first that matches is met.
async function switchOn(fault) {
  const fields = byID('faults-form').elements;
  const added = { ...fault };
  if (fields.route.value) added.route = fields.route.value;
  if (Number(fields.count.value) > 0) added.count = Number(fields.count.value);
  if (fields.visitor.value) added.visitor = fields.visitor.value;
  await control('faults', { method: 'PUT', body: [added, ...await control('faults')] });
}

async function lift(fault) {
  const active = await control('faults');
  const at = active.findIndex((one) => without(one) === without(fault));
  if (at >= 0) await control('faults', { method: 'PUT', body: active.toSpliced(at, 1) });
}

export function showFaults(faults, latency) {
  const isSlow = latency.fixed !== '0s' || latency.jitter !== '0s';
  const active = faults.map((fault) => ({ words: describe(fault), lift: () => lift(fault) }));
  if (isSlow) active.push({ words: `Answers take ${span(latency.fixed)} or more`, lift: () => control('latency', { method: 'PUT', body: quick }) });
  byID('faults-none').hidden = active.length > 0;
  byID('faults-lift').hidden = active.length < 2;
  const seen = new Map();
  for (const one of active) { // two that are alike are told apart by their number
    const times = (seen.get(one.words) ?? 0) + 1;
    seen.set(one.words, times);
    one.key = `${times} ${one.words.replace(/[\d,]+ left$/, 'left')}`;
  }
  keep(byID('faults'), active, (one) => one.key, create, (item, one) => text(item.firstElementChild, one.words));
}

function create(one) {
  return el('li', {}, el('span', {}, one.words),
    el('button', { type: 'button', class: 'quiet', 'aria-label': `Lift: ${one.words}`, click: () => change(one.lift) }, 'Lift'));
}

byID('faults-ready').append(...ready.map(([words, fault]) => el('button', {
  type: 'button', click: () => change(() => (fault ? switchOn(fault) : control('latency', { method: 'PUT', body: slow }))),
}, words)));
byID('faults-form').addEventListener('submit', (event) => event.preventDefault());
byID('faults-lift').addEventListener('click', () => change(async () => {
  await control('faults', { method: 'PUT', body: [] });
  await control('latency', { method: 'PUT', body: quick });
}));
