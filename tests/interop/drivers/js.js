// SPDX-License-Identifier: MIT
'use strict';
// js.js <package>: socket.io-client of one version, or engine.io-client with
// what engine_socket.js puts upon it, steered by lines of JSON (see ../README.md).
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');

const modules = path.join(__dirname, '../../e2e/node_modules');
const name = process.argv[2] || 'socket.io-client';
const isEngine = name === 'engine.io-client';
const library = require(isEngine ? './engine_socket.js'
  : path.join(modules, name));
const io = library.io || library;
const { version } = require(path.join(modules, name, 'package.json'));
// Its `auth` is a query, and a refusal an `error` with what was said.
const isV2 = version.startsWith('2.');
const LACKS = [...isV2 ? ['auth-values', 'message-with-data'] : [],
  ...isEngine ? ['siblings', 'reconnect'] : []];

const say = (report) => process.stdout.write(`${JSON.stringify(report)}\n`);

function pack(value) {
  if (Buffer.isBuffer(value)) return { $bytes: value.toString('base64') };
  if (Array.isArray(value)) return value.map(pack);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, pack(one)]));
}

function unpack(value) {
  if (Array.isArray(value)) return value.map(unpack);
  if (value === null || typeof value !== 'object') return value;
  if (typeof value.$bytes === 'string') {
    return Buffer.from(value.$bytes, 'base64');
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, unpack(one)]));
}

// By name.
const parserOf = (word) => word && require(path.join(modules,
  `socket.io-${word}-parser`));

const sockets = new Map();
const FILES = ['ca', 'cert', 'key'];
const MANAGER = ['reconnect_attempt', 'reconnect', 'reconnect_error',
  'reconnect_failed', 'open', 'close', 'error'];

// Options in the reference's names; those of FILES are paths.
function options({ transports, auth, askAuth, reconnect, opts = {} }, id) {
  const files = FILES.filter((name) => opts[name]);
  return {
    forceNew: true, transports, reconnection: reconnect,
    reconnectionDelay: 100, reconnectionDelayMax: 300, ...opts,
    ...opts.parser && { parser: parserOf(opts.parser) },
    ...Object.fromEntries(files.map((name) =>
      [name, fs.readFileSync(opts[name])])),
    ...isV2 && { query: { ...opts.query, ...auth } },
    auth: askAuth === undefined ? unpack(auth) : (give) => {
      say({ is: 'auth', id });
      setTimeout(() => give(unpack(auth)), askAuth);
    },
  };
}

// What the connection does; the first socket of it tells.
function watch(manager, id) {
  for (const what of MANAGER) {
    manager.on(what, (first) => say({
      is: 'notice', id, what,
      attempt: typeof first === 'number' ? first : undefined,
      reason: what === 'close' ? first : undefined,
    }));
  }
}

function listen(socket, id, { events, answers, any, outgoing, when = [] }) {
  const left = when.map((one) => ({ times: 1, ...one }));
  const then = (what) => {
    for (const one of left) {
      if (one.on === what && one.times-- > 0) one.do.forEach(perform);
    }
  };
  const on = (what, name, fn) => socket.on(name, (...args) => {
    say({ is: what, id, ...fn(...args) });
    then(what === 'event' ? `event ${name}` : what);
  });
  on('connect', 'connect', () => ({ recovered: socket.recovered || false }));
  on('disconnect', 'disconnect', (reason) => ({ reason }));
  // `low`: no connection, and not a refusal of the namespace.
  if (isV2) {
    on('refused', 'error', (said) => (typeof said === 'string'
      ? { message: said } : { message: said.message,
        data: said.message ? undefined : said }));
  }
  on('refused', 'connect_error', (err) => ({ message: err.message,
    data: err.data, low: err.type === 'TransportError' ||
      err.message === 'timeout' || err.message === 'server error' }));
  if (any) {
    socket.onAny((event, ...args) => say({ is: 'any', id, event,
      args: pack(args.filter((one) => typeof one !== 'function')) }));
  }
  if (outgoing) {
    socket.onAnyOutgoing((event, ...args) => say({ is: 'outgoing', id, event,
      args: pack(args.filter((one) => typeof one !== 'function')) }));
  }
  for (const event of events) {
    on('event', event, (...args) => ({ event, args: pack(args) }));
  }
  for (const [event, args] of Object.entries(answers)) {
    socket.on(event, (...got) => got.pop()(...unpack(args)));
  }
}

function flagged(id, { volatile, timeout } = {}) {
  const socket = sockets.get(id);
  const one = volatile ? socket.volatile : socket;
  return timeout === undefined ? one : one.timeout(timeout);
}

const commands = {
  open({ id, ...command }) {
    const { url, nsp, with: sibling } = command;
    const opts = options(command, id);
    const socket = sibling === undefined ? io(url + nsp, opts)
      : sockets.get(sibling).io.socket(nsp, opts);
    sockets.set(id, socket);
    if (command.watch) watch(socket.io, id);
    listen(socket, id, command);
  },
  emit({ id, event, args, how }) {
    flagged(id, how).emit(event, ...unpack(args));
  },
  ask({ id, event, args, ask, how }) {
    const socket = flagged(id, how);
    const { ackTimeout, retries } = socket._opts || {};
    const isTimed = how?.timeout !== undefined || ackTimeout !== undefined
      || retries !== undefined;
    socket.emit(event, ...unpack(args), (...answer) => {
      const err = isTimed ? answer.shift() : null;
      say({ is: 'answer', id, ask, args: pack(answer), error: err?.message });
    });
  },
  state({ id }) {
    const { connected, active, recovered, io: manager } = sockets.get(id);
    // Will it be connected by itself? `active` is true also where nothing is
    // tried any more.
    const comes = manager._readyState !== 'closed' || manager._reconnecting;
    say({ is: 'state', id, connected, active: Boolean(active && comes),
      recovered: recovered || false,
      transport: manager.engine?.transport?.name || '' });
  },
  connect({ id }) {
    sockets.get(id).connect();
  },
  close({ id }) {
    sockets.get(id).close();
  },
};

function perform(command) {
  commands[command.do](command);
}

say({ is: 'hello', client: `${name} ${version}`, lacks: LACKS });
readline.createInterface({ input: process.stdin })
  .on('line', (line) => perform(JSON.parse(line)))
  .on('close', () => process.exit(0));
