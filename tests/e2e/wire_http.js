// SPDX-License-Identifier: MIT
'use strict';
// Engine.IO 4 over HTTP, byte for byte as the reference speaks it: handshake,
// errors, polling, JSONP, CORS, cookie, compression, heartbeat, upgrade,
// timeouts and the served client files.
const assert = require('node:assert/strict');
const zlib = require('node:zlib');
const { test, run, sleep, until } = require('./lib/suite');
const { connect, head, request } = require('./lib/raw');
const wsraw = require('./lib/wsraw');
const { SEP, BASE, openEngine, openSio, join } = require('./lib/eio');

const POLL = `${BASE}&transport=polling`;
const WS = `${BASE}&transport=websocket`;
const UTF8_TEXT = 'text/plain; charset=UTF-8';

const get = (t, server, path, headers) =>
  request(t, server.port, path, { headers });

// --- handshake -----------------------------------------------------------

test('the polling handshake has the bytes and key order of the reference',
  async (t) => {
    const server = await t.server();
    const res = await get(t, server, POLL);
    assert.equal(res.status, 200);
    const m = /^0\{"sid":"([A-Za-z0-9_-]{20})","upgrades":\["websocket"\],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000\}$/
      .exec(res.text);
    assert.ok(m, res.text);
    assert.equal(res.headers['content-type'], UTF8_TEXT);
    assert.equal(res.headers['content-length'], String(res.body.length));
    assert.equal(res.headers['cache-control'], 'no-store');
    assert.equal(res.headers['set-cookie'], undefined);
    assert.equal(res.headers['x-xss-protection'], undefined);
    assert.equal(res.headers['access-control-allow-origin'], undefined);
  });

test('session ids are unique and differ in every handshake', async (t) => {
  const server = await t.server();
  const sids = new Set();
  for (let i = 0; i < 40; i++) {
    sids.add(JSON.parse((await get(t, server, POLL)).text.slice(1)).sid);
  }
  assert.equal(sids.size, 40);
});

test('the WebSocket handshake packet follows the 101 and offers no upgrade',
  async (t) => {
    const server = await t.server();
    const ws = await wsraw.open(t, server.port, WS);
    assert.equal(ws.response.status, 101);
    assert.match(await ws.recv(),
      /^0\{"sid":"[A-Za-z0-9_-]{20}","upgrades":\[\],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000\}$/);
  });

test('flags of intervals and maximum payload are announced', async (t) => {
  const server = await t.server(
    { pingInterval: 300, pingTimeout: 200, maxPayload: 2000 });
  const res = await get(t, server, POLL);
  assert.match(res.text,
    /"pingInterval":300,"pingTimeout":200,"maxPayload":2000\}$/);
});

test('header hooks reach the first and every response', async (t) => {
  const server = await t.server();
  const first = await get(t, server, POLL);
  assert.equal(first.headers['x-initial'], 'yes');
  assert.equal(first.headers['x-every'], 'yes');
  const { sid } = JSON.parse(first.text.slice(1));
  const post = await request(t, server.port, `${POLL}&sid=${sid}`,
    { method: 'POST', body: '40' });
  assert.equal(post.headers['x-every'], 'yes');
  const second = await get(t, server, `${POLL}&sid=${sid}`);
  assert.equal(second.headers['x-initial'], undefined);
  assert.equal(second.headers['x-every'], 'yes');
  const ws = await wsraw.open(t, server.port, WS);
  assert.equal(ws.response.headers['x-initial'], 'yes');
  assert.equal(ws.response.headers['x-every'], 'yes');
});

test('X-XSS-Protection answers old browsers only', async (t) => {
  const server = await t.server();
  for (const agent of ['Mozilla/4.0 (compatible;MSIE 8.0)', 'x Trident/7.0']) {
    const res = await get(t, server, POLL, { 'User-Agent': agent });
    assert.equal(res.headers['x-xss-protection'], '0');
  }
});

