// SPDX-License-Identifier: MIT
'use strict';
// Why there is no connection, in words that help: each case is a server that
// cannot be had, and what the client's user reads about it.
//   node refusals.js --client peal --driver PATH [--only TEXT]
// With `--client js` nothing is read: the reference's words are its own.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const path = require('node:path');
const tls = require('node:tls');
const { test, run, until } = require('../e2e/lib/suite');
const { privateServer, freePort } = require('../e2e/lib/server');
const { Certs } = require('../e2e/lib/certs');
const { nginx } = require('../e2e/lib/proxy');
const { TRANSPORTS, client, sharedDriver } = require('./lib/clients');

const modules = path.join(__dirname, '../e2e/node_modules');
const { Server } = require(path.join(modules, 'socket.io'));

const WAYS = ['polling', 'websocket'];
const certs = new Certs();
certs.authority();
certs.authority('other');
certs.certificate('site');
certs.certificate('old', { expired: true });
certs.certificate('elsewhere', { names: 'DNS:elsewhere.test' });
certs.certificate('stranger', { ca: 'other' });
certs.certificate('guest', { lines: ['extendedKeyUsage=clientAuth'] });
certs.certificate('client', { lines: ['extendedKeyUsage=clientAuth'] });

const read = (name) => fs.readFileSync(certs.at(name));

// socket.io behind a certificate; options are those of node:tls.
async function secure(t, name, opts = {}) {
  const server = https.createServer(
    { cert: read(`${name}.crt`), key: read(`${name}.key`), ...opts });
  const io = new Server(server);
  io.on('connection', (socket) =>
    socket.on('echo', (x, ack) => ack(x)));
  const port = await freePort();
  await new Promise((resolve) => { server.listen(port, '127.0.0.1', resolve); });
  t.after(() => new Promise((resolve) => { io.close(resolve); }));
  return port;
}

// A server that writes `text` to whom sends something.
async function says(t, text) {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(text));
  });
  const port = await freePort();
  await new Promise((resolve) => { server.listen(port, '127.0.0.1', resolve); });
  t.after(() => server.close());
  return port;
}

async function open(t, url, way, opts) {
  const driver = await sharedDriver(client());
  const socket = driver.open({ url, transports: TRANSPORTS[way],
    opts: { timeout: 10000, ...opts } });
  t.after(() => socket.close());
  return socket;
}

const isOurs = client() !== 'js';

// It is not connected, and the words have these in them.
async function refused(t, url, way, words, opts) {
  const socket = await open(t, url, way, opts);
  const outcome = await Promise.race([socket.refused(),
    socket.connected().then(() => ({ message: 'it is connected' }))]);
  assert.notEqual(outcome.message, 'it is connected');
  if (!isOurs) return;
  for (const word of words) assert.match(outcome.message, word);
  assert.ok(outcome.message.length < 256);
}

async function accepted(t, url, way, opts) {
  const socket = await open(t, url, way, opts);
  await Promise.race([socket.connected(), socket.refused().then((why) => {
    throw new Error(JSON.stringify(why));
  })]);
  assert.deepEqual(await socket.ask('echo', 1), [1]);
  socket.close();
}

const ca = certs.at('ca.crt');
const each = (name, fn) => {
  for (const way of WAYS) test(`${name} [${way}]`, (t) => fn(t, way));
};

// -- certificates ------------------------------------------------------------------

each('a certificate that is right', async (t, way) => {
  const port = await secure(t, 'site');
  await accepted(t, `https://localhost:${port}`, way, { ca });
  await accepted(t, `https://127.0.0.1:${port}`, way, { ca });
  await accepted(t, `wss://localhost:${port}`, way, { ca });
});

const CERTIFICATES = {
  'has expired': ['old', [/certificate/i, /expired/i]],
  'is of another name': ['elsewhere', [/certificate/i, /localhost/]],
  'is of an unknown authority': ['stranger',
    [/certificate/i, /authority|issuer|unknown|not trusted/i]],
  'is not for servers': ['guest', [/certificate/i, /purpose|usage|server/i]],
};

for (const [what, [name, words]] of Object.entries(CERTIFICATES)) {
  each(`a certificate that ${what}`, async (t, way) => {
    const port = await secure(t, name);
    await refused(t, `https://localhost:${port}`, way, words, { ca });
    await accepted(t, `https://localhost:${port}`, way,
      { rejectUnauthorized: false });
  });
}

each('an authority that the system does not know', async (t, way) => {
  const port = await secure(t, 'site');
  await refused(t, `https://localhost:${port}`, way,
    [/certificate/i, /authority|issuer|self.signed|not trusted/i]);
});

// RFC9112 9.8: an answer that only the end of the connection ends is whole if
// that is said in TLS. Node's socket below it says FIN alone.
test('an answer that may have been cut is none', async (t) => {
  const opening = '0{"sid":"a","upgrades":[],"pingInterval":25000,' +
    '"pingTimeout":20000}';
  const server = net.createServer((raw) => {
    const secured = new tls.TLSSocket(raw, { isServer: true,
      cert: read('site.crt'), key: read('site.key') });
    raw.on('error', () => {});
    secured.on('error', () => {});
    secured.once('data', () => secured.write(
      `HTTP/1.1 200 OK\r\n\r\n${opening}`, () => raw.destroySoon()));
  });
  const port = await freePort();
  await new Promise((resolve) => { server.listen(port, '127.0.0.1', resolve); });
  t.after(() => server.close());
  await refused(t, `https://localhost:${port}`, 'polling', [/ended in the middle/], { ca });
});

