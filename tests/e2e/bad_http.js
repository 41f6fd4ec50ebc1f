// SPDX-License-Identifier: MIT
'use strict';
// Bad and unusual HTTP input on raw sockets. What must be refused stands in
// lib/http_corpus.js; every case is sent whole and byte by byte.
const assert = require('node:assert/strict');
const { test, run, sleep } = require('./lib/suite');
const { target } = require('./lib/server');
const { connect, head, request } = require('./lib/raw');
const { list } = require('./lib/http_corpus');
const { exchange, right } = require('./lib/http_run');

const kind = target() === 'node' ? 'node' : 'peal';

// Node waits for ever where it expects a body of any length.
const patience = (one) =>
  (kind === 'node' && one.node && !one.node.length ? 300 : 4000);

for (const one of list) {
  test(one.name, async (t) => {
    const server = await t.server();
    for (const piece of [65536, 1]) {
      const got = await exchange(server.port, one.raw,
        { piece, canary: one.canary, ms: patience(one) });
      const label = piece === 1 ? 'byte by byte' : 'whole';
      const wanted = JSON.stringify(one.expect);
      assert.ok(right(one, got, kind), `${label}: expected ${wanted}, got ` +
        `${JSON.stringify(got.statuses)} ${got.error || ''}`);
      if (one.node && kind === 'node') continue;
      assert.ok(got.closed, `${label}: the connection was left open`);
      assert.equal(got.error, undefined, label);
      (one.echo || []).forEach((text, i) =>
        assert.equal(got.bodies[i], text, label));
    }
  });
}

test('a refusal says that it closes', async (t) => {
  const server = await t.server();
  const got = await exchange(server.port,
    Buffer.from('GET / HTTP/1.1\r\nHost : x\r\n\r\n'));
  assert.deepEqual(got.statuses, [400]);
  assert.match(got.heads[0], /\r\nConnection: close\r\n/i);
});

// --- limits ----------------------------------------------------------------------

// Sends a request that is to be refused by one of these statuses, and closed.
async function refused(t, server, raw, ...wanted) {
  const got = await exchange(server.port, Buffer.from(raw),
    { piece: 4096, canary: '' });
  assert.ok(got.closed);
  if (kind === 'node' && got.reset && !got.statuses.length) return;
  assert.equal(got.statuses.length, 1, JSON.stringify(got));
  assert.ok(wanted.includes(got.statuses[0]), String(got.statuses[0]));
}

test('one field of 200 kB is 431', async (t) => {
  const server = await t.server();
  await refused(t, server, 'GET /hello HTTP/1.1\r\nHost: x\r\n' +
    `X-A: ${'a'.repeat(200000)}\r\n\r\n`, 431);
});

test('many fields of 200 kB together are 431', async (t) => {
  const server = await t.server();
  await refused(t, server, 'GET /hello HTTP/1.1\r\nHost: x\r\n' +
    `${`X-A: ${'a'.repeat(90)}\r\n`.repeat(2000)}\r\n`, 431);
});

test('3000 tiny fields are 431', { only: 'peal' }, async (t) => {
  const server = await t.server();
  await refused(t, server, 'GET /hello HTTP/1.1\r\nHost: x\r\n' +
    `${'a:\r\n'.repeat(3000)}\r\n`, 431);
});

test('a field name of 200 kB without an end is 431', async (t) => {
  const server = await t.server();
  await refused(t, server, 'GET /hello HTTP/1.1\r\nHost: x\r\n' +
    'a'.repeat(200000), 431);
});

