// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// ask asks the server, and returns the JSON of its answer or throws its message.
export async function ask(path, { method = 'GET', body, signal } = {}) {
  const request = { method, signal, headers: { Accept: 'application/json' } };
  if (body !== undefined) {
    request.headers['Content-Type'] = 'application/json';
    request.body = JSON.stringify(body);
  }
  const response = await fetch(path, request).catch((error) => {
    throw signal?.aborted ? error : new Error('the emulator does not answer');
  });
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

// follow tells the handlers start, calls, state and connected of the events, for as long as the page is looked at: a browser
// has few connections to one server, and a page that keeps one in the background takes it from the others. The browser
// connects again by itself, unless the server answers that it cannot.
export function follow(handlers) {
  let source;
  let last = ''; // the event to go on from
  const open = () => {
    source = new EventSource(`/_emulator/events?after=${encodeURIComponent(last)}`);
    const opened = source;
    source.onopen = () => handlers.connected(true);
    source.onerror = () => {
      handlers.connected(false);
      if (opened.readyState === EventSource.CLOSED) setTimeout(() => { if (opened === source) open(); }, again);
    };
    for (const name of ['start', 'calls', 'state']) {
      source.addEventListener(name, (event) => {
        last = event.lastEventId || last;
        handlers[name](JSON.parse(event.data));
      });
    }
  };
  const look = () => {
    if (!document.hidden) {
      if (!source) open();
      return;
    }
    source?.close();
    source = undefined;
  };
  document.addEventListener('visibilitychange', look);
  look();
}
