// SPDX-License-Identifier: MIT
'use strict';
// permessage-deflate (RFC 7692) against plain endpoints and Socket.IO servers
// (deflate/main.c): what is agreed on, what is wrong, and `ws`, socket.io-client
// and Python's libraries as peers over the parameters, as Autobahn's sections
// 12 and 13 ask: sizes of 16 bytes to 128 KiB, whole and in fragments.
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const net = require('node:net');
const path = require('node:path');
const zlib = require('node:zlib');
const WebSocket = require('ws');
const { Server } = require('socket.io');
const { io } = require('socket.io-client');
const { test, run, until } = require('./lib/suite');
const { argument, freePort } = require('./lib/server');
const wsraw = require('./lib/wsraw');
const { OP } = wsraw;

const LIMIT = 1 << 20; // of the endpoints
const EXT = 'Sec-WebSocket-Extensions';
const TAKEOVERS = ['none', 's', 'c', 'sc'];
const SIZES = [16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072];
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

// What a message is deflated to, without the tail.
function deflated(data, opts = {}) {
  const out = zlib.deflateRawSync(data,
    { finishFlush: zlib.constants.Z_SYNC_FLUSH, ...opts });
  assert.ok(out.subarray(-4).equals(TAIL));
  return out.subarray(0, -4);
}

function inflated(data) {
  return zlib.inflateRawSync(Buffer.concat([data, TAIL]),
    { finishFlush: zlib.constants.Z_SYNC_FLUSH });
}

// Text that shrinks, but not to nothing; the same for the same seed.
function text(size, seed = 1) {
  const words = ['temperature', 'ward', 'patient', '"id":', 'ok', 'über', '{',
    '}', ',', '17', '3.14', 'null', 'monitor', '\n'];
  let state = seed >>> 0;
  const parts = [];
  let len = 0;
  while (len < size) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const word = words[(state >>> 16) % words.length];
    parts.push(word);
    len += Buffer.byteLength(word);
  }
  let out = Buffer.from(parts.join('')).subarray(0, size).toString();
  while (Buffer.byteLength(out) > size) out = out.slice(0, -1);
  return out.replace(/\ufffd/g, '?');
}

function noise(size, seed = 1) {
  const out = Buffer.alloc(size);
  let state = seed >>> 0;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}

async function open(t, target, offer) {
  const { port } = await t.server();
  return wsraw.open(t, port, target, offer === undefined ? {}
    : { [EXT]: offer });
}

const opened = async (t, target = '/ws/none/15/15',
  offer = 'permessage-deflate') => {
  const ws = await open(t, target, offer);
  assert.equal(ws.response.status, 101);
  assert.match(ws.response.headers[EXT.toLowerCase()] || '',
    /^permessage-deflate/);
  return ws;
};

// --- what is agreed on -------------------------------------------------------

