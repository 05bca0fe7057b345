// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

import { curl, firstCall } from './curl.js';
import { byID, el, isRead, text } from './dom.js';
import { bytes, clock, count, number, outcome, took } from './format.js';
import { control } from './server.js';
import { openVisitor } from './visitor.js';

const most = 100;
const rows = byID('calls').tBodies[0];
const scroll = byID('calls-scroll');
let waiting = [];
let more = 0; // how many wait, also those that are too many to be kept
let skipped = 0;
let paused = false;

const isHeld = () => paused || scroll.scrollTop > 4 || isRead(scroll);

export function start() {
  rows.replaceChildren();
  waiting = [];
  more = skipped = 0;
  showNote();
}

export function add(calls, left) {
  skipped += left;
  waiting = waiting.concat(calls).slice(-most);
  more += calls.length;
  if (!isHeld()) show();
  showNote();
}

// show puts those that wait in front of the others, which stay the rows that they are.
function show() {
  rows.prepend(...waiting.map(row).reverse());
  while (rows.rows.length > most) rows.lastElementChild.remove();
  waiting = [];
  more = 0;
}

function showNote() {
  const newer = byID('calls-newer');
  newer.hidden = more === 0;
  text(newer, `Show ${count(more, 'new call')}`);
  const notes = [];
  if (rows.rows.length) notes.push(`the newest ${number(rows.rows.length)}`);
  if (skipped) notes.push(`${number(skipped)} in between are not listed`);
  text(byID('calls-note'), notes.join(', '));
  const none = rows.rows.length === 0 && more === 0;
  byID('calls-empty').hidden = !none;
  scroll.hidden = none;
}

function row(call) {
  const open = () => openCall(call.number);
  const said = outcome(call);
  return el('tr', { click: (event) => { if (!event.target.closest('button') && getSelection().isCollapsed) open(); } },
    el('td', { class: 'time' }, el('button', { type: 'button', class: 'link', click: open, title: `Call ${number(call.number)}` }, clock(call.at, true))),
    el('td', {}, call.route.replace('_', ' ') || '–'),
    el('td', {}, whose(call)),
    el('td', {}, el('span', { class: 'outcome', 'data-tone': said.tone }, said.words)),
    el('td', { class: 'number' }, took(call.micros)),
    el('td', { class: 'number' }, bytes(call.size)));
}

function whose(call) {
  if (call.id) return el('button', { type: 'button', class: 'link id', click: () => openVisitor(call) }, call.id);
  if (call.rows) return count(call.rows, 'row');
  return el('span', { class: 'cut', title: call.path }, call.reason ?? call.path);
}

const dialog = byID('call');

export async function openCall(wanted) {
  text(byID('call-title'), `Call ${number(wanted)}`);
  text(byID('curl-note'), '');
  let call;
  try {
    call = await control(`call?number=${wanted}`);
  } catch (error) {
    byID('call-shown').replaceChildren(el('p', {}, `It cannot be shown: ${error.message}.`));
    text(byID('curl'), '');
    byID('curl-copy').disabled = true;
    dialog.showModal();
    return;
  }
  byID('call-shown').replaceChildren(facts(call), ...parameters(call));
  const command = curl(call, location.origin);
  text(byID('curl'), command ?? 'The call is too long, or no text: it was not kept as a whole.');
  byID('curl-copy').disabled = command === undefined;
  dialog.showModal();
}

function facts(call) {
  const list = el('dl', { class: 'facts' });
  const said = outcome(call);
  for (const [name, value] of [
    ['Outcome', said.words], ['Reason', call.reason], ['Visitor', call.id && `${call.parameter} = ${call.id}`], ['Call', `${call.method} ${call.path}`],
    ['Route', call.route.replace('_', ' ')], ['Client code', call.client], ['Rows', call.rows && number(call.rows)],
    ['Came at', clock(call.at, true)], ['Took', took(call.micros)], ['Size', bytes(call.size)],
  ]) {
    if (value) list.append(el('dt', {}, name), el('dd', {}, value));
  }
  return list;
}

// parameters are those of a form. Other bodies are shown by the command.
function parameters(call) {
  const form = (call.content_type ?? '').startsWith('application/x-www-form-urlencoded') && call.route !== 'bulk' ? call.body : undefined;
  const pairs = [...new URLSearchParams(form ?? call.query ?? '')];
  if (pairs.length === 0) return [];
  const body = el('tbody');
  for (const [name, value] of pairs) body.append(el('tr', {}, el('td', {}, name), el('td', { class: 'value' }, value)));
  return [el('h3', {}, 'Parameters'), el('table', { class: 'pairs' }, body)];
}

async function copy() {
  const note = byID('curl-note');
  try {
    await navigator.clipboard.writeText(byID('curl').textContent);
    text(note, 'Copied.');
  } catch {
    getSelection().selectAllChildren(byID('curl'));
    text(note, 'Selected: copy it with the keyboard.');
  }
}

export function showFirstCall(withToken) {
  text(byID('first-call'), firstCall(location.origin, withToken));
}

const pause = byID('calls-pause');
pause.addEventListener('click', () => {
  paused = !paused;
  pause.setAttribute('aria-pressed', paused);
  text(pause, paused ? 'Go on' : 'Pause');
  if (!paused) show();
  showNote();
});
byID('calls-newer').addEventListener('click', () => {
  scroll.scrollTop = 0;
  show();
  showNote();
  pause.focus(); // the list would be held by the focus
});
for (const leaves of ['mouseleave', 'focusout', 'scroll']) {
  scroll.addEventListener(leaves, () => setTimeout(() => {
    if (more && !isHeld()) {
      show();
      showNote();
    }
  }));
}
byID('curl-copy').addEventListener('click', copy);
