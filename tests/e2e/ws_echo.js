// SPDX-License-Identifier: MIT
'use strict';
// RFC 6455 against a plain WebSocket endpoint (examples/ws_echo): the rules of
// frames, ceilings and closing, large messages, and other people's clients.
const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const net = require('node:net');
const WebSocket = require('ws');
const { test, run, until } = require('./lib/suite');
const { freePort, argument } = require('./lib/server');
const { connect, head } = require('./lib/raw');
const wsraw = require('./lib/wsraw');
const { frameCases } = require('./lib/ws_frames');
const { OP, frame, closePayload } = wsraw;

const LIMIT = 16 << 20; // of the example
const program = argument('server');
let started;

async function start() {
  const port = await freePort();
  const proc = spawn(program, [String(port)], { stdio: 'ignore' });
  process.once('exit', () => proc.kill('SIGKILL'));
  await until(() => new Promise((resolve) => {
    assert.equal(proc.exitCode, null, 'the example has ended');
    const probe = net.connect(port, '127.0.0.1');
    probe.on('connect', () => { probe.destroy(); resolve(true); });
    probe.on('error', () => resolve(false));
  }), 'the example to listen');
  return { port, proc };
}

async function open(t, headers, target = '/') {
  started = started || start();
  const { port } = await started;
  const ws = await wsraw.open(t, port, target, headers);
  assert.equal(ws.response.status, 101);
  return ws;
}

frameCases({ open: (t) => open(t), wrap: (text) => text, limit: LIMIT });

// --- what a session above would hide --------------------------------------------

test('empty messages are messages', async (t) => {
  const ws = await open(t);
  ws.send('');
  assert.equal(await ws.recv(), '');
  ws.send(Buffer.alloc(0));
  assert.deepEqual(await ws.recv(), Buffer.alloc(0));
  ws.sendFrame(OP.TEXT, '', { fin: false });
  ws.sendFrame(OP.CONT, '', { fin: false });
  ws.sendFrame(OP.CONT, '');
  assert.equal(await ws.recv(), '');
});

for (const size of [0, 1, 125, 126, 127, 128, 65535, 65536, 1 << 20]) {
  test(`a binary of ${size} bytes goes back`, async (t) => {
    const ws = await open(t);
    const data = Buffer.alloc(size, 0xfe);
    ws.send(data);
    assert.ok(data.equals(await ws.recv()));
  });
}

for (const pieces of [64, 1000, 65536]) {
  test(`4 MiB of binary in fragments of ${pieces} bytes`, async (t) => {
    const ws = await open(t);
    const size = pieces < 1000 ? 1 << 18 : 4 << 20;
    const data = Buffer.alloc(size, 0x5a);
    const frames = [];
    for (let at = 0; at < size; at += pieces) {
      frames.push(frame(at ? OP.CONT : OP.BINARY, data.subarray(at, at + pieces),
        { fin: at + pieces >= size }));
    }
    ws.conn.write(Buffer.concat(frames));
    assert.ok(data.equals(await ws.recv()));
  });
}

test('16 MiB in one frame', { limit: 120000 }, async (t) => {
  const ws = await open(t);
  const data = Buffer.alloc(LIMIT, 'm');
  ws.conn.write(frame(OP.TEXT, data));
  assert.ok(data.equals(Buffer.from(await ws.recv(100000))));
});

test('an echo goes out before the close that comes in the same segment',
  async (t) => {
    const ws = await open(t);
    ws.conn.write(Buffer.concat([frame(OP.TEXT, 'first'),
      frame(OP.CLOSE, closePayload(1000))]));
    assert.deepEqual((await ws.closed()).before, ['first']);
  });

for (const [name, bad] of [
  ['reserved bits', frame(OP.TEXT, 'x', { rsv: 2 })],
  ['a reserved opcode', frame(5, 'x')],
  ['a continuation of nothing', frame(OP.CONT, 'x')],
]) {
  test(`an echo goes out before what ${name} lead to`, async (t) => {
    const ws = await open(t);
    ws.conn.write(Buffer.concat([frame(OP.TEXT, 'first'), bad,
      frame(OP.TEXT, 'late'), frame(OP.PING, 'late')]));
    const closed = await ws.closed();
    assert.deepEqual([closed.code, closed.before], [1002, ['first']]);
  });
}

test('a client that never reads does not hold up the others', async (t) => {
  const ws = await open(t);
  ws.conn.sock.pause();
  const filler = 'z'.repeat(1 << 20);
  for (let i = 0; i < 40; i++) ws.send(filler);
  const other = await open(t);
  other.send('alive');
  assert.equal(await other.recv(), 'alive');
});

