// SPDX-License-Identifier: MIT
'use strict';
// HTTPS and WSS: Node's client, curl, the `ws` package, the official client;
// certificates that are exchanged while it runs; peers that stop half way.
const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { X509Certificate } = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');
const { promisify } = require('node:util');
const WebSocket = require('ws');
const { io } = require('socket.io-client');
const { test, run, until } = require('./lib/suite');
const { privateServer, freePort } = require('./lib/server');
const { Certs } = require('./lib/certs');

const certs = new Certs();
const at = (name) => certs.at(name);
const certificate = (name, cn = name) => certs.certificate(name, { cn });

certs.authority();
certificate('site');
certificate('client');
const ca = fs.readFileSync(at('ca.crt'));

async function serve(t, flags = {}) {
  const server = await privateServer({ tls: at('site'), ...flags });
  server.url = `https://localhost:${server.port}`;
  t.after(() => server.expected || server.stop());
  return server;
}

function get(server, target, options = {}) {
  return new Promise((resolve, reject) => {
    https.get(`${server.url}${target}`, { ca, agent: false, ...options },
      (res) => {
        let body = '';
        const cert = res.socket.getPeerCertificate();
        const version = res.socket.getProtocol();
        res.on('data', (data) => { body += data; });
        res.on('end', () => resolve({
          status: res.statusCode, headers: res.headers, body, cert, version,
        }));
      }).on('error', reject);
  });
}

async function joined(t, server, transports, options = {}) {
  const socket = io(server.url, {
    ca, transports, forceNew: true, reconnection: false, ...options,
  });
  t.after(() => socket.close());
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return socket;
}

test('Node and curl get an answer', async (t) => {
  const server = await serve(t);
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const res = await get(server, '/hello',
      { minVersion: version, maxVersion: version });
    assert.equal(res.body, 'hello');
    assert.equal(res.version, version);
  }
  const { stdout } = await promisify(execFile)('curl', ['-sS', '--cacert',
    at('ca.crt'), '--max-time', '20', `${server.url}/hello`]);
  assert.equal(stdout, 'hello');
  await assert.rejects(get(server, '/hello', { ca: [] }));
});

for (const transports of [['polling'], ['websocket'],
  ['polling', 'websocket']]) {
  test(`the official client: ${transports.join(' then ')}`, async (t) => {
    const server = await serve(t);
    const socket = await joined(t, server, transports);
    assert.equal(await socket.timeout(20000).emitWithAck('echo', 1), 1);
    await until(() => socket.io.engine.transport.name === transports.at(-1),
      'the upgrade');
    const large = Buffer.alloc(700000, 'xyz');
    const back = await socket.timeout(20000).emitWithAck('echo', large);
    assert.ok(Buffer.from(back).equals(large));
  });
}

test('many clients hear one broadcast', async (t) => {
  const server = await serve(t);
  const all = await Promise.all(Array.from({ length: 30 }, (_, i) =>
    joined(t, server, [i % 2 ? 'websocket' : 'polling'])));
  const text = 'news '.repeat(20000);
  const heard = all.slice(1).map((socket) =>
    new Promise((resolve) => socket.once('news', resolve)));
  all[0].emit('broadcast', 'news', text);
  for (const one of await Promise.all(heard)) assert.ok(one === text);
});

test('the ws package speaks WebSocket', async (t) => {
  const server = await serve(t);
  const ws = new WebSocket(`wss://localhost:${server.port}` +
    '/socket.io/?EIO=4&transport=websocket', { ca });
  t.after(() => ws.terminate());
  await new Promise((resolve, reject) => {
    ws.on('error', reject);
    ws.once('message', resolve);
  });
});

