// SPDX-License-Identifier: MIT
// The web layer from outside.   node web_hello.js <example-web_hello> <workers>
'use strict';
const assert = require('assert');
const { spawn, execFileSync } = require('child_process');
const fs = require('fs');
const http = require('http');
const net = require('net');
const os = require('os');
const path = require('path');
const zlib = require('zlib');

const [program, workers = '1'] = process.argv.slice(2);
const tests = [];
const test = (name, run) => tests.push({ name, run });
let port = 0;

// -- the program --------------------------------------------------------------

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'peal-web-'));
const site = path.join(home, 'site');

function makeSite() {
  fs.mkdirSync(path.join(site, 'sub'), { recursive: true });
  fs.mkdirSync(path.join(site, '.git'));
  fs.writeFileSync(path.join(site, 'index.html'), '<h1>hello</h1>');
  fs.writeFileSync(path.join(site, 'sub/index.html'), 'below');
  fs.writeFileSync(path.join(site, '.git/config'), 'hidden');
  fs.writeFileSync(path.join(site, 'text.txt'), 'line of text\n'.repeat(500));
  fs.writeFileSync(path.join(site, 'big.bin'), Buffer.alloc(3000000, 'ab'));
  fs.writeFileSync(path.join(site, 'empty.txt'), '');
  fs.writeFileSync(path.join(site, 'a b.txt'), 'blank');
  fs.writeFileSync(path.join(home, 'secret.txt'), 'secret');
  fs.symlinkSync('../secret.txt', path.join(site, 'link.txt'));
  fs.symlinkSync('text.txt', path.join(site, 'inner.txt'));
}

function start() {
  const child = spawn(program, ['--port', '0', '--workers', workers,
    '--data', path.join(home, 'x.db'), '--web-dir', site],
  { stdio: ['ignore', 'pipe', 'pipe'] });
  child.log = '';
  child.stderr.on('data', (text) => { child.log += text; });
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (text) => {
      port = Number(/:(\d+)/.exec(text)[1]);
      resolve(child);
    });
    child.once('exit', (code) => reject(new Error(`exit ${code}\n${child.log}`)));
  });
}

// -- asking -------------------------------------------------------------------

function ask(method, target, { headers = {}, body, keep } = {}) {
  return new Promise((resolve, reject) => {
    const req = http.request({ port, host: '127.0.0.1', method, path: target,
      headers, agent: keep || false, timeout: 10000 }, (res) => {
      const parts = [];
      res.on('data', (part) => parts.push(part));
      res.on('end', () => {
        const data = Buffer.concat(parts);
        resolve({ status: res.statusCode, headers: res.headers, data,
          text: data.toString(), get json() { return JSON.parse(data); } });
      });
    });
    req.on('timeout', () => req.destroy(new Error(`timeout: ${target}`)));
    req.on('error', reject);
    req.end(body);
  });
}
const get = (target, headers) => ask('GET', target, { headers });
const json = (method, target, value) => ask(method, target, {
  headers: { 'Content-Type': 'application/json' },
  body: typeof value === 'string' ? value : JSON.stringify(value) });

function raw(text, { parts = [text], wait = 0 } = {}) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    let got = '';
    socket.setTimeout(10000, () => socket.destroy(new Error('timeout')));
    socket.on('data', (data) => { got += data; });
    socket.on('end', () => resolve(got));
    socket.on('error', reject);
    (async () => {
      for (const part of parts) {
        socket.write(part);
        if (wait) await new Promise((done) => setTimeout(done, wait));
      }
    })();
  });
}

function isError(res, status, pattern, field) {
  assert.strictEqual(res.status, status, res.text);
  assert.match(res.headers['content-type'], /^application\/json/);
  assert.strictEqual(res.json.status, 'error');
  assert.match(res.json.message, pattern);
  assert.strictEqual(res.json.field, field);
}

// -- routes -------------------------------------------------------------------

