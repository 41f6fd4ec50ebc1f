// SPDX-License-Identifier: MIT
// person: who is signed in, and the access token of now. The token stays in
// memory; what outlives the page is a cookie that no script can read.
import { apiCarries, apiGet, apiPage, apiPost } from './api.js';
import { tabLock } from './tab_lock.js';

const hintKey = 'peal-care-signed-in';
const askingKey = 'peal-care-asking';
const lostMs = 25000;
// A token is renewed this long before its end, of short ones a quarter.
const earlyMs = 60000;
const againMs = 5000;
// setTimeout() knows no longer time.
const longestMs = 2 ** 31 - 1;

let token = '';
let endsAt = 0;
let who = null; // {id, username, room}
let timer = 0;
let asking = null;
let isLeaving = false;
const listeners = new Set();
const channel = 'BroadcastChannel' in window ? new BroadcastChannel('peal-care-person') : null;

// Calls `listener` with each new token.
export function onPersonToken(listener) {
  listeners.add(listener);
}

export const personWho = () => who;

// Whether someone was signed in here, as far as this browser knows: nobody is
// sent to the server with a question whose answer is clear.
export function personIsLikely() {
  try {
    return localStorage.getItem(hintKey) === '1';
  } catch {
    return true;
  }
}

function remember(isSignedIn) {
  try {
    if (isSignedIn) localStorage.setItem(hintKey, '1');
    else localStorage.removeItem(hintKey);
  } catch {
    // Then the server is asked.
  }
}

// --- the way out -------------------------------------------------------------

// To the sign-in page, which says `why` (expired, out; nothing to who was never
// in) and comes back here.
function leave(why) {
  if (isLeaving) return;
  isLeaving = true;
  clearTimeout(timer);
  token = '';
  remember(false);
  const page = location.pathname.startsWith('/vitals') ? 'vitals' : 'chat';
  location.replace(`/login.html?${why && `why=${why}&`}next=${page}`);
}

export function personEnded() {
  const why = who || personIsLikely() ? 'expired' : '';
  if (why) channel?.postMessage({ kind: 'out', why });
  leave(why);
}

// Ends this session, or all of this person's on every machine.
export async function personSignOut(everywhere = false) {
  await asMe(() => apiPost(everywhere ? '/api/logout/everywhere' : '/api/logout', {}));
  channel?.postMessage({ kind: 'out', why: 'out' });
  leave('out');
}

// --- tokens ------------------------------------------------------------------

// Seconds for which a token is good, by what stands in it. The server decides
// in the end; this only tells when to ask for the next.
function lifetimeS(text) {
  try {
    const part = text.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const { iat, exp } = JSON.parse(atob(part));
    return exp > iat ? exp - iat : 0;
  } catch {
    return 0;
  }
}

function plan() {
  clearTimeout(timer);
  const left = endsAt - Date.now();
  const early = Math.min(earlyMs, left / 4);
  timer = setTimeout(keepUp, Math.min(longestMs, Math.max(0, left - early)));
}

function know(newToken, newEnd, newWho) {
  // Another tab signed in as someone else: nothing here is theirs.
  if (who && newWho.id !== who.id) return void location.reload();
  [token, endsAt, who] = [newToken, newEnd, newWho];
  plan();
  for (const listener of listeners) listener(token);
}

// An answer of register, login or refresh.
export function personTake(answer) {
  const { access_token: fresh, room, user } = answer;
  const end = Date.now() + 1000 * (lifetimeS(fresh) || 60);
  remember(true);
  know(fresh, end, { id: user.id, username: user.username ?? user.id, room });
  channel?.postMessage({ kind: 'token', token, endsAt, who });
}

// An answer may be lost, with the page that asked, too. Who then asks again
// under the same name is not taken for one who copied the cookie. The name is
// no secret: without the cookie it says nothing.
function askingName() {
  try {
    const [name, at] = (localStorage.getItem(askingKey) ?? '').split(' ');
    if (name && Math.abs(Date.now() - Number(at)) < lostMs) return name;
    const fresh = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    localStorage.setItem(askingKey, `${fresh} ${Date.now()}`);
    return fresh;
  } catch {
    return '';
  }
}

function asked() {
  try {
    localStorage.removeItem(askingKey);
  } catch {
    // Nothing was kept.
  }
}

async function refresh() {
  const name = askingName();
  try {
    const answer = await apiPost('/api/token/refresh', {}, name ? { 'Idempotency-Key': name } : {});
    asked();
    personTake(answer);
  } catch (error) {
    if (error.status > 0) asked();
    throw error;
  }
}

async function renewAlone() {
  const before = token;
  await tabLock('peal-care-refresh', async () => {
    if (token === before) await refresh(); // else another tab has told its own
  });
}

// Asks for a new token, once for however many want it. Throws an ApiError, of
// status 401 when nobody is signed in.
export function personRenew() {
  asking ??= renewAlone().finally(() => { asking = null; });
  return asking;
}

async function keepUp() {
  try {
    await personRenew();
  } catch (error) {
    if (error.status === 401) personEnded();
    else timer = setTimeout(keepUp, againMs);
  }
}

// A token that is good at this moment, or the last one when the server cannot
// be asked. Leaves the page when nobody is signed in.
export async function personToken() {
  if (Date.now() < endsAt - 1000) return token;
  try {
    await personRenew();
  } catch (error) {
    if (error.status === 401) personEnded();
  }
  return token;
}

// --- asking as the one who is signed in -----------------------------------------

// With a token that is good, and once more when the server knows better.
async function asMe(ask) {
  await personToken();
  try {
    return await ask();
  } catch (error) {
    if (error.status !== 401) throw error;
  }
  try {
    await personRenew();
    return await ask();
  } catch (error) {
    if (error.status === 401) personEnded();
    throw error;
  }
}

export const careGet = (path, query) => asMe(() => apiGet(path, query));
export const carePage = (path, query) => asMe(() => apiPage(path, query));
export const careDo = (ask) => asMe(ask);

channel?.addEventListener('message', ({ data }) => {
  if (data.kind === 'out' && who) leave(data.why);
  if (data.kind === 'token' && !isLeaving) know(data.token, data.endsAt, data.who);
});

// What was restored from before it was left may be of someone else.
window.addEventListener('pageshow', (event) => event.persisted && location.reload());
document.addEventListener('visibilitychange', () => {
  // Timers of hidden pages are late; a machine that slept is later.
  if (!document.hidden && token && Date.now() > endsAt - earlyMs / 4) keepUp();
});

apiCarries(() => (token ? { Authorization: `Bearer ${token}` } : {}));