test('a path that continues after the prefix still matches', async (t) => {
  const server = await t.server();
  const res = await get(t, server, '/socket.io/more?EIO=4&transport=polling');
  assert.equal(res.status, 200);
  assert.match(res.text, /^0\{/);
});

test('a path outside the prefix is not Engine.IO', async (t) => {
  const server = await t.server();
  const res = await get(t, server, '/socket.iox/?EIO=4&transport=polling');
  assert.equal(res.status, 404);
  assert.equal((await get(t, server, '/hello')).text, 'hello');
});

// --- errors --------------------------------------------------------------

const errorBody = (code, message) => JSON.stringify({ code, message });

function httpError(name, path, opts, status, code, message) {
  test(`polling error ${code}: ${name}`, async (t) => {
    const server = await t.server();
    const res = await request(t, server.port, path, opts);
    assert.equal(res.status, status);
    assert.equal(res.headers['content-type'], 'application/json');
    assert.equal(res.text, errorBody(code, message));
  });
}

httpError('no transport', '/socket.io/?EIO=4', {}, 400, 0, 'Transport unknown');
httpError('unknown transport', `${BASE}&transport=tcp`, {}, 400, 0,
  'Transport unknown');
httpError('webtransport without that transport', `${BASE}&transport=webtransport`,
  {}, 400, 0, 'Transport unknown');
for (const word of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
  httpError(`transport ${word}`, `${BASE}&transport=${word}`, {}, 400, 0,
    'Transport unknown');
}
httpError('unknown sid', `${POLL}&sid=abcdefghijklmnopqrst`, {}, 400, 1,
  'Session ID unknown');
httpError('unknown sid by POST', `${POLL}&sid=nope`,
  { method: 'POST', body: '40' }, 400, 1, 'Session ID unknown');
httpError('sid of an inherited name', `${POLL}&sid=__proto__`, {}, 400, 1,
  'Session ID unknown');
for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
  httpError(`handshake by ${method}`, POLL, { method, body: '' }, 400, 2,
    'Bad handshake method');
}
httpError('WebSocket handshake without an upgrade', WS, {}, 400, 3,
  'Bad request');
httpError('refused by allowRequest', POLL, { headers: { 'x-refuse': '-' } },
  403, 4, 'Forbidden');
httpError('refused with a text', POLL, { headers: { 'x-refuse': 'not you' } },
  403, 4, 'not you');
httpError('refused later', POLL, { headers: { 'x-refuse-late': 'too late' } },
  403, 4, 'too late');
for (const eio of ['3', '2', 'abc', '', '5']) {
  httpError(`EIO=${eio || 'empty'}`, `/socket.io/?EIO=${eio}&transport=polling`,
    {}, 400, 5, 'Unsupported protocol version');
}
httpError('EIO missing', '/socket.io/?transport=polling', {}, 400, 5,
  'Unsupported protocol version');

test('polling error 3: sid of another transport', async (t) => {
  const server = await t.server();
  const ws = await openEngine(t, server.port, 'websocket');
  const res = await get(t, server, `${POLL}&sid=${ws.sid}`);
  assert.equal(res.status, 400);
  assert.equal(res.text, errorBody(3, 'Bad request'));
});

test('a control byte in Origin is refused', async (t) => {
  const server = await t.server();
  const conn = connect(t, server.port);
  conn.write(Buffer.from(head('GET', POLL, { Origin: 'http://a\x01b' }),
    'latin1'));
  const res = await conn.response();
  assert.equal(res.status, 400);
});

test('the transport is checked before the sid and the version', async (t) => {
  const server = await t.server();
  const res = await get(t, server, '/socket.io/?EIO=3&transport=x&sid=nope');
  assert.equal(res.text, errorBody(0, 'Transport unknown'));
  const two = await get(t, server, '/socket.io/?EIO=3&transport=polling&sid=no');
  assert.equal(two.text, errorBody(1, 'Session ID unknown'));
});

function wsError(name, path, headers, message, opts = {}) {
  test(`upgrade error: ${name}`, opts, async (t) => {
    const server = await t.server();
    const ws = await wsraw.open(t, server.port, path, headers);
    const res = ws.response;
    assert.equal(res.status, 400);
    assert.equal(res.headers.connection.toLowerCase(), 'close');
    assert.match(res.headers['content-type'], /^text\/html/);
    assert.equal(res.text, message);
    await ws.conn.end();
  });
}

wsError('unknown transport', `${BASE}&transport=tcp`, {}, 'Transport unknown');
wsError('unknown sid', `${WS}&sid=nope`, {}, 'Session ID unknown');
wsError('refused by allowRequest', WS, { 'x-refuse': '-' }, 'Forbidden');
wsError('refused with a text', WS, { 'x-refuse': 'not you' }, 'not you');
wsError('EIO=3 is refused before the 101',
  '/socket.io/?EIO=3&transport=websocket', {}, 'Unsupported protocol version',
  { only: 'peal' });
wsError('EIO missing is refused before the 101',
  '/socket.io/?transport=websocket', {}, 'Unsupported protocol version',
  { only: 'peal' });

test('an upgrade with transport=polling never makes a session', async (t) => {
  const server = await t.server();
  const ws = await wsraw.open(t, server.port, POLL);
  if (ws.response.status === 101) {
    assert.notEqual((await ws.closed()).before.length, 1);
  } else {
    assert.equal(ws.response.status, 400);
  }
});

test('an upgrade outside the path is ended', async (t) => {
  const server = await t.server();
  const ws = await wsraw.open(t, server.port, '/other').catch((e) => e);
  if (ws instanceof Error) assert.match(ws.message, /closed/);
  else assert.notEqual(ws.response.status, 101);
});

// --- polling -------------------------------------------------------------