test('a route gets its parameter decoded', async () => {
  const res = await get('/api/hello/w%20%C3%A9%2F');
  assert.deepStrictEqual(res.json, { hello: 'w é/', address: '127.0.0.1' });
});
test('what the server itself refuses is JSON, too', async () => {
  for (const [request, status] of [
    [`GET /${'x'.repeat(40000)} HTTP/1.1\r\n`, 414],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40000)}\r\n\r\n`, 431],
    ['GET / HTTP/9.9\r\n\r\n', 505], ['nonsense\r\n\r\n', 400]]) {
    const got = await raw(request);
    const [head, body] = got.split('\r\n\r\n');
    assert.strictEqual(Number(head.split(' ')[1]), status, got);
    assert.match(head, /content-type: application\/json/i);
    assert.strictEqual(JSON.parse(body).status, 'error');
    assert.match(head, new RegExp(`content-length: ${body.length}`, 'i'));
  }
});
test('unknown paths are 404 as JSON', async () => {
  isError(await get('/api/nothing'), 404, /not found/);
  isError(await get('/api/hello/'), 404, /not found/);
});
test('another method is 405 with Allow', async () => {
  const res = await ask('DELETE', '/api/notes');
  isError(res, 405, /method/);
  assert.deepStrictEqual(res.headers.allow.split(', ').sort(),
    ['GET', 'HEAD', 'POST']);
});
test('HEAD has the headers of GET and no body', async () => {
  const head = await ask('HEAD', '/api/whoami');
  const full = await get('/api/whoami');
  assert.strictEqual(head.status, 200);
  assert.strictEqual(head.data.length, 0);
  assert.strictEqual(head.headers['content-length'],
    full.headers['content-length']);
});
test('OPTIONS alone is answered', async () => {
  const res = await ask('OPTIONS', '/api/notes',
    { headers: { Origin: 'http://a.test' } });
  assert.strictEqual(res.status, 204);
});
test('a preflight is answered for the origin allowed', async () => {
  const headers = { 'Origin': 'http://a.test',
    'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'content-type' };
  const res = await ask('OPTIONS', '/api/notes', { headers });
  assert.strictEqual(res.status, 204);
  assert.strictEqual(res.headers['access-control-allow-origin'],
    'http://a.test');
  assert.match(res.headers['access-control-allow-methods'], /POST/);
  assert.strictEqual(res.headers['access-control-allow-headers'],
    'content-type');
});
test('malformed paths are 400', async () => {
  isError(await get('/api/hello/%zz'), 400, /malformed/);
  isError(await get('/api/hello/%00'), 400, /malformed/);
});

// -- bodies -------------------------------------------------------------------

test('JSON comes as a value', async () => {
  const value = { a: [1, 2.5, null, true, 'é'], b: { c: {} } };
  assert.deepStrictEqual((await json('POST', '/api/sensor', value)).json, value);
});
test('bad JSON is 400 with its position', async () => {
  isError(await json('POST', '/api/sensor', '{"a":1'), 400, /position 6/);
  isError(await json('POST', '/api/sensor', '{"a":\x01}'), 400, /position/);
  isError(await json('POST', '/api/sensor', ''), 400, /empty/);
  isError(await json('POST', '/api/sensor', '['.repeat(500)), 400, /position/);
});
test('a wrong type is answered as the route says', async () => {
  isError(await ask('POST', '/api/sensor', { body: '{}' }), 400,
    /^Content-Type must be application\/json$/);
  isError(await ask('POST', '/api/notes', { body: '{}',
    headers: { 'Content-Type': 'text/plain' } }), 415, /application\/json/);
});
test('parameters of a type do not matter', async () => {
  const res = await ask('POST', '/api/sensor', { body: '{"a":1}',
    headers: { 'Content-Type': 'APPLICATION/JSON; charset=utf-8' } });
  assert.strictEqual(res.status, 200);
});
test('fields are checked and named', async () => {
  isError(await json('POST', '/api/notes', { text: 5 }), 422,
    /text must be a string/, 'text');
  isError(await json('POST', '/api/notes', {}), 422, /missing/, 'text');
  isError(await json('POST', '/api/notes', []), 422, /object/);
  isError(await get('/api/notes?limit=x'), 422, /whole number/, 'limit');
});
test('a body over the limit is 413 before it is read', async () => {
  isError(await json('POST', '/api/notes', 'x'.repeat(1000001)), 413, /over/);
  const got = await raw('POST /api/sensor HTTP/1.1\r\nHost: a\r\n' +
    'Content-Type: application/json\r\nContent-Length: 99999999\r\n' +
    'Expect: 100-continue\r\n\r\n');
  assert.match(got, /^HTTP\/1\.1 413 /);
});
test('a body in chunks over the limit is 413, too', async () => {
  const chunk = `10000\r\n${'x'.repeat(65536)}\r\n`;
  const got = await raw('', { parts: ['POST /api/sensor HTTP/1.1\r\nHost: a\r\n' +
    'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  ...Array(20).fill(chunk)] }).catch((err) => err.code);
  assert.match(got, /^HTTP\/1\.1 413 [^]*"the body is over 1000000 bytes"|^ECONNRESET$|^EPIPE$/);
});
test('JSON may come in chunks', async () => {
  const got = await raw('', { wait: 2, parts: ['POST /api/sensor HTTP/1.1\r\n' +
    'Host: a\r\nConnection: close\r\nContent-Type: application/json\r\n' +
    'Transfer-Encoding: chunked\r\n\r\n', '5\r\n{"a":\r\n', '2\r\n1}\r\n',
  '0\r\n\r\n'] });
  assert.match(got, /^HTTP\/1\.1 200 [^]*\{"a":1\}$/);
});
test('forms come as strings, both ways', async () => {
  const res = await ask('POST', '/api/form', { body: 'a=1&b=%C3%A9+x&c',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
  assert.deepStrictEqual(res.json, { a: '1', b: 'é x', c: '' });
  const { head, body } = multipart([['a', '1'], ['b', 'é']]);
  const both = await ask('POST', '/api/form', { headers: head, body });
  assert.deepStrictEqual(both.json, { a: '1', b: 'é' });
});

function multipart(fields) {
  const boundary = '----x' + Math.random();
  const parts = fields.map(([name, value, filename, type]) => Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ` +
      `name="${name}"${filename === undefined ? '' :
        `; filename="${filename}"`}` +
      `${type ? `\r\nContent-Type: ${type}` : ''}\r\n\r\n`),
    Buffer.from(value), Buffer.from('\r\n')]));
  return { head: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]) };
}

