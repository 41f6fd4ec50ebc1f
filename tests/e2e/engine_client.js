// SPDX-License-Identifier: MIT
'use strict';
// Raw Engine.IO servers: the official engine.io-client, of today and of version
// 3, over each transport and with the upgrade, and what it cannot say by hand.
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const LIBRARIES = { '': require('engine.io-client').Socket,
  ', EIO 3': require('engine.io-client-3') };
const { test, run, until } = require('./lib/suite');
const { privateServer, target } = require('./lib/server');

const WAYS = { polling: ['polling'], websocket: ['websocket'],
  upgrade: ['polling', 'websocket'] };

// A session whose messages can be awaited one by one.
class Session {
  constructor(t, server, transports,
    { Socket = LIBRARIES[''], ...more } = {}) {
    this.queue = [];
    this.waiting = [];
    this.socket = new Socket(`http://127.0.0.1:${server.port}`,
      { path: '/engine.io', transports, ...more });
    this.socket.binaryType = 'nodebuffer';
    this.socket.on('message', (data) => {
      const waiter = this.waiting.shift();
      if (waiter) waiter(data);
      else this.queue.push(data);
    });
    this.opened = new Promise((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('error', reject);
    });
    this.ended = new Promise((resolve) => this.socket.once('close', resolve));
    t.after(() => this.socket.close());
  }

  send(data) { this.socket.send(data); }

  async next() {
    return this.queue.length ? this.queue.shift()
      : new Promise((resolve) => this.waiting.push(resolve));
  }
}

async function opened(t, way, flags, more) {
  const session = new Session(t, await t.server(flags), WAYS[way], more);
  await session.opened;
  return session;
}

const each = (name, fn) => {
  for (const [version, Socket] of Object.entries(LIBRARIES)) {
    for (const way of Object.keys(WAYS)) {
      test(`${name}, ${way}${version}`, (t) => fn(t, way, { Socket }));
    }
  }
};

each('text comes back', async (t, way, lib) => {
  const s = await opened(t, way, {}, lib);
  for (const text of ['hi', '2', 'ümläut 日本 🎈', 'a\0b', '"\\u001e"',
    'x'.repeat(70000), '\n\r\t']) {
    s.send(text);
    assert.equal(await s.next(), text);
  }
});

each('binary comes back', async (t, way, lib) => {
  const s = await opened(t, way, {}, lib);
  for (const size of [1, 2, 3, 125, 126, 65535, 65536, 300000]) {
    const data = crypto.randomBytes(size);
    s.send(data);
    assert.ok(Buffer.from(await s.next()).equals(data));
  }
});

each('the order of many is kept', async (t, way, lib) => {
  const s = await opened(t, way, {}, lib);
  const count = 600;
  for (let i = 0; i < count; i++) {
    s.send(i % 7 ? `${i}` : Buffer.from(`${i}`));
    // Some before, some while and some after the upgrade.
    if (i % 200 === 0) await new Promise((done) => setTimeout(done, 10));
  }
  for (let i = 0; i < count; i++)
    assert.equal(String(await s.next()), `${i}`);
});

each('the server closes, last words first', async (t, way, lib) => {
  const s = await opened(t, way, {}, lib);
  s.send('#close');
  assert.equal(await s.next(), 'bye');
  assert.match(await s.ended, /transport (close|error)/);
});

each('the server closes at once', async (t, way, lib) => {
  const s = await opened(t, way, {}, lib);
  s.send('#discard');
  assert.match(await s.ended, /transport (close|error)/);
});

each('the client closes', async (t, way, lib) => {
  const s = await opened(t, way, {}, lib);
  s.send('x');
  await s.next();
  s.socket.close();
  assert.equal(await s.ended, 'forced close');
});

for (const [version, Socket] of Object.entries(LIBRARIES)) {
  test(`a session upgrades${version}`, async (t) => {
    const s = await opened(t, 'upgrade', {}, { Socket });
    await until(() => s.socket.transport.name === 'websocket', 'the upgrade');
    s.send('still here');
    assert.equal(await s.next(), 'still here');
  });
}

test('all are told, on every worker', { alone: true }, async (t) => {
  const server = await privateServer({ workers: 4 });
  t.after(() => server.expected || server.stop());
  const all = Array.from({ length: 16 }, (_, i) =>
    new Session(t, server, WAYS[Object.keys(WAYS)[i % 3]]));
  await Promise.all(all.map((s) => s.opened));
  all[3].send('#all');
  for (const s of all) assert.equal(await s.next(), 'to all');
});

test('a client that is not EIO 4, another transport, another id',
  async (t) => {
    const { port } = await t.server();
    const ask = async (query, opts) => {
      const res = await fetch(`http://127.0.0.1:${port}/engine.io/?${query}`,
        opts);
      return [res.status, await res.text()];
    };
    assert.match((await ask('EIO=3&transport=polling'))[1], /^\d+:0\{"sid"/);
    assert.deepEqual(await ask('EIO=4&transport=pigeon'),
      [400, '{"code":0,"message":"Transport unknown"}']);
    assert.deepEqual(await ask('EIO=4&transport=polling&sid=nobody'),
      [400, '{"code":1,"message":"Session ID unknown"}']);
    assert.deepEqual(await ask('EIO=4&transport=polling', { method: 'POST' }),
      [400, '{"code":2,"message":"Bad handshake method"}']);
  });

test('the cookie and the handshake', async (t) => {
  const { port } = await t.server();
  const res = await fetch(
    `http://127.0.0.1:${port}/engine.io/?EIO=4&transport=polling`);
  const text = await res.text();
  assert.equal(text[0], '0');
  const { sid, upgrades, pingInterval, pingTimeout, maxPayload } =
    JSON.parse(text.slice(1));
  assert.match(sid, /^[\w-]{20}$/);
  assert.deepEqual([upgrades, pingInterval, pingTimeout, maxPayload],
    [['websocket'], 25000, 20000, 1 << 20]);
  assert.equal(res.headers.get('set-cookie'),
    `io=${sid}; Path=/; HttpOnly; SameSite=Lax`);
});

test('a session of Socket.IO is none of this server', async (t) => {
  const { port } = await t.server();
  const at = (path, more = '') => fetch(
    `http://127.0.0.1:${port}/${path}/?EIO=4&transport=polling${more}`);
  const { sid } = JSON.parse((await (await at('socket.io')).text()).slice(1));
  const res = await at('engine.io', `&sid=${sid}`);
  assert.equal(res.status, 400);
});

test('a stop ends the sessions', { alone: true }, async (t) => {
  const server = await privateServer();
  const all = Object.values(WAYS).map((way) => new Session(t, server, way));
  await Promise.all(all.map((s) => s.opened));
  if (target() === 'node') {
    await server.kill();
  } else {
    assert.equal((await server.stop()).code, 0);
  }
  for (const s of all) assert.match(await s.ended, /transport (close|error)/);
});

run();