test('POST answers ok as text/html', async (t) => {
  const server = await t.server();
  const e = await openEngine(t, server.port, 'polling');
  const res = await e.post('40');
  assert.equal(res.status, 200);
  assert.equal(res.text, 'ok');
  assert.equal(res.headers['content-type'], 'text/html');
  assert.equal(res.headers['content-length'], '2');
  const poll = await e.get();
  assert.equal(poll.headers['content-type'], UTF8_TEXT);
  assert.equal(poll.headers['cache-control'], 'no-store');
  assert.match(poll.text, /^40\{"sid":"[A-Za-z0-9_-]{20}"\}$/);
});

test('packets of a payload are parted by 1e and keep their order', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  await e.post(['42["echo",1]', '42["echo","é\u2603\u{1F600}"]', '42["echo",3]']
    .join(SEP));
  const seen = [];
  while (seen.length < 3) seen.push(await e.recv());
  assert.deepEqual(seen,
    ['2["echo",1]', '2["echo","é\u2603\u{1F600}"]', '2["echo",3]']);
});

test('what was queued goes out in one payload', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  await e.post('42["burst",5]');
  await sleep(50);
  const res = await e.get();
  assert.equal(res.text,
    [0, 1, 2, 3, 4].map((i) => `42["burst",${i}]`).join(SEP));
});

test('binary travels as base64 items both ways', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  await e.post(`451-["echo",{"_placeholder":true,"num":0}]${SEP}bAQIDBA==`);
  await sleep(30);
  const res = await e.get();
  assert.equal(res.text,
    `451-["echo",{"_placeholder":true,"num":0}]${SEP}bAQIDBA==`);
});

test('a body over the limit is 413 and the session stays', async (t) => {
  const server = await t.server({ maxPayload: 2000 });
  const e = await openSio(t, server.port, 'polling');
  const conn = connect(t, server.port);
  conn.write(head('POST', e.path, { 'Content-Length': 2001 }));
  conn.write(Buffer.alloc(2001, 0x34));
  const res = await conn.response();
  assert.equal(res.status, 413);
  assert.equal(res.text, '');
  await e.post('42["echo","still here"]');
  assert.equal(await e.recv(), '2["echo","still here"]');
});

test('a chunked body over the limit is refused and the session stays',
  async (t) => {
    const server = await t.server({ maxPayload: 2000 });
    const e = await openSio(t, server.port, 'polling');
    const conn = connect(t, server.port);
    conn.write(head('POST', e.path, { 'Transfer-Encoding': 'chunked' }));
    const chunk = `3e8\r\n${'4'.repeat(1000)}\r\n`;
    conn.write(chunk + chunk + chunk + '0\r\n\r\n');
    assert.equal((await conn.response()).status, 413);
    await e.post('42["echo","still here"]');
    assert.equal(await e.recv(), '2["echo","still here"]');
  });

test('a body of exactly the limit is taken, chunked too', async (t) => {
  const server = await t.server({ maxPayload: 2000 });
  const e = await openSio(t, server.port, 'polling');
  const text = 'x'.repeat(2000 - '42["echo",""]'.length);
  await e.post(`42["echo","${text}"]`);
  assert.equal(await e.recv(), `2["echo","${text}"]`);
  const conn = connect(t, server.port);
  conn.write(head('POST', e.path, { 'Transfer-Encoding': 'chunked' }));
  conn.write('5\r\n42["e\r\n8;ext=1\r\ncho",1]\r\n\r\n'.replace('8;', '7;')
    .replace('cho",1]\r\n\r\n', 'cho",1]\r\n0\r\n\r\n'));
  assert.equal((await conn.response()).text, 'ok');
  assert.equal(await e.recv(), '2["echo",1]');
});

test('an octet-stream POST is 400 and ends the session', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  const res = await e.post('42["echo",1]',
    { 'Content-Type': 'application/octet-stream' });
  assert.equal(res.status, 400);
  await gone(t, server, e.sid);
});

async function gone(t, server, sid) {
  await until(async () => {
    const res = await request(t, server.port, `${POLL}&sid=${sid}`,
      { method: 'POST', body: '3' });
    return res.status === 400 && res.text ===
      errorBody(1, 'Session ID unknown');
  }, 'the session to be gone');
}

test('PUT on a session is refused and the session stays', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  const res = await request(t, server.port, e.path,
    { method: 'PUT', body: 'x' });
  assert.ok(res.status >= 400);
  assert.equal(res.text, '');
  await e.post('42["echo",1]');
  assert.equal(await e.recv(), '2["echo",1]');
});

for (const method of ['PUT', 'DELETE', 'PATCH', 'PURGE']) {
  test(`${method} on a session is 405 and says what is allowed`,
    { only: 'peal' }, async (t) => {
      const server = await t.server();
      const e = await openSio(t, server.port, 'polling');
      const res = await request(t, server.port, e.path, { method });
      assert.equal(res.status, 405);
      assert.equal(res.headers.allow, 'GET, POST');
      await e.post('42["echo",1]');
      assert.equal(await e.recv(), '2["echo",1]');
    });
}

