// SPDX-License-Identifier: MIT
'use strict';
// A server that listens on a Unix socket besides its port: curl, Node's client,
// the `ws` package and the official client reach it there.
const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const WebSocket = require('ws');
const { io } = require('socket.io-client');
const { test, run, until } = require('./lib/suite');
const { privateServer, target } = require('./lib/server');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'peal-unix-'));
process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
let count = 0;

async function serve(t, flags = {}) {
  const unix = flags.unix || path.join(folder, `${count++}.sock`);
  const server = await privateServer({ unix, ...flags });
  server.unix = unix;
  t.after(() => server.expected || server.stop());
  return server;
}

// Every connection of this agent goes to the socket's file.
function agentOf(server) {
  const agent = new http.Agent({ keepAlive: true });
  agent.createConnection = (opts, done) => net.connect(server.unix, done);
  return agent;
}

async function joined(t, server, transports) {
  const socket = io('http://localhost/', {
    agent: agentOf(server), transports, forceNew: true, reconnection: false,
  });
  t.after(() => socket.close());
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return socket;
}

const curl = async (server, url, ...args) => (await promisify(execFile)('curl',
  ['-sS', '--max-time', '20', '--unix-socket', server.unix, ...args,
    `http://localhost${url}`])).stdout;

const POLLING = '/socket.io/?EIO=4&transport=polling';

test('curl polls', async (t) => {
  const server = await serve(t);
  assert.equal(await curl(server, '/hello'), 'hello');
  const open = await curl(server, POLLING);
  const session = `${POLLING}&sid=${/"sid":"([^"]+)"/.exec(open)[1]}`;
  assert.equal(await curl(server, session, '-d', '40'), 'ok');
  assert.match(await curl(server, session), /^40\{"sid":"[\w-]{20}"\}$/);
  assert.equal(await curl(server, session, '-H', 'Content-Type: text/plain',
    '-d', '42["echo","hi"]'), 'ok');
  assert.equal(await curl(server, session), '42["echo","hi"]');
});

test('the ws package speaks WebSocket', async (t) => {
  const server = await serve(t);
  const ws = new WebSocket(
    `ws+unix://${server.unix}:/socket.io/?EIO=4&transport=websocket`);
  t.after(() => ws.terminate());
  const got = [];
  const echoed = new Promise((resolve, reject) => {
    ws.on('error', reject);
    ws.on('message', (data) => {
      got.push(data.toString());
      if (got.length === 1) ws.send('40');
      if (got.length === 2) ws.send('42["echo","hi"]');
      if (got.length === 3) resolve();
    });
  });
  await echoed;
  assert.equal(got[2], '42["echo","hi"]');
});

for (const transports of [['polling'], ['websocket'],
  ['polling', 'websocket']]) {
  test(`the official client: ${transports.join(' then ')}`, async (t) => {
    const server = await serve(t);
    const socket = await joined(t, server, transports);
    assert.equal(await socket.timeout(20000).emitWithAck('echo', 1), 1);
    await until(() => socket.io.engine.transport.name === transports.at(-1),
      'the upgrade');
    const large = Buffer.alloc(300000, 'xy');
    const back = await socket.timeout(20000).emitWithAck('echo', large);
    assert.ok(Buffer.from(back).equals(large));
  });
}

test('clients of both places hear each other', async (t) => {
  const server = await serve(t);
  const here = await joined(t, server, ['websocket']);
  const there = io(`http://127.0.0.1:${server.port}/`,
    { forceNew: true, reconnection: false });
  t.after(() => there.close());
  await new Promise((resolve) => there.once('connect', resolve));
  const heard = new Promise((resolve) => here.once('news', resolve));
  there.emit('broadcast', 'news', 'from the port');
  assert.equal(await heard, 'from the port');
  const answered = new Promise((resolve) => there.once('news', resolve));
  here.emit('broadcast', 'news', 'from the file');
  assert.equal(await answered, 'from the file');
});

test('the file goes with a stop, and a killed one is replaced', async (t) => {
  const first = await serve(t);
  const { unix } = first;
  assert.equal(await curl(first, '/hello'), 'hello');
  await first.stop();
  assert.equal(fs.existsSync(unix), false);
  const second = await serve(t, { unix });
  await second.kill();
  assert.equal(fs.existsSync(unix), true);
  const third = await serve(t, { unix });
  assert.equal(await curl(third, '/hello'), 'hello');
});

test('a live server keeps its file', { only: 'peal' }, async (t) => {
  const server = await serve(t);
  const second = promisify(execFile)(path.resolve(target()),
    ['--port', '0', '--unix', server.unix], { timeout: 20000 });
  await assert.rejects(second, (error) => {
    assert.equal(error.code, 1);
    assert.match(error.stderr, /: a server listens there already\n$/);
    return true;
  });
  assert.equal(await curl(server, '/hello'), 'hello');
});

run({ parallel: 3 });
