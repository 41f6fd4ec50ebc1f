// SPDX-License-Identifier: MIT
'use strict';
// RFC 6455 on the wire, and Engine.IO packets inside it.
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { test, run, sleep, until } = require('./lib/suite');
const { connect, head } = require('./lib/raw');
const wsraw = require('./lib/wsraw');
const { BASE, openEngine, openSio } = require('./lib/eio');
const { frameCases } = require('./lib/ws_frames');
const { OP, frame, closePayload } = wsraw;

const WS = `${BASE}&transport=websocket`;

// A session in `/`, and the raw WebSocket below it.
async function joined(t, flags) {
  const server = await t.server(flags);
  const e = await openSio(t, server.port, 'websocket');
  e.ws.server = server;
  e.ws.id = e.id;
  return e.ws;
}

async function echoes(ws, value = 'alive') {
  ws.send(`42["echo",${JSON.stringify(value)}]`);
  assert.equal(await ws.recv(), `42["echo",${JSON.stringify(value)}]`);
}

async function reasonsOf(t, server, id) {
  const e = await openSio(t, server.port, 'websocket');
  const list = await until(async () => {
    await e.send(`27["log","${id}"]`);
    const [entries] = JSON.parse((await e.recv()).replace(/^37/, ''));
    return entries.length ? entries : undefined;
  }, `a logged reason of ${id}`);
  e.ws.close();
  return list.map((entry) => entry.reason);
}

// --- opening handshake -------------------------------------------------------

test('the 101 carries the accept value', async (t) => {
  const server = await t.server();
  const ws = await wsraw.open(t, server.port, WS);
  assert.equal(ws.response.status, 101);
  assert.equal(ws.response.reason, 'Switching Protocols');
  assert.equal(ws.response.headers['sec-websocket-accept'],
    wsraw.acceptOf(ws.key));
  assert.equal(ws.response.headers.upgrade.toLowerCase(), 'websocket');
  assert.equal(ws.response.headers.connection.toLowerCase(), 'upgrade');
  assert.equal(ws.response.headers['sec-websocket-extensions'], undefined);
  assert.equal(ws.response.headers['sec-websocket-protocol'], undefined);
});