// What curl and Java's HttpClient put into a plain request.
const H2C = {
  Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c',
  'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA',
};

test('an offer of h2c is ignored', { only: 'peal' }, async (t) => {
  const server = await t.server();
  const res = await get(t, server, POLL, H2C);
  assert.equal(res.status, 200, res.text);
  const path = `${POLL}&sid=${JSON.parse(res.text.slice(1)).sid}`;
  const post = await request(t, server.port, path,
    { method: 'POST', body: '40', headers: H2C });
  assert.equal(post.text, 'ok');
  assert.match((await get(t, server, path, H2C)).text, /^40\{"sid"/);
  const file = await get(t, server, '/socket.io/socket.io.min.js', H2C);
  assert.equal(file.status, 200);
  const other = await get(t, server, WS, H2C);
  assert.equal(other.status, 400);
  assert.equal(other.text, errorBody(3, 'Bad request'));
});

// The official client for Java ends its base64 with a line feed.
test('binary in a POST may have line breaks', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  const bytes = Buffer.from(Array.from({ length: 100 }, (_, i) => 255 - i));
  const text = bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
  assert.equal((await e.post(['452-["echo",{"_placeholder":true,"num":0},' +
    '{"_placeholder":true,"num":1}]', 'bAQL/\n', `b${text}\r\n`].join(SEP)))
    .text, 'ok');
  assert.match(await e.recv(), /^52-\["echo"/);
  assert.deepEqual(await e.recv(), Buffer.from([1, 2, 255]));
  assert.deepEqual(await e.recv(), bytes);
});

test('two GETs at once: the first gets 1, the second 400, session closed',
  async (t) => {
    const server = await t.server();
    const e = await openSio(t, server.port, 'polling');
    const first = connect(t, server.port);
    first.write(head('GET', e.path));
    await sleep(60);
    const second = await get(t, server, e.path);
    assert.equal(second.status, 400);
    assert.equal((await first.response()).text, '1');
    await gone(t, server, e.sid);
  });

test('two POSTs at once: 400, session closed', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  const first = connect(t, server.port);
  first.write(head('POST', e.path, { 'Content-Length': 10 }));
  first.write('42["e');
  await sleep(60);
  const second = await e.post('42["echo",1]');
  assert.equal(second.status, 400);
  await gone(t, server, e.sid);
});

test('an aborted GET ends the session as transport error', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  const pending = connect(t, server.port);
  pending.write(head('GET', e.path));
  await sleep(60);
  pending.close();
  await gone(t, server, e.sid);
  assert.deepEqual(await reasonsOf(t, server, e.id), ['transport error']);
});

test('an aborted POST ends the session as transport error', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  const pending = connect(t, server.port);
  pending.write(head('POST', e.path, { 'Content-Length': 100 }));
  pending.write('42');
  await sleep(60);
  pending.close();
  await gone(t, server, e.sid);
  assert.deepEqual(await reasonsOf(t, server, e.id), ['transport error']);
});

// The disconnect reasons that the server logged for a socket.
async function reasonsOf(t, server, id) {
  const e = await openSio(t, server.port, 'websocket');
  const list = await until(async () => {
    await e.send(`27["log","${id}"]`);
    const answer = await e.recv();
    const [entries] = JSON.parse(answer.replace(/^37/, ''));
    return entries.length ? entries : undefined;
  }, `a logged reason of ${id}`);
  e.ws.close();
  return list.map((entry) => entry.reason);
}

test('1 by POST releases the pending GET with 6', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  const pending = connect(t, server.port);
  pending.write(head('GET', e.path));
  await sleep(60);
  const res = await e.post('1');
  assert.equal(res.text, 'ok');
  assert.equal((await pending.response()).text, '6');
  await gone(t, server, e.sid);
  assert.deepEqual(await reasonsOf(t, server, e.id), ['transport close']);
});

test('a server-side close answers the pending GET and ends the session',
  async (t) => {
    const server = await t.server();
    const e = await openSio(t, server.port, 'polling');
    await e.post('42["kick",true]');
    const packets = [];
    for (;;) {
      const res = await e.get();
      if (res.status !== 200) break;
      packets.push(...res.text.split(SEP));
      if (packets.includes('1')) break;
    }
    assert.deepEqual(packets.filter((p) => p !== '6'), ['41', '1']);
    await gone(t, server, e.sid);
    assert.deepEqual(await reasonsOf(t, server, e.id),
      ['server namespace disconnect']);
  });

for (const [name, body] of [['an unknown packet type', '7x'],
  ['an empty body', ''], ['an empty packet', `42["echo",1]${SEP}`],
  ['a client ping', '2']]) {
  test(`${name} by POST is answered ok and ends the session`, async (t) => {
    const server = await t.server();
    const e = await openSio(t, server.port, 'polling');
    const res = await e.post(body);
    assert.equal(res.status, 200);
    assert.equal(res.text, 'ok');
    await until(async () => {
      const r = await request(t, server.port, e.path,
        { method: 'POST', body: '3' });
      return r.status === 400;
    }, 'the session to be gone');
  });
}