const NO = '; server_no_context_takeover; client_no_context_takeover';
const AGREED = [
  // target, offer, answer
  ['none/15/15', 'permessage-deflate', `permessage-deflate${NO}`],
  ['none/15/15', 'permessage-deflate; client_max_window_bits',
    `permessage-deflate${NO}`],
  ['none/15/9', 'permessage-deflate; client_max_window_bits',
    `permessage-deflate${NO}; client_max_window_bits=9`],
  ['none/15/9', 'permessage-deflate', `permessage-deflate${NO}`],
  ['none/15/9', 'permessage-deflate; client_max_window_bits=8',
    `permessage-deflate${NO}; client_max_window_bits=8`],
  ['none/12/15', 'permessage-deflate',
    `permessage-deflate${NO}; server_max_window_bits=12`],
  ['none/15/15', 'permessage-deflate; server_max_window_bits=9',
    `permessage-deflate${NO}; server_max_window_bits=9`],
  ['none/15/15', 'permessage-deflate; server_max_window_bits="14"',
    `permessage-deflate${NO}; server_max_window_bits=12`],
  ['none/15/15', 'permessage-deflate; server_max_window_bits=8', undefined],
  ['none/15/15', 'permessage-deflate; server_max_window_bits=8, ' +
    'permessage-deflate', `permessage-deflate${NO}`],
  ['none/15/15', 'permessage-deflate; server_max_window_bits', undefined],
  ['none/15/15', 'permessage-deflate; server_max_window_bits=16', undefined],
  ['none/15/15', 'permessage-deflate; server_max_window_bits=09', undefined],
  ['none/15/15', 'permessage-deflate; unknown', undefined],
  ['none/15/15', 'permessage-deflate; server_no_context_takeover=1',
    undefined],
  ['none/15/15', 'permessage-deflate; server_no_context_takeover; ' +
    'server_no_context_takeover', undefined],
  ['none/15/15', 'x-webkit-deflate-frame, permessage-deflate; unknown, ' +
    'permessage-deflate; client_max_window_bits', `permessage-deflate${NO}`],
  ['none/15/15', 'permessage-bzip2', undefined],
  ['none/15/15', undefined, undefined],
  ['sc/15/15', 'permessage-deflate', 'permessage-deflate'],
  ['s/15/15', 'permessage-deflate',
    'permessage-deflate; client_no_context_takeover'],
  ['c/15/15', 'permessage-deflate',
    'permessage-deflate; server_no_context_takeover'],
  ['sc/15/15', 'permessage-deflate; server_no_context_takeover',
    'permessage-deflate; server_no_context_takeover'],
  ['sc/15/15', 'permessage-deflate; client_no_context_takeover',
    'permessage-deflate; client_no_context_takeover'],
  // Whoever cannot have a small window must not remember.
  ['sc/15/9', 'permessage-deflate',
    'permessage-deflate; client_no_context_takeover'],
  ['sc/15/9', 'permessage-deflate; client_max_window_bits=10',
    'permessage-deflate; client_max_window_bits=9'],
];

for (const [target, offer, answer] of AGREED) {
  test(`/${target}: ${offer} is answered ${answer}`, async (t) => {
    const ws = await open(t, `/ws/${target}`, offer);
    assert.equal(ws.response.status, 101);
    assert.equal(ws.response.headers[EXT.toLowerCase()], answer);
    ws.send('plain');
    assert.equal(await ws.recv(), 'plain');
  });
}

for (const offer of ['permessage-deflate;', 'permessage-deflate; a=', ';',
  'permessage-deflate; a="b', 'permessage-deflate; a="b c"',
  'permessage deflate']) {
  for (const target of ['/ws/none/15/15',
    '/sio/none/?EIO=4&transport=websocket']) {
    test(`${target}: ${offer} is no list: 400`, async (t) => {
      assert.equal((await open(t, target, offer)).response.status, 400);
    });
  }
}

// --- frames ------------------------------------------------------------------

// As Autobahn's 1 to 10, where a frame says that it is deflated.
for (const [name, target, frames, code] of [
  ['RSV1 that nobody agreed on', '/ws/none/15/15', [[OP.TEXT, 'x',
    { rsv: 4 }]], 1002],
  ['RSV1 on a ping', 'deflate', [[OP.PING, '', { rsv: 4 }]], 1002],
  ['RSV1 on a close', 'deflate', [[OP.CLOSE, '', { rsv: 4 }]], 1002],
  ['RSV1 on a continuation', 'deflate', [[OP.TEXT, 'x',
    { rsv: 4, fin: false }], [OP.CONT, 'x', { rsv: 4 }]], 1002],
  ['RSV1 on a continuation alone', 'deflate', [[OP.TEXT, 'x',
    { fin: false }], [OP.CONT, 'x', { rsv: 4 }]], 1002],
  ['RSV2', 'deflate', [[OP.TEXT, 'x', { rsv: 2 }]], 1002],
  ['a block of type 3', 'deflate', [[OP.TEXT, [7], { rsv: 4 }]], 1007],
  ['lengths that do not fit', 'deflate', [[OP.BINARY, [0, 1, 0, 0, 0],
    { rsv: 4 }]], 1007],
  ['a message that breaks off', 'deflate', [[OP.BINARY,
    deflated(text(500)).subarray(0, -1), { rsv: 4 }]], 1007],
  ['a distance before the beginning', 'deflate', [[OP.BINARY,
    deflated('abcd', { dictionary: Buffer.from('abcdabcd') }),
    { rsv: 4 }]], 1007],
  ['text that is no UTF-8 inside', 'deflate', [[OP.TEXT,
    deflated(Buffer.from([0x61, 0xff])), { rsv: 4 }]], 1007],
  ['a byte more than a message may have', 'deflate', [[OP.BINARY,
    deflated(Buffer.alloc(LIMIT + 1)), { rsv: 4 }]], 1009],
  ['a bomb of 64 MiB', 'deflate', [[OP.BINARY,
    deflated(Buffer.alloc(64 << 20)), { rsv: 4 }]], 1009],
]) {
  test(`${name}: ${code}`, async (t) => {
    const ws = target === 'deflate' ? await opened(t) : await open(t, target);
    for (const [op, payload, opts] of frames) {
      ws.sendFrame(op, Buffer.from(payload), opts);
    }
    assert.equal((await ws.closed()).code, code);
  });
}