test('a target of 200 kB is 414', { only: 'peal' }, async (t) => {
  const server = await t.server();
  await refused(t, server,
    `GET /${'a'.repeat(200000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414);
});

test('a method of 200 kB is refused', async (t) => {
  const server = await t.server();
  await refused(t, server,
    `${'A'.repeat(200000)} / HTTP/1.1\r\nHost: x\r\n\r\n`, 400, 431, 501);
});

test('trailer fields of 200 kB are refused', async (t) => {
  const server = await t.server();
  await refused(t, server,
    'POST /http/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n' +
    `\r\n0\r\nX-A: ${'a'.repeat(200000)}\r\n\r\n`, 400, 431);
});

test('a chunk extension of 200 kB is refused', async (t) => {
  const server = await t.server();
  await refused(t, server,
    'POST /http/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n' +
    `\r\n5;${'a'.repeat(200000)}\r\nhello\r\n0\r\n\r\n`, 400, 413, 431);
});

test('an unknown path is 404 and the connection stays', async (t) => {
  const server = await t.server();
  const conn = connect(t, server.port);
  conn.write(head('GET', '/nowhere') + head('GET', '/hello'));
  assert.equal((await conn.response()).status, 404);
  assert.equal((await conn.response()).text, 'hello');
});

test('a method that the route does not know is 405 with Allow', async (t) => {
  const server = await t.server();
  const res = await request(t, server.port, '/hello', { method: 'DELETE' });
  assert.equal(res.status, 405);
  assert.match(res.headers.allow, /\bGET\b/);
  assert.match(res.headers.allow, /\bHEAD\b/);
});

// --- time ------------------------------------------------------------------------

const SLOW = { headTimeout: 500, bodyTimeout: 700, idleTimeout: 600 };

test('a slow head is 408', async (t) => {
  const server = await t.server(SLOW);
  const conn = connect(t, server.port);
  conn.write('GET /hello HTTP/1.1\r\nHost: x\r\n');
  assert.equal((await conn.response()).status, 408);
  await conn.end();
});

test('a dripping head is 408: drops do not extend the time', async (t) => {
  const server = await t.server(SLOW);
  const conn = connect(t, server.port);
  conn.write('GET /hello HTTP/1.1\r\nHost: x\r\n');
  const start = Date.now();
  while (!conn.buf.length && !conn.ended && Date.now() - start < 6000) {
    conn.write('X-A: b\r\n');
    await sleep(60);
  }
  assert.equal((await conn.response()).status, 408);
});

test('a slow body is 408', async (t) => {
  const server = await t.server(SLOW);
  const conn = connect(t, server.port);
  conn.write(head('POST', '/http/echo', { 'Content-Length': 100 }) + 'abc');
  assert.equal((await conn.response()).status, 408);
  await conn.end();
});

test('a slow chunked body is 408', async (t) => {
  const server = await t.server(SLOW);
  const conn = connect(t, server.port);
  conn.write(head('POST', '/http/echo', { 'Transfer-Encoding': 'chunked' }) +
    '5\r\nhel');
  assert.equal((await conn.response()).status, 408);
  await conn.end();
});

test('an idle connection is closed in silence', async (t) => {
  const server = await t.server(SLOW);
  const conn = connect(t, server.port);
  conn.write(head('GET', '/hello'));
  assert.equal((await conn.response()).text, 'hello');
  await conn.end();
  assert.equal(conn.buf.length, 0);
});

test('a connection that never says a word is closed', async (t) => {
  const server = await t.server(SLOW);
  const conn = connect(t, server.port);
  await conn.end();
});

test('50 slow connections do not hold up a quick one', async (t) => {
  const server = await t.server(SLOW);
  const slow = [];
  for (let i = 0; i < 50; i++) {
    const conn = connect(t, server.port);
    conn.write('GET /hello HTTP/1.1\r\nHo');
    slow.push(conn);
  }
  assert.equal((await request(t, server.port, '/hello')).text, 'hello');
  await Promise.all(slow.map((conn) => conn.end()));
});

// --- the rest of the exchange ------------------------------------------------------

test('Expect: 100-continue is answered before the body', async (t) => {
  const server = await t.server();
  const conn = connect(t, server.port);
  conn.write(head('POST', '/http/echo',
    { 'Content-Length': 5, Expect: '100-continue' }));
  assert.equal((await conn.response()).status, 100);
  conn.write('hello');
  const res = await conn.response();
  assert.equal(res.status, 200);
  assert.equal(res.text, 'POST /http/echo 5\nhello');
});

test('Expect: 100-continue in any case, chunked', async (t) => {
  const server = await t.server();
  const conn = connect(t, server.port);
  conn.write(head('POST', '/http/echo',
    { 'Transfer-Encoding': 'chunked', expect: '100-Continue' }));
  assert.equal((await conn.response()).status, 100);
  conn.write('5\r\nhello\r\n0\r\n\r\n');
  assert.equal((await conn.response()).text, 'POST /http/echo 5\nhello');
});

test('another expectation is 417', async (t) => {
  const server = await t.server();
  const conn = connect(t, server.port);
  conn.write(head('POST', '/http/echo', { 'Content-Length': 5, Expect: 'tea' }));
  assert.equal((await conn.response()).status, 417);
});

test('a body that comes before the 100 is taken', async (t) => {
  const server = await t.server();
  const conn = connect(t, server.port);
  conn.write(`${head('POST', '/http/echo',
    { 'Content-Length': 5, Expect: '100-continue' })}hello`);
  let res = await conn.response();
  if (res.status === 100) res = await conn.response();
  assert.equal(res.text, 'POST /http/echo 5\nhello');
});

test('HEAD has the length and no body', async (t) => {
  const server = await t.server();
  const conn = connect(t, server.port);
  conn.write(head('HEAD', '/hello') + head('GET', '/hello'));
  const res = await conn.response({ method: 'HEAD' });
  assert.equal(res.status, 200);
  assert.equal(res.headers['content-length'], '5');
  assert.equal((await conn.response()).text, 'hello');
});

test('a streamed answer is chunked, and closed for HTTP/1.0', async (t) => {
  const server = await t.server();
  const text = [0, 1, 2, 3, 4].map((i) => `part ${i}\n`).join('');
  const conn = connect(t, server.port);
  conn.write(head('GET', '/http/stream') + head('GET', '/hello'));
  const res = await conn.response();
  assert.equal(res.headers['transfer-encoding'], 'chunked');
  assert.equal(res.text, text);
  assert.equal((await conn.response()).text, 'hello');
  const old = connect(t, server.port);
  old.write('GET /http/stream HTTP/1.0\r\n\r\n');
  const plain = await old.response();
  assert.equal(plain.headers['transfer-encoding'], undefined);
  assert.equal(plain.text, text);
});

test('a peer that sends its request and half-closes is answered', async (t) => {
  const server = await t.server();
  const conn = connect(t, server.port);
  conn.sock.end(head('GET', '/hello', { Connection: 'close' }));
  assert.equal((await conn.response()).text, 'hello');
});

test('100 pipelined requests are answered in order', async (t) => {
  const server = await t.server();
  const conn = connect(t, server.port);
  let all = '';
  for (let i = 0; i < 100; i++) all += head('GET', `/http/echo?${i}`);
  conn.write(all);
  for (let i = 0; i < 100; i++) {
    assert.equal((await conn.response()).text, `GET /http/echo?${i} 0\n`);
  }
});

test('a streamed answer holds its place in the pipeline', async (t) => {
  const server = await t.server();
  const conn = connect(t, server.port);
  conn.write(head('GET', '/hello') + head('GET', '/http/stream') +
    head('GET', '/http/echo?last'));
  assert.equal((await conn.response()).text, 'hello');
  assert.match((await conn.response()).text, /^part 0/);
  assert.equal((await conn.response()).text, 'GET /http/echo?last 0\n');
});

test('a large body is echoed whole, both framings', async (t) => {
  const server = await t.server();
  const body = Buffer.alloc(700000);
  for (let i = 0; i < body.length; i++) body[i] = i * 7;
  const one = await request(t, server.port, '/http/echo',
    { method: 'POST', body });
  assert.ok(one.body.subarray(-body.length).equals(body));
  const conn = connect(t, server.port);
  conn.write(head('POST', '/http/echo', { 'Transfer-Encoding': 'chunked' }));
  for (let i = 0; i < body.length; i += 9973) {
    const part = body.subarray(i, i + 9973);
    conn.write(`${part.length.toString(16)}\r\n`);
    conn.write(part);
    conn.write('\r\n');
  }
  conn.write('0\r\n\r\n');
  const two = await conn.response();
  assert.ok(two.body.subarray(-body.length).equals(body));
});

test('a reset at any point harms nobody', async (t) => {
  const server = await t.server();
  const whole = head('POST', '/http/echo', { 'Content-Length': 5 }) + 'hello';
  for (let cut = 1; cut <= whole.length; cut += 3) {
    const conn = connect(t, server.port);
    conn.write(whole.slice(0, cut));
    await sleep(1);
    conn.sock.resetAndDestroy();
  }
  assert.equal((await request(t, server.port, '/hello')).text, 'hello');
});

test('answers carry a Date', async (t) => {
  const server = await t.server();
  const res = await request(t, server.port, '/hello');
  assert.ok(Math.abs(Date.parse(res.headers.date) - Date.now()) < 60000);
});

run({ parallel: 8 });
