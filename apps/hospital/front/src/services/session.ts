// SPDX-License-Identifier: MIT
// session: who is signed in, and the access token of now. The token stays in
// memory; what outlives the page is a cookie that no script can read. Tabs of
// one browser share tokens, and take turns in asking for the next.
import { ApiError, apiCarries, apiGet, apiPost, apiSend } from '@kit/js/api.js';
import { tabLock } from '@kit/js/tab_lock.js';
import type { User } from '../types.ts';

const hintKey = 'peal-hospital-signed-in';
const askingKey = 'peal-hospital-asking';
const lostMs = 25000;
// A token is renewed this long before its end, of short ones a quarter.
const earlyMs = 60000;
const againMs = 5000;
const longestMs = 2 ** 31 - 1; // setTimeout() knows no longer time

export type Why = '' | 'out' | 'expired';

export interface SessionNow {
  user: User | null;
  why: Why; // how the last one ended
}

interface SignedIn {
  access_token: string;
  expires_in?: number;
  user: User;
}

let token = '';
let endsAt = 0;
let now: SessionNow = { user: null, why: '' };
let timer: ReturnType<typeof setTimeout> | undefined;
let asking: Promise<void> | null = null;
const listeners = new Set<() => void>();
const tokenListeners = new Set<(token: string) => void>();
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('peal-hospital');

function tell(next: SessionNow): void {
  now = next;
  for (const listener of listeners) listener();
}

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage may be forbidden
  }
}

function keep(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Then the server is asked once more than needed.
  }
}

// --- the way out -------------------------------------------------------------

function leave(why: Why): void {
  clearTimeout(timer);
  token = '';
  endsAt = 0;
  keep(hintKey, null);
  tell({ user: null, why });
}

// The server knows nobody by what this browser shows.
export function sessionEnded(): void {
  const why = now.user || kept(hintKey) ? 'expired' : '';
  if (why) channel?.postMessage({ kind: 'out', why });
  leave(why);
}

// --- tokens ------------------------------------------------------------------

function plan(): void {
  clearTimeout(timer);
  const left = endsAt - Date.now();
  const early = Math.min(earlyMs, left / 4);
  timer = setTimeout(keepUp, Math.min(longestMs, Math.max(0, left - early)));
}

function know(fresh: string, end: number, user: User): void {
  token = fresh;
  endsAt = end;
  keep(hintKey, '1');
  plan();
  if (now.user?.id !== user.id || now.user.role !== user.role) tell({ user, why: '' });
  for (const listener of tokenListeners) listener(token);
}

function take(answer: SignedIn): void {
  const { access_token: fresh, expires_in: seconds = 60, user } = answer;
  const end = Date.now() + 1000 * seconds;
  know(fresh, end, user);
  channel?.postMessage({ kind: 'token', token, endsAt, user });
}

// An answer may be lost, with the page that asked, too. Who then asks again
// under the same name is not taken for one who copied the cookie.
function askingName(): string {
  const [name, at] = (kept(askingKey) ?? '').split(' ');
  if (name && Math.abs(Date.now() - Number(at)) < lostMs) return name;
  const fresh = [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0')).join('');
  keep(askingKey, `${fresh} ${Date.now()}`);
  return fresh;
}

async function refresh(): Promise<void> {
  try {
    const answer = await apiPost('/api/auth/refresh', {}, { 'Idempotency-Key': askingName() });
    keep(askingKey, null);
    take(answer);
  } catch (error) {
    if ((error as ApiError).status > 0) keep(askingKey, null);
    throw error;
  }
}

// Asks for a new token, once for however many want it. Throws an ApiError, of
// status 401 when nobody is signed in.
export function sessionRenew(): Promise<void> {
  const before = token;
  asking ??= tabLock('peal-hospital-refresh', async () => {
    if (token === before) await refresh(); // else another tab has told its own
  }).finally(() => { asking = null; });
  return asking;
}

async function keepUp(): Promise<void> {
  try {
    await sessionRenew();
  } catch (error) {
    if ((error as ApiError).status === 401) sessionEnded();
    else timer = setTimeout(keepUp, againMs);
  }
}

// A token that is good at this moment, or the last one when the server cannot
// be asked; empty when nobody is signed in.
export async function sessionToken(): Promise<string> {
  if (token && Date.now() >= endsAt - 1000) {
    try {
      await sessionRenew();
    } catch (error) {
      if ((error as ApiError).status === 401) sessionEnded();
    }
  }
  return token;
}

// --- asking as the one who is signed in -----------------------------------------

// With a token that is good, and once more when the server knows better.
async function asMe<T>(ask: () => Promise<T>): Promise<T> {
  await sessionToken();
  try {
    return await ask();
  } catch (error) {
    if ((error as ApiError).status !== 401) throw error;
  }
  try {
    await sessionRenew();
    return await ask();
  } catch (error) {
    if ((error as ApiError).status === 401) sessionEnded();
    throw error;
  }
}

export const get = (path: string, query: object = {}): Promise<any> => asMe(() => apiGet(path, query));
export const send = (method: 'POST' | 'PATCH' | 'PUT', path: string, body: object): Promise<any> =>
  asMe(() => apiSend(method, path, body));

// --- coming and going ----------------------------------------------------------

export async function sessionSignIn(username: string, password: string): Promise<void> {
  take(await apiPost('/api/auth/login', { username, password }));
}

// Ends this sign-in, or all of this person's on every machine.
export async function sessionSignOut(everywhere = false): Promise<void> {
  try {
    await send('POST', everywhere ? '/api/auth/logout/everywhere' : '/api/auth/logout', {});
  } finally {
    channel?.postMessage({ kind: 'out', why: 'out' });
    leave('out');
  }
}

// Whether someone is signed in already: by the cookie, after a reload.
export async function sessionResume(): Promise<void> {
  if (!kept(hintKey)) return;
  try {
    await sessionRenew();
  } catch (error) {
    if ((error as ApiError).status === 401) return sessionEnded();
    throw error;
  }
}

export const sessionNow = (): SessionNow => now;

export function sessionSubscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// Hears each new token, for the connection that stands.
export function onToken(listener: (token: string) => void): () => void {
  tokenListeners.add(listener);
  return () => tokenListeners.delete(listener);
}

channel?.addEventListener('message', ({ data }) => {
  if (data.kind === 'out' && now.user) leave(data.why);
  if (data.kind === 'token') know(data.token, data.endsAt, data.user);
});

if (typeof document !== 'undefined') {
  // Timers of hidden pages are late; a machine that slept is later.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && token && Date.now() > endsAt - earlyMs / 4) void keepUp();
  });
}

apiCarries((): Record<string, string> => (token ? { Authorization: `Bearer ${token}` } : {}));
