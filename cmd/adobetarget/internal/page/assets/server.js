// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// ask asks the server, and returns the JSON of its answer or throws its message.
export async function ask(path, { method = 'GET', body, signal } = {}) {
  const request = { method, signal, headers: { Accept: 'application/json' } };
  if (body !== undefined) {
    request.headers['Content-Type'] = 'application/json';
    request.body = JSON.stringify(body);
  }
  const response = await fetch(path, request);
  if (response.status === 204) return undefined;
  const said = await response.text();
  let answer;
  try {
    answer = JSON.parse(said);
  } catch {
    throw new Error(said.trim() || `status ${response.status}`);
  }
  if (!response.ok) throw new Error(answer.message ?? answer.error ?? `status ${response.status}`);
  return answer;
}

export const control = (name, options) => ask(`/_emulator/${name}`, options);

const again = 2000;

// follow tells the handlers start, calls, state and connected of the events, for as long as the page is open. The browser
// connects again by itself, unless the server answers that it cannot.
export function follow(handlers) {
  const source = new EventSource('/_emulator/events');
  source.onopen = () => handlers.connected(true);
  source.onerror = () => {
    handlers.connected(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(() => follow(handlers), again);
  };
  for (const name of ['start', 'calls', 'state']) {
    source.addEventListener(name, (event) => handlers[name](JSON.parse(event.data)));
  }
}