test('a poll without data stays pending', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  const pending = connect(t, server.port);
  pending.write(head('GET', e.path));
  await sleep(300);
  assert.equal(pending.buf.length, 0);
  await e.post('42["echo",1]');
  assert.equal((await pending.response()).text, '42["echo",1]');
});

test('polls and posts pipelined on one connection are answered in order',
  async (t) => {
    const server = await t.server();
    const e = await openSio(t, server.port, 'polling');
    const conn = connect(t, server.port);
    const body = '42["echo",1]';
    conn.write(head('POST', e.path, { 'Content-Length': body.length }) + body +
      head('GET', e.path));
    assert.equal((await conn.response()).text, 'ok');
    assert.equal((await conn.response()).text, '42["echo",1]');
  });

// --- JSONP ---------------------------------------------------------------

test('JSONP answers a script and takes form bodies', async (t) => {
  const server = await t.server();
  const res = await get(t, server, `${POLL}&j=3`);
  assert.equal(res.status, 200);
  assert.equal(res.headers['content-type'], UTF8_TEXT);
  const m = /^___eio\[3\]\(("0\{.*\}")\);$/.exec(res.text);
  assert.ok(m, res.text);
  const { sid } = JSON.parse(JSON.parse(m[1]).slice(1));
  const path = `${POLL}&sid=${sid}&j=3`;
  const post = async (d) => request(t, server.port, path, {
    method: 'POST', body: `d=${encodeURIComponent(d)}`,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  assert.equal((await post('40')).text, 'ok');
  assert.match((await get(t, server, path)).text,
    /^___eio\[3\]\("40\{\\"sid\\":\\"[A-Za-z0-9_-]{20}\\"\}"\);$/);
  assert.equal((await post('42["echo","a\\\\nb"]')).text, 'ok');
  const echoed = (await get(t, server, path)).text;
  assert.ok(echoed.startsWith('___eio[3]("42[\\"echo\\"'), echoed);
});

// As the JSONP transport of engine.io-client sends a payload.
const jsonpForm = (payload) => 'd=' + encodeURIComponent(
  payload.replace(/\\n/g, '\\\n').replace(/\n/g, '\\n'));

test('JSONP brings every text there and back', async (t) => {
  const server = await t.server();
  const read = async (path) => {
    const { text } = await get(t, server, path);
    assert.ok(!/[\u2028\u2029]/.test(text), 'a bare line end in a script');
    return JSON.parse(/^___eio\[0\]\((".*")\);$/.exec(text)[1]);
  };
  const { sid } = JSON.parse((await read(`${POLL}&j=0`)).slice(1));
  const path = `${POLL}&sid=${sid}&j=0`;
  const send = async (payload) => assert.equal((await request(t, server.port,
    path, { method: 'POST', body: jsonpForm(payload),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }))
    .text, 'ok');
  await send('40');
  assert.match(await read(path), /^40/);
  for (const text of ['line\nend', 'a\\nb', 'c\\', '\\\\n', '\\\\\\n', '\n\\n\n',
    '"', 'a&d=b', '+ %41', '\u{1f600} \u3066', '\u2028\u2029', '</script>']) {
    const packet = `42${JSON.stringify(['echo', text])}`;
    await send(packet);
    assert.equal(await read(path), packet);
  }
  // Line ends between packets' parts, which JSON allows.
  await send('42["echo",\n"\\n"]');
  assert.equal(await read(path), '42["echo","\\n"]');
});

test('JSONP keeps only the digits of its index', async (t) => {
  const server = await t.server();
  const res = await get(t, server, `${POLL}&j=alert(1)2`);
  assert.match(res.text, /^___eio\[12\]\("0\{/);
});

// --- cookie, CORS, compression --------------------------------------------

test('the cookie is set on the first polling response only', async (t) => {
  const server = await t.server({ cookie: 1 });
  const res = await get(t, server, POLL);
  const { sid } = JSON.parse(res.text.slice(1));
  assert.equal(res.headers['set-cookie'],
    `io=${sid}; Path=/; HttpOnly; SameSite=Lax`);
  const post = await request(t, server.port, `${POLL}&sid=${sid}`,
    { method: 'POST', body: '40' });
  assert.equal(post.headers['set-cookie'], undefined);
  const ws = await wsraw.open(t, server.port, WS);
  assert.equal(ws.response.headers['set-cookie'], undefined);
});

const ORIGIN = 'http://app.example';

test('CORS with one origin and credentials', async (t) => {
  const server = await t.server({ cors: ORIGIN });
  const res = await get(t, server, POLL, { Origin: ORIGIN });
  assert.equal(res.status, 200);
  assert.equal(res.headers['access-control-allow-origin'], ORIGIN);
  assert.equal(res.headers['access-control-allow-credentials'], 'true');
  assert.match(res.headers.vary, /Origin/);
});

test('CORS with any origin grants no credentials', async (t) => {
  const server = await t.server({ cors: '*' });
  const res = await get(t, server, POLL, { Origin: 'http://else.example' });
  assert.equal(res.headers['access-control-allow-origin'], '*');
  assert.equal(res.headers['access-control-allow-credentials'], undefined);
});

test('CORS preflight', async (t) => {
  const server = await t.server({ cors: ORIGIN });
  const res = await request(t, server.port, POLL, {
    method: 'OPTIONS',
    headers: {
      Origin: ORIGIN, 'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'x-one, x-two',
    },
  });
  assert.equal(res.status, 204);
  assert.equal(res.headers['content-length'], '0');
  assert.equal(res.headers['access-control-allow-origin'], ORIGIN);
  assert.equal(res.headers['access-control-allow-methods'],
    'GET,HEAD,PUT,PATCH,POST,DELETE');
  assert.equal(res.headers['access-control-allow-headers'], 'x-one, x-two');
  assert.match(res.headers.vary, /Access-Control-Request-Headers/);
});

test('another origin is granted nothing, and never reflected', async (t) => {
  const server = await t.server({ cors: ORIGIN });
  const res = await get(t, server, POLL, { Origin: 'http://evil.example' });
  assert.notEqual(res.headers['access-control-allow-origin'],
    'http://evil.example');
});

test('WebSocket takes the allowed origin and its headers', async (t) => {
  const server = await t.server({ cors: ORIGIN });
  const ws = await wsraw.open(t, server.port, WS, { Origin: ORIGIN });
  assert.equal(ws.response.status, 101);
  assert.equal(ws.response.headers['access-control-allow-origin'], ORIGIN);
});

test('WebSocket refuses another origin', { only: 'peal' }, async (t) => {
  const server = await t.server({ cors: ORIGIN });
  const ws = await wsraw.open(t, server.port, WS,
    { Origin: 'http://evil.example' });
  assert.ok([400, 403].includes(ws.response.status), ws.response.head);
});

test('WebSocket of another site is refused without any CORS setting',
  { only: 'peal' }, async (t) => {
    const server = await t.server();
    const bad = await wsraw.open(t, server.port, WS,
      { Origin: 'http://evil.example' });
    assert.ok([400, 403].includes(bad.response.status), bad.response.head);
    const good = await wsraw.open(t, server.port, WS, {
      Host: `127.0.0.1:${server.port}`,
      Origin: `http://127.0.0.1:${server.port}`,
    });
    assert.equal(good.response.status, 101);
  });

test('large polling answers are compressed as the client accepts', async (t) => {
  const server = await t.server();
  const inflate = { gzip: zlib.gunzipSync, deflate: zlib.inflateSync };
  for (const [accept, coding] of [['gzip, deflate, br', 'gzip'],
    ['deflate, gzip', 'deflate'], ['gzip;q=0, deflate', 'deflate'],
    ['br', undefined], [undefined, undefined], ['identity', undefined]]) {
    const e = await openSio(t, server.port, 'polling');
    const text = 'peal '.repeat(400);
    await e.post(`42["echo","${text}"]`);
    await sleep(20);
    const res = await get(t, server, e.path, { 'Accept-Encoding': accept });
    assert.equal(res.headers['content-encoding'], coding, String(accept));
    const body = coding ? inflate[coding](res.body).toString() : res.text;
    assert.equal(body, `42["echo","${text}"]`);
    assert.equal(res.headers['content-type'], UTF8_TEXT);
  }
});

test('answers under the threshold are not compressed', async (t) => {
  const server = await t.server({ compressThreshold: 3000 });
  const e = await openSio(t, server.port, 'polling');
  for (const [size, coding] of [[2900, undefined], [3100, 'gzip']]) {
    await e.post(`42["echo","${'x'.repeat(size)}"]`);
    await sleep(20);
    const res = await get(t, server, e.path, { 'Accept-Encoding': 'gzip' });
    assert.equal(res.headers['content-encoding'], coding, String(size));
  }
});

// --- heartbeat and timeouts ------------------------------------------------

const FAST = { pingInterval: 800, pingTimeout: 700 };

test('pings come each interval after the last pong, polling', async (t) => {
  const server = await t.server({ pingInterval: 300, pingTimeout: 3000 });
  let start = Date.now(); // before the server begins to count
  const e = await openEngine(t, server.port, 'polling');
  for (let i = 0; i < 3; i++) {
    const res = await e.get();
    assert.equal(res.text, '2');
    assert.ok(Date.now() - start >= 250, `after ${Date.now() - start} ms`);
    start = Date.now();
    assert.equal((await e.post('3')).text, 'ok');
  }
});

test('pings come each interval after the last pong, WebSocket', async (t) => {
  const server = await t.server({ pingInterval: 300, pingTimeout: 3000 });
  let start = Date.now();
  const e = await openEngine(t, server.port, 'websocket');
  e.answerPings = false;
  for (let i = 0; i < 3; i++) {
    assert.equal(await e.recvPacket(), '2');
    assert.ok(Date.now() - start >= 250, `after ${Date.now() - start} ms`);
    start = Date.now();
    e.ws.send('3');
  }
});

test('no pong: ping timeout, WebSocket', async (t) => {
  const server = await t.server(FAST);
  const start = Date.now();
  const e = await openSio(t, server.port, 'websocket');
  const { before } = await e.ws.closed();
  assert.deepEqual(before, ['2']);
  assert.ok(Date.now() - start >= 1400, `after ${Date.now() - start} ms`);
  assert.deepEqual(await reasonsOf(t, server, e.id), ['ping timeout']);
});

test('no pong: ping timeout, polling; the pending GET gets 1', async (t) => {
  const server = await t.server(FAST);
  const e = await openSio(t, server.port, 'polling');
  e.answerPings = false;
  const before = await e.closed();
  assert.deepEqual(before, ['2']);
  await gone(t, server, e.sid);
  assert.deepEqual(await reasonsOf(t, server, e.id), ['ping timeout']);
});

test('a polling client that never comes back is dropped', async (t) => {
  const server = await t.server(FAST);
  const e = await openSio(t, server.port, 'polling');
  await sleep(2300);
  const res = await e.get();
  assert.ok(res.status === 400 || /(^|\x1e)1$/.test(res.text), res.text);
});

test('a connection that joins no namespace is closed', async (t) => {
  const server = await t.server({ connectTimeout: 400 });
  const start = Date.now();
  const ws = await openEngine(t, server.port, 'websocket');
  const polling = await openEngine(t, server.port, 'polling');
  await Promise.all([ws.closed(), polling.closed()]);
  assert.ok(Date.now() - start >= 300);
});

test('the connect timeout is cleared by joining', async (t) => {
  const server = await t.server({ connectTimeout: 1500 });
  const e = await openSio(t, server.port, 'websocket');
  await sleep(2200);
  await e.send('2["echo",1]');
  assert.equal(await e.recv(), '2["echo",1]');
});

// --- upgrade ---------------------------------------------------------------

const openProbe = (t, server, e) =>
  wsraw.open(t, server.port, `${WS}&sid=${e.sid}`);

test('upgrade step by step', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  const pending = connect(t, server.port);
  pending.write(head('GET', e.path));
  await sleep(60);
  const ws = await openProbe(t, server, e);
  assert.equal(ws.response.status, 101);
  ws.send('2probe');
  assert.equal(await ws.recv(), '3probe');
  // released, so that the client can finish its poll and switch
  assert.equal((await pending.response()).text, '6');
  // a later GET of the same window is released too
  pending.write(head('GET', e.path));
  assert.equal((await pending.response()).text, '6');
  // POSTs are still taken, data still flows on polling
  assert.equal((await e.post('42["echo","before"]')).text, 'ok');
  assert.equal(await e.recv(), '2["echo","before"]');
  ws.send('5');
  ws.send('42["echo","after"]');
  assert.equal(await ws.recv(), '42["echo","after"]');
  const res = await get(t, server, e.path);
  assert.equal(res.status, 400);
  assert.equal(res.text, errorBody(3, 'Bad request'));
});

test('what was queued on polling leaves on the WebSocket after 5', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  await e.post('42["burst",3]');
  const ws = await openProbe(t, server, e);
  ws.send('2probe');
  assert.equal(await ws.recv(), '3probe');
  ws.send('5');
  for (let i = 0; i < 3; i++) {
    assert.equal(await ws.recv(), `42["burst",${i}]`);
  }
});

test('a GET that is pending at 5 is answered 1 or 6', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  const pending = connect(t, server.port);
  pending.write(head('GET', e.path));
  await sleep(60);
  const ws = await openProbe(t, server, e);
  ws.send('2probe');
  ws.send('5');
  assert.equal(await ws.recv(), '3probe');
  assert.match((await pending.response()).text, /^[16]$/);
  ws.send('42["echo",1]');
  assert.equal(await ws.recv(), '42["echo",1]');
});

test('5 without a probe is accepted', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  const ws = await openProbe(t, server, e);
  ws.send('5');
  ws.send('42["echo",1]');
  assert.equal(await ws.recv(), '42["echo",1]');
});

