// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

import * as calls from './calls.js';
import { byID, text } from './dom.js';
import { showFaults } from './faults.js';
import { control, follow } from './server.js';
import { showBatches, showFigures, showLatency, showQuota, showWindows } from './state.js';
import * as tried from './try.js';
import * as visitor from './visitor.js';
import * as visitors from './visitors.js';

const views = ['watch', 'try'];

// turn shows the view that the address names.
function turn() {
  const wanted = views.includes(location.hash.slice(1)) ? location.hash.slice(1) : 'watch';
  for (const name of views) {
    byID(name).hidden = name !== wanted;
    if (name === wanted) byID(`to-${name}`).setAttribute('aria-current', 'page');
    else byID(`to-${name}`).removeAttribute('aria-current');
  }
  if (wanted === 'try') tried.begin();
}

let applied;

// look has the visitors looked at again where one may have changed.
function look(stats) {
  const now = `${stats.applied} ${stats.visitors} ${stats.parameters}`;
  if (now === applied) return;
  applied = now;
  visitors.changed();
  visitor.changed();
}

follow({
  connected(is) {
    byID('connection').dataset.state = is ? 'live' : 'lost';
    text(byID('connection'), is ? 'Live' : 'Connecting again…');
  },
  start() {
    applied = undefined;
    calls.start();
  },
  calls(event) {
    calls.add(event.calls, event.skipped);
    if (event.calls.some(visitor.isChosen)) visitor.changed();
  },
  state(state) {
    showFigures(state.stats);
    showQuota(state.quota);
    showFaults(state.faults, state.latency);
    showLatency(state.latency);
    showBatches(state.uploads);
    calls.showFirstCall(state.token);
    look(state.stats);
  },
});

setInterval(showWindows, 1000);

for (const dialog of document.querySelectorAll('dialog')) {
  dialog.querySelector('[data-close]').addEventListener('click', () => dialog.close());
}
byID('reset').addEventListener('click', () => {
  text(byID('sure-note'), '');
  byID('sure').showModal();
});
byID('reset-sure').addEventListener('click', async () => {
  try {
    await control('reset', { method: 'POST' });
    byID('sure').close();
  } catch (error) {
    text(byID('sure-note'), `That is not possible: ${error.message}.`);
  }
});

addEventListener('hashchange', turn);
turn();
