// SPDX-License-Identifier: MIT
// care_page: how a page of someone who is signed in begins: the header, a
// token, then the connection; and what the server says of its own parts.
import { apiGet } from './api.js';
import { careBarKnows, startCareBar } from './care_bar.js';
import { byId } from './dom.js';
import { notify } from './notices.js';
import { sessionEnded, sessionRenew } from './session.js';
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
    await sessionRenew();
  } catch (error) {
    if (error.status === 401) return sessionEnded();
    stripSay('session', `${error.message} Trying again…`);
    return void setTimeout(enter, againMs, events, on);
  }
  return begin(events, on);
}

// Opens `page` with these events and handlers, see socket.js.
export function startCarePage(page, events, on) {
  startCareBar(page);
  startTheme();
  if (window.io) enter(events, on);
  else notify('error', 'A part of this page could not be loaded. Please reload it.');
}