test('a file comes raw or in a multipart body', async () => {
  const picture = Buffer.alloc(500000, '\r\n--');
  const one = await ask('POST', '/upload', { body: picture,
    headers: { 'Content-Type': 'image/jpeg' } });
  assert.deepStrictEqual(one.json,
    { name: '', type: 'image/jpeg', bytes: 500000, fields: {} });
  const { head, body } = multipart([['note', 'hi'],
    ['image', picture, 'C:\\dir\\p.png', 'image/png'], ['last', '']]);
  const two = await ask('POST', '/upload', { headers: head, body });
  assert.deepStrictEqual(two.json, { name: 'p.png', type: 'image/png',
    bytes: 500000, fields: { note: 'hi', last: '' } });
});
test('a file of another type, missing or too big is refused', async () => {
  const text = multipart([['image', 'x', 'a.txt', 'text/plain']]);
  isError(await ask('POST', '/upload', { headers: text.head, body: text.body }),
    415, /image/);
  const none = multipart([['other', 'x', 'a.png', 'image/png']]);
  isError(await ask('POST', '/upload', { headers: none.head, body: none.body }),
    400, /expected a file in field image/, 'image');
  isError(await ask('POST', '/upload', { body: Buffer.alloc(1100000),
    headers: { 'Content-Type': 'image/png' } }), 413, /over/);
  isError(await ask('POST', '/upload', { body: 'x',
    headers: { 'Content-Type': 'multipart/form-data' } }), 400, /boundary/);
  isError(await ask('POST', '/upload', { body: '--B\r\nbad',
    headers: { 'Content-Type': 'multipart/form-data; boundary=B' } }), 400,
  /boundary/);
});
test('a multipart body may come byte by byte', async () => {
  const { head, body } = multipart([['image', 'abc', 'p.png', 'image/png']]);
  const got = await raw('', { wait: 1, parts: ['POST /upload HTTP/1.1\r\n' +
    `Host: a\r\nConnection: close\r\nContent-Type: ${head['Content-Type']}\r\n` +
    `Content-Length: ${body.length}\r\n\r\n`,
  ...[...body].map((byte) => Buffer.from([byte]))] });
  assert.match(got, /"bytes":3/);
});
test('a client that goes away in mid-upload does no harm', async () => {
  for (let i = 0; i < 5; i++) {
    await new Promise((done) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.write('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: ' +
          'multipart/form-data; boundary=B\r\nContent-Length: 9999\r\n\r\n' +
          '--B\r\nContent-Disposition: form-data; name=image; filename=x\r\n' +
          'Content-Type: image/png\r\n\r\nabc');
        setTimeout(() => { socket.destroy(); done(); }, 20);
      });
    });
  }
  assert.strictEqual((await get('/api/whoami')).status, 200);
});