for (const packet of ['2', '2hello', '42["echo",1]', '3probe', '6', '9', '']) {
  test(`${JSON.stringify(packet)} instead of the probe closes the new WebSocket only`,
    async (t) => {
      const server = await t.server();
      const e = await openSio(t, server.port, 'polling');
      const ws = await openProbe(t, server, e);
      ws.send(packet);
      await ws.closed();
      await e.post('42["echo","alive"]');
      assert.equal(await e.recv(), '2["echo","alive"]');
    });
}

test('a wrong packet after the probe closes the new WebSocket only',
  async (t) => {
    const server = await t.server();
    const e = await openSio(t, server.port, 'polling');
    const ws = await openProbe(t, server, e);
    ws.send('2probe');
    assert.equal(await ws.recv(), '3probe');
    ws.send('42["echo",1]');
    await ws.closed();
    await e.post('42["echo","alive"]');
    assert.equal(await e.recv(), '2["echo","alive"]');
  });

test('a second WebSocket is refused, the first is unaffected', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  const first = await openProbe(t, server, e);
  first.send('2probe');
  assert.equal(await first.recv(), '3probe');
  const second = await openProbe(t, server, e);
  if (second.response.status === 101) await second.closed();
  else assert.equal(second.response.status, 400);
  first.send('5');
  first.send('42["echo",1]');
  assert.equal(await first.recv(), '42["echo",1]');
  const third = await openProbe(t, server, e);
  if (third.response.status === 101) await third.closed();
  first.send('42["echo",2]');
  assert.equal(await first.recv(), '42["echo",2]');
});