// --- the handshake ---------------------------------------------------------------

test('header names and tokens in any case, Connection as a list', async (t) => {
  const { port } = await (started = started || start());
  const conn = connect(t, port);
  conn.write('GET / HTTP/1.1\r\nhost: x\r\nCONNECTION: keep-alive, UPGRADE\r\n' +
    'uPGRADE: WebSocket\r\nsec-websocket-version: 13\r\n' +
    'SEC-WEBSOCKET-KEY: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
  const res = await conn.response();
  assert.equal(res.status, 101);
  assert.equal(res.headers['sec-websocket-accept'],
    's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  assert.equal(res.headers['sec-websocket-extensions'], undefined);
  assert.equal(res.headers['sec-websocket-protocol'], undefined);
});

test('the handshake sent byte by byte, a frame right behind it', async (t) => {
  const { port } = await (started = started || start());
  const conn = connect(t, port);
  const { text } = wsraw.upgradeHead('/');
  await conn.writeSlowly(Buffer.concat([Buffer.from(text),
    frame(OP.TEXT, 'early')]));
  assert.equal((await conn.response()).status, 101);
  assert.equal(await new wsraw.Ws(conn).recv(), 'early');
});

test('who does not ask for a WebSocket is told what would do', async (t) => {
  const { port } = await (started = started || start());
  const conn = connect(t, port);
  conn.write(head('GET', '/'));
  const res = await conn.response();
  assert.equal(res.status, 426);
  assert.equal(res.headers.upgrade, 'websocket');
});

test('a page of another origin is refused, one of this is not', async (t) => {
  const { port } = await (started = started || start());
  for (const [origin, status] of [['https://evil.example', 403],
    [`http://127.0.0.1:${port}`, 101]]) {
    const ws = await wsraw.open(t, port, '/',
      { Host: `127.0.0.1:${port}`, Origin: origin });
    assert.equal(ws.response.status, status, origin);
  }
});

// --- other people's clients --------------------------------------------------------

test('the client of npm: ws', async (t) => {
  const { port } = await (started = started || start());
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`);
  t.after(() => ws.terminate());
  const got = [];
  ws.on('message', (data, binary) => got.push([binary, data.length]));
  await new Promise((resolve) => ws.on('open', resolve));
  ws.send('text');
  ws.send(Buffer.alloc(300000, 1));
  ws.send('one', { fin: false });
  ws.send(' two', { fin: true });
  await until(() => got.length === 3, 'three echoes');
  assert.deepEqual(got, [[false, 4], [true, 300000], [false, 7]]);
  const pong = new Promise((resolve) => ws.on('pong', resolve));
  ws.ping('here?');
  assert.equal((await pong).toString(), 'here?');
  const closed = new Promise((resolve) => ws.on('close', resolve));
  ws.close(4321, 'bye');
  assert.equal(await closed, 4321);
});

const PYTHON = `
import sys, websocket
ws = websocket.create_connection("ws://127.0.0.1:%s/" % sys.argv[1], timeout=20)
ws.send("h\\u00e9llo")
assert ws.recv() == "h\\u00e9llo"
ws.send_binary(bytes(range(256)) * 1000)
assert ws.recv() == bytes(range(256)) * 1000
ws.ping("x")
ws.send("behind the ping")
assert ws.recv() == "behind the ping"
ws.close(status=3000, reason=b"bye")
print("fine")
`;

test('the client of Python: websocket-client', async () => {
  const { port } = await (started = started || start());
  const python = argument('python', 'python3');
  if (spawnSync(python, ['-c', 'import websocket']).status !== 0) {
    console.log('     (not installed)');
    return;
  }
  const proc = spawn(python, ['-c', PYTHON, String(port)]);
  let out = '';
  for (const pipe of [proc.stdout, proc.stderr]) {
    pipe.on('data', (data) => { out += data; });
  }
  const code = await new Promise((resolve) => proc.on('close', resolve));
  assert.deepEqual([code, out.trim()], [0, 'fine']);
});

// --- the end -----------------------------------------------------------------------

test('a stop closes with 1001 and ends well', { alone: true }, async (t) => {
  const ws = await open(t);
  const { proc } = await started;
  const ended = new Promise((resolve) => proc.on('exit', resolve));
  proc.kill('SIGTERM');
  const closed = await ws.closed();
  assert.deepEqual([closed.code, closed.reason],
    [1001, 'server shutting down']);
  assert.equal(await ended, 0);
});

run();
