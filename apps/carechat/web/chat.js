// SPDX-License-Identifier: MIT
// chat: joins the parts of the chat page. Events of the server go into the talk,
// what a person does goes to the server, and the log shows the talk.
import { alertNotice } from './js/alert_notice.js';
import { startCarePage, careHealth } from './js/care_page.js';
import { chatLogSay, chatLogSayAnswer, chatLogShow, chatLogToEnd, startChatLog } from './js/chat_log.js';
import { composerFill, composerWriting, startComposer } from './js/composer.js';
import { dialogAsk } from './js/dialog.js';
import { byId, el, setText } from './js/dom.js';
import { miniVital, miniVitalsLoad, startMiniVitals } from './js/mini_vitals.js';
import { notify } from './js/notices.js';
import { socketAnswers, socketAsk } from './js/socket.js';
import {
  talkAll, talkClear, talkDelta, talkDrop, talkHasGap, talkNewest, talkOf, talkPending, talkPut, talkTaken, talkWrite,
} from './js/talk.js';

const perPage = 15; // questions, each with its answer
const prompts = ['How are my latest readings?', 'What was my last heart rate?', 'What do the bands mean?'];

let next = null; // cursor of the page before the first one shown
let asked = null; // the cursor that is being asked for
let isLoaded = false;

function changed(...messages) {
  chatLogShow(...messages);
  composerWriting(Boolean(talkPending()));
}

// --- history -----------------------------------------------------------------

function askHistory(cursor) {
  asked = cursor;
  const body = cursor === null ? { limit: perPage } : { limit: perPage, cursor };
  return socketAsk('get_conversation_history', body).catch((error) => {
    asked = null;
    throw error;
  });
}

function onHistory({ messages, next: following = null, cursor = null } = {}) {
  if (!Array.isArray(messages)) return;
  if (cursor === null) {
    const meets = talkNewest(messages);
    if (!meets || !isLoaded) next = following;
    isLoaded = true;
  } else {
    for (const message of messages) talkPut(message);
    next = following;
  }
  asked = null;
  showSource(talkAll().findLast(({ source }) => source) ?? {});
  changed(...talkAll());
  sendWaiting();
}

function earlier() {
  if (next === null || asked !== null || !socketAnswers()) return;
  askHistory(next).catch((error) => notify('error', error.message));
}

// --- sending -----------------------------------------------------------------

const newKey = () => [...crypto.getRandomValues(new Uint8Array(12))]
  .map((byte) => byte.toString(16).padStart(2, '0')).join('');

async function send(message) {
  message.state = socketAnswers() ? 'sending' : 'waiting';
  message.reason = undefined;
  changed(message);
  if (message.state === 'waiting') return;
  try {
    talkTaken(message, await socketAsk('send_message', { message: message.content, key: message.key }));
    if (message.id !== undefined) message.state = 'sent';
  } catch (error) {
    // The history may have shown meanwhile that it was taken.
    if (message.id === undefined) {
      Object.assign(message, { state: 'unsent', reason: error.message });
      chatLogSay(`Your message was not sent: ${error.message}`);
      careHealth({ isInDoubt: true });
    }
  }
  changed(message);
}

// What was written while there was no connection has never left this page.
async function sendWaiting() {
  for (const message of talkAll().filter(({ state }) => state === 'waiting')) await send(message);
}

function write(text) {
  const message = talkWrite(newKey(), text, Date.now());
  chatLogToEnd();
  changed(message);
  send(message);
}

async function retry(question) {
  try {
    await socketAsk('retry_message', { id: question.id });
    const failed = talkAll().find((one) => String(one.reply_to) === String(question.id) && one.state === 'failed');
    if (failed) talkDrop(failed);
    if (question.state === 'failed') question.state = 'sent';
    changed(question);
  } catch (error) {
    notify('error', error.message);
  }
}

function discard(message) {
  talkDrop(message);
  composerFill(message.content);
  changed();
}

async function stop() {
  const pending = talkPending();
  if (!pending) return;
  try {
    await socketAsk('cancel_message', { id: pending.id });
  } catch (error) {
    notify('error', error.message);
  }
}

async function clear() {
  const isSure = await dialogAsk({
    title: 'Clear the conversation?', yes: 'Delete all messages', no: 'Keep it', isGrave: true,
    text: 'All messages are deleted from the server, on all your devices. This cannot be undone.',
  });
  if (!isSure) return;
  try {
    await socketAsk('clear_conversation', {});
  } catch (error) {
    notify('error', `Nothing was deleted. ${error.message}`);
  }
}

// --- what comes ---------------------------------------------------------------

let lastSource = '';

// An answer from elsewhere than the last tells something of the model's health.
function showSource({ source }) {
  if (!source || source === lastSource) return;
  lastSource = source;
  careHealth();
  setText(byId('chat-source'), source === 'built-in'
    ? 'The latest answer came from the built-in rules of this server, not from a language model.'
    : `The latest answer came from the model ${source}.`);
}

function onMessage(told) {
  const message = talkPut(told);
  if (!message) return;
  if (message.role === 'assistant' && message.state !== 'writing') {
    showSource(message);
    chatLogSayAnswer(message);
  }
  // Its question may have stood there as one without an answer.
  const question = talkOf(message.reply_to);
  if (question?.state === 'failed' && message.state !== 'failed') question.state = 'sent';
  changed(message, ...(question ? [question] : []));
}

function onDelta(piece) {
  const answer = talkDelta(piece);
  if (!answer) return;
  if (piece.seq === 0) chatLogSay('The assistant is writing.');
  changed(answer);
  if (talkHasGap(piece.id) && asked === null) askHistory(null).catch(() => {});
}

function onCleared() {
  talkClear();
  next = null;
  changed();
  chatLogSay('The conversation was deleted.');
}

const meanings = {
  rate_limited: 'That was fast. Please wait a moment before the next message.',
  budget_exceeded: 'Your messages for today are used up.',
  too_long: 'The message is too long.',
  store_unavailable: 'The server cannot keep messages at the moment. Yours was not taken.',
};

function onError(code, message) {
  if (code === 'model_unavailable') careHealth();
  const said = message || meanings[code];
  if (said) notify('error', String(said));
  return Boolean(said);
}

async function onJoined() {
  byId('message').placeholder = 'Write a message…';
  await askHistory(null);
  await miniVitalsLoad();
}

function onGone() {
  byId('message').placeholder = 'Write a message; it is sent when the connection is back';
  asked = null;
}

function startAll() {
  startChatLog({ resend: send, discard, retry, earlier, hasEarlier: () => next !== null, isLoaded: () => isLoaded });
  startComposer({ send: write, stop });
  startMiniVitals();
  byId('chat-clear').addEventListener('click', clear);
  byId('chat-prompts').append(...prompts.map((text) => el('li', {},
    el('button', { type: 'button', class: 'small', text, on: { click: () => write(text) } }))));
  startCarePage('chat', {
    message: onMessage, message_delta: onDelta, conversation_history: onHistory,
    conversation_cleared: onCleared, vital_update: miniVital,
    vital_alert: alertNotice,
  }, { onJoined, onGone, onError });
}

startAll();