test('a plain port sends to the encrypted one', async (t) => {
  const redirect = await freePort();
  const server = await serve(t, { redirect });
  const ask = (options) => new Promise((resolve, reject) => {
    http.get({ port: redirect, host: '127.0.0.1', agent: false, ...options },
      (res) => { res.resume(); resolve(res); }).on('error', reject);
  });
  const res = await ask({ path: '/a/b?c=d', headers: { Host: 'site.test:80' } });
  assert.equal(res.statusCode, 308);
  assert.equal(res.headers.location,
    `https://site.test:${server.port}/a/b?c=d`);
  const v6 = await ask({ path: '/', headers: { Host: '[::1]:8080' } });
  assert.equal(v6.headers.location, `https://[::1]:${server.port}/`);
  for (const host of ['a/b', 'a b', 'a@b', '[::1']) {
    const bad = await ask({ path: '/', headers: { Host: host } });
    assert.equal(bad.statusCode, 400, host);
  }
});

test('SIGHUP takes what is there now, and drops nobody', async (t) => {
  certificate('moving', 'first');
  const server = await serve(t, { tls: at('moving') });
  const socket = await joined(t, server, ['websocket']);
  assert.equal((await get(server, '/hello')).cert.subject.CN, 'first');
  certificate('moving', 'second');
  server.proc.kill('SIGHUP');
  await until(async () =>
    (await get(server, '/hello')).cert.subject.CN === 'second', 'the new one');
  assert.equal(await socket.timeout(20000).emitWithAck('echo', 1), 1);
  fs.writeFileSync(at('moving.key'), 'nonsense');
  server.proc.kill('SIGHUP');
  await until(() => /stay as they were.*moving\.key/.test(server.stderr),
    'the reason');
  assert.equal((await get(server, '/hello')).cert.subject.CN, 'second');
});

test('a session is resumed', async (t) => {
  const server = await serve(t);
  const connect = (session) => new Promise((resolve, reject) => {
    const socket = tls.connect({ port: server.port, host: 'localhost', ca,
      session, ALPNProtocols: ['http/1.1'] });
    let ticket;
    socket.on('session', (data) => { ticket = data; });
    socket.on('error', reject);
    socket.on('secureConnect', () => socket.write(
      'GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'));
    socket.on('data', () => {});
    socket.on('end', () => resolve(
      { ticket, reused: socket.isSessionReused() }));
  });
  const first = await connect();
  assert.equal(first.reused, false);
  assert.equal((await connect(first.ticket)).reused, true);
});

test('clients show a certificate where one is asked for', async (t) => {
  const server = await serve(t, { clientCa: at('ca.crt') });
  await assert.rejects(get(server, '/hello'));
  const res = await get(server, '/hello', {
    key: fs.readFileSync(at('client.key')),
    cert: fs.readFileSync(at('client.crt')),
  });
  assert.equal(res.body, 'hello');
});

test('a handler knows whose certificate it is', async (t) => {
  const server = await serve(t, { clientCa: at('ca.crt') });
  const mine = {
    key: fs.readFileSync(at('client.key')),
    cert: fs.readFileSync(at('client.crt')),
  };
  const cert = new X509Certificate(mine.cert);
  const expected = `${cert.fingerprint256.replaceAll(':', '')} CN=client`;
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const res = await get(server, '/http/who',
      { ...mine, minVersion: version, maxVersion: version });
    assert.equal(res.body, expected);
  }
  const open = await serve(t);
  assert.equal((await get(open, '/http/who', mine)).body, 'nobody');
});

test('who speaks plain HTTP is told', async (t) => {
  const server = await serve(t);
  const res = await new Promise((resolve, reject) => {
    http.get({ port: server.port, host: '127.0.0.1', agent: false },
      (got) => { got.resume(); resolve(got); }).on('error', reject);
  });
  assert.equal(res.statusCode, 400);
});

test('a handshake that stops half way ends in time', async (t) => {
  const server = await serve(t, { headTimeout: 500 });
  for (const bytes of ['', '16', '1603010200', '16030100ff01000000']) {
    const socket = net.connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(Buffer.from(bytes, 'hex'));
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
  }
  assert.equal((await get(server, '/hello')).body, 'hello');
});

test('a stop says goodbye', async (t) => {
  const server = await serve(t);
  const socket = await joined(t, server, ['websocket']);
  const gone = new Promise((resolve) => socket.once('disconnect', resolve));
  await server.stop();
  assert.equal(await gone, 'transport close');
});

run({ parallel: 3 });
