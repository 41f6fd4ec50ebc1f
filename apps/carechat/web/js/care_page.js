// SPDX-License-Identifier: MIT
// care_page: how a page of someone who is signed in begins: the header, a
// token, then the connection; and what the server says of its own parts.
import { apiGet } from './api.js';
import { careBarKnows, startCareBar } from './care_bar.js';
import { byId } from './dom.js';
import { personEnded, personRenew } from './person.js';
import { partsAreMissing } from './session.js';
import { socketOpen } from './socket.js';
import { stripSay } from './strip.js';
import { startTheme } from './theme.js';

const healthEveryMs = 30000;
const againMs = 3000;

const partWords = {
  store: 'The server cannot keep anything at the moment',
  model: 'The language model is not reachable; the built-in answers stand in',
};

// Asks the server how its parts are, and says so while one is not well.
export async function careHealth() {
  let parts = {};
  try {
    ({ parts = {} } = await apiGet('/health'));
  } catch (error) {
    if (error.status !== 503) return; // the connection's own line says that
    parts = { store: 'degraded' };
  }
  for (const [name, words] of Object.entries(partWords)) {
    const told = parts[name];
    const state = String(told?.state ?? told ?? 'ok');
    stripSay(name, /^(ok|healthy|built-in|none|true)$/.test(state) ? '' : `${words}.`);
  }
}

function begin(events, on) {
  stripSay('session', '');
  careBarKnows();
  byId('main').hidden = false;
  socketOpen(events, on);
  careHealth();
  setInterval(() => document.hidden || careHealth(), healthEveryMs);
}

// A token first: without one there is nothing to connect to.
async function enter(events, on) {
  try {
    await personRenew();
  } catch (error) {
    if (error.status === 401) return personEnded();
    stripSay('session', `${error.message} Trying again…`);
    return void setTimeout(enter, againMs, events, on);
  }
  return begin(events, on);
}

// Opens `page` with these events and handlers, see socket.js; `parts` are more
// of what must have been loaded.
export function startCarePage(page, events, on, ...parts) {
  startCareBar(page);
  startTheme();
  if (!partsAreMissing('io', ...parts)) enter(events, on);
}
