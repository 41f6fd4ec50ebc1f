// SPDX-License-Identifier: MIT
// Runs one example and asks of it what its first comment promises.
//   node examples_test.js NAME        (PEAL_BIN, PEAL_SOURCE, PEAL_DOCS_CHAT)
'use strict';
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { createRequire } = require('node:module');

const source = process.env.PEAL_SOURCE || path.resolve(__dirname, '../..');
const { io } = load('socket.io-client');
const eio = load('engine.io-client');
const WebSocket = load('ws');

function load(name) {
  for (const folder of ['', 'tests/e2e/']) {
    try {
      return createRequire(path.join(source, folder, 'package.json'))(name);
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  console.log(`${name} is not installed`);
  process.exit(77);
}

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

function freePort() {
  return new Promise((done) => {
    const server = net.createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

async function listening(port, child) {
  for (let i = 0; i < 200; i++) {
    assert.strictEqual(child.exitCode, null, 'the example ended at once');
    const open = await new Promise((done) => {
      const probe = net.connect(port, '127.0.0.1');
      probe.on('connect', () => { probe.destroy(); done(true); });
      probe.on('error', () => done(false));
    });
    if (open) return;
    await wait(50);
  }
  assert.fail('the example does not listen');
}

// -- clients ------------------------------------------------------------------

const sockets = [];
let url;
let redisPort;

function client(options = {}) {
  const socket = io(url, { forceNew: true, reconnection: false, ...options });
  sockets.push(socket);
  return socket;
}

function once(socket, event, ms = 5000) {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`no ${event}`)), ms);
    socket.once(event, (...args) => {
      clearTimeout(timer);
      done(args);
    });
  });
}

async function joined(options) {
  const socket = client(options);
  await once(socket, 'connect');
  return socket;
}

const ask = (socket, ...args) => socket.timeout(5000).emitWithAck(...args);

// All values of the acknowledgement.
const echo = (socket, value) => new Promise((done, fail) =>
  socket.timeout(5000).emit('echo', value, (error, ...values) =>
    error ? fail(error) : done(values)));

// The program's own timer and the server are in one loop.
async function ticks() {
  const all = [await joined(), await joined({ transports: ['polling'] })];
  for (const socket of all) {
    const [first] = await once(socket, 'tick');
    const [second] = await once(socket, 'tick');
    assert.strictEqual(second, first + 1);
  }
}

// A client of ours, against examples/chat: its lines, and its exit code.
function ours(name, ...args) {
  const program = name === 'client_cpp' ? process.env.PEAL_DOCS_CPP
    : path.join(process.env.PEAL_BIN, `example-${name}`);
  const [run, ...words] = name !== 'client_python' ? [program, url, ...args]
    : ['python3', path.join(source, 'examples/python/client.py'), url, ...args,
      process.env.PEAL_DOCS_LIB];
  const child = spawn(run, words, { stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, PEAL_POLLER: 'epoll' } });
  children.push(child);
  const lines = [];
  const waiting = [];
  let rest = '';
  child.stdout.on('data', (data) => {
    const parts = (rest + data).split('\n');
    rest = parts.pop();
    for (const line of parts)
      waiting.length ? waiting.shift()(line) : lines.push(line);
  });
  return {
    child,
    line: () => new Promise((done) =>
      lines.length ? done(lines.shift()) : waiting.push(done)),
    ended: new Promise((done) => child.on('exit', (code) => done(code)))
  };
}

const children = [];
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));

// It says the seconds since its start, in a loop of another library's.
async function saysTicks(name) {
  const ada = await joined();
  assert.strictEqual(await ask(ada, 'chat', 'hello'), 'ok');
  const it = ours(name);
  const [first] = await once(ada, 'chat', 10000);
  const [second] = await once(ada, 'chat');
  assert.deepStrictEqual([first.text, second.text], ['tick 1', 'tick 2']);
  it.child.kill('SIGTERM');
  assert.strictEqual(await it.ended, 0);
}

