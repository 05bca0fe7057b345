// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

import { byID, el, text } from './dom.js';
import { bytes, count, number } from './format.js';
import { ask } from './server.js';

const typing = 300;
const mostShown = 200;
const config = byID('config');
const records = byID('records');
const made = byID('made');
let asked;
let timer;
let begun = false;

// begin fills in something to begin with, once, when the view is first looked at.
export async function begin() {
  if (begun) return;
  begun = true;
  try {
    const example = await ask('/_page/example');
    config.value ||= example.config;
    records.value ||= example.records;
    await preview();
  } catch (error) {
    begun = false;
    showError(error.message);
  }
}

async function preview() {
  asked?.abort();
  asked = new AbortController();
  const { signal } = asked;
  try {
    const result = await ask('/_page/try', { method: 'POST', body: { config: config.value, records: records.value }, signal });
    if (signal.aborted) return;
    if (result.error) showError(result.error);
    else show(result);
  } catch (error) {
    if (!signal.aborted) showError(error.message);
  }
}

// showError leaves the last calls, so that the view does not jump while one types.
function showError(message) {
  const error = byID('try-error');
  error.hidden = false;
  text(error, message);
  text(byID('try-note'), made.childElementCount ? 'as before the error' : '');
  made.classList.add('stale');
}

function show({ records: outcomes, calls, summary }) {
  byID('try-error').hidden = true;
  text(byID('try-error'), '');
  made.classList.remove('stale');
  const skipped = outcomes.filter((record) => record.outcome === 'skipped');
  const dropped = outcomes.flatMap((record) => (record.dropped ?? []).map((one) => ({ ...one, record: record.record })));
  text(byID('try-note'), summary.records === 0 ? 'Write a record to see its call.' :
    [`${count(summary.records, 'record')}: ${count(summary.calls, 'call')}`, `${number(skipped.length)} skipped`,
      dropped.length && `${count(dropped.length, 'parameter')} left out`].filter(Boolean).join(', '));
  const shown = [[calls, call], [skipped, skip], [dropped, drop]].flatMap(([all, say]) => all.slice(0, mostShown).map(say));
  const left = calls.length + skipped.length + dropped.length - shown.length;
  if (left > 0) shown.push(el('p', { class: 'note made' }, `${number(left)} more are not shown.`));
  const at = made.scrollTop;
  made.replaceChildren(...shown);
  made.scrollTop = at;
}

function call(c) {
  const part = c.parts > 1 ? `, part ${c.part} of ${c.parts}` : '';
  const rows = c.rows ?? [{ visitor: c.visitor, parameters: c.parameters, records: c.records }];
  return el('article', { class: 'made', 'aria-label': `Call ${c.call}` },
    el('p', { class: 'what' },
      el('strong', {}, `Call ${number(c.call)}${part}`),
      el('span', { class: 'note' }, `${c.route}, ${bytes(c.bytes)}${c.reason ? `, ${c.reason}` : ''}`)),
    el('p', { class: 'id' }, `${c.method} ${c.path}`),
    ...rows.slice(0, mostShown).map(pairs));
}

function pairs({ visitor, parameters, records: from }) {
  const body = el('tbody');
  for (const [name, value] of [...Object.entries(visitor ?? {}), ...Object.entries(parameters ?? {})]) {
    body.append(el('tr', {}, el('td', {}, name), el('td', { class: 'value' }, value)));
  }
  return el('div', {}, el('table', { class: 'pairs' }, body), el('p', { class: 'note' }, 'of ', ...links(from)));
}

// links lead to the lines of the records.
function links(numbers = []) {
  const said = [];
  for (const [i, n] of numbers.slice(0, mostShown).entries()) {
    if (i) said.push(', ');
    said.push(el('button', { type: 'button', class: 'link', click: () => select(n) }, i ? number(n) : `record ${number(n)}`));
  }
  return said;
}

const skip = ({ record, reason, place }) => problem(record, `Skipped: ${reason.replaceAll('_', ' ')}`, place);

const drop = ({ record, parameter, reason, place }) => problem(record, `Left out: ${parameter ?? 'parameters'}, ${reason.replaceAll('_', ' ')}`, place);

function problem(record, words, place) {
  return el('article', { class: 'made', 'aria-label': `Record ${record}` },
    el('p', { class: 'what' },
      el('strong', { class: 'outcome', 'data-tone': 'warn' }, words),
      el('span', { class: 'note' }, ...links([record]))),
    place && el('p', { class: 'id' }, place));
}

// select selects the line of a record, where each has one.
function select(n) {
  const lines = records.value.split('\n');
  let seen = 0;
  let from = 0;
  for (const line of lines) {
    if (line.trim() && ++seen === n) {
      records.focus();
      records.setSelectionRange(from, from + line.length);
      records.blur(); // a focus scrolls to what is selected
      records.focus();
      return;
    }
    from += line.length + 1;
  }
}

for (const area of [config, records]) {
  area.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(preview, typing);
  });
}