test('a probe that is not finished is closed after upgradeTimeout',
  async (t) => {
    const server = await t.server({ upgradeTimeout: 400 });
    const e = await openSio(t, server.port, 'polling');
    const ws = await openProbe(t, server, e);
    ws.send('2probe');
    assert.equal(await ws.recv(), '3probe');
    await ws.closed();
    await e.post('42["echo","alive"]');
    assert.equal(await e.recv(), '2["echo","alive"]');
    const again = await openProbe(t, server, e);
    again.send('2probe');
    assert.equal(await again.recv(), '3probe');
    again.send('5');
    again.send('42["echo",1]');
    assert.equal(await again.recv(), '42["echo",1]');
  });

test('a probing WebSocket that goes away leaves polling alone', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  const ws = await openProbe(t, server, e);
  ws.send('2probe');
  assert.equal(await ws.recv(), '3probe');
  ws.close();
  await sleep(50);
  await e.post('42["echo","alive"]');
  assert.equal(await e.recv(), '2["echo","alive"]');
});

test('pings go on after the upgrade', async (t) => {
  const server = await t.server({ pingInterval: 300, pingTimeout: 3000 });
  const e = await openSio(t, server.port, 'polling');
  const ws = await openProbe(t, server, e);
  ws.send('2probe');
  ws.send('5');
  assert.equal(await ws.recv(), '3probe');
  for (let i = 0; i < 2; i++) {
    assert.equal(await ws.recv(), '2');
    ws.send('3');
  }
});

