// SPDX-License-Identifier: MIT
// chat_log: the conversation on the page. It stays at its end while one reads
// there, and where one is when older messages come above.
import { byId, el, formatClock, parseTime, setText } from './dom.js';
import { onNextFrame } from './frame.js';
import { markdownNodes } from './markdown.js';
import { talkAll, talkOf, talkPending } from './talk.js';

const nearPx = 90;
const paintMs = 80;
// Read aloud at once; what is longer is read in the log.
const mostSaid = 1500;

const shown = new Map(); // message to its parts on the page
const dirty = new Set();
let on = {};
let isAtEnd = true;
let painted = 0;
let later = 0;

const words = {
  waiting: 'waiting for the connection', sending: 'sending…', unsent: 'not sent',
  failed: 'not answered', writing: 'writing…', cancelled: 'stopped',
};

const isMine = ({ role }) => role === 'user';

function build(message) {
  const content = el('div', { class: 'bubble' });
  const time = el('time');
  const state = el('span', { class: 'state' });
  const tools = el('span', { class: 'acts' });
  const node = el('article', { class: `msg ${isMine(message) ? 'mine' : 'theirs'}` },
    content, el('p', { class: 'meta' }, time, state, tools));
  return { node, content, time, state, tools, written: null };
}

const act = (text, label, click) => el('button', { type: 'button', class: 'act', text, 'aria-label': label, on: { click } });

const isAnswered = ({ id }) => talkAll().some((one) => String(one.reply_to) === String(id));

// What can be done about it now.
function acts(message) {
  const { state } = message;
  if (isMine(message) && state === 'unsent') {
    return [act('Try again', 'Send this message again', () => on.resend(message)),
      act('Discard', 'Discard this message', () => on.discard(message))];
  }
  const question = isMine(message) ? message : talkOf(message.reply_to);
  if (state === 'failed' && question && !(isMine(message) && isAnswered(message))) {
    return [act('Try again', 'Ask this again', () => on.retry(question))];
  }
  return [];
}

function stateText(message) {
  const { state, reason, role } = message;
  const known = words[state] ?? '';
  if (role === 'assistant' && state === 'failed') return `The answer failed${reason ? `: ${reason}` : ''}`;
  // The answer that failed says it itself.
  if (state === 'failed' && isAnswered(message)) return '';
  return reason && state !== 'done' ? `${known}: ${reason}` : known;
}

function write(parts, message) {
  const { content, state, role } = message;
  if (parts.written === content && content) return;
  parts.written = content;
  if (role === 'user') setText(parts.content, content);
  else if (!content && state === 'writing') parts.content.replaceChildren(dots());
  else parts.content.replaceChildren(...markdownNodes(content));
  parts.content.hidden = role !== 'user' && !content && state !== 'writing';
}

const dots = () => el('span', { class: 'dots', 'aria-label': 'The assistant is writing' },
  el('i'), el('i'), el('i'));

function update(message) {
  const parts = shown.get(message);
  const { node } = parts;
  write(parts, message);
  node.dataset.state = message.state;
  if (message.id !== undefined) node.dataset.id = message.id;
  const at = formatClock(parseTime(message.timestamp));
  node.setAttribute('aria-label', `${isMine(message) ? 'You' : 'Assistant'}, ${at}`);
  setText(parts.time, at);
  parts.time.dateTime = String(message.timestamp);
  setText(parts.state, stateText(message));
  const wanted = acts(message);
  const isSame = wanted.map(({ textContent }) => textContent).join() === parts.tools.textContent;
  if (!isSame || wanted.length === 0) parts.tools.replaceChildren(...wanted);
}

// The nodes in their order; those that are there already are not moved.
function place(all) {
  const log = byId('chat-log');
  const wanted = new Set(all);
  for (const [message, { node }] of shown) {
    if (wanted.has(message)) continue;
    node.remove();
    shown.delete(message);
  }
  let next = log.firstElementChild;
  for (const message of all) {
    if (!shown.has(message)) {
      shown.set(message, build(message));
      dirty.add(message);
    }
    const { node } = shown.get(message);
    if (node === next) next = next.nextElementSibling;
    else log.insertBefore(node, next);
  }
}

function showTyping() {
  const pending = talkPending();
  const box = byId('typing');
  const isWaiting = pending?.role === 'user';
  if (isWaiting && !box) {
    byId('chat-log').append(el('div', { id: 'typing', class: 'msg theirs' }, el('div', { class: 'bubble' }, dots())));
  } else if (!isWaiting) {
    box?.remove();
  } else if (box.nextElementSibling) {
    byId('chat-log').append(box);
  }
  setText(byId('chat-state'), pending ? 'The assistant is writing…' : '');
}

function paint() {
  painted = performance.now();
  const scroller = byId('chat-scroller');
  const fromEnd = scroller.scrollHeight - scroller.scrollTop;
  const firstNode = byId('chat-log').firstElementChild;
  const all = talkAll();
  place(all);
  for (const message of dirty) {
    if (shown.has(message)) update(message);
  }
  dirty.clear();
  showTyping();
  const isEmpty = all.length === 0;
  byId('chat-empty').hidden = !isEmpty || !on.isLoaded();
  // With the messages, not before them: it asks for more as soon as it is seen.
  byId('chat-earlier').hidden = !on.hasEarlier();
  byId('chat-first').hidden = on.hasEarlier() || isEmpty;
  byId('chat-clear').disabled = isEmpty;
  if (isAtEnd) scroller.scrollTop = scroller.scrollHeight;
  else if (firstNode !== byId('chat-log').firstElementChild) scroller.scrollTop = scroller.scrollHeight - fromEnd;
  showLatest();
}

// What changed of these messages will be on the page soon, several changes at
// once. Without any, their order and number are looked at.
export function chatLogShow(...messages) {
  for (const message of messages) dirty.add(message);
  if (later) return;
  later = setTimeout(() => {
    later = 0;
    onNextFrame(paint);
  }, Math.max(0, painted + paintMs - performance.now()));
}

// Reads `text` to those who listen; once, not with each piece of it.
export function chatLogSay(text) {
  setText(byId('chat-said'), text.slice(0, mostSaid));
}

// The answer as it stands on the page, in words.
export function chatLogSayAnswer(message) {
  const text = markdownNodes(message.content).map((node) => node.textContent).join(' ');
  const end = message.state === 'failed' ? ` ${stateText(message)}` : message.state === 'cancelled' ? ' Stopped.' : '';
  chatLogSay(`Assistant: ${text}${end}`);
}

function showLatest() {
  byId('chat-latest').hidden = isAtEnd;
}

function onScroll() {
  const { scrollHeight, scrollTop, clientHeight } = byId('chat-scroller');
  isAtEnd = scrollHeight - scrollTop - clientHeight < nearPx;
  showLatest();
}

export function chatLogToEnd() {
  isAtEnd = true;
  chatLogShow();
}

// `handlers` has resend(message), discard(message), retry(question), earlier(),
// hasEarlier() and isLoaded().
export function startChatLog(handlers) {
  on = handlers;
  const scroller = byId('chat-scroller');
  scroller.addEventListener('scroll', onScroll, { passive: true });
  byId('chat-latest').addEventListener('click', chatLogToEnd);
  byId('chat-earlier').addEventListener('click', () => on.earlier());
  new IntersectionObserver(([entry]) => entry.isIntersecting && on.earlier(), { root: scroller, rootMargin: '200px' })
    .observe(byId('chat-earlier'));
  // A keyboard that comes up, a window that is turned.
  new ResizeObserver(() => isAtEnd && chatLogShow()).observe(scroller);
}
