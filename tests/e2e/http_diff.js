// SPDX-License-Identifier: MIT
'use strict';
// A differential run of the HTTP parser: the same bytes go to Node's strict
// http server and to the server under test, and both must take the same
// requests with the same bodies. The bytes are the corpus, and good requests
// with one place changed. Each difference must have an explanation below.
//
// What Node takes is written down where it takes it: on the wire, the reset
// that follows a refusal would swallow the answers before it.
const assert = require('node:assert/strict');
const http = require('node:http');
const { test, run } = require('./lib/suite');
const { privateServer, target } = require('./lib/server');
const { Conn } = require('./lib/raw');
const { list, CANARY } = require('./lib/http_corpus');

const PARALLEL = 16;

const SEEDS = [
  'GET /http/echo?q=1 HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nX-A: b c\r\n\r\n',
  'POST /http/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n' +
    'X-A: b\r\n\r\nhello=world',
  'POST /http/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' +
    '5;a=b\r\nhello\r\na\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n',
];
const INSERTS = ['\0', '\t', '\n', '\r', '\r\n', ' ', ':', ';', ',', '0', '1',
  'a', 'F', '"', '\x7f', '\x80', '\xff'];

// Deterministic dice: the same cases in each run.
function dice(seed) {
  let x = seed;
  return (n) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor(x / 4294967296 * n);
  };
}

function mutations() {
  const out = [];
  const roll = dice(7);
  for (const seed of SEEDS) {
    for (let i = 0; i < seed.length; i++) {
      const [before, at, after] =
        [seed.slice(0, i), seed[i], seed.slice(i + 1)];
      out.push(before + after);
      out.push(before + at + at + after);
      for (let k = 0; k < 3; k++) {
        out.push(before + INSERTS[roll(INSERTS.length)] + at + after);
      }
      out.push(before + INSERTS[roll(INSERTS.length)] + after);
    }
  }
  return [...new Set(out)];
}

