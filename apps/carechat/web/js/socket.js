// SPDX-License-Identifier: MIT
// socket: the one connection of a page, with the token of the moment. What the
// person is told about it is said here, once for both pages.
import { connectionAnswers, connectionAsk, connectionIsOpen, connectionOpen, connectionPause, connectionResume } from './connection.js';
import { byId, setText } from './dom.js';
import { notify } from './notices.js';
import { onPersonToken, personEnded, personRenew, personToken, personWho } from './person.js';
import { stripSay } from './strip.js';

// The client's options are those that CareChat's pages always had.
const options = {
  transports: ['polling', 'websocket'], timeout: 20000, reconnectionAttempts: 5,
  reconnectionDelay: 1000, reconnectionDelayMax: 5000,
  auth: (give) => personToken().then((token) => give({ token })),
};
const tryEveryMs = 30000;
const fairMs = 250;
const slowMs = 1000;

let handlers = {};
let hasGivenUp = false;
let timer = 0;
// One refresh for a refused token; it counts anew once a connection stood.
let hasRenewed = false;

function showHealth(ms) {
  const words = Number.isNaN(ms) ? 'not answering' : ms < fairMs ? 'good' : ms < slowMs ? 'slow' : 'very slow';
  byId('health').dataset.health = words;
  setText(byId('health'), words);
}

const showNoHealth = () => {
  byId('health').dataset.health = 'none';
  setText(byId('health'), 'no connection');
};

// --- when it does not stand ---------------------------------------------------

function tryAgain() {
  if (!hasGivenUp) return;
  hasGivenUp = false;
  clearTimeout(timer);
  stripSay('connection', 'Trying to reconnect…');
  connectionResume();
}

function onGiveUp() {
  hasGivenUp = true;
  stripSay('connection', 'The server could not be reached. What you see may be old.',
    { text: 'Try again', on: tryAgain });
  timer = setTimeout(tryAgain, tryEveryMs);
}

const codes = {
  token_expired: true, token_invalid: true, token_missing: true,
};

async function onToken() {
  try {
    await personRenew();
    connectionResume();
  } catch (error) {
    if (error.status === 401) personEnded();
    else onGiveUp();
  }
}

// Refused by the server, or not reached. Returns whether it is cared for here.
function onRefused(error) {
  showNoHealth();
  const code = error.data?.code;
  if (codes[code]) {
    if (hasRenewed) personEnded();
    else onToken();
    hasRenewed = true;
    return true;
  }
  if (error.data) stripSay('connection', `The server does not let this page in: ${error.message}. Trying again…`);
  return false;
}

function onDisconnect(reason) {
  showNoHealth();
  stripSay('connection', `Disconnected: ${reason}. Reconnecting by itself…`);
  handlers.onGone?.();
}

// --- when it does ------------------------------------------------------------

async function join(again) {
  await connectionAsk('join_room', { room: personWho().room });
  await handlers.onJoined(again);
  if (again) notify('good', 'Connected again; what came meanwhile is here.');
}

function onConnect(again) {
  hasRenewed = false;
  hasGivenUp = false;
  clearTimeout(timer);
  stripSay('connection', '');
  setText(byId('health'), 'good');
  byId('health').dataset.health = 'good';
  join(again).catch((error) => notify('error', error.message));
}

// The new token goes to the connection that stands; one that does not will
// show it when it is made.
async function renewInPlace(token) {
  if (!connectionIsOpen() || !connectionAnswers()) return;
  try {
    await connectionAsk('refresh_token', { token });
  } catch {
    // At the old token's end the server closes, and the new one is shown then.
  }
}

function onError({ message, code } = {}) {
  if (codes[code]) return; // it closes now, and connecting again says the rest
  if (handlers.onError?.(code, message)) return;
  notify('error', String(message ?? 'The server could not do that.'));
}

// Opens it. `events` maps event names to functions; `on` has onJoined(again),
// called in the person's room, and if they are wanted onGone() and
// onError(code, message), which returns true when it has said it.
export function socketOpen(events, on) {
  handlers = on;
  showNoHealth();
  onPersonToken(renewInPlace);
  connectionOpen({ error: onError, ...events },
    { onConnect, onDisconnect, onRefused, onGiveUp, onRoundTrip: showHealth, onLog: () => {} }, options);
  window.addEventListener('online', () => {
    stripSay('network', '');
    tryAgain();
  });
  window.addEventListener('offline', () => stripSay('network', 'This machine is offline.'));
  document.addEventListener('visibilitychange', () => document.hidden || tryAgain());
}

export const socketClose = connectionPause;
export const socketAsk = connectionAsk;
export const socketAnswers = connectionAnswers;