// -- one test per example -----------------------------------------------------

const tests = {
  async chat() {
    const ada = await joined();
    const bob = await joined({ transports: ['websocket'] });
    assert.strictEqual(await ask(bob, 'chat', 'anybody?'), 'ok');
    const heard = once(bob, 'chat');
    bob.on('chat', (message) => assert.notStrictEqual(message.from, bob.id));
    assert.strictEqual(await ask(ada, 'chat', 'hello'), 'ok');
    assert.deepStrictEqual(await heard, [{ from: ada.id, text: 'hello' }]);
  },

  // The rest is in tests/browser/admin.js.
  async admin() {
    const admin = io(`${url}/admin`, { forceNew: true, reconnection: false });
    sockets.push(admin);
    const [{ supportedFeatures }] = await once(admin, 'config');
    assert.ok(supportedFeatures.includes('ALL_EVENTS'));
    const ada = await joined();
    const named = new Promise((done) => admin.on('socket_updated', ({ data }) => data && done(data)));
    ada.emit('name', 'Ada');
    assert.deepStrictEqual(await named, { name: 'Ada' });
    ada.emit('enter', 'kitchen');
    const said = once(ada, 'said');
    assert.strictEqual(await ask(ada, 'say', 'kitchen', 'hello'), 'ok');
    assert.deepStrictEqual(await said, ['hello']);
    const stats = await (await fetch(`${url}/_peal/stats.json`)).json();
    assert.strictEqual(stats.sockets, 2);
    assert.deepStrictEqual(stats.rooms, [{ nsp: '/', name: 'kitchen', sockets: 1 }]);
  },

  // Two nodes and a Redis that is not there at first.
  async cluster() {
    const { startRedis } = await import('../support/redis.mjs');
    const alone = await joined();
    const home = await ask(alone, 'name', 'Ann');
    assert.match(home, /^[0-9a-f]{16}$/);
    const second = await freePort();
    const redis = await startRedis({ port: redisPort });
    const child = spawn(path.join(process.env.PEAL_BIN, 'example-cluster'),
      [String(second)], { stdio: 'ignore', env: { ...process.env,
        PEAL_REDIS_URL: `redis://127.0.0.1:${redisPort}` } });
    try {
      await listening(second, child);
      url = `http://127.0.0.1:${second}`;
      const bob = await joined();
      assert.notStrictEqual(await ask(bob, 'name', 'Bob'), home);
      let names;
      for (let i = 0; i < 200; i++) {
        const [list, missing] = await new Promise((done) =>
          alone.emit('who', (...all) => done(all)));
        names = list.sort();
        if (names.length === 2 && missing === 0) break;
        await wait(50);
      }
      assert.deepStrictEqual(names, ['Ann', 'Bob']);
      const said = once(alone, 'said');
      bob.emit('say', 'hello');
      assert.deepStrictEqual(await said, ['Bob', 'hello']);
      for (let i = 0; i < 100 && await ask(alone, 'near') !== 2; i++)
        await wait(50);
      assert.strictEqual(await ask(alone, 'near'), 2);
    } finally {
      child.kill('SIGKILL');
      await redis.stop();
    }
  },

  // Its clients hear what a program says that is no server.
  async emitter() {
    const { startRedis } = await import('../support/redis.mjs');
    const redis = await startRedis({ port: redisPort });
    const emit = (...words) => new Promise((done) => {
      const child = spawn(path.join(process.env.PEAL_BIN, 'example-emitter'), words,
        { stdio: 'ignore', env: { ...process.env, PEAL_REDIS_URL: redis.url } });
      child.on('exit', done);
    });
    try {
      const ada = await joined();
      const bob = await joined();
      let heard = 0;
      bob.on('news', () => heard++);
      const news = once(ada, 'news', 20000);
      for (let i = 0; i < 200 && (await redis.command('PUBSUB', 'NUMPAT')) < 1; i++)
        await wait(20);
      assert.strictEqual(await emit(ada.id, 'news', 'for Ada'), 0);
      assert.deepStrictEqual(await news, ['for Ada']);
      const all = once(bob, 'all');
      assert.strictEqual(await emit('', 'all', 'for all'), 0);
      assert.deepStrictEqual(await all, ['for all']);
      assert.strictEqual(heard, 0);
      assert.strictEqual(await emit('too', 'few'), 2);
    } finally {
      await redis.stop();
    }
  },

  // The parser in C and its twin, over each transport; a reading is 7 bytes.
  async parser() {
    const parser = require(path.join(source, 'examples/parser/parser.js'))(
      load('socket.io-msgpack-parser'), load('component-emitter'));
    for (const transports of [['polling'], ['websocket'],
      ['polling', 'websocket']]) {
      const ada = await joined({ parser, transports });
      const bob = await joined({ parser, transports });
      const sizes = [];
      ada.io.engine.on('packet', ({ type, data }) =>
        type === 'message' && sizes.push(data.byteLength));
      const heard = once(ada, 'reading');
      bob.emit('reading', 17, 21.5);
      assert.deepStrictEqual(await heard, [17, 21.5]);
      assert.deepStrictEqual(sizes, [7]);
      assert.strictEqual(await ask(ada, 'last', 17), 21.5);
      assert.strictEqual(await ask(ada, 'last', 18), null);
      const strange = once(ada, 'reading');
      bob.emit('reading', 17, 22.5, 'with more'); // the other way
      assert.deepStrictEqual(await strange, [17, 22.5, 'with more']);
      ada.close();
      bob.close();
    }
    const other = client(); // JSON
    await once(other.io, 'close');
    assert.strictEqual(other.connected, false);
  },

  async rooms() {
    const ada = await joined();
    const bob = await joined();
    const eve = await joined();
    let overheard = 0;
    eve.on('said', () => overheard++);
    assert.strictEqual(await ask(ada, 'enter', 'kitchen'), 'ok');
    const entered = once(ada, 'entered');
    assert.strictEqual(await ask(bob, 'enter', 'kitchen'), 'ok');
    assert.deepStrictEqual(await entered, ['kitchen', bob.id]);
    assert.deepStrictEqual(new Set(await ask(eve, 'who', 'kitchen')),
      new Set([ada.id, bob.id]));
    const said = once(bob, 'said');
    assert.strictEqual(await ask(ada, 'say', 'kitchen', 'soup?'), 'ok');
    assert.deepStrictEqual(await said, ['kitchen', 'soup?']);
    assert.notStrictEqual(await ask(eve, 'say', 'kitchen', 'let me in'), 'ok');
    assert.notStrictEqual(await ask(eve, 'enter', 'x'.repeat(100)), 'ok');
    assert.notStrictEqual(await ask(eve, 'enter', { not: 'a name' }), 'ok');
    // A socket's own room cannot be entered by its name.
    assert.strictEqual(await ask(eve, 'enter', ada.id), 'ok');
    assert.deepStrictEqual(await ask(bob, 'who', ada.id), [eve.id]);
    assert.strictEqual(await ask(bob, 'leave', 'kitchen'), 'ok');
    assert.deepStrictEqual(await ask(eve, 'who', 'kitchen'), [ada.id]);
    assert.strictEqual(overheard, 0);
  },

  // examples/python, and as much of it as there is in examples/cpp
  async python() {
    const lines = fs.readFileSync(
      path.join(source, 'examples/python/chat.py'), 'utf8').split('\n');
    assert.ok(lines.length - 1 < 60, `${lines.length - 1} lines`);
    const ada = await joined();
    const bob = await joined({ transports: ['websocket'] });
    const eve = await joined();
    eve.on('said', () => assert.fail('heard outside of the room'));
    assert.strictEqual(await ask(ada, 'join', 'küche'), 'joined');
    assert.strictEqual(await ask(bob, 'join', 'küche'), 'joined');
    const said = once(bob, 'said');
    assert.strictEqual(await ask(ada, 'say', 'küche', { a: [1, null] }), 'ok');
    assert.deepStrictEqual(await said, [ada.id, { a: [1, null] }]);
    ada.on('name?', (ack) => ack('Ada'));
    assert.strictEqual(await ask(ada, 'ask me'), 'Ada');
  },

  cpp: () => tests.python(),

  async acks() {
    const ada = await joined();
    assert.strictEqual(await ask(ada, 'add', 2, 3), 5);
    assert.strictEqual(await ask(ada, 'primes', 100000), 9592);
    ada.on('question', (text, ack) => ack(`ada, to "${text}"`));
    assert.deepStrictEqual(await ask(ada, 'ask me'),
      { answer: 'ada, to "what is your name?"' });
    const bob = await joined();
    bob.on('question', () => {});
    assert.deepStrictEqual(await ask(bob, 'ask me'), { error: 'timed out' });
    ada.on('here?', (ack) => ack('ada'));
    bob.on('here?', (ack) => ack('bob'));
    const roll = await ask(ada, 'roll call');
    assert.strictEqual(roll.asked, 2);
    assert.deepStrictEqual(roll.answers.sort(), ['ada', 'bob']);
    bob.off('here?');
    assert.deepStrictEqual(await ask(ada, 'roll call'),
      { asked: 2, answers: ['ada'] });
  },

  async people() {
    const [stranger] = await once(client(), 'connect_error');
    assert.strictEqual(stranger.data.code, 'token_missing');
    const post = (where, body, cookie) => fetch(url + where, { method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(cookie && { cookie }) },
      body: JSON.stringify(body) });
    const made = await post('/api/register', { username: 'ada', password: 'open sesame' });
    assert.strictEqual(made.status, 201);
    const { access_token: token } = await made.json();
    const ada = await joined({ auth: { token } });
    const said = once(ada, 'said');
    assert.strictEqual(await ask(ada, 'say', 'hello'), true);
    assert.deepStrictEqual(await said, ['ada', 'hello']);
    const gone = once(ada, 'disconnect');
    const cookie = made.headers.getSetCookie()[0].split(';')[0];
    assert.strictEqual((await post('/api/logout', {}, cookie)).status, 200);
    assert.deepStrictEqual((await gone)[0], 'io server disconnect');
  },

  async auth() {
    const ada = await joined({ auth: { name: 'ada', token: 'open sesame' } });
    assert.strictEqual(await ask(ada, 'who am i'), 'ada');
    const refusals = [
      [undefined, 'token_missing'],
      [{ name: 'eve' }, 'token_missing'],
      [{ name: 'eve', token: 'open' }, 'token_invalid'],
      [{ name: 'eve', token: 'open sesame!' }, 'token_invalid'],
      [{ name: 'eve', token: { $ne: '' } }, 'token_missing'],
      [{ name: '', token: 'open sesame' }, 'token_invalid']
    ];
    for (const [auth, code] of refusals) {
      const [error] = await once(client({ auth }), 'connect_error');
      assert.strictEqual(error.message, 'Authentication failed');
      assert.deepStrictEqual(error.data, { code });
    }
  },

  async namespaces() {
    const root = await joined();
    assert.strictEqual(await ask(root, 'boards'), 0);
    // On the same connection.
    const board = (name, auth) => root.io.socket(name, { auth });
    const [invalid] = await once(board('/nothing', {}), 'connect_error');
    assert.strictEqual(invalid.message, 'Invalid namespace');
    const [nameless] = await once(board('/board/none', {}), 'connect_error');
    assert.strictEqual(nameless.message, 'who are you?');
    const ann = board('/board/lunch', { name: 'Ann' });
    await once(ann, 'connect');
    const bob = board('/board/tea', { name: 'Bob' });
    await once(bob, 'connect');
    assert.strictEqual(await ask(root, 'boards'), 2);
    const pinned = once(ann, 'pinned');
    bob.on('pinned', (who) => assert.strictEqual(who, 'everybody'));
    ann.emit('pin', 'soup');
    assert.deepStrictEqual(await pinned, ['Ann', 'soup']);
    const both = [once(ann, 'pinned'), once(bob, 'pinned')];
    root.emit('all', 'closing');
    assert.deepStrictEqual(await Promise.all(both),
      [['everybody', 'closing'], ['everybody', 'closing']]);
    assert.strictEqual(await ask(ann, 'name', 'Anna'), 'ok');
    ann.disconnect();
    for (let i = 0; i < 200 && await ask(root, 'boards') !== 1; i++)
      await wait(10);
    assert.strictEqual(await ask(root, 'boards'), 1);
    ann.connect();
    await once(ann, 'connect');
    const again = once(ann, 'pinned');
    ann.emit('pin', 'tea'); // it is the same connection
    assert.deepStrictEqual(await again, ['Anna', 'tea']);
  },

  async handles() {
    const ada = await joined();
    for (const text of ['1 cups', '2 cups']) {
      const ready = once(ada, 'ready');
      assert.strictEqual(await ask(ada, 'brew', 'tea'), text);
      assert.deepStrictEqual(await ready, ['tea']);
    }
    const welcome = once(ada, 'welcome');
    ada.emit('hello');
    await welcome;
    ada.on('welcome', () => assert.fail('welcome again'));
    ada.emit('hello');
    const bob = await joined({ transports: ['websocket'] });
    const gone = once(bob, 'disconnect');
    bob.emit('brew', 'coffee'); // its reference finds nobody
    bob.disconnect();
    await gone;
    const left = once(ada, 'disconnect');
    await once(ada, 'idle');
    assert.deepStrictEqual((await left)[0], 'io server disconnect');
  },

  async event_rules() {
    const ada = await joined();
    assert.strictEqual(await ask(ada, 'add', 2, 3), 5);
    assert.deepStrictEqual(await ask(ada, 'add', 2, 'x'),
      { error: 'two numbers' });
    assert.deepStrictEqual(await ask(ada, 'secret'),
      { error: 'sign in first' });
    ada.emit('sign in', 'tea');
    assert.strictEqual(await ask(ada, 'secret'), '42');
    assert.strictEqual(await ask(ada, 'whatever'), 'no such thing: whatever');
    ada.on('how many?', (answer) => answer(7));
    assert.strictEqual(await ask(ada, 'ask me'), 7);
    for (let i = 0; i < 200; i++) ada.emit('add', i, i);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask(ada, 'add', 1, 1)));
    assert.ok(answers.some((a) => a.error === 'too many events'));
  },

  async binary() {
    for (const transports of [['websocket'], ['polling']]) {
      const ada = await joined({ transports });
      const answer = await ask(ada, 'reverse',
        { name: 'abc', data: Buffer.from('abc') });
      assert.strictEqual(answer.name, 'abc');
      assert.strictEqual(answer.size, 3);
      assert.strictEqual(Buffer.from(answer.data).toString(), 'cba');
      const empty = await ask(ada, 'reverse', { data: Buffer.alloc(0) });
      assert.strictEqual(empty.size, 0);
      const wrong = await ask(ada, 'reverse', { data: 'abc' });
      assert.strictEqual(wrong.error, 'data must be binary');
    }
    const bob = await joined({ transports: ['websocket'] });
    const large = Buffer.alloc(3 << 20, 'xy');
    const answer = await ask(bob, 'reverse', { data: large });
    assert.ok(Buffer.from(answer.data).equals(Buffer.from(large).reverse()));
  },

  async broadcast_threads() {
    const all = await Promise.all(
      Array.from({ length: 8 }, () => joined({ transports: ['websocket'] })));
    const heard = all.map(() => []);
    all.forEach((socket, i) => socket.on('tick', (n) => heard[i].push(n)));
    await wait(1500);
    for (const ticks of heard) {
      assert.ok(ticks.length >= 8, `${ticks.length} ticks in 1.5 s`);
      ticks.forEach((n, i) => assert.strictEqual(n, ticks[0] + i));
    }
  },

  async conflate() {
    const fast = await joined({ transports: ['websocket'] });
    const slow = await joined({ transports: ['websocket'] });
    const seen = { fast: [], slow: [] };
    fast.on('picture', (p) => seen.fast.push(p.seq));
    slow.on('picture', (p) => seen.slow.push(p.seq));
    await once(slow, 'picture');
    const stream = slow.io.engine.transport.ws._socket;
    stream.pause();
    // Long enough that what the kernel holds is little beside what passes.
    await wait(6000);
    const newest = seen.fast[seen.fast.length - 1];
    const before = seen.slow.length;
    stream.resume();
    await wait(1000);
    const late = seen.slow.slice(before);
    for (const seqs of [seen.fast, seen.slow])
      seqs.reduce((a, b) => (assert.ok(b > a, `${b} behind ${a}`), b));
    const gap = Math.max(...late.slice(1).map((n, i) => n - late[i]));
    assert.ok(gap > 30, `no frames were skipped (largest gap ${gap})`);
    assert.ok(late[late.length - 1] >= newest, 'the newest frame is missing');
    assert.ok(seen.fast.length > 100, 'the fast viewer was held up');
    assert.ok(slow.connected);
  },

  async engine_echo() {
    for (const transports of [['polling'], ['websocket'],
      ['polling', 'websocket']]) {
      const session = new eio.Socket(url, { transports });
      sockets.push({ disconnect: () => session.close() });
      session.binaryType = 'nodebuffer';
      const heard = once(session, 'message');
      session.send('hello');
      assert.deepStrictEqual(await heard, ['hello']);
      const bytes = once(session, 'message');
      session.send(Buffer.from([0, 255, 30]));
      assert.ok(Buffer.from((await bytes)[0]).equals(Buffer.from([0, 255, 30])));
    }
  },

  async ws_echo() {
    const ws = new WebSocket(url.replace('http', 'ws'));
    sockets.push({ disconnect: () => ws.close() });
    await once(ws, 'open');
    for (const data of [Buffer.from('hello'), Buffer.from([0, 255, 30])]) {
      const heard = once(ws, 'message');
      ws.send(data);
      assert.ok(Buffer.from((await heard)[0]).equals(data));
    }
    const closed = once(ws, 'close');
    ws.close(4000, 'bye');
    assert.strictEqual((await closed)[0], 4000);
  },

  async loop_poll({ child, ended }) {
    const ada = await joined();
    const bob = await joined({ transports: ['polling'] });
    const said = [once(ada, 'said'), once(bob, 'said')];
    child.stdin.write('hello everyone\n');
    for (const heard of said)
      assert.deepStrictEqual(await heard, ['hello everyone']);
    const left = once(ada, 'disconnect');
    child.stdin.end();
    await left;
    assert.strictEqual(await ended, 0);
  },

  async client_listen() {
    const it = ours('client_listen');
    const first = /^tick \[(\d+)\]$/.exec(await it.line());
    assert.ok(first);
    assert.strictEqual(await it.line(), `tick [${Number(first[1]) + 1}]`);
    it.child.kill('SIGTERM');
    assert.strictEqual(await it.ended, 0);
    const wrong = spawn(path.join(process.env.PEAL_BIN, 'example-client_listen'),
      ['htp://x'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const said = [];
    wrong.stderr.on('data', (data) => said.push(data));
    assert.strictEqual(await new Promise((done) => wrong.on('close', done)), 1);
    assert.match(Buffer.concat(said).toString(), /http, https, ws or wss/);
  },

  async client_print() {
    const it = ours('client_print');
    const first = /^\["tick",(\d+)\]$/.exec(await it.line());
    assert.ok(first);
    assert.strictEqual(await it.line(), `["tick",${Number(first[1]) + 1}]`);
    it.child.kill('SIGTERM');
    await it.ended;
    const nobody = spawn(path.join(process.env.PEAL_BIN, 'example-client_print'),
      ['http://127.0.0.1:1'], { stdio: 'ignore' });
    assert.strictEqual(await new Promise((done) => nobody.on('close', done)), 1);
  },

  async client_call() {
    const ada = await joined();
    assert.strictEqual(await ask(ada, 'chat', 'anybody?'), 'ok');
    const heard = once(ada, 'chat');
    const it = ours('client_call', 'hello');
    assert.strictEqual(await it.line(), 'answer ["ok"]');
    assert.strictEqual((await heard)[0].text, 'hello');
    assert.strictEqual(await ask(ada, 'chat', 'hello yourself'), 'ok');
    assert.strictEqual(await it.line(),
      `event ["chat",{"from":"${ada.id}","text":"hello yourself"}]`);
    assert.strictEqual(await it.ended, 0);
    const nobody = spawn(path.join(process.env.PEAL_BIN, 'example-client_call'),
      [`http://127.0.0.1:${await freePort()}`, 'x'], { stdio: 'ignore' });
    assert.strictEqual(await new Promise((done) => nobody.on('exit', done)), 1);
  },

  async client_poll() {
    const ada = await joined();
    assert.strictEqual(await ask(ada, 'chat', 'anybody?'), 'ok');
    const it = ours('client_poll');
    const heard = once(ada, 'chat');
    it.child.stdin.write('hello everyone\n');
    assert.strictEqual((await heard)[0].text, 'hello everyone');
    assert.strictEqual(await ask(ada, 'chat', 'hello yourself'), 'ok');
    assert.strictEqual(await it.line(), 'hello yourself');
    it.child.stdin.end();
    assert.strictEqual(await it.ended, 0);
  },

  client_python: () => tests.client_cpp('client_python'),

  async client_cpp(name = 'client_cpp') {
    const ada = await joined();
    assert.strictEqual(await ask(ada, 'chat', 'anybody?'), 'ok');
    const heard = once(ada, 'chat');
    const it = ours(name, 'hello');
    assert.strictEqual(await it.line(), 'answer ok');
    assert.strictEqual((await heard)[0].text, 'hello');
    assert.strictEqual(await ask(ada, 'chat', 'bye'), 'ok');
    assert.strictEqual(await it.line(), 'bye');
    assert.strictEqual(await it.ended, 0);
  },

  client_uv: () => saysTicks('client_uv'),
  client_glib: () => saysTicks('client_glib'),
  client_epoll: () => saysTicks('client_epoll'),

  loop_uv: ticks,
  loop_glib: ticks,

  // A second one takes over, and the first one ends.
  async restart({ child, ended }) {
    const ada = await joined({ transports: ['websocket'], reconnection: false });
    const bob = await joined({ transports: ['polling'], reconnection: false });
    const who = (socket) => new Promise((done) =>
      socket.emit('process', (...all) => done(all)));
    ada.emit('name', 'ada');
    assert.deepStrictEqual(await who(ada), [child.pid, 'ada']);
    for (const one of [ada, bob]) await ask(one, 'join', 'lobby');
    for (let i = 0; i < 200 && !fs.existsSync(restartPath); i++) await wait(20);
    const second = spawn(path.join(process.env.PEAL_BIN, 'example-restart'),
      [String(new URL(url).port), restartPath], { stdio: 'ignore' });
    children.push(second);
    assert.strictEqual(await ended, 0);
    assert.deepStrictEqual(await who(ada), [second.pid, 'ada']);
    assert.deepStrictEqual(await who(bob), [second.pid, null]);
    const said = once(bob, 'said');
    ada.emit('say', 'lobby', 'hi');
    assert.strictEqual((await said)[0], 'hi');
    const back = once(bob, 'echo');
    bob.emit('echo', 1);
    assert.strictEqual((await back)[0], 1);
    second.kill('SIGTERM');
    assert.strictEqual(await new Promise((done) => second.once('exit', done)), 0);
  },

  async listeners({ child }) {
    const at = (where) => {
      const agent = new http.Agent();
      agent.createConnection = (opts, done) => net.connect(where, done);
      return { agent, transports: ['websocket'] };
    };
    const ada = await joined();
    assert.deepStrictEqual(await echo(ada, 'hi'), ['hi', '127.0.0.1']);
    const bob = await joined(at(unixPath));
    assert.deepStrictEqual(await echo(bob, 'hi'), ['hi', 'unix']);
    assert.strictEqual(fs.statSync(unixPath).mode & 0o777, 0o660);

    // As systemd starts it: descriptor 3 listens, LISTEN_PID is its own.
    const handed = net.createServer();
    await new Promise((done) => handed.listen(0, '127.0.0.1', done));
    const inherited = handed.address();
    const second = spawn('sh',
      ['-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0"', child.spawnfile],
      { stdio: ['ignore', 'ignore', 'inherit', handed._handle.fd] });
    const ended = new Promise((done) => second.on('exit', done));
    try {
      handed.close();
      const eve = await joined(at(inherited.port));
      assert.deepStrictEqual(await echo(eve, 'hi'), ['hi', '127.0.0.1']);
      second.kill('SIGTERM');
      assert.strictEqual(await ended, 0, 'exit code on SIGTERM');
    } finally {
      second.kill('SIGKILL');
    }
  }
};

// Where a program listens besides its port.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'peal-docs-'));
process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
const unixPath = path.join(folder, 'it.sock');
const restartPath = path.join(folder, 'restart.sock');
const more = { listeners: [`unix:${unixPath}`], restart: [restartPath] };

async function main() {
  const name = process.argv[2];
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  // Clients have another example as their server.
  const program = ['client_listen', 'client_print'].includes(name)
    ? path.join(process.env.PEAL_BIN, 'example-broadcast_threads')
    : name === 'chat' || name.startsWith('client_')
    ? process.env.PEAL_DOCS_CHAT
    : name === 'cpp' ? process.env.PEAL_DOCS_CPP
    : path.join(process.env.PEAL_BIN,
      `example-${name === 'emitter' ? 'cluster' : name}`);
  const words = [String(port), ...(more[name] || [])];
  if (name === 'cluster' || name === 'emitter') redisPort = await freePort();
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'peal-example-data-'));
  process.once('exit', () => fs.rmSync(data, { recursive: true, force: true }));
  const script = path.join(source, 'examples/python/chat.py');
  const [run, ...args] = name !== 'python' ? [program, ...words]
    : ['python3', script, ...words, process.env.PEAL_DOCS_LIB];
  const child = spawn(run, args, {
    stdio: [name === 'loop_poll' ? 'pipe' : 'ignore', 'ignore', 'inherit'],
    env: { ...process.env, PORT: String(port),
      PEAL_REDIS_URL: redisPort ? `redis://127.0.0.1:${redisPort}` : '', TOKEN: 'open sesame', DATA: data,
      // With poll(2) a worker has no descriptor that another loop can watch.
      ...(name.startsWith('loop_') && { PEAL_POLLER: 'epoll' }) }
  });
  child.on('error', (error) => { throw error; });
  const ended = new Promise((done) => child.on('exit', (code) => done(code)));
  try {
    await listening(port, child);
    await tests[name](name.startsWith('client_') ? undefined : { child, ended });
    sockets.forEach((socket) => socket.disconnect());
    child.kill('SIGTERM');
    assert.strictEqual(await ended, 0, 'exit code on SIGTERM');
    assert.deepStrictEqual(fs.readdirSync(folder), [], 'nothing is left');
  } finally {
    child.kill('SIGKILL');
  }
  console.log(`${name}: as promised`);
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
