// SPDX-License-Identifier: MIT
// connection: the Socket.IO connection, its state in words, its transport and
// its round trip. The client reconnects by itself; this says so.
import { byId, setServerTime, setText } from './dom.js';

const pingEveryMs = 3000;
const ackTimeoutMs = 5000;
const settleMs = 500;
const reasons = {
  'io server disconnect': 'the server closed the connection',
  'io client disconnect': 'closed by this page',
  'ping timeout': 'the server went silent',
  'transport close': 'the connection was lost',
  'transport error': 'the connection broke',
};

let socket = null;
let handlers = {};
let attempt = 0;
let wasConnected = false;
let paused = false;
let isAnswering = true;

function show(state, text) {
  byId('link').dataset.state = state;
  setText(byId('connection-state'), text);
}

function showTransport() {
  const name = socket?.connected ? socket.io.engine?.transport?.name : '';
  const shown = { websocket: 'WebSocket', polling: 'polling' }[name] ?? name;
  setText(byId('transport'), shown || 'no transport');
  if (!name) setText(byId('round-trip'), '– ms');
}

function measure() {
  if (!socket?.connected || document.hidden) return;
  const sent = performance.now();
  socket.timeout(ackTimeoutMs).emit('request', { type: 'ping' }, (error, answer) => {
    const took = performance.now() - sent;
    isAnswering = !error;
    if (!error) setServerTime(answer?.data?.server_time, took);
    handlers.onRoundTrip?.(error ? NaN : took);
    setText(byId('round-trip'),
      error ? 'no answer' : `${took < 10 ? took.toFixed(1) : took.toFixed(0)} ms`);
  });
}

function watchTransport() {
  const engine = socket.io.engine;
  engine.on('upgrade', () => {
    showTransport();
    handlers.onLog('connection', 'Upgraded to WebSocket');
  });
}

function connected() {
  const again = wasConnected;
  wasConnected = true;
  attempt = 0;
  isAnswering = true;
  show('live', 'Live');
  showTransport();
  watchTransport();
  // The first moments are busy with history: they would tell a wrong time.
  setTimeout(measure, settleMs);
  handlers.onConnect(again);
}

function connectLater(delayMs) {
  setTimeout(() => !paused && socket.connect(), delayMs);
}

function disconnected(reason) {
  showTransport();
  if (reason === 'io client disconnect') return;
  show('lost', 'Reconnecting…');
  handlers.onDisconnect(reasons[reason] ?? reason);
  // After the server closed the socket the client waits to be asked.
  if (reason === 'io server disconnect') connectLater(1000);
}

function attempted(number) {
  attempt = number;
  show('lost', wasConnected ? `Reconnecting…, attempt ${number}` : `Connecting…, attempt ${number}`);
}

function failed(error) {
  showTransport();
  if (attempt === 0) show('lost', wasConnected ? 'Reconnecting…' : 'Connecting…');
  // Refused by the server itself (middleware): the manager does not try again.
  const isFinal = !socket.active;
  const isCaredFor = handlers.onRefused(error, isFinal) === true;
  if (isFinal && !isCaredFor) connectLater(3000);
}

// As many attempts have failed as `options` allow: nothing comes by itself now.
function gaveUp() {
  show('locked', 'Not connected');
  handlers.onGiveUp?.();
}

// Opens the connection. `events` maps event names to functions; `on` has
// onConnect(again), onDisconnect(reason), onRefused(error, isFinal), which
// returns true when it will connect again or leave, onLog(type, text), and if
// they are wanted onRoundTrip(ms), NaN without an answer, and onGiveUp();
// `options` are more of socket.io-client's.
export function connectionOpen(events, on, options = {}) {
  handlers = on;
  paused = false;
  socket = window.io({
    reconnectionDelay: 500, reconnectionDelayMax: 4000, timeout: 10000, ...options,
  });
  socket.on('connect', connected);
  socket.on('disconnect', disconnected);
  socket.on('connect_error', failed);
  socket.io.on('reconnect_attempt', attempted);
  socket.io.on('reconnect_failed', gaveUp);
  for (const [name, handler] of Object.entries(events)) socket.on(name, handler);
  setInterval(measure, pingEveryMs);
}

// Stops trying until connectionResume(): the reader must sign in first.
export function connectionPause() {
  paused = true;
  socket?.disconnect();
  show('locked', 'Sign in');
  showTransport();
}

export function connectionResume() {
  paused = false;
  attempt = 0;
  show('connecting', 'Connecting…');
  socket.connect();
}

export const connectionIsOpen = () => Boolean(socket);

// Whether what is shown is live: connected, and the last question answered. A
// line that was cut without a word is noticed by that long before it breaks.
export const connectionAnswers = () => Boolean(socket?.connected) && isAnswering;

// Sends an event and waits for its acknowledgement.
export async function connectionAsk(name, body) {
  if (!socket?.connected) throw new Error('Not connected at the moment.');
  let answer;
  try {
    answer = await socket.timeout(ackTimeoutMs).emitWithAck(name, body);
  } catch {
    throw new Error('The server did not answer in time.');
  }
  if (answer?.status !== 'success') {
    throw new Error(String(answer?.message ?? 'The server refused this.'));
  }
  return answer;
}
