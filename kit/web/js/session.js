// SPDX-License-Identifier: MIT
// session: how a page stands to its server: one question whether it may come
// in, the form where it may not, the connection, and after each connection a
// snapshot over HTTP of what was missed. What is not live is never shown as if.
import { apiGet } from './api.js';
import { connectionAnswers, connectionIsOpen, connectionOpen, connectionPause, connectionResume } from './connection.js';
import { byId } from './dom.js';
import { askPassword, loginKnows } from './login.js';
import { notify } from './notices.js';

const staleEveryMs = 1000;
let page = null;
let isFilled = false;

function signIn() {
  connectionPause();
  askPassword(start);
}

// Tells the reader what went wrong, or asks who it is.
export function sessionReport(error) {
  if (error.status === 401) return signIn();
  page.log('error', error.message);
  notify('error', error.message);
}

// Looks at the connection, and says what it is: without it, or an answer to the
// last question, everything on the page is `.cut`.
export function sessionShow() {
  const live = connectionAnswers();
  byId('main').classList.toggle('cut', !live);
  page.live(live);
}

async function fill() {
  const told = await page.snapshot();
  isFilled = true;
  return told;
}

async function onConnect(again) {
  page.log('connection', again ? 'Connected again' : 'Connected');
  sessionShow();
  try {
    const told = await fill();
    if (again) notify('good', told ?? 'Connected again.');
  } catch (error) {
    sessionReport(error);
  }
}

function onDisconnect(reason) {
  sessionShow();
  page.log('connection', `Disconnected: ${reason}`);
  notify('info', 'The connection was lost. Reconnecting by itself; nothing needs to be done.');
}

// A refused connection may mean that the session has ended: ask and see. Where
// only the connection fails, the page shows at least what is stored.
async function onRefused(error, isFinal) {
  if (isFinal) page.refused(error);
  try {
    await apiGet(page.status);
    if (!isFilled) await fill();
  } catch (error) {
    if (error.status === 401) signIn();
  }
}

// One question first: without a session there is nothing to connect to.
async function start() {
  try {
    const status = await apiGet(page.status);
    loginKnows(status);
    page.knows(status);
  } catch (error) {
    if (error.status === 401) return signIn();
  }
  if (connectionIsOpen()) return connectionResume();
  connectionOpen(page.events, { onConnect, onDisconnect, onRefused, onLog: page.log }, page.options);
}

// `events` maps events to functions; `snapshot` fetches what the page shows and
// may say what was missed; `live` hears each second whether it is. To be left
// out: `status`, the path that is asked first; `knows`, who has its answer;
// `refused`, who hears that the server itself refused the connection;
// `log(type, text)`; `options` of the socket client.
export function startSession(parts) {
  const nothing = () => {};
  page = { status: '/status', log: nothing, knows: nothing, refused: nothing, options: {}, ...parts };
  setInterval(sessionShow, staleEveryMs);
  start();
}

// Without these nothing on a page can work.
export function partsAreMissing(...names) {
  if (names.every((name) => window[name])) return false;
  notify('error', 'A part of this page could not be loaded. Please reload it.');
  return true;
}