test('the example key of the RFC', async (t) => {
  const server = await t.server();
  const ws = await wsraw.open(t, server.port, WS,
    { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' });
  assert.equal(ws.response.headers['sec-websocket-accept'],
    's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test('header names and tokens in any case, Connection as a list', async (t) => {
  const server = await t.server();
  const conn = connect(t, server.port);
  const key = crypto.randomBytes(16).toString('base64');
  conn.write(`GET ${WS} HTTP/1.1\r\nhost: x\r\nCONNECTION: keep-alive, ` +
    'UPGRADE\r\nuPGRADE: WebSocket\r\nsec-websocket-version: 13\r\n' +
    `SEC-WEBSOCKET-KEY: ${key}\r\n\r\n`);
  assert.equal((await conn.response()).status, 101);
});

for (const version of ['12', '0', '99', 'x', undefined]) {
  test(`Sec-WebSocket-Version ${version} is 400 and names 13`, async (t) => {
    const server = await t.server();
    const ws = await wsraw.open(t, server.port, WS,
      { 'Sec-WebSocket-Version': version });
    assert.equal(ws.response.status, 400);
    assert.match(ws.response.headers['sec-websocket-version'], /\b13\b/);
  });
}

for (const key of [undefined, '', 'short', 'x'.repeat(24),
  '!"#$%&()*-_.:;<>?@[]{}==', 'dGhlIHNhbXBsZSBub25jZQ',
  `${crypto.randomBytes(17).toString('base64')}`]) {
  test(`Sec-WebSocket-Key ${JSON.stringify(key)} is 400`, async (t) => {
    const server = await t.server();
    const ws = await wsraw.open(t, server.port, WS,
      { 'Sec-WebSocket-Key': key });
    assert.equal(ws.response.status, 400);
  });
}

test('two keys are none', async (t) => {
  const server = await t.server();
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  const ws = await wsraw.open(t, server.port, WS,
    { 'Sec-WebSocket-Key': `${key}\r\nSec-WebSocket-Key: ${key}` });
  assert.equal(ws.response.status, 400);
});

test('an upgrade by POST is refused', async (t) => {
  const server = await t.server();
  const conn = connect(t, server.port);
  const { text } = wsraw.upgradeHead(WS);
  conn.write(text.replace('GET', 'POST'));
  const res = await conn.response();
  assert.ok([400, 405].includes(res.status), res.head);
});

test('an offer of permessage-deflate is not taken', async (t) => {
  const server = await t.server();
  const ws = await wsraw.open(t, server.port, WS, {
    'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
  });
  assert.equal(ws.response.status, 101);
  assert.equal(ws.response.headers['sec-websocket-extensions'], undefined);
});

test('the first offered subprotocol is selected', async (t) => {
  const server = await t.server();
  const ws = await wsraw.open(t, server.port, WS,
    { 'Sec-WebSocket-Protocol': 'one, two' });
  assert.equal(ws.response.headers['sec-websocket-protocol'], 'one');
});

test('frames that arrive with the handshake are not lost', { only: 'peal' }, async (t) => {
  const server = await t.server();
  const conn = connect(t, server.port);
  const { text } = wsraw.upgradeHead(WS);
  conn.write(Buffer.concat([Buffer.from(text), frame(OP.TEXT, '40')]));
  assert.equal((await conn.response()).status, 101);
  const ws = new wsraw.Ws(conn);
  assert.match(await ws.recv(), /^0\{/);
  assert.match(await ws.recv(), /^40\{/);
});

test('the handshake sent byte by byte is taken', async (t) => {
  const server = await t.server();
  const conn = connect(t, server.port);
  await conn.writeSlowly(wsraw.upgradeHead(WS).text);
  assert.equal((await conn.response()).status, 101);
});

// --- frames ------------------------------------------------------------------

frameCases({
  open: (t, limit) => joined(t, limit && { maxPayload: limit }),
  wrap: (text) => `42["echo",${JSON.stringify(text)}]`,
  limit: 2000,
});

test('an oversized message has a reason in the log', async (t) => {
  const ws = await joined(t, { maxPayload: 2000 });
  ws.send('x'.repeat(2001));
  assert.equal((await ws.closed()).code, 1009);
  assert.deepEqual(await reasonsOf(t, ws.server, ws.id), ['transport error']);
});

// --- close -------------------------------------------------------------------

for (const code of [1000, 1001, 1003, 1007, 1011, 3000, 4999]) {
  test(`close ${code} is echoed and has its reason`, async (t) => {
    const ws = await joined(t);
    ws.sendFrame(OP.CLOSE, closePayload(code, 'bye'));
    const f = await ws.recvFrame();
    assert.equal(f.op, OP.CLOSE);
    assert.equal(f.payload.readUInt16BE(0), code);
    await ws.conn.end();
    ws.close();
    assert.deepEqual(await reasonsOf(t, ws.server, ws.id),
      ['transport close']);
  });
}

test('a connection that ends without a close is noticed', async (t) => {
  const ws = await joined(t);
  ws.close();
  const reasons = await reasonsOf(t, ws.server, ws.id);
  assert.ok(['transport close', 'transport error'].includes(reasons[0]));
});

test('a reset is noticed', async (t) => {
  const ws = await joined(t);
  ws.conn.sock.resetAndDestroy();
  const reasons = await reasonsOf(t, ws.server, ws.id);
  assert.ok(['transport close', 'transport error'].includes(reasons[0]));
});

// --- Engine.IO in frames -------------------------------------------------------

for (const packet of ['', '7', 'x', ' 4', '40\x1e40'.slice(2), '-1']) {
  test(`text frame ${JSON.stringify(packet)} ends the session`, async (t) => {
    const ws = await joined(t);
    ws.send(packet);
    const { code } = await ws.closed();
    assert.ok([1005, 1000, 1002, 1003, 1007].includes(code), String(code));
    assert.deepEqual(await reasonsOf(t, ws.server, ws.id), ['parse error']);
  });
}

test('base64 text messages are taken as binary', async (t) => {
  const ws = await joined(t);
  ws.send('451-["echo",{"_placeholder":true,"num":0}]');
  ws.send('bAQIDBA==');
  assert.equal(await ws.recv(), '451-["echo",{"_placeholder":true,"num":0}]');
  assert.deepEqual(await ws.recv(), Buffer.from([1, 2, 3, 4]));
});

test('open, upgrade, noop and a stray pong are ignored', async (t) => {
  const ws = await joined(t);
  for (const packet of ['0', '0{}', '5', '6', '3', '3probe']) ws.send(packet);
  await echoes(ws);
});

test('a client ping ends the session as transport error', async (t) => {
  const ws = await joined(t);
  ws.send('2');
  await ws.closed();
  assert.deepEqual(await reasonsOf(t, ws.server, ws.id), ['transport error']);
});

test('1 closes at once', { only: 'peal' }, async (t) => {
  const ws = await joined(t);
  ws.send('1');
  await ws.closed();
  assert.deepEqual(await reasonsOf(t, ws.server, ws.id), ['transport close']);
});

test('kick(true) sends DISCONNECT and then closes', async (t) => {
  const ws = await joined(t);
  ws.send('42["kick",true]');
  const { before, code } = await ws.closed();
  assert.deepEqual(before, ['41']);
  assert.ok([1000, 1005].includes(code), String(code));
});

test('a client that never reads does not hold up the others', async (t) => {
  const server = await t.server();
  const ws = await joined(t);
  ws.conn.sock.pause();
  const filler = 'z'.repeat(100000);
  const other = await openSio(t, server.port, 'websocket');
  for (let i = 0; i < 40; i++) ws.send(`42["echo","${filler}"]`);
  await sleep(100);
  await echoes(other.ws);
});

test('a client that never reads is cut at its ceiling, with a reason',
  { only: 'peal' }, async (t) => {
    const ws = await joined(t, { maxQueue: 1000000 });
    ws.conn.sock.pause();
    const other = await openSio(t, ws.server.port, 'websocket');
    const filler = `2["emit_id","${ws.id}","flood","${'z'.repeat(500000)}"]`;
    for (let i = 0; i < 40; i++) await other.send(filler);
    await echoes(other.ws);
    assert.deepEqual(await reasonsOf(t, ws.server, ws.id), ['slow consumer']);
  });

run();
