// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

const numbers = new Intl.NumberFormat('en');

export const number = (n) => numbers.format(n);

export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

const two = (n) => String(n).padStart(2, '0');

// clock is the time of day, with the date where it is another day.
export function clock(time, fine = false) {
  const at = new Date(time);
  const day = at.toDateString() === new Date().toDateString() ? '' : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} `;
  const millis = fine ? `.${String(at.getMilliseconds()).padStart(3, '0')}` : '';
  return `${day}${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}${millis}`;
}

// until is how long it is to a time, in two units at most.
export function until(time) {
  const seconds = Math.max(0, Math.ceil((new Date(time) - Date.now()) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

export function took(micros) {
  if (micros < 1000) return `${micros} µs`;
  if (micros < 100_000) return `${(micros / 1000).toFixed(1)} ms`;
  if (micros < 1_000_000) return `${Math.round(micros / 1000)} ms`;
  return `${(micros / 1_000_000).toFixed(1)} s`;
}

export function bytes(n) {
  if (n < 1000) return `${n} B`;
  if (n < 1_000_000) return `${(n / 1000).toFixed(1)} kB`;
  return `${(n / 1_000_000).toFixed(1)} MB`;
}

// span writes a duration of Go as people do: 24h0m0s is 24 h.
export function span(duration) {
  const parts = duration.match(/[\d.]+(ms|µs|ns|h|m|s)/g) ?? [duration];
  const said = parts.filter((part) => parseFloat(part) !== 0);
  return (said.length ? said : ['0s']).map((part) => part.replace(/([\d.]+)(\D+)/, (_, n, unit) => `${n} ${unit === 'm' ? 'min' : unit}`)).join(' ');
}

// short is the same duration as it is typed.
export const short = (duration) => duration.replace(/(?<=\D)0s$/, '').replace(/(?<=h)0m$/, '');

const outcomes = {
  accepted: ['accepted', 'good'],
  unknown_visitor: ['accepted, no such visitor', 'warn'],
  refused: ['refused', 'bad'],
  malformed: ['malformed', 'bad'],
  unauthorized: ['unauthorized', 'bad'],
  over_quota: ['over quota', 'warn'],
  over_rate: ['over rate', 'warn'],
  faulted: ['fault', 'bad'],
  not_found: ['not found', 'warn'],
  unanswered: ['caller went away', 'warn'],
};

// outcome is what became of a call, in words and a tone.
export function outcome(call) {
  const [words, tone] = outcomes[call.outcome] ?? [call.outcome, 'warn'];
  const status = call.status ? String(call.status) : 'no answer';
  return { words: call.fault && call.fault !== 'status' ? `${status} ${words}: ${call.fault}` : `${status} ${words}`, tone };
}
