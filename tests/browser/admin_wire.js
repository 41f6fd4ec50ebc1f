// SPDX-License-Identifier: MIT
// admin_wire: what a page of @socket.io/admin-ui is told by Peal and by the
// package's own instrument() on Node, for the same doings: the same events with
// the same fields.
//
//   node admin_wire.js --server PROGRAM
//
// PROGRAM is example-admin.
import assert from 'node:assert/strict';
import http from 'node:http';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { adminHash as hash, adminPassword as password, startAdminServer } from './admin_server.js';
import { runSteps, sleep, until } from './harness.js';

const { instrument } = createRequire(import.meta.url)('@socket.io/admin-ui');
const { values: opts } = parseArgs({
  options: {
    server: { type: 'string' }, out: { type: 'string' }, chromium: { type: 'string' },
  },
});

// --- the two servers ------------------------------------------------------------

const startPeal = (words) => startAdminServer(opts.server, words);

// The same program on Node.
async function startNode(words) {
  const server = http.createServer();
  const chat = new Server(server);
  instrument(chat, {
    auth: { type: 'basic', username: 'admin', password: hash },
    mode: words.includes('production') ? 'production' : 'development',
    readonly: words.includes('read-only'),
  });
  chat.on('connection', (socket) => {
    socket.on('name', (name) => { socket.data.name = name; });
    socket.on('enter', (room) => socket.join(room));
    socket.on('say', (room, text, ack) => {
      if (socket.rooms.has(room)) chat.to(room).emit('said', text);
      ack?.('ok');
    });
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => chat.close() };
}

// --- what is told, without what differs each time -------------------------------------

class Looker {
  constructor(url) {
    this.names = new Map();
    this.told = [];
    this.stats = [];
    this.socket = io(`${url}/admin`, {
      forceNew: true, reconnection: false, transports: ['websocket'],
      auth: { username: 'admin', password },
    });
    this.socket.onAny((event, ...args) => {
      if (event === 'server_stats') this.stats.push(args[0]);
      else this.told.push([event, ...args]);
    });
  }

  connected() {
    return new Promise((done, fail) => {
      this.socket.once('connect', done);
      this.socket.once('connect_error', fail);
    });
  }

  // Ids in the order in which they are first named.
  #name(id) {
    if (!this.names.has(id)) this.names.set(id, `id ${this.names.size}`);
    return this.names.get(id);
  }

  #clean(value, key) {
    if (Buffer.isBuffer(value)) return `bytes ${value.toString('hex')}`;
    if (Array.isArray(value)) return value.map((one) => this.#clean(one));
    if (value && typeof value === 'object') {
      const entries = Object.entries(value)
        // What belongs to the connection and not to the client is not kept.
        .filter(([name]) => !/^(connection|upgrade|sec-websocket-.*)$/.test(name))
        .map(([name, one]) => [name, this.#clean(one, name)]);
      return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
    }
    if (key === 'issued') return typeof value;
    if (key === 'clientId') return `${value.length} characters`;
    if (key === 'time') return value.replace(/\d+/g, '0').replace(/[A-Z][a-z]{2} [A-Z][a-z]{2}/, 'Day Mon');
    if (key === 'host') return value.replace(/\d+$/, 'PORT');
    if (key === 't') return 't';
    if (typeof value !== 'string') return value;
    if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return 'DATE';
    if (/^[\w-]{20}$/.test(value)) return this.#name(value);
    return value.replace(/([?&]t=)[^&]*/, '$1t');
  }

  // What was told since the last call, once nothing more comes.
  async take() {
    let before = -1;
    while (before !== this.told.length) {
      before = this.told.length;
      await sleep(150);
    }
    const told = this.told.splice(0).map((one) => one.map((part) => this.#clean(part)));
    return told.map((one) => JSON.stringify(one));
  }
}

// --- the doings --------------------------------------------------------------------------

async function doings(server) {
  const steps = {};
  const looker = new Looker(server.url);
  await looker.connected();
  // The session's id is no socket's.
  const first = await looker.take();
  steps.connect = first.filter((one) => !one.includes('"session"'));
  assert.equal(first.filter((one) => /^\["session","[0-9a-f]{16}"\]$/.test(one)).length, 1);

  const client = io(server.url, { forceNew: true, transports: ['websocket'], query: { v: '1' } });
  await new Promise((done) => { client.once('connect', done); });
  steps.client = await looker.take();

  client.emit('name', 'Ann');
  client.emit('enter', 'kitchen');
  await client.emitWithAck('say', 'kitchen', Buffer.from([1, 2, 3]));
  steps.events = await looker.take();

  const heard = [];
  client.onAny((...args) => heard.push(args));
  looker.socket.emit('emit', '/', undefined, 'hello', 1, { a: [2] });
  looker.socket.emit('emit', '/', 'kitchen', 'to a room', Buffer.from([9]));
  looker.socket.emit('emit', '/', 'nobody', 'to nobody');
  looker.socket.emit('join', '/', 'attic', client.id);
  looker.socket.emit('leave', '/', 'kitchen');
  steps.orders = await looker.take();
  steps.heard = heard.map((one) => JSON.stringify(one));

  const gone = new Promise((done) => { client.once('disconnect', done); });
  looker.socket.emit('_disconnect', '/', true, client.id);
  steps.reason = [await gone];
  steps.gone = await looker.take();

  const polling = io(server.url, { forceNew: true, transports: ['polling', 'websocket'] });
  await new Promise((done) => { polling.io.engine.once('upgrade', done); polling.once('connect', () => {}); });
  await until('it is connected', () => polling.connected);
  steps.upgraded = await looker.take();
  polling.close();
  steps.closed = await looker.take();
  await until('figures have come', () => looker.stats.length >= 2, 8000);
  looker.socket.close();
  return { steps, stats: looker.stats };
}

async function both(words, run) {
  const results = [];
  for (const start of [startPeal, startNode]) {
    const server = await start(words);
    try {
      results.push(await run(server));
    } finally {
      await server.stop();
    }
  }
  return results;
}

// A disconnect is told before the rooms that it left, or behind them; and while
// rooms are joined as a socket comes, its own message may be first.
const sorted = (list) => [...list].sort();

async function tellTheSame() {
  const [peal, node] = await both([], doings);
  for (const step of Object.keys(node.steps)) {
    assert.deepEqual(sorted(peal.steps[step]), sorted(node.steps[step]), step);
  }
  // In these the order is the same, too.
  for (const step of ['client', 'orders', 'heard']) {
    assert.deepEqual(peal.steps[step], node.steps[step], step);
  }
  const shape = (stats) => Object.fromEntries(Object.entries(stats)
    .map(([name, value]) => [name, Array.isArray(value) ? 'array' : typeof value]).sort());
  assert.deepEqual(shape(peal.stats[0]), shape(node.stats[0]));
  const types = (all) => sorted(new Set(all.flatMap((one) => one.aggregatedEvents)
    .map(({ type, subType }) => `${type} ${subType ?? ''}`)));
  assert.deepEqual(types(peal.stats), types(node.stats));
  assert.deepEqual(peal.stats.at(-1).namespaces, node.stats.at(-1).namespaces);
  for (const { timestamp, count } of peal.stats.flatMap((one) => one.aggregatedEvents)) {
    assert.equal(timestamp % 1000, 0);
    assert.ok(count > 0);
  }
}

async function firstWords(server) {
  const looker = new Looker(server.url);
  await looker.connected();
  const client = io(server.url, { forceNew: true, transports: ['websocket'] });
  await new Promise((done) => { client.once('connect', done); });
  const heard = [];
  client.onAny((...args) => heard.push(args));
  looker.socket.emit('emit', '/', undefined, 'hello');
  const told = await looker.take();
  client.close();
  looker.socket.close();
  return { told: sorted(told.filter((one) => !one.includes('"session"') && !one.includes('all_sockets'))), heard };
}

const mode = (...words) => async () => {
  const [peal, node] = await both(words, firstWords);
  assert.deepEqual(peal.heard, node.heard);
  assert.deepEqual(peal.told.filter((one) => one.includes('config')), node.told.filter((one) => one.includes('config')));
  assert.deepEqual(peal.told, node.told);
};

async function refuseTheSame() {
  const answers = await both([], async (server) => {
    const why = [];
    for (const auth of [{}, { username: 'admin', password: 'x' }, { username: 'x', password },
      { sessionId: '0123456789abcdef' }]) {
      const socket = io(`${server.url}/admin`, { forceNew: true, reconnection: false, auth });
      why.push(await new Promise((done) => {
        socket.once('connect_error', (error) => done(error.message));
        socket.once('connect', () => done('connected'));
      }));
      socket.close();
    }
    return why;
  });
  assert.deepEqual(answers[0], answers[1]);
}

const done = await runSteps([
  ['an admin page is told the same, with the same fields', tellTheSame],
  ['in production', mode('production')],
  ['read only', mode('read-only')],
  ['and is refused with the same words', refuseTheSame],
], 60000);
process.exit(done ? 0 : 1);
