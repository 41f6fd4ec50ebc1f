// SPDX-License-Identifier: MIT
'use strict';
// RFC 6455 on the wire, and Engine.IO packets inside it.
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { test, run, sleep, until } = require('./lib/suite');
const { connect, head } = require('./lib/raw');
const wsraw = require('./lib/wsraw');
const { BASE, openEngine, openSio } = require('./lib/eio');
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

test('server frames are unmasked, final and without reserved bits', async (t) => {
  const ws = await joined(t);
  ws.send('42["echo",1]');
  const f = await ws.recvFrame();
  assert.deepEqual([f.fin, f.rsv, f.op, f.masked], [true, 0, OP.TEXT, false]);
});

test('payload lengths around the length forms', async (t) => {
  const ws = await joined(t);
  const shell = '42["echo",""]'.length;
  for (const size of [124, 125, 126, 127, 128, 65534, 65535, 65536, 65537]) {
    await echoes(ws, 'x'.repeat(size - shell));
  }
});

test('a frame sent byte by byte', async (t) => {
  const ws = await joined(t);
  await ws.conn.writeSlowly(frame(OP.TEXT, '42["echo","slow"]'), 1);
  assert.equal(await ws.recv(), '42["echo","slow"]');
});

test('many frames in one segment keep their order', async (t) => {
  const ws = await joined(t);
  const list = Array.from({ length: 200 }, (_, i) => `42["echo",${i}]`);
  ws.conn.write(Buffer.concat(list.map((m) => frame(OP.TEXT, m))));
  for (const message of list) assert.equal(await ws.recv(), message);
});

test('a fragmented message is put together', async (t) => {
  const ws = await joined(t);
  ws.sendFrame(OP.TEXT, '42["ec', { fin: false });
  ws.sendFrame(OP.CONT, 'ho","fr', { fin: false });
  ws.sendFrame(OP.CONT, '', { fin: false });
  ws.sendFrame(OP.CONT, 'ag"]');
  assert.equal(await ws.recv(), '42["echo","frag"]');
});

test('a UTF-8 sequence may be cut by a fragment border', async (t) => {
  const ws = await joined(t);
  const bytes = Buffer.from('42["echo","\u{1F600}\u00e9"]');
  for (let i = 0; i < bytes.length; i++) {
    ws.sendFrame(i ? OP.CONT : OP.TEXT, bytes.subarray(i, i + 1),
      { fin: i === bytes.length - 1 });
  }
  assert.equal(await ws.recv(), bytes.toString());
});

test('control frames may stand between fragments', async (t) => {
  const ws = await joined(t);
  ws.sendFrame(OP.TEXT, '42["echo",', { fin: false });
  ws.sendFrame(OP.PING, 'between');
  ws.sendFrame(OP.CONT, '"x"', { fin: false });
  ws.sendFrame(OP.PONG, 'nobody asked');
  ws.sendFrame(OP.CONT, ']');
  const pong = await ws.recvFrame();
  assert.equal(pong.op, OP.PONG);
  assert.equal(pong.payload.toString(), 'between');
  assert.equal(await ws.recv(), '42["echo","x"]');
});

test('a ping is answered with its payload, up to 125 bytes', async (t) => {
  const ws = await joined(t);
  for (const payload of ['', 'x', Buffer.alloc(125, 7)]) {
    ws.sendFrame(OP.PING, payload);
    const f = await ws.recvFrame();
    assert.equal(f.op, OP.PONG);
    assert.ok(f.payload.equals(Buffer.from(payload)));
  }
  await echoes(ws);
});

test('an unasked pong is ignored', async (t) => {
  const ws = await joined(t);
  ws.sendFrame(OP.PONG, 'hello');
  await echoes(ws);
});

function violation(name, code, send, opts = {}) {
  test(`${name} closes with ${code}`, opts, async (t) => {
    const ws = await joined(t, opts.flags);
    await send(ws);
    const closed = await ws.closed();
    assert.equal(closed.code, code);
    assert.deepEqual(closed.before, []);
  });
}

violation('an unmasked frame', 1002,
  (ws) => ws.sendFrame(OP.TEXT, '42["echo",1]', { mask: false }));
for (const rsv of [1, 2, 4, 7]) {
  violation(`reserved bits ${rsv}`, 1002,
    (ws) => ws.sendFrame(OP.TEXT, '42["echo",1]', { rsv }));
}
for (const op of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
  violation(`opcode ${op}`, 1002, (ws) => ws.sendFrame(op, ''));
}
violation('a continuation without a start', 1002,
  (ws) => ws.sendFrame(OP.CONT, 'x'));
violation('a new message inside a fragmented one', 1002, (ws) => {
  ws.sendFrame(OP.TEXT, '42', { fin: false });
  ws.sendFrame(OP.TEXT, '42["echo",1]');
});
violation('a fragmented ping', 1002,
  (ws) => ws.sendFrame(OP.PING, 'x', { fin: false }));
violation('a ping of 126 bytes', 1002,
  (ws) => ws.sendFrame(OP.PING, Buffer.alloc(126)));
violation('a close of 126 bytes', 1002,
  (ws) => ws.sendFrame(OP.CLOSE, closePayload(1000, 'x'.repeat(124))));
violation('a fragmented close', 1002,
  (ws) => ws.sendFrame(OP.CLOSE, closePayload(1000), { fin: false }));
violation('a close payload of one byte', 1002,
  (ws) => ws.sendFrame(OP.CLOSE, 'x'));