// Why a difference is right. `text` is the input; `more` tells which side took
// more requests.
const EXPLAINED = [
  { why: 'Node does not look into Host, and takes several',
    when: ({ text, more }) => more === 'node' && !goodHost(text) },
  { why: 'Node skips repeated blanks in the request line',
    when: ({ text, more }) => more === 'node' && / {2}.*HTTP\/1/.test(
      text.split('\n').find((line) => /HTTP\//.test(line)) || '') },
  { why: 'Node ignores codings before a last "chunked"',
    when: ({ text, more }) => more === 'node' &&
      /transfer-encoding:[^\r]*,[ \t]*chunked[ \t]*\r/i.test(text) },
  { why: 'Node refuses methods that it does not know',
    when: ({ text, more }) => more === 'peal' && !/^(\r\n)*(GET|POST) /.test(text) },
  { why: 'an absolute target is not handled by the handler on Node',
    when: ({ text, more }) => more === 'peal' && /^\w+ http:/i.test(text) },
  { why: 'Node ends connections that ask for a protocol nobody offers',
    when: ({ text, more }) => more === 'peal' && /\nupgrade:/i.test(text) },
  { why: 'Node takes a request line without a version',
    when: ({ text, more }) => more === 'node' &&
      !/^(\r\n)*\S* \S* HTTP\/\d\.\d\r\n/.test(text) },
  { why: 'Node skips a bare LF before a request (RFC9112 2.2: CR LF)',
    when: ({ text, more }) => more === 'node' && /\r\n\r\n\n$/.test(text) },
  { why: 'Node takes extensions of a chunk without a name or a value',
    when: ({ text, more }) => more === 'node' &&
      /\r\n5(;|;;a=b|;=b|;a=)\r\n/.test(text) },
  { why: 'blanks around ";" and "=" of an extension must be taken ' +
      '(RFC9112 7.1.1, RFC9110 5.6.3)',
    when: ({ text, more }) => more === 'peal' &&
      /\r\n5[ \t]*;[ \t]*a[ \t]*=[ \t]*b\r\n/.test(text) },
  { why: 'an empty element of a list may be refused',
    when: ({ text }) => /transfer-encoding: *,|chunked *, *\r/i.test(text) },
];

// RFC9110 7.2, RFC3986 3.2.2: exactly one, host and an optional port.
function goodHost(text) {
  const lines = text.split('\r\n\r\n')[0].split('\r\n').slice(1);
  const hosts = lines.filter((line) => /^host[ \t]*:/i.test(line));
  return hosts.length === 1 &&
    /^host:[ \t]*([\w.~!$&'()*+;=%-]*|\[[\da-f:.]+\])(:\d*)?[ \t]*$/i
      .test(hosts[0]);
}

// The requests that the server took, as the echo route saw them.
async function taken(port, raw) {
  const conn = new Conn(port);
  const out = [];
  try {
    conn.sock.end(raw);
    await conn.end(10000);
    while (conn.buf.length) {
      const res = await conn.response({ ms: 200 });
      if (res.status === 200) out.push(res.body.toString('latin1'));
      else if (res.status === 404) out.push('404');
    }
  } catch (err) {
    if (/waited/.test(err.message)) out.push(`no end: ${err.message}`);
  } finally {
    conn.close();
  }
  return out;
}

// Node's server as it is by default, with a list of what it took per peer.
async function recorder() {
  const records = new Map();
  const put = (socket, text) => records.get(socket.peer).push(text);
  const server = http.createServer({ insecureHTTPParser: false },
    (req, res) => {
      const parts = [];
      req.on('data', (part) => parts.push(part));
      req.on('end', () => {
        const body = Buffer.concat(parts).toString('latin1');
        const found = req.url.split('?')[0] === '/http/echo';
        put(req.socket, found
          ? `${req.method} ${req.url} ${body.length}\n${body}` : '404');
        res.writeHead(200, { 'Content-Length': 0 }).end();
      });
    });
  server.on('connection', (socket) => {
    socket.peer = socket.remotePort;
    records.set(socket.peer, []);
  });
  // Requests before the wrong one are still on their way to the handler.
  server.on('clientError', (err, socket) =>
    setTimeout(() => socket.destroy(), 20));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, records };
}

async function takenByNode(node, raw) {
  const conn = new Conn(node.port);
  await new Promise((resolve) => conn.sock.once('connect', resolve));
  const peer = conn.sock.localPort;
  conn.sock.end(raw);
  await conn.end(10000).catch((err) => {
    if (/waited/.test(err.message)) throw err;
  });
  conn.close();
  return node.records.get(peer);
}

function compare(text, peal, node) {
  if (JSON.stringify(peal) === JSON.stringify(node)) return null;
  const more = peal.length >= node.length ? 'peal' : 'node';
  const found = EXPLAINED.find((e) => e.when({ text, more, peal, node }));
  return found ? { why: found.why } : { text, peal, node };
}

async function differences(cases, server, node) {
  const bad = [];
  const explained = new Map();
  const rest = [...cases];
  const worker = async () => {
    while (rest.length) {
      const { text, why } = rest.pop();
      const raw = Buffer.from(text + CANARY, 'latin1');
      const both = await Promise.all(
        [server.records ? takenByNode(server, raw) : taken(server.port, raw),
          takenByNode(node, raw)]);
      const found = compare(text, ...both);
      if (!found) continue;
      if (found.why || why) {
        const reason = found.why || why;
        explained.set(reason, (explained.get(reason) || 0) + 1);
      } else {
        bad.push(found);
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  for (const [why, count] of explained) console.log(`     ${count}: ${why}`);
  return bad;
}

function report(bad, count) {
  const text = bad.slice(0, 40).map((one) => `${JSON.stringify(one.text)}\n` +
    `  ours ${JSON.stringify(one.peal)}\n  node ${JSON.stringify(one.node)}`);
  assert.equal(bad.length, 0,
    `${bad.length} of ${count} inputs differ:\n${text.join('\n')}`);
}

let pair;
function servers() {
  const own = () => (target() === 'node' ? recorder() : privateServer());
  pair = pair || Promise.all([own(), recorder()]);
  return pair;
}

test('the corpus', { limit: 60000 }, async () => {
  const [server, node] = await servers();
  const cases = list.map((one) =>
    ({ text: one.raw.toString('latin1'), why: one.why }));
  report(await differences(cases, server, node), cases.length);
});

test('good requests with one place changed', { limit: 90000 }, async () => {
  const [server, node] = await servers();
  const cases = mutations().map((text) => ({ text }));
  console.log(`     ${cases.length} inputs against ${target()}`);
  report(await differences(cases, server, node), cases.length);
});

run({ parallel: 1 });
