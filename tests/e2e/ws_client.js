// SPDX-License-Identifier: MIT
'use strict';
// The `ws` package as a client that knows RFC 6455 and nothing of Socket.IO.
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const WebSocket = require('ws');
const { test, run } = require('./lib/suite');

// A client whose messages can be awaited one by one.
class Client {
  constructor(t, server, opts = {}) {
    this.ws = new WebSocket(
      `ws://127.0.0.1:${server.port}/socket.io/?EIO=4&transport=websocket`,
      opts.protocols || [], { perMessageDeflate: false, ...opts });
    this.queue = [];
    this.waiting = [];
    this.ws.on('message', (data, isBinary) =>
      this.push(isBinary ? data : data.toString()));
    this.ended = new Promise((resolve) => this.ws.on('close',
      (code, reason) => resolve({ code, reason: reason.toString() })));
    this.ws.on('error', (err) => this.push(err));
    t.after(() => this.ws.terminate());
  }

  push(item) {
    const waiter = this.waiting.shift();
    if (waiter) waiter(item);
    else this.queue.push(item);
  }

  async next() {
    const item = this.queue.length ? this.queue.shift()
      : await new Promise((resolve) => this.waiting.push(resolve));
    if (item instanceof Error) throw item;
    return item;
  }

  async join() {
    assert.match(await this.next(), /^0\{"sid"/);
    this.ws.send('40');
    assert.match(await this.next(), /^40\{"sid"/);
    return this;
  }
}

const joined = async (t, opts, flags) =>
  new Client(t, await t.server(flags), opts).join();

test('handshake, event and acknowledgement', async (t) => {
  const c = await joined(t);
  c.ws.send('42["echo","hi"]');
  assert.equal(await c.next(), '42["echo","hi"]');
  c.ws.send('421["echo",1]');
  assert.equal(await c.next(), '431[1]');
});

test('messages of every size around the length forms', async (t) => {
  const c = await joined(t);
  for (const size of [0, 1, 100, 112, 113, 114, 115, 65520, 65523, 65524, 65525,
    65526, 300000]) {
    const text = `42["echo","${'x'.repeat(size)}"]`;
    c.ws.send(text);
    assert.equal(await c.next(), text);
  }
});

test('binary of random bytes', async (t) => {
  const c = await joined(t);
  for (const size of [0, 1, 125, 126, 65535, 65536, 400000]) {
    const data = crypto.randomBytes(size);
    c.ws.send('451-["echo",{"_placeholder":true,"num":0}]');
    c.ws.send(data);
    assert.equal(await c.next(),
      '451-["echo",{"_placeholder":true,"num":0}]');
    assert.ok((await c.next()).equals(data));
  }
});

test('a message in many fragments', async (t) => {
  const c = await joined(t);
  const text = `42["echo","${'frag\u00e9'.repeat(200)}"]`;
  const bytes = Buffer.from(text);
  for (let i = 0; i < bytes.length; i += 7) {
    c.ws.send(bytes.subarray(i, i + 7),
      { fin: i + 7 >= bytes.length, binary: false });
  }
  assert.equal(await c.next(), text);
});

test('ping and pong with data', async (t) => {
  const c = await joined(t);
  const pong = new Promise((resolve) => c.ws.once('pong', resolve));
  c.ws.ping('are you there');
  assert.equal((await pong).toString(), 'are you there');
});

test('an offer of compression is declined', async (t) => {
  const c = await joined(t, { perMessageDeflate: true });
  assert.equal(c.ws.extensions, '');
  c.ws.send(`42["echo","${'z'.repeat(5000)}"]`);
  assert.equal((await c.next()).length, 5000 + 13);
});

test('the first subprotocol is selected', async (t) => {
  const c = await joined(t, { protocols: ['one', 'two'] });
  assert.equal(c.ws.protocol, 'one');
});

test('close codes come back', async (t) => {
  for (const [code, reason] of [[1000, 'bye'], [4321, 'custom']]) {
    const c = await joined(t);
    c.ws.close(code, reason);
    assert.equal((await c.ended).code, code);
  }
});

test('an oversized message is 1009', async (t) => {
  const c = await joined(t, {}, { maxPayload: 2000 });
  c.ws.send('x'.repeat(3000));
  assert.equal((await c.ended).code, 1009);
});

test('a kicked client gets DISCONNECT and a clean close', async (t) => {
  const c = await joined(t);
  c.ws.send('42["kick",true]');
  assert.equal(await c.next(), '41');
  assert.ok([1000, 1005].includes((await c.ended).code));
});

test('1000 messages without waiting come back in order', async (t) => {
  const c = await joined(t);
  for (let i = 0; i < 1000; i++) c.ws.send(`42["echo",${i}]`);
  for (let i = 0; i < 1000; i++) {
    assert.equal(await c.next(), `42["echo",${i}]`);
  }
});

test('an upgrade of another path is no WebSocket', async (t) => {
  const server = await t.server();
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/other`);
  const [err] = await new Promise((resolve) => {
    ws.on('error', (...args) => resolve(args));
  });
  assert.match(err.message, /hang up|Unexpected server response|ECONNRESET/);
});

run();
