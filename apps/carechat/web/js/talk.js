// SPDX-License-Identifier: MIT
// talk: the messages that are known, in their order, whatever way and however
// often they come. Nothing here touches the page.
//
// A message: {id, key, role, content, timestamp, state, reply_to, reason,
// source, seq}. States of one's own: waiting (for the connection), sending,
// unsent (nobody took it), sent, failed (taken, and the answer failed); of
// answers: writing, done, cancelled, failed.

const messages = new Map(); // by id, or by key until there is an id
// Deltas that came ahead of the ones before them.
const early = new Map();
const mostEarly = 64;

const slot = (message) => String(message.id ?? message.key);

export const talkOf = (id) => messages.get(String(id));

function order(a, b) {
  if ((a.id === undefined) !== (b.id === undefined)) return a.id === undefined ? 1 : -1;
  if (a.id === undefined) return a.at - b.at;
  return Number(a.id) - Number(b.id);
}

// All, oldest first; what the server has not taken yet is last.
export const talkAll = () => [...messages.values()].sort(order);

// A message of one's own that is about to be sent.
export function talkWrite(key, content, at) {
  const message = { key, role: 'user', content, state: 'waiting', at, timestamp: new Date(at).toISOString() };
  messages.set(key, message);
  return message;
}

// The server has taken it: from now on it has an id.
export function talkTaken(message, { id, timestamp }) {
  if (id === undefined || message.id !== undefined) return;
  messages.delete(message.key);
  Object.assign(message, { id, timestamp: timestamp ?? message.timestamp });
  if (message.state !== 'failed') message.state = 'sent';
  messages.set(slot(message), message);
}

export function talkDrop(message) {
  messages.delete(slot(message));
}

// A message as the server tells it: new, or more of one that is known.
export function talkPut(told) {
  if (told?.id === undefined || typeof told.content !== 'string') return null;
  const mine = told.key === undefined ? null : messages.get(told.key);
  if (mine) talkTaken(mine, told);
  const known = messages.get(String(told.id));
  const state = told.state ?? (told.role === 'user' ? 'sent' : 'done');
  // A page of the history may be older than what has come meanwhile.
  if (known?.role === 'assistant' && state === 'writing' && known.seq >= (told.seq ?? 0)) return known;
  const message = known ?? {};
  Object.assign(message, told, { state });
  messages.set(String(told.id), message);
  if (message.role === 'assistant' && state !== 'writing') early.delete(String(told.id));
  return message;
}

const answerOf = ({ id, reply_to: replyTo }) => messages.get(String(id)) ??
  { id, reply_to: replyTo, role: 'assistant', content: '', state: 'writing', seq: 0, timestamp: new Date().toISOString() };

// A piece of an answer. Pieces that come twice are left out, and those that are
// ahead wait. Returns the answer, null if nothing of it changed.
export function talkDelta(piece) {
  if (piece?.id === undefined) return null;
  const answer = answerOf(piece);
  if (answer.state !== 'writing') {
    // The same place again, for an answer that is tried once more.
    if (piece.seq !== 0) return null;
    Object.assign(answer, { state: 'writing', content: '', seq: 0, reason: undefined });
  }
  messages.set(String(piece.id), answer);
  const waiting = early.get(String(piece.id)) ?? new Map();
  if (piece.seq >= answer.seq && waiting.size < mostEarly) waiting.set(piece.seq, String(piece.delta ?? ''));
  early.set(String(piece.id), waiting);
  while (waiting.has(answer.seq)) {
    answer.content += waiting.get(answer.seq);
    waiting.delete(answer.seq);
    answer.seq += 1;
  }
  return answer;
}

// Whether something of this answer is missing: the history has it.
export const talkHasGap = (id) => (early.get(String(id))?.size ?? 0) > 0;

// The newest page of the history: what it does not have any more is gone, what
// lies before it stays if the two meet.
export function talkNewest(page) {
  const ids = new Set(page.map(({ id }) => String(id)));
  const oldest = Math.min(...page.map(({ id }) => Number(id)));
  const meets = [...messages.values()].some((one) => one.id !== undefined && ids.has(String(one.id)));
  for (const [name, one] of messages) {
    const isOlder = Number(one.id) < oldest;
    if (one.id !== undefined && !ids.has(name) && !(meets && isOlder)) messages.delete(name);
  }
  for (const one of page) talkPut(one);
  return meets;
}

export function talkClear() {
  for (const [name, one] of messages) {
    if (one.id !== undefined) messages.delete(name);
  }
  early.clear();
}

// The answer that is being written, or the question that waits for one.
export function talkPending() {
  const all = talkAll();
  const answered = new Set(all.filter(({ role }) => role === 'assistant').map(({ reply_to: id }) => String(id)));
  return all.findLast(({ state }) => state === 'writing') ??
    all.findLast((one) => one.role === 'user' && one.state === 'sent' && !answered.has(String(one.id)));
}
