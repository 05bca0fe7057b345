// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

import { byID, el, isRead, keep, text } from './dom.js';
import { clock, count, number } from './format.js';
import { control } from './server.js';
import { isChosen, openVisitor, whenChosen } from './visitor.js';

const limit = 50;
const typing = 200;
// A look is taken again after pace, or after some times what the last one took.
const pace = 1000;
const rest = 5;
const table = byID('visitors');
const form = byID('visitors-form');
let offset = 0;
let asked; // what is under way
let timer;
let due = false;
let resting = false;
let replacing = false; // set until the page that is wanted is shown

const keyOf = (v) => JSON.stringify([v.client, v.parameter, v.id]);

// load asks for the page that is wanted.
async function load() {
  asked?.abort();
  asked = new AbortController();
  const { signal } = asked;
  const began = performance.now();
  const query = new URLSearchParams({ search: form.elements.search.value, order: form.elements.order.value, limit, offset });
  try {
    const found = await control(`visitors?${query}`, { signal });
    if (!signal.aborted) show(found);
  } catch (error) {
    if (!signal.aborted) text(byID('visitors-note'), `not to be had: ${error.message}`);
  }
  return performance.now() - began;
}

// changed has the page looked at again, not too often and never while the last look is under way.
export async function changed() {
  due = true;
  if (resting) return;
  resting = true;
  while (due) {
    due = false;
    const lasted = await load();
    await new Promise((done) => { setTimeout(done, Math.max(pace, rest * lasted)); });
  }
  resting = false;
}

function show({ total, found, visitors }) {
  const searching = form.elements.search.value !== '';
  text(byID('visitors-note'), searching ? `${number(found)} of ${number(total)}` : count(total, 'visitor'));
  const empty = byID('visitors-empty');
  empty.hidden = found > 0;
  text(empty, searching && total ? 'No id has that in it.' : 'None yet. The first update of a visitor creates its profile here.');
  byID('visitors-scroll').hidden = found === 0;
  const rows = table.tBodies[0];
  if (!replacing && isRead(rows)) { // rows that somebody reads stay
    const shown = new Map([...rows.children].map((row) => [row.dataset.key, row]));
    for (const v of visitors) if (shown.has(keyOf(v))) update(shown.get(keyOf(v)), v);
  } else {
    keep(rows, visitors, keyOf, create, update);
    replacing = false;
  }
  const pages = byID('pages');
  pages.hidden = found <= limit && offset === 0;
  text(byID('page-note'), found === 0 ? '' : `${number(Math.min(offset + 1, found))}–${number(Math.min(offset + limit, found))} of ${number(found)}`);
  byID('page-before').disabled = offset === 0;
  byID('page-after').disabled = offset + limit >= found;
}

function create(v) {
  return el('tr', { click: (event) => { if (!event.target.closest('button') && getSelection().isCollapsed) openVisitor(v); } },
    el('td', {}, el('button', { type: 'button', class: 'link id', click: () => openVisitor(v) }, v.id)),
    el('td', {}, `${v.parameter} of ${v.client}`),
    el('td', { class: 'number', 'data-label': 'Attributes' }),
    el('td', { class: 'time', 'data-label': 'Changed' }));
}

function update(row, v) {
  text(row.cells[2], number(v.attributes));
  text(row.cells[3], clock(v.modified_at));
  mark(row, v);
}

function mark(row, v) {
  if (isChosen(v)) row.setAttribute('aria-current', 'true');
  else row.removeAttribute('aria-current');
}

function wanted(from) {
  offset = from;
  byID('visitors-scroll').scrollTop = 0;
  replacing = true;
  load();
}

form.addEventListener('submit', (event) => event.preventDefault());
form.elements.search.addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(() => wanted(0), typing);
});
form.elements.order.addEventListener('change', () => wanted(0));
byID('page-before').addEventListener('click', () => wanted(Math.max(0, offset - limit)));
byID('page-after').addEventListener('click', () => wanted(offset + limit));
whenChosen(() => {
  for (const row of table.tBodies[0].children) {
    const [client, parameter, id] = JSON.parse(row.dataset.key);
    mark(row, { client, parameter, id });
  }
});