for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535]) {
  violation(`close code ${code}`, 1002,
    (ws) => ws.sendFrame(OP.CLOSE, closePayload(code)));
}
violation('a close reason that is not UTF-8', 1007, (ws) =>
  ws.sendFrame(OP.CLOSE, Buffer.concat([closePayload(1000),
    Buffer.from([0xff])])));

const BAD_UTF8 = {
  'a lone continuation': [0x80],
  'an overlong slash': [0xc0, 0xaf],
  'an overlong three-byte form': [0xe0, 0x80, 0x80],
  'a surrogate': [0xed, 0xa0, 0x80],
  'a code point above 10FFFF': [0xf4, 0x90, 0x80, 0x80],
  'a five-byte form': [0xf8, 0x88, 0x80, 0x80, 0x80],
  'byte fe': [0xfe],
  'a cut sequence': [0xe2, 0x98],
};
for (const [name, bytes] of Object.entries(BAD_UTF8)) {
  violation(`text with ${name}`, 1007, (ws) =>
    ws.sendFrame(OP.TEXT, Buffer.concat([Buffer.from('42["echo","'),
      Buffer.from(bytes), Buffer.from('"]')])));
}
violation('a text that ends inside a sequence', 1007, (ws) => {
  ws.sendFrame(OP.TEXT, Buffer.from([0x34, 0xe2]), { fin: false });
  ws.sendFrame(OP.CONT, Buffer.from([0x98]));
});

test('bad UTF-8 fails before the message is complete', { only: 'peal' },
  async (t) => {
    const ws = await joined(t);
    ws.sendFrame(OP.TEXT, Buffer.from([0x34, 0x32, 0xff]), { fin: false });
    assert.equal((await ws.closed()).code, 1007);
  });

test('bad UTF-8 fails before its frame is complete', { only: 'peal' },
  async (t) => {
    const ws = await joined(t);
    const whole = frame(OP.TEXT, Buffer.concat(
      [Buffer.from([0x34, 0x32, 0xed, 0xa0]), Buffer.alloc(500, 0x20)]));
    ws.conn.write(whole.subarray(0, 40));
    assert.equal((await ws.closed()).code, 1007);
  });

test('valid UTF-8 of every length class passes', async (t) => {
  const ws = await joined(t);
  for (const text of ['\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff',
    '\ue000', '\uffff', '\u{10000}', '\u{10ffff}', '\ufeff']) {
    await echoes(ws, text);
  }
});

violation('a frame announced over the limit', 1009, (ws) => {
  ws.conn.write(frame(OP.TEXT, '', { announce: 2001 }));
}, { flags: { maxPayload: 2000 } });
violation('a length of 2^62', 1009, (ws) => ws.conn.write(
  frame(OP.BINARY, '', { announce: 4611686018427387904n, lengthForm: 64 })),
{ flags: { maxPayload: 2000 } });
violation('fragments over the limit together', 1009, (ws) => {
  ws.sendFrame(OP.TEXT, 'x'.repeat(1500), { fin: false });
  ws.sendFrame(OP.CONT, 'x'.repeat(501), { fin: false });
}, { flags: { maxPayload: 2000 } });

test('a length with the top bit set is refused', async (t) => {
  const ws = await joined(t);
  ws.conn.write(frame(OP.BINARY, '',
    { announce: 0x8000000000000010n, lengthForm: 64 }));
  assert.ok([1002, 1009].includes((await ws.closed()).code));
});

test('an oversized message has a reason in the log', async (t) => {
  const ws = await joined(t, { maxPayload: 2000 });
  ws.send('x'.repeat(2001));
  assert.equal((await ws.closed()).code, 1009);
  assert.deepEqual(await reasonsOf(t, ws.server, ws.id), ['transport error']);
});

test('a message of exactly the limit is taken', async (t) => {
  const ws = await joined(t, { maxPayload: 2000 });
  await echoes(ws, 'x'.repeat(2000 - '42["echo",""]'.length));
  const text = `42["echo","${'y'.repeat(1987)}"]`;
  ws.sendFrame(OP.TEXT, text.slice(0, 1000), { fin: false });
  ws.sendFrame(OP.CONT, text.slice(1000));
  assert.equal(await ws.recv(), text);
});

test('a flood of empty fragments is survived', async (t) => {
  const server = await t.server();
  const ws = await joined(t);
  ws.sendFrame(OP.TEXT, '42["echo"', { fin: false });
  const empty = frame(OP.CONT, '', { fin: false });
  ws.conn.write(Buffer.concat(Array(20000).fill(empty)));
  ws.sendFrame(OP.CONT, ']');
  // taken or refused with a code; the others are served either way
  const answer = await ws.recv().catch((err) => err.message);
  assert.match(answer, /^42\["echo"\]$|opcode 8 (1008|1009)|closed/);
  const other = await openSio(t, server.port, 'websocket');
  await echoes(other.ws);
});

// --- close -------------------------------------------------------------------

for (const code of [1000, 1001, 1003, 1007, 1011, 3000, 4999]) {
  test(`close ${code} is echoed`, async (t) => {
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

test('an empty close is answered', async (t) => {
  const ws = await joined(t);
  ws.sendFrame(OP.CLOSE, '');
  const f = await ws.recvFrame();
  assert.equal(f.op, OP.CLOSE);
  await ws.conn.end();
});

test('nothing after a close is handled', async (t) => {
  const ws = await joined(t);
  ws.sendFrame(OP.CLOSE, closePayload(1000));
  ws.send('42["echo","late"]');
  assert.deepEqual((await ws.closed()).before, []);
});

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