each('a server that asks for a certificate', async (t, way) => {
  const port = await secure(t, 'site',
    { requestCert: true, rejectUnauthorized: true, ca: read('ca.crt') });
  await refused(t, `https://localhost:${port}`, way,
    [/certificate|handshake|TLS|closed/i], { ca });
  await accepted(t, `https://localhost:${port}`, way,
    { ca, cert: certs.at('client.crt'), key: certs.at('client.key') });
});

each('a certificate that changes for the worse', async (t, way) => {
  // It was verified once; a new connection verifies again.
  const port = await secure(t, 'site');
  await accepted(t, `https://localhost:${port}`, way, { ca });
  const bad = await secure(t, 'stranger');
  await refused(t, `https://localhost:${bad}`, way, [/certificate/i], { ca });
});

each('https where there is none', async (t, way) => {
  const server = await privateServer({}, 'node');
  t.after(() => server.stop());
  await refused(t, `https://localhost:${server.port}`, way,
    [/TLS|SSL|https|encrypt/i], { ca });
});

each('http where there is TLS', async (t, way) => {
  const port = await secure(t, 'site');
  await refused(t, `http://localhost:${port}`, way, [/./]);
});

// -- no server, or another -----------------------------------------------------------

each('nobody listens', async (t, way) => {
  const port = await freePort();
  await refused(t, `http://127.0.0.1:${port}`, way,
    [/refused/i, new RegExp(String(port))]);
});

each('a name that does not exist', async (t, way) => {
  await refused(t, 'http://nowhere.invalid:3000', way,
    [/nowhere\.invalid/, /name|resolve|found|DNS|no such host/i]);
});

each('socket.io 2: Engine.IO 3', async (t, way) => {
  const server = await privateServer({}, 'node-2');
  t.after(() => server.stop());
  await refused(t, `http://127.0.0.1:${server.port}`, way,
    [/Engine\.IO 3|EIO=?3|Socket\.IO 2|version/i]);
});

const PAGES = {
  'a page that is not there': [404, 'no', [/404/]],
  'a page behind a login': [401, 'who?', [/401/]],
  'a proxy whose server has gone': [502, '<html>Bad Gateway</html>', [/502/]],
  'a page of somebody else': [200, '<html>hello</html>', [/./]],
};
for (const [what, [status, body, words]] of Object.entries(PAGES)) {
  each(what, async (t, way) => {
    const port = await says(t, `HTTP/1.1 ${status} X\r\nContent-Type: text/html` +
      `\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    await refused(t, `http://127.0.0.1:${port}`, way, words);
  });
}

each('a server that sends somewhere else', async (t, way) => {
  const port = await says(t, 'HTTP/1.1 301 Moved\r\n' +
    'Location: https://elsewhere.test/\r\nContent-Length: 0\r\n\r\n');
  await refused(t, `http://127.0.0.1:${port}`, way,
    way === 'polling' ? [/301|redirect|elsewhere/i] : [/301|redirect/i]);
});

each('what is no HTTP', async (t, way) => {
  const port = await says(t, 'SSH-2.0-OpenSSH_9.2\r\n');
  await refused(t, `http://127.0.0.1:${port}`, way, [/HTTP/i]);
});

each('the wrong path', async (t, way) => {
  const server = await privateServer({}, 'node');
  t.after(() => server.stop());
  await refused(t, `http://127.0.0.1:${server.port}`, way,
    way === 'polling' ? [/404/] : [/./], { path: '/elsewhere/' });
});

each('a server that says nothing', async (t, way) => {
  const server = net.createServer((socket) => socket.on('error', () => {}));
  const port = await freePort();
  await new Promise((resolve) => { server.listen(port, '127.0.0.1', resolve); });
  t.after(() => server.close());
  await refused(t, `http://127.0.0.1:${port}`, way, [/time/i],
    { timeout: 400 });
});

// -- proxies that do not know WebSocket ---------------------------------------------

async function behind(t) {
  const server = await privateServer({}, 'node');
  t.after(() => server.stop());
  // No Upgrade, no Connection: as a proxy is that was set up for pages.
  return nginx(t, `127.0.0.1:${server.port}`,
    ['proxy_set_header Upgrade "";']);
}

test('a proxy without upgrade: WebSocket is refused', async (t) => {
  const port = await behind(t);
  await refused(t, `http://127.0.0.1:${port}`, 'websocket',
    [/400|upgrade|WebSocket/i]);
});

test('a proxy without upgrade: polling stays', async (t) => {
  const port = await behind(t);
  const socket = await open(t, `http://127.0.0.1:${port}`, 'upgrade');
  await socket.connected();
  for (let i = 0; i < 5; i++) assert.deepEqual(await socket.ask('echo', i), [i]);
  assert.equal((await socket.state()).transport, 'polling');
});

test('every transport is tried', async (t) => {
  const port = await behind(t);
  const driver = await sharedDriver(client());
  const socket = driver.open({ url: `http://127.0.0.1:${port}`,
    transports: ['websocket', 'polling'], opts: { tryAllTransports: true } });
  t.after(() => socket.close());
  await socket.connected();
  assert.deepEqual(await socket.ask('echo', 1), [1]);
  await until(async () => (await socket.state()).transport === 'polling',
    'polling');
});

run({ parallel: 4 });