// -- cookies, hooks, limits ---------------------------------------------------

test('a cookie is set with its attributes and read', async () => {
  const res = await ask('POST', '/login', { body: 'name=bob',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
  assert.strictEqual(res.status, 303);
  assert.strictEqual(res.headers.location, '/api/whoami');
  assert.deepStrictEqual(res.headers['set-cookie'],
    ['name=bob; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax']);
  assert.strictEqual((await get('/api/whoami',
    { Cookie: 'a=b; name=bob; c=d' })).json.name, 'bob');
});
test('a cookie cannot smuggle anything', async () => {
  const res = await ask('POST', '/login', { body: 'name=a%0d%0aX: y;z',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
  isError(res, 422, /cookie/, 'name');
  assert.strictEqual(res.headers['set-cookie'], undefined);
});
test('a hook guards a prefix however it is spelt', async () => {
  isError(await get('/api/private/whoami'), 401, /log in/);
  isError(await get('/api/%70riv%61te/whoami'), 401, /log in/);
  const res = await get('/api/private/whoami', { Cookie: 'name=bob' });
  assert.strictEqual(res.json.name, 'bob');
});
test('a rate limit answers 429 with Retry-After', async () => {
  for (let i = 0; i < 3; i++)
    assert.strictEqual((await get('/api/limited')).status, 200);
  const res = await get('/api/limited');
  isError(res, 429, /too many/);
  assert.ok(Number(res.headers['retry-after']) >= 1);
});
test('a request that nobody answers gets 503 in its time', async () => {
  const before = Date.now();
  isError(await get('/api/never'), 503, /time/);
  assert.ok(Date.now() - before < 15000);
});

test('an answer may come from a task', async () => {
  const res = await get('/api/slow?ms=20');
  assert.deepStrictEqual(res.json, { slept_ms: 20 });
});
test('an answer that comes too late does no harm', async () => {
  isError(await get('/api/slow?ms=600'), 503, /time/);
  await new Promise((done) => setTimeout(done, 500));
  assert.strictEqual((await get('/api/slow?ms=1')).status, 200);
});
test('a client may leave while its answer is made', async () => {
  await Promise.all([...Array(8).keys()].map((i) => new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.write('GET /api/slow?ms=100 HTTP/1.1\r\nHost: a\r\n\r\n');
      setTimeout(() => { socket.resetAndDestroy(); done(); }, 10 + i);
    });
  })));
  await new Promise((done) => setTimeout(done, 300));
  assert.strictEqual((await get('/api/slow?ms=1')).status, 200);
});

// -- store --------------------------------------------------------------------

test('a note is there once it was acknowledged', async () => {
  const answers = await Promise.all([...Array(100).keys()].map((i) =>
    json('POST', '/api/notes', { text: `note ${i}` })));
  answers.forEach((res) => assert.strictEqual(res.status, 201));
  assert.strictEqual(new Set(answers.map((res) => res.json.id)).size, 100);
  const { notes } = (await get('/api/notes?limit=1000')).json;
  assert.strictEqual(notes.length, 100);
  assert.ok(notes.some((note) => note.text === 'note 99'));
});
test('a hook may ask the store first', async () => {
  isError(await get('/api/members', { Cookie: 'name=nobody' }), 403, /member/);
  const res = await get('/api/members', { Cookie: 'name="note 5"' });
  assert.deepStrictEqual(res.json, { name: 'note 5' });
});
test('health says that the store is well', async () => {
  const res = await get('/api/health');
  assert.strictEqual(res.status, 200);
  assert.strictEqual(res.json.status, 'healthy');
  assert.strictEqual(res.json.database, true);
  assert.ok(Math.abs(Date.parse(res.json.timestamp) - Date.now()) < 5000);
});