// Of RFC 7692 7.2.3, and what zlib does with other settings.
const HELLO = [
  ['one block', [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]],
  ['a block without compression', [0, 5, 0, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c,
    0x6f, 0]],
  ['a last block', [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]],
  ['a last block and nothing behind it', [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07,
    0x00]],
  ['two blocks', [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9,
    0xc9, 0x07, 0x00]],
];
for (const [name, bytes] of HELLO) {
  for (const at of [0, 1, 3, bytes.length - 1]) {
    test(`Hello as ${name}${at ? `, in fragments at ${at}` : ''}`,
      async (t) => {
        const ws = await opened(t);
        const whole = Buffer.from(bytes);
        if (at) {
          ws.sendFrame(OP.TEXT, whole.subarray(0, at), { rsv: 4, fin: false });
          ws.sendFrame(OP.PING, 'between');
          ws.sendFrame(OP.CONT, whole.subarray(at));
          assert.equal((await ws.recvFrame()).op, OP.PONG);
        } else {
          ws.sendFrame(OP.TEXT, whole, { rsv: 4 });
        }
        assert.equal(await ws.recv(), 'Hello');
      });
  }
}

test('Hello twice: the second refers to the first', async (t) => {
  const ws = await opened(t, '/ws/sc/15/15');
  const first = Buffer.from([0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
  const second = Buffer.from([0xf2, 0x00, 0x11, 0x00, 0x00]);
  ws.sendFrame(OP.TEXT, first, { rsv: 4 });
  assert.equal(await ws.recv(), 'Hello');
  ws.sendFrame(OP.TEXT, second, { rsv: 4 });
  assert.equal(await ws.recv(), 'Hello');
});

test('the same where nothing is remembered: 1007', async (t) => {
  const ws = await opened(t, '/ws/none/15/15');
  ws.sendFrame(OP.TEXT, Buffer.from([0xf2, 0x48, 0xcd, 0xc9, 0xc9, 7, 0]),
    { rsv: 4 });
  assert.equal(await ws.recv(), 'Hello');
  ws.sendFrame(OP.TEXT, Buffer.from([0xf2, 0, 0x11, 0, 0]), { rsv: 4 });
  assert.equal((await ws.closed()).code, 1007);
});

test('a last block does not make it forget', async (t) => {
  const ws = await opened(t, '/ws/sc/15/15');
  ws.sendFrame(OP.TEXT, Buffer.from([0xf3, 0x48, 0xcd, 0xc9, 0xc9, 7, 0, 0]),
    { rsv: 4 });
  assert.equal(await ws.recv(), 'Hello');
  ws.sendFrame(OP.TEXT, Buffer.from([0xf2, 0, 0x11, 0, 0]), { rsv: 4 });
  assert.equal(await ws.recv(), 'Hello');
});

for (const bytes of [[0], [2, 0], []]) {
  test(`nothing, as ${JSON.stringify(bytes)}`, async (t) => {
    const ws = await opened(t);
    ws.sendFrame(OP.TEXT, Buffer.from(bytes), { rsv: 4 });
    assert.equal(await ws.recv(), '');
  });
}

test('as many bytes as a message may have', async (t) => {
  const ws = await opened(t);
  ws.sendFrame(OP.BINARY, deflated(Buffer.alloc(LIMIT)), { rsv: 4 });
  const frame = await ws.recvFrame();
  assert.equal(frame.rsv, 4);
  assert.ok(inflated(frame.payload).equals(Buffer.alloc(LIMIT)));
});

test('as many that do not shrink, and so come longer', async (t) => {
  const ws = await opened(t);
  const data = noise(LIMIT);
  const sent = deflated(data, { memLevel: 1 });
  assert.ok(sent.length > LIMIT);
  ws.sendFrame(OP.BINARY, sent, { rsv: 4 });
  const frame = await ws.recvFrame();
  assert.equal(frame.rsv, 0);
  assert.ok(frame.payload.equals(data));
});

test('short messages, and those that ask for it, go as they are', async (t) => {
  const ws = await opened(t, '/ws/threshold');
  for (const [size, first, rsv] of [[1023, 'a', 0], [1024, 'a', 4],
    [4096, '-', 0]]) {
    const data = first + 'a'.repeat(size - 1);
    ws.send(data);
    const frame = await ws.recvFrame();
    assert.equal(frame.rsv, rsv);
    assert.equal((rsv ? inflated(frame.payload) : frame.payload).toString(),
      data);
  }
});

test('a million last blocks take a moment, not minutes', async (t) => {
  const ws = await opened(t, '/ws/c/15/15');
  const words = noise(32768);
  ws.sendFrame(OP.BINARY, deflated(words), { rsv: 4 });
  await ws.recvFrame();
  const blocks = Buffer.alloc(1000000);
  for (let i = 0; i < blocks.length; i += 2) blocks[i] = 3;
  const start = Date.now();
  ws.sendFrame(OP.BINARY, blocks, { rsv: 4 });
  assert.equal((await ws.recvFrame()).payload.length, 0);
  assert.ok(Date.now() - start < 10000);
});

// --- ws ----------------------------------------------------------------------

const OFFERS = {
  'all defaults': {},
  'no takeover of the server': { serverNoContextTakeover: true },
  'no takeover of the client': { clientNoContextTakeover: true },
  'windows of 9': { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
  'windows of 15': { serverMaxWindowBits: 15, clientMaxWindowBits: 15 },
  'window 9, no takeover': {
    serverMaxWindowBits: 9, serverNoContextTakeover: true,
    clientNoContextTakeover: true,
  },
  'window 12': { serverMaxWindowBits: 12 },
};

const openWs = async (t, target, perMessageDeflate) => {
  const { port } = await t.server();
  const ws = new WebSocket(`ws://127.0.0.1:${port}${target}`,
    { perMessageDeflate: { threshold: 0, ...perMessageDeflate } });
  t.after(() => ws.terminate());
  ws.got = [];
  ws.on('message', (data, isBinary) => {
    ws.got.push(isBinary ? data : data.toString());
    if (ws.wake) ws.wake();
  });
  await new Promise((resolve, reject) => {
    ws.once('open', resolve);
    ws.once('error', reject);
  });
  ws.next = async () => {
    while (!ws.got.length) {
      await new Promise((resolve) => { ws.wake = resolve; });
    }
    return ws.got.shift();
  };
  assert.match(ws.extensions, /^permessage-deflate/);
  return ws;
};

async function sendInFragments(ws, data, piece) {
  const bytes = Buffer.from(data);
  for (let at = 0; at < bytes.length; at += piece) {
    const fin = at + piece >= bytes.length;
    await new Promise((resolve) => ws.send(bytes.subarray(at, at + piece),
      { fin, compress: true, binary: typeof data !== 'string' }, resolve));
  }
}

async function exchange(ws, sizes, piece) {
  const sent = sizes.map((size) => text(size, size));
  for (const data of sent) {
    if (piece) await sendInFragments(ws, data, piece);
    else ws.send(data);
  }
  for (const data of sent) assert.equal(await ws.next(), data);
}

for (const takeover of TAKEOVERS) {
  for (const server of [9, 12, 15]) {
    for (const client of [9, 15]) {
      const target = `/ws/${takeover}/${server}/${client}`;
      test(`${target}: ws with all offers`, async (t) => {
        for (const offer of Object.values(OFFERS)) {
          const ws = await openWs(t, target, offer);
          await exchange(ws, [16, 300, 5000, 300, 5000, 16]);
          ws.close();
        }
      });
    }
  }
  test(`/ws/${takeover}: 16 bytes to 128 KiB, whole and in fragments`,
    async (t) => {
      const ws = await openWs(t, `/ws/${takeover}/15/15`, {});
      await exchange(ws, [...SIZES, ...SIZES]);
      await exchange(ws, SIZES, 128);
      await exchange(ws, SIZES, 4096);
      for (const size of SIZES) {
        const data = noise(size, size);
        ws.send(data);
        assert.ok(data.equals(await ws.next()));
      }
    });
  test(`/ws/${takeover}: a thousand messages at once`, async (t) => {
    const ws = await openWs(t, `/ws/${takeover}/15/15`, {});
    const before = ws._socket.bytesRead;
    const sent = Array.from({ length: 1000 }, (_, i) => text(700, i % 7));
    for (const data of sent) ws.send(data);
    for (const data of sent) assert.equal(await ws.next(), data);
    const share = (ws._socket.bytesRead - before) / 700000;
    assert.ok(share < (takeover.includes('s') ? 0.1 : 0.6), `${share}`);
  });
}

test('one message to all, whatever each has agreed on', async (t) => {
  const all = [];
  for (const offer of [...Object.values(OFFERS), {}]) {
    all.push(await openWs(t, '/ws/all', offer));
  }
  const { port } = await t.server();
  const plain = new WebSocket(`ws://127.0.0.1:${port}/ws/all`,
    { perMessageDeflate: false });
  t.after(() => plain.terminate());
  const heard = new Promise((resolve) => {
    plain.on('message', (data) => resolve(data.toString()));
  });
  await new Promise((resolve) => plain.once('open', resolve));
  const data = text(20000);
  all[0].send(data);
  for (const ws of all) assert.equal(await ws.next(), data);
  assert.equal(await heard, data);
});

test('what waits goes out before the close, where all is remembered',
  async (t) => {
    const ws = await opened(t, '/ws/sc/15/15');
    const first = Buffer.from([0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    ws.conn.write(Buffer.concat([wsraw.frame(OP.TEXT, first, { rsv: 4 }),
      wsraw.frame(OP.CLOSE, wsraw.closePayload(1000))]));
    const closed = await ws.closed();
    assert.deepEqual([closed.code, closed.before], [1000, ['Hello']]);
  });

test('a reader that is slow gets all of it, where all is remembered',
  async (t) => {
    const ws = await openWs(t, '/ws/sc/15/15', {});
    ws._socket.pause();
    const sent = Array.from({ length: 60 },
      (_, i) => noise(40000, i).toString('latin1'));
    for (const data of sent) ws.send(data);
    setTimeout(() => ws._socket.resume(), 300);
    for (const data of sent) assert.equal(await ws.next(), data);
  });

// RFC 6455 4.1: a client waits for the answer. What a little of it inflates to is
// looked at in one turn.
for (const [size, goes] of [[4096, true], [4104, false]]) {
  test(`${size} bytes of frames behind the head: ${goes ? 'read' : 'closed'}`,
    async (t) => {
      const { port } = await t.server();
      const conn = net.connect(port, '127.0.0.1');
      t.after(() => conn.destroy());
      let came = '';
      conn.on('data', (data) => { came += data.toString('latin1'); });
      conn.on('error', () => {});
      const closed = new Promise((resolve) => conn.once('close', resolve));
      const ping = Buffer.from([0x89, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
      conn.write(Buffer.concat([Buffer.from(
        'GET /ws/none/15/15 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n'
        + 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
        + 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
        + `${EXT}: permessage-deflate\r\n\r\n`),
      ...Array(size / ping.length).fill(ping)]));
      if (goes) await until(() => came.includes('\x8a\x02hi'), 'a pong');
      else await closed;
      assert.equal(came.includes('\x8a'), goes);
    });
}

// --- Socket.IO ---------------------------------------------------------------

for (const takeover of TAKEOVERS) {
  for (const transports of [['websocket'], ['polling', 'websocket']]) {
    test(`/sio/${takeover}: socket.io-client by ${transports}`, async (t) => {
      const { port } = await t.server();
      const sockets = [];
      for (const perMessageDeflate of [{}, { serverMaxWindowBits: 9 }, false]) {
        const socket = io(`http://127.0.0.1:${port}`,
          { path: `/sio/${takeover}`, transports, perMessageDeflate,
            forceNew: true });
        t.after(() => socket.close());
        await new Promise((resolve, reject) => {
          socket.once('connect', resolve);
          socket.once('connect_error', reject);
        });
        sockets.push(socket);
      }
      const what = [text(3000), { nested: text(200) }, Buffer.from('binary'),
        noise(2000)];
      for (const socket of sockets) {
        for (let i = 0; i < 3; i++) {
          const back = new Promise((resolve) => {
            socket.once('echo', (...args) => resolve(args));
          });
          socket.emit('echo', ...what);
          assert.deepEqual(await back, what);
        }
      }
      const told = sockets.map((socket) => new Promise((resolve) => {
        socket.once('told', resolve);
      }));
      sockets[0].emit('tell', what[0]);
      for (const one of told) assert.equal(await one, what[0]);
    });
  }
}

// --- Peal's client -----------------------------------------------------------

// A server of the reference with these options, and what came over its
// WebSockets.
async function nodeServer(t, perMessageDeflate) {
  const server = new Server({ perMessageDeflate, serveClient: false });
  const seen = { extensions: undefined };
  server.on('connection', (socket) => {
    socket.on('echo', (value, ack) => ack(value));
  });
  const port = await freePort();
  server.listen(port);
  server.engine.on('connection', (client) => {
    const look = (ws) => { seen.extensions = ws.extensions; };
    if (client.transport.name === 'websocket') look(client.transport.socket);
    client.on('upgrade', (transport) => look(transport.socket));
  });
  t.after(() => server.close());
  return { port, seen };
}

// `peal call`, with what it needs.
function call(port, flags, value) {
  return new Promise((resolve, reject) => {
    const proc = spawn(argument('peal'), ['call', `http://127.0.0.1:${port}`,
      'echo', '-', '--timeout', '20s', '--json', ...flags],
    { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    proc.stdout.on('data', (data) => { out += data; });
    proc.stderr.on('data', (data) => { err += data; });
    proc.on('error', reject);
    proc.on('exit', (code) => (code ? reject(new Error(`${code}: ${err}`))
      : resolve(JSON.parse(out))));
    proc.stdin.end(JSON.stringify(value));
  });
}

const SERVERS = {
  'all defaults': {},
  'no threshold': { threshold: 0 },
  'windows of 9': { threshold: 0, serverMaxWindowBits: 9,
    clientMaxWindowBits: 9 },
  'windows of 10, no takeover': { threshold: 0, serverMaxWindowBits: 10,
    clientMaxWindowBits: 10, serverNoContextTakeover: true,
    clientNoContextTakeover: true },
};

for (const [name, opts] of Object.entries(SERVERS)) {
  for (const transports of ['websocket', 'polling,websocket']) {
    test(`peal --deflate and socket.io, ${name}, by ${transports}`,
      async (t) => {
        if (!argument('peal')) t.skip('no peal');
        const { port, seen } = await nodeServer(t, opts);
        const value = { text: text(5000), more: [text(300)] };
        assert.deepEqual(
          await call(port, ['--deflate', '--transports', transports], value),
          value);
        if (transports === 'websocket') {
          assert.match(String(seen.extensions), /permessage-deflate/);
        }
        assert.deepEqual(
          await call(port, ['--transports', transports], value), value);
      });
  }
}

test('peal --deflate and a server that accepts nothing', async (t) => {
  if (!argument('peal')) t.skip('no peal');
  const { port, seen } = await nodeServer(t, false);
  const value = text(5000);
  assert.equal(await call(port, ['--deflate', '--transports', 'websocket'],
    value), value);
  assert.equal(String(seen.extensions), '');
});

// --- Python ------------------------------------------------------------------

test('websockets and aiohttp', { limit: 120000 }, async (t) => {
  const { port } = await t.server();
  const proc = spawn(argument('python', 'python3'),
    [path.join(__dirname, 'deflate_client.py'), String(port)],
    { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => proc.kill());
  let err = '';
  proc.stderr.on('data', (data) => { err += data; });
  const code = await new Promise((resolve) => proc.on('exit', resolve));
  assert.equal(code, 0, err);
});

run(4);
