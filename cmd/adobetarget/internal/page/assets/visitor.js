// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

import { openCall } from './calls.js';
import { byID, el, keep, text } from './dom.js';
import { clock, count, number, outcome } from './format.js';
import { control } from './server.js';

const mostCalls = 50;
const attributes = byID('attributes').tBodies[0];
let chosen;
let onChoice = () => {};

const keyOf = (v) => JSON.stringify([v.client, v.parameter, v.id]);

export const isChosen = (visitor) => chosen !== undefined && keyOf(chosen) === keyOf(visitor);

export function whenChosen(tell) {
  onChoice = tell;
}

// openVisitor shows the visitor of a row or of a call.
export async function openVisitor({ client, parameter, id }) {
  chosen = { client, parameter, id };
  attributes.replaceChildren();
  onChoice();
  await refresh();
  byID('visitor').scrollIntoView({ block: 'nearest' }); // its beginning, where it is longer than the window
  byID('visitor-title').focus({ preventScroll: true });
}

function close() {
  chosen = undefined;
  text(byID('visitor-title'), 'One visitor');
  text(byID('visitor-empty'), 'Choose a visitor above to see its attributes and when they changed.');
  showing(false);
  onChoice();
}

function showing(is) {
  byID('visitor-shown').hidden = !is;
  byID('visitor-empty').hidden = is;
  byID('visitor-close').hidden = chosen === undefined;
}

// refresh looks again at the visitor who is chosen.
export async function refresh() {
  if (!chosen) return;
  const wanted = chosen;
  let shown;
  try {
    shown = await control(`visitor?${new URLSearchParams(wanted)}`);
  } catch (error) {
    if (wanted === chosen) showNone(error);
    return;
  }
  if (wanted === chosen) show(shown);
}

let due = false;
let resting = false;

// changed looks again, at most once a second.
export async function changed() {
  due = true;
  if (resting) return;
  resting = true;
  while (due) {
    due = false;
    await refresh();
    await new Promise((done) => { setTimeout(done, 1000); });
  }
  resting = false;
}

function showNone(error) {
  text(byID('visitor-title'), chosen.id);
  text(byID('visitor-empty'), `There is nothing to show: ${error.message}.`);
  showing(false);
}

function show({ profile, calls }) {
  text(byID('visitor-title'), chosen.id);
  byID('visitor-title').classList.add('id');
  const held = Object.entries(profile?.attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  text(byID('visitor-note'), profile ?
    `${chosen.parameter} of ${chosen.client}, ${count(held.length, 'attribute')}, changed ${clock(profile.modified_at)}` :
    `${chosen.parameter} of ${chosen.client}: there is no such profile, and updates do not create one`);
  byID('attributes').hidden = held.length === 0;
  keep(attributes, held, ([name]) => name, create, update);
  text(byID('visitor-calls-note'), calls.length ? callsNote(calls) : 'None of the calls that are kept. Rows of uploads are under Batches.');
  keep(byID('visitor-calls'), calls.slice(0, mostCalls), (call) => `${call.at} ${call.number}`, item);
  showing(true);
}

const callsNote = (calls) => (calls.length > mostCalls ? `The newest ${mostCalls} of ${number(calls.length)} that are kept.` : '');

const create = ([name]) => el('tr', {}, el('td', {}, name), el('td', { class: 'value' }), el('td', { class: 'time' }));

function update(row, [, attribute]) {
  const [, value, changed] = row.cells;
  const fresh = row.dataset.at !== undefined && row.dataset.at !== attribute.modified_at;
  row.dataset.at = attribute.modified_at;
  text(value, attribute.value);
  text(changed, clock(attribute.modified_at));
  if (fresh) {
    row.classList.remove('changed');
    requestAnimationFrame(() => row.classList.add('changed'));
  }
}

function item(call) {
  const said = outcome(call);
  return el('li', {},
    el('button', { type: 'button', class: 'link', click: () => openCall(call.number) }, clock(call.at, true)),
    el('span', { class: 'outcome', 'data-tone': said.tone }, said.words),
    el('span', { class: 'note' }, call.route.replace('_', ' ')));
}

byID('visitor-close').addEventListener('click', () => {
  close();
  byID('search').focus();
});