// -- files --------------------------------------------------------------------

test('files have type, tag, date and policy', async () => {
  const res = await get('/');
  assert.strictEqual(res.text, '<h1>hello</h1>');
  assert.strictEqual(res.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(res.headers.etag, /^W\/"[0-9a-f-]+"$/);
  assert.strictEqual(res.headers['cache-control'], 'no-cache');
  assert.match(res.headers['content-security-policy'], /default-src 'self'/);
  assert.strictEqual(res.headers['x-content-type-options'], 'nosniff');
  assert.strictEqual(res.headers['x-frame-options'], 'SAMEORIGIN');
  assert.strictEqual((await get('/a%20b.txt')).text, 'blank');
  assert.strictEqual((await get('/inner.txt')).status, 200);
  assert.strictEqual((await get('/empty.txt')).headers['content-length'], '0');
});
test('a folder is redirected to its slash', async () => {
  const res = await get('/sub?x=1');
  assert.strictEqual(res.status, 301);
  assert.strictEqual(res.headers.location, '/sub/?x=1');
  assert.strictEqual((await get('/sub/')).text, 'below');
});
test('nothing outside of the folder and nothing hidden is served', async () => {
  for (const target of ['/../secret.txt', '/%2e%2e/secret.txt',
    '/sub/../../secret.txt', '/..%2fsecret.txt', '/link.txt', '/.git/config',
    '/%2egit/config', '//etc/passwd', '/%2fetc/passwd', '/sub//index.html',
    '/text.txt/', '/text.txt/x', '/nothing.txt'])
    isError(await get(target), 404, /not found/);
});
test('what is known is 304', async () => {
  const { headers } = await get('/text.txt');
  for (const ask304 of [{ 'If-None-Match': headers.etag },
    { 'If-Modified-Since': headers['last-modified'] },
    { 'If-None-Match': `"x", ${headers.etag}` }]) {
    const res = await get('/text.txt', ask304);
    assert.strictEqual(res.status, 304);
    assert.strictEqual(res.data.length, 0);
    assert.strictEqual(res.headers.etag, headers.etag);
  }
  assert.strictEqual((await get('/text.txt',
    { 'If-None-Match': '"x"' })).status, 200);
});
test('ranges are cut out', async () => {
  const all = fs.readFileSync(path.join(site, 'big.bin'));
  for (const [range, from, to] of [['0-9', 0, 9], ['2999990-', 2999990, 2999999],
    ['-5', 2999995, 2999999], ['100000-2000000', 100000, 2000000]]) {
    const res = await get('/big.bin', { Range: `bytes=${range}` });
    assert.strictEqual(res.status, 206);
    assert.strictEqual(res.headers['content-range'],
      `bytes ${from}-${to}/3000000`);
    assert.ok(res.data.equals(all.subarray(from, to + 1)));
  }
  const beyond = await get('/big.bin', { Range: 'bytes=3000000-' });
  isError(beyond, 416, /range/);
  assert.strictEqual(beyond.headers['content-range'], 'bytes */3000000');
  const old = await get('/big.bin', { 'Range': 'bytes=0-9',
    'If-Range': 'Thu, 01 Jan 1970 00:00:00 GMT' });
  assert.strictEqual(old.status, 200);
  assert.ok(old.data.equals(all));
});
test('text is compressed for who asks, from the cache the second time',
  async () => {
    const plain = await get('/text.txt');
    assert.strictEqual(plain.headers.vary.includes('Accept-Encoding'), true);
    for (const [coding, unpack] of [['gzip', zlib.gunzipSync],
      ['deflate', zlib.inflateSync], ['gzip', zlib.gunzipSync]]) {
      const res = await get('/text.txt', { 'Accept-Encoding': coding });
      assert.strictEqual(res.headers['content-encoding'], coding);
      assert.ok(res.data.length < plain.data.length / 5);
      assert.ok(unpack(res.data).equals(plain.data));
    }
    const none = await get('/text.txt', { 'Accept-Encoding': 'gzip;q=0' });
    assert.strictEqual(none.headers['content-encoding'], undefined);
    const part = await get('/text.txt',
      { 'Accept-Encoding': 'gzip', 'Range': 'bytes=0-3' });
    assert.strictEqual(part.text, 'line');
  });
test('a changed file is served anew', async () => {
  const file = path.join(site, 'text.txt');
  const before = await get('/text.txt', { 'Accept-Encoding': 'gzip' });
  fs.writeFileSync(file, 'other text\n'.repeat(500));
  const after = await get('/text.txt', { 'Accept-Encoding': 'gzip',
    'If-None-Match': before.headers.etag });
  assert.strictEqual(after.status, 200);
  assert.match(zlib.gunzipSync(after.data).toString(), /^other/);
});
test('only GET and HEAD reach files', async () => {
  const res = await ask('POST', '/text.txt', { body: 'x' });
  isError(res, 405, /method/);
  assert.strictEqual(res.headers.allow, 'GET, HEAD');
  const head = await ask('HEAD', '/big.bin');
  assert.strictEqual(head.headers['content-length'], '3000000');
});

// -- figures, load ------------------------------------------------------------

test('metrics are Prometheus text', async () => {
  const res = await get('/metrics');
  assert.match(res.headers['content-type'], /^text\/plain; version=0\.0\.4/);
  const seen = new Set();
  let name = '';
  for (const line of res.text.trim().split('\n')) {
    const type = /^# TYPE (\S+) (gauge|counter|histogram)$/.exec(line);
    if (type) {
      assert.ok(!seen.has(type[1]), `${type[1]} twice`);
      seen.add(name = type[1]);
    } else if (!line.startsWith('# HELP ')) {
      assert.match(line, /^[a-z_]+(\{[^}]*\})? [0-9.e+-]+$/);
      assert.ok(line.startsWith(name), line);
    }
  }
  assert.match(res.text,
    /peal_route_requests_total\{method="POST",route="\/api\/notes",status="2xx"\} 100/);
  assert.ok(seen.has('process_resident_memory_bytes'));
});
test('many at once are all answered', async () => {
  const keep = new http.Agent({ keepAlive: true, maxSockets: 50 });
  const targets = ['/api/whoami', '/text.txt', '/api/notes', '/', '/nothing',
    '/big.bin'];
  const all = await Promise.all([...Array(600).keys()].map((i) =>
    ask('GET', targets[i % targets.length], { keep })));
  all.forEach((res, i) => assert.strictEqual(res.status,
    targets[i % targets.length] === '/nothing' ? 404 : 200));
  keep.destroy();
});

// -- run ----------------------------------------------------------------------

async function main() {
  makeSite();
  const child = await start();
  let failed = 0;
  child.removeAllListeners('exit');
  const exit = new Promise((done) => child.once('exit', (code, signal) =>
    done({ code, signal })));
  for (const { name, run } of tests) {
    try {
      await run();
      console.log(`ok   ${name}`);
    } catch (err) {
      failed++;
      console.log(`FAIL ${name}\n     ${err.stack}`);
    }
  }
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15000);
  const { code, signal } = await exit;
  clearTimeout(timer);
  if (code !== 0) {
    failed++;
    console.log(`FAIL the program ended with ${code} ${signal}\n${
      child.log.split('\n').slice(-60).join('\n')}`);
  }
  const rows = execFileSync('python3', ['-c', 'import sqlite3,sys;' +
    'print(sqlite3.connect(sys.argv[1]).execute(' +
    '"select count(*) from notes").fetchone()[0])', path.join(home, 'x.db')]);
  if (Number(rows) !== 100) {
    failed++;
    console.log(`FAIL ${rows} notes are in the file, expected 100`);
  }
  fs.rmSync(home, { recursive: true });
  console.log(`${tests.length} tests, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

main();
