// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

import { byID, el, keep, text } from './dom.js';
import { bytes, clock, count, number, short, span, until } from './format.js';
import { control } from './server.js';

const SVG = 'http://www.w3.org/2000/svg';

export function showFigures(stats) {
  const malformed = Object.values(stats.malformed ?? {}).reduce((sum, n) => sum + n, 0);
  const refused = stats.refused + malformed + stats.unauthorized;
  const over = stats.over_quota + stats.over_rate;
  keep(byID('figures'), [
    ['Updates', stats.attempts], ['Deliveries', stats.deliveries], ['Uploads', stats.uploads],
    ['Accepted', stats.accepted], ['Faults met', stats.faulted, stats.faulted > 0], ['Refused', refused, refused > 0],
    ['Over quota', over, over > 0], ['Visitors', stats.visitors], ['Attributes', stats.parameters],
  ], ([name]) => name,
  ([name]) => el('div', {}, el('dt', {}, name), el('dd', {})),
  (figure, [, value, trouble]) => {
    figure.classList.toggle('trouble', trouble === true);
    text(figure.lastElementChild, number(value));
  });
}

let quota;

export function showQuota(shown) {
  quota = shown;
  fill(byID('quota-form'), { calls: String(quota.calls), window: short(quota.window), retry_after: short(quota.retry_after) });
  showWindows();
}

// showWindows is called every second too, as windows free while nothing happens.
export function showWindows() {
  if (!quota) return;
  const limit = quota.calls ? `${count(quota.calls, 'call')} in any ${span(quota.window)}` : `no limit, counted over ${span(quota.window)}`;
  const bulk = quota.bulk.filter((w) => w.attempts).map((w) => `${w.client}: ${number(w.attempts)} of ${quota.bulk_calls} bulk calls in a minute`);
  text(byID('quota-note'), [limit, ...bulk].join('; '));
  const windows = quota.windows.length ? quota.windows : [{ client: 'no client code yet', attempts: 0, parts: [] }];
  keep(byID('quota-windows'), windows, (w) => w.client, createWindow, updateWindow);
}

function createWindow(w) {
  const chart = document.createElementNS(SVG, 'svg');
  chart.setAttribute('viewBox', '0 0 60 100');
  chart.setAttribute('preserveAspectRatio', 'none');
  chart.setAttribute('role', 'img');
  return el('div', { class: 'window' },
    el('p', { class: 'say' }, el('span', {}, el('strong'), ` ${w.client}`), el('span', { class: 'note' })),
    el('div', { class: 'bar' }, el('div')),
    chart,
    el('p', { class: 'ends note' }, el('span'), el('span', {}, 'now')));
}

function updateWindow(shown, w) {
  const full = quota.calls > 0 && w.attempts >= quota.calls;
  shown.classList.toggle('full', full);
  text(shown.querySelector('strong'), quota.calls ? `${number(w.attempts)} of ${number(quota.calls)}` : count(w.attempts, 'attempt'));
  let when = '';
  if (w.free_at) when = `full, frees in ${until(w.free_at)}`;
  else if (w.leaves_at) when = `the oldest leaves in ${until(w.leaves_at)}`;
  text(shown.querySelector('.say .note'), when);
  const bar = shown.querySelector('.bar');
  bar.hidden = !quota.calls;
  bar.firstElementChild.style.width = `${Math.min(100, (100 * w.attempts) / quota.calls)}%`;
  const chart = shown.querySelector('svg');
  chart.setAttribute('aria-label', `${count(w.attempts, 'attempt')} in the window, by the time when they came`);
  const highest = Math.max(1, ...w.parts);
  const bars = w.parts.map((n, i) => ({ n, i })).filter(({ n }) => n > 0);
  keep(chart, bars, ({ i }) => String(i), ({ i }) => {
    const rect = document.createElementNS(SVG, 'rect');
    rect.setAttribute('x', String(i + 0.1));
    rect.setAttribute('width', '0.8');
    return rect;
  }, (rect, { n }) => {
    const height = Math.max(4, (94 * n) / highest);
    rect.setAttribute('height', String(height));
    rect.setAttribute('y', String(100 - height));
  });
  text(shown.querySelector('.ends span'), `${span(quota.window)} ago`);
}

// fill gives a form what is set, unless somebody is at it.
function fill(form, values) {
  if (form.contains(document.activeElement)) return;
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
}

export function showLatency(latency) {
  fill(byID('latency-form'), { fixed: short(latency.fixed), jitter: short(latency.jitter) });
  const none = latency.fixed === '0s' && latency.jitter === '0s';
  text(byID('latency-note'), none ? 'Answers take no extra time.' : 'Every answer takes longer.');
}

export function showBatches(uploads) {
  byID('batches-empty').hidden = uploads.length > 0;
  byID('batches-scroll').hidden = uploads.length === 0;
  text(byID('batches-note'), uploads.length ? `the newest ${number(uploads.length)}` : '');
  keep(byID('batches').tBodies[0], [...uploads].reverse(), (u) => u.id, createBatch, (row, u) => {
    const tone = { complete: 'good', stuck: 'bad' }[u.status] ?? 'warn';
    const status = row.cells[1].firstElementChild;
    status.dataset.tone = tone;
    text(status, u.status);
    text(row.cells[3], u.status === 'incomplete' ? 'not yet' :
      [`${number(u.updated)} updated`, u.failed && `${number(u.failed)} failed`, u.not_found && `${number(u.not_found)} not found`].filter(Boolean).join(', '));
  });
}

const createBatch = (u) => el('tr', {},
  el('td', { class: 'id' }, u.id), el('td', {}, el('span', { class: 'outcome' })),
  el('td', { class: 'number', 'data-label': 'Rows' }, number(u.rows)), el('td'),
  el('td', { class: 'number', 'data-label': 'Size' }, bytes(u.bytes)), el('td', { class: 'time', 'data-label': 'Submitted' }, clock(u.submitted_at)));

// steer sends what a form says, and says in it what is wrong.
function steer(form, send) {
  const wrong = form.querySelector('[role="alert"]');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    document.activeElement.blur();
    try {
      await send(form.elements);
      text(wrong, '');
    } catch (error) {
      text(wrong, `That is not possible: ${error.message}.`);
    }
  });
}

steer(byID('quota-form'), (fields) => control('quota', {
  method: 'PUT', body: { calls: Number(fields.calls.value), window: fields.window.value, retry_after: fields.retry_after.value },
}));
steer(byID('latency-form'), (fields) => control('latency', {
  method: 'PUT', body: { fixed: fields.fixed.value, jitter: fields.jitter.value },
}));