// --- client files ------------------------------------------------------------

const FILES = ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js',
  'socket.io.msgpack.min.js'];

for (const file of FILES) {
  test(`serves ${file} and its map`, async (t) => {
    const server = await t.server();
    const res = await get(t, server, `/socket.io/${file}?v=1`);
    assert.equal(res.status, 200);
    assert.equal(res.headers['content-type'],
      'application/javascript; charset=utf-8');
    assert.equal(res.headers['cache-control'], 'public, max-age=0');
    assert.match(res.headers.etag, /^"\d+\.\d+\.\d+"$/);
    assert.match(res.text.slice(0, 200), /Socket\.IO v4\./);
    const map = await get(t, server, `/socket.io/${file}.map`);
    assert.equal(map.status, 200);
    assert.match(map.headers['content-type'], /^application\/json/);
    JSON.parse(map.text);
  });
}

test('client files answer 304 to their ETag, weak too', async (t) => {
  const server = await t.server();
  const { etag } = (await get(t, server, '/socket.io/socket.io.js')).headers;
  for (const tag of [etag, `W/${etag}`]) {
    const res = await get(t, server, '/socket.io/socket.io.js',
      { 'If-None-Match': tag });
    assert.equal(res.status, 304);
    assert.equal(res.body.length, 0);
  }
  const res = await get(t, server, '/socket.io/socket.io.js',
    { 'If-None-Match': '"0.0.0"' });
  assert.equal(res.status, 200);
});

test('client files are compressed as accepted', async (t) => {
  const server = await t.server();
  const plain = await get(t, server, '/socket.io/socket.io.js');
  assert.equal(plain.headers['content-encoding'], undefined);
  for (const [accept, open] of [['gzip', zlib.gunzipSync],
    ['deflate', zlib.inflateSync]]) {
    const res = await get(t, server, '/socket.io/socket.io.js',
      { 'Accept-Encoding': accept });
    assert.equal(res.headers['content-encoding'], accept);
    assert.ok(open(res.body).equals(plain.body));
    assert.ok(res.body.length < plain.body.length / 2);
  }
});

test('other names under the path are no files', async (t) => {
  const server = await t.server();
  for (const file of ['socket.io.jsx', '../hello', '%2e%2e/hello',
    'socket.io.js/x', 'xsocket.io.js']) {
    const res = await get(t, server, `/socket.io/${file}`);
    assert.notEqual(res.status, 200, file);
  }
});

run();
