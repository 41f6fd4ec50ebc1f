// SPDX-License-Identifier: MIT
'use strict';
// Engine.IO 3 and Socket.IO 2 as the reference speaks them with allowEIO3, byte
// for byte: payloads of both kinds, frames, heartbeat, upgrade, namespaces; and
// a board with the common library for the ESP32.
const assert = require('node:assert/strict');
const { test, run, sleep } = require('./lib/suite');
const { connect, head, request } = require('./lib/raw');
const wsraw = require('./lib/wsraw');
const { openSio } = require('./lib/eio');

const BASE = '/socket.io/?EIO=3';
const POLL = `${BASE}&transport=polling`;
const WS = `${BASE}&transport=websocket`;
const ON = { eio3: 1 };
const OCTETS = 'application/octet-stream';

// A body's packets: text (its length counts UTF-16 units, as strings here do),
// or Buffers of binary ones.
function unpack(res) {
  const out = [];
  if (res.headers['content-type'] === OCTETS) {
    for (let at = 0; at < res.body.length;) {
      const end = res.body.indexOf(255, at);
      const len = Number([...res.body.subarray(at + 1, end)].join(''));
      const data = res.body.subarray(end + 1, end + 1 + len);
      out.push(res.body[at] ? Buffer.from(data) : data.toString());
      at = end + 1 + len;
    }
    return out;
  }
  for (let rest = res.text; rest;) {
    const [all, digits] = /^(\d+):/.exec(rest);
    out.push(rest.slice(all.length, all.length + Number(digits)));
    rest = rest.slice(all.length + Number(digits));
  }
  return out;
}

const pack = (...packets) =>
  packets.map((one) => `${one.length}:${one}`).join('');

function octets(...packets) {
  return Buffer.concat(packets.flatMap((one) => {
    const data = Buffer.from(one);
    return [Buffer.from([typeof one === 'string' ? 0 : 1,
      ...[...String(data.length)].map(Number), 255]), data];
  }));
}

class Polling {
  constructor(t, server, more = '') {
    Object.assign(this, { t, port: server.port, more, queue: [], bodies: [] });
  }

  async open() {
    const res = await request(this.t, this.port, POLL + this.more);
    assert.equal(res.status, 200, res.text);
    this.first = res;
    this.queue = unpack(res);
    this.hello = JSON.parse(this.queue.shift().slice(1));
    this.path = `${POLL}&sid=${this.hello.sid}`;
    assert.equal(await this.next(), '40');
    return this;
  }

  get() { return request(this.t, this.port, this.path); }

  post(body, type = 'text/plain;charset=UTF-8') {
    return request(this.t, this.port, this.path, { method: 'POST', body,
      headers: { 'Content-Type': type,
        'Content-Length': Buffer.byteLength(body) } });
  }

  async say(...packets) {
    const res = await this.post(pack(...packets));
    assert.deepEqual([res.status, res.text], [200, 'ok']);
  }

  async next() {
    while (!this.queue.length) {
      const res = await this.get();
      assert.equal(res.status, 200, res.text);
      this.bodies.push(res);
      this.queue = unpack(res);
    }
    return this.queue.shift();
  }

  async gone() {
    let res = await this.get();
    while (res.status === 200) res = await this.get();
    assert.equal(res.status, 400);
  }
}

const polling = async (t, more) =>
  new Polling(t, await t.server(ON), more).open();

async function websocket(t, more = '', flags = ON) {
  const server = await t.server(flags);
  const ws = await wsraw.open(t, server.port, WS + more);
  assert.equal(ws.response.status, 101);
  ws.hello = JSON.parse((await ws.recv()).slice(1));
  assert.equal(await ws.recv(), '40');
  return ws;
}

// --- off --------------------------------------------------------------------

test('off, it is refused', async (t) => {
  const server = await t.server();
  for (const query of ['EIO=3', 'EIO=2', 'EIO=abc', 'a=1']) {
    const res = await request(t, server.port,
      `/socket.io/?${query}&transport=polling`);
    assert.equal(res.status, 400);
    assert.equal(res.text,
      '{"code":5,"message":"Unsupported protocol version"}');
  }
});

test('off, a WebSocket is refused before the 101', { only: 'peal' },
  async (t) => {
    const server = await t.server();
    const ws = await wsraw.open(t, server.port, WS);
    assert.equal(ws.response.status, 400);
    assert.equal(ws.response.text, 'Unsupported protocol version');
  });

// --- payloads ----------------------------------------------------------------

test('the handshake has its length in front, and "/" is connected unasked',
  async (t) => {
    const p = await polling(t);
    assert.match(p.first.text, /^(\d+):0\{"sid":"[\w-]{20}","upgrades":\["websocket"\],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000\}(2:40)?$/);
    assert.equal(p.first.headers['content-type'], 'text/plain; charset=UTF-8');
    assert.equal(p.first.headers['cache-control'], 'no-store');
  });

test('whatever is not version 4 is version 3', async (t) => {
  const server = await t.server(ON);
  for (const query of ['EIO=2', 'EIO=abc', 'a=1']) {
    const res = await request(t, server.port,
      `/socket.io/?${query}&transport=polling`);
    assert.match(res.text, /^\d+:0\{"sid"/);
  }
});

test('lengths count UTF-16 units', async (t) => {
  const p = await polling(t);
  const said = '42["echo","\u20ac \u{1F600} \u00e9"]';
  await p.say(said, '42["echo",1]');
  assert.equal(await p.next(), said);
  assert.equal(await p.next(), '42["echo",1]');
  assert.equal(p.bodies.at(-1).text, pack(said, '42["echo",1]'));
});

test('packets of no length say nothing', async (t) => {
  const p = await polling(t);
  assert.equal((await p.post(`0:${pack('42["echo",1]')}0:`)).text, 'ok');
  assert.equal(await p.next(), '42["echo",1]');
});

test('a body with binary is binary', async (t) => {
  const p = await polling(t);
  await p.say('451-["echo",{"_placeholder":true,"num":0}]', 'b4AQID/w==');
  const want = ['451-["echo",{"_placeholder":true,"num":0}]',
    Buffer.from([4, 1, 2, 3, 255])];
  assert.deepEqual([await p.next(), await p.next()], want);
  const res = p.bodies.at(-1);
  assert.equal(res.headers['content-type'], OCTETS);
  assert.deepEqual(res.body, octets(...want));
});

test('b64=1 asks for base64 in text', async (t) => {
  const p = await polling(t, '&b64=1');
  await p.say('451-["echo",{"_placeholder":true,"num":0}]', 'b4AQID/w==');
  assert.equal(await p.next(), '451-["echo",{"_placeholder":true,"num":0}]');
  assert.equal(await p.next(), 'b4AQID/w==');
  assert.equal(p.bodies.at(-1).headers['content-type'],
    'text/plain; charset=UTF-8');
});

test('a binary body may be posted', async (t) => {
  const p = await polling(t);
  const said = ['42["echo","\u20ac"]', '451-["echo",{"_placeholder":true,"num":0}]',
    Buffer.from([4, 0, 255, 10])];
  assert.equal((await p.post(octets(...said), OCTETS)).text, 'ok');
  for (const one of said) assert.deepEqual(await p.next(), one);
});

test('a client of version 4 may not post one', async (t) => {
  const server = await t.server(ON);
  const engine = await openSio(t, server.port, 'polling');
  const res = await engine.post(octets('42["echo",1]'),
    { 'Content-Type': OCTETS });
  assert.equal(res.status, 400);
});

for (const [what, body] of Object.entries({
  'nothing': '', 'no length': '42["echo",1]', 'no end of it': '12',
  'a length that leads out': '9:42["a"]', 'a type that is none': '1:9',
  'version 4': '42["echo",1]\x1e42["echo",2]',
  'letters': '1x:2', 'half a character': '3:4\u{1F600}x',
})) {
  test(`a body that cannot be read ends the session: ${what}`, async (t) => {
    const p = await polling(t);
    await p.post(body);
    await p.gone();
  });
}

test('what stands before that is heard', async (t) => {
  const p = await polling(t);
  const other = await polling(t);
  await p.say('42["join","seen"]');
  await p.post(`${pack('42["to_room","seen","x"]')}99:`);
  await p.gone();
  await other.say('42["echo",1]');
  assert.equal(await other.next(), '42["echo",1]');
});

test('the session of one version is none of the other', async (t) => {
  const server = await t.server(ON);
  const p = await polling(t);
  const other = await request(t, server.port,
    `/socket.io/?EIO=4&transport=polling&sid=${p.hello.sid}`);
  assert.equal(other.status, 400);
  assert.equal(other.text, '{"code":3,"message":"Bad request"}');
  const engine = await openSio(t, server.port, 'polling');
  const old = await request(t, server.port, `${POLL}&sid=${engine.sid}`);
  assert.equal(old.text, '{"code":3,"message":"Bad request"}');
});

// --- JSONP --------------------------------------------------------------------

test('JSONP wraps the payload, and never is binary', async (t) => {
  const server = await t.server(ON);
  const at = (sid, method, body) => request(t, server.port,
    `${POLL}&j=3${sid}`, body && { method, body, headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      'Content-Length': Buffer.byteLength(body) } });
  const open = await at('&b64=1');
  const text = JSON.parse(/^___eio\[3\]\((.*)\);$/.exec(open.text)[1]);
  const { sid } = JSON.parse(text.replace(/^\d+:0/, '').replace(/2:40$/, ''));
  const said = pack('42["echo","a\u20ac"]',
    '451-["echo",{"_placeholder":true,"num":0}]', 'b4AQID');
  assert.equal((await at(`&sid=${sid}`, 'POST',
    `d=${encodeURIComponent(said)}`)).text, 'ok');
  let heard = '';
  while (heard.replace('2:40', '').length < said.length) {
    const res = await at(`&sid=${sid}`);
    heard += JSON.parse(/^___eio\[3\]\((.*)\);$/.exec(res.text)[1]);
  }
  assert.equal(heard.replace('2:40', ''), said);
});

// --- heartbeat ----------------------------------------------------------------

test('the client pings', async (t) => {
  const p = await polling(t);
  await p.say('2');
  assert.equal(await p.next(), '3');
  const ws = await websocket(t);
  ws.send('2');
  assert.equal(await ws.recv(), '3');
  ws.send('2more');
  assert.equal(await ws.recv(), '3');
});

test('a pong is an error', async (t) => {
  const p = await polling(t);
  await p.post(pack('3'));
  await p.gone();
  const ws = await websocket(t);
  ws.send('3');
  await ws.closed();
});

test('who pings is kept, who does not is not', async (t) => {
  const flags = { ...ON, pingInterval: 300, pingTimeout: 200 };
  const [silent, alive] = [await websocket(t, '', flags),
    await websocket(t, '', flags)];
  const end = silent.closed();
  for (let i = 0; i < 5; i++) {
    await sleep(200);
    alive.send('2');
    assert.equal(await alive.recv(), '3');
  }
  assert.deepEqual((await end).before, []);
  alive.send('42["echo",1]');
  assert.equal(await alive.recv(), '42["echo",1]');
});

// --- WebSocket ----------------------------------------------------------------

test('frames of bytes begin with their type', async (t) => {
  const ws = await websocket(t);
  const [text, data] = ['451-["echo",{"_placeholder":true,"num":0}]',
    Buffer.from([4, 9, 8, 255])];
  ws.send(text);
  ws.send(data);
  assert.equal(await ws.recv(), text);
  assert.deepEqual(await ws.recv(), data);
  ws.send(text);
  ws.send('b4CQj/');
  assert.equal(await ws.recv(), text);
  assert.deepEqual(await ws.recv(), data);
});

test('b64=1 asks for text there, too', async (t) => {
  const ws = await websocket(t, '&b64=1');
  ws.send('451-["echo",{"_placeholder":true,"num":0}]');
  ws.send(Buffer.from([4, 9, 8, 255]));
  assert.equal(await ws.recv(), '451-["echo",{"_placeholder":true,"num":0}]');
  assert.equal(await ws.recv(), 'b4CQj/');
});

test('a session upgrades: probe, no-op, switch', async (t) => {
  const p = await polling(t);
  const ws = await wsraw.open(t, p.port, `${WS}&sid=${p.hello.sid}`);
  const waiting = p.get();
  ws.send('2probe');
  assert.equal(await ws.recv(), '3probe');
  assert.equal((await waiting).text, '1:6');
  ws.send('5');
  ws.send('451-["echo",{"_placeholder":true,"num":0}]');
  ws.send(Buffer.from([4, 7]));
  assert.equal(await ws.recv(), '451-["echo",{"_placeholder":true,"num":0}]');
  assert.deepEqual(await ws.recv(), Buffer.from([4, 7]));
  assert.equal((await p.get()).status, 400);
});

// --- Socket.IO 2 ----------------------------------------------------------------

for (const way of ['polling', 'websocket']) {
  const open = async (t) => {
    if (way === 'polling') {
      const p = await polling(t);
      return { sid: p.hello.sid, next: () => p.next(),
        say: (...all) => p.say(...all) };
    }
    const ws = await websocket(t);
    return { sid: ws.hello.sid, next: () => ws.recv(),
      say: (...all) => all.forEach((one) => ws.send(one)) };
  };

  test(`a namespace's query is its auth, ${way}`, async (t) => {
    const s = await open(t);
    await s.say('40/auth?token=good&a%20b=1%262&a+c=%E2%82%AC,');
    assert.equal(await s.next(), '40/auth,');
    await s.say('42/auth,7["me"]');
    assert.equal(await s.next(),
      '43/auth,7[{"token":"good","a b":"1&2","a c":"\u20ac"}]');
  });

  test(`refusals say one thing, ${way}`, async (t) => {
    const s = await open(t);
    await s.say('40/auth?token=bad,');
    assert.equal(await s.next(), '44/auth,{"code":401,"need":"good"}');
    await s.say('40/auth?token=plain,');
    assert.equal(await s.next(), '44/auth,"not authorized"');
    await s.say('40/zzz,');
    assert.equal(await s.next(), '44/zzz,{"message":"Invalid namespace"}');
    await s.say('40/zzz?a=b');
    assert.equal(await s.next(), '44/zzz,{"message":"Invalid namespace"}');
  });

  test(`ids are the session's, ${way}`, async (t) => {
    const s = await open(t);
    await s.say('420["who"]');
    assert.equal(await s.next(), `430[["${s.sid}"]]`);
    await s.say('40/admin,');
    assert.equal(await s.next(), '40/admin,');
    await s.say('42/admin,1["who"]');
    assert.equal(await s.next(), `43/admin,1[["/admin#${s.sid}"]]`);
    await s.say(`42["emit_id","${s.sid}","news",1]`);
    assert.equal(await s.next(), '42["news",1]');
  });

  test(`acknowledgements and leaving, ${way}`, async (t) => {
    const s = await open(t);
    await s.say('42["call_me","question",5000,1]');
    const asked = /^42(\d+)\["question",1\]$/.exec(await s.next());
    await s.say(`43${asked[1]}["yes"]`);
    assert.equal(await s.next(), '42["call_result",{"answer":["yes"]}]');
    await s.say('40/admin,');
    assert.equal(await s.next(), '40/admin,');
    await s.say('41/admin,');
    await s.say('42["echo",1]');
    assert.equal(await s.next(), '42["echo",1]');
    await s.say('40/admin,');
    assert.equal(await s.next(), '40/admin,');
    await s.say('42["kick",false]');
    assert.equal(await s.next(), '41');
    await s.say('40');
    assert.equal(await s.next(), '40');
  });
}

test('one broadcast for clients of both versions', async (t) => {
  const server = await t.server({ ...ON, workers: 1 });
  const [a, b] = [await new Polling(t, server).open(),
    await new Polling(t, server, '&b64=1').open()];
  const c = await openSio(t, server.port, 'polling');
  const d = await openSio(t, server.port, 'websocket');
  const e = await wsraw.open(t, server.port, WS);
  await e.recv();
  await e.recv();
  const room = 'both versions';
  for (const one of [a, b]) await one.say(`42["join","${room}"]`);
  for (const one of [c, d]) await one.send(`2["join","${room}"]`);
  e.send(`42["join","${room}"]`);
  e.send('420["echo"]');
  assert.equal(await e.recv(), '430[]');
  await a.say(`451-["to_room","${room}","news",{"_placeholder":true,"num":0}]`,
    'b4AQI=');
  const text = '51-["news",{"_placeholder":true,"num":0}]';
  assert.equal(await a.next(), `4${text}`);
  assert.deepEqual(await a.next(), Buffer.from([4, 1, 2]));
  assert.equal(await b.next(), `4${text}`);
  assert.equal(await b.next(), 'b4AQI=');
  for (const one of [c, d]) {
    assert.equal(await one.recv(), text);
    assert.deepEqual(await one.recv(), Buffer.from([1, 2]));
  }
  assert.equal(await e.recv(), `4${text}`);
  assert.deepEqual(await e.recv(), Buffer.from([4, 1, 2]));
});

// --- a board ---------------------------------------------------------------------

// As SocketIOclient of arduinoWebSockets (2.3 and later) does it: a GET for the
// id, which it looks for in the first bytes of the body; the WebSocket on the
// same connection, at whose opening it says `5` and nothing else; from then on a
// `2` from time to time. Programs for Socket.IO 3 and later add `40/`.
async function board(t, server, eio, says40) {
  const conn = connect(t, server.port);
  const url = `/socket.io/?EIO=${eio}`;
  conn.write(head('GET', `${url}&transport=polling`, {
    Connection: 'keep-alive', 'User-Agent': 'arduino-WebSocket-Client' }));
  const res = await conn.response();
  const sid = /"sid":"([^"]*)"/.exec(res.text.slice(0, 256))[1];
  const { text } = wsraw.upgradeHead(
    `${url}&transport=websocket&sid=${sid}`, {
      'Sec-WebSocket-Protocol': 'arduino',
      'User-Agent': 'arduino-WebSocket-Client' });
  conn.write(text);
  const answer = await conn.response();
  assert.equal(answer.status, 101);
  assert.equal(answer.headers['sec-websocket-protocol'], 'arduino');
  const ws = new wsraw.Ws(conn, answer);
  ws.send('5');
  if (says40) ws.send('40/');
  return ws;
}

test('a board with Socket.IO 2', async (t) => {
  const ws = await board(t, await t.server(ON), 3, false);
  ws.send('42["echo",{"now":1}]');
  for (;;) {
    const said = await ws.recv();
    if (said === '40') continue; // it may have been in the body
    assert.equal(said, '42["echo",{"now":1}]');
    break;
  }
  ws.send('2');
  assert.equal(await ws.recv(), '3');
  ws.send('421["echo",5]');
  assert.equal(await ws.recv(), '431[5]');
});

// The reference closes the connection.
test('a board that connects "/" as its example does', { only: 'peal' },
  async (t) => {
    const ws = await board(t, await t.server(ON), 3, true);
    ws.send('42["echo",1]');
    assert.equal(await ws.recv(), '42["echo",1]');
  });

test('a board with Socket.IO 4', async (t) => {
  const ws = await board(t, await t.server(ON), 4, true);
  assert.match(await ws.recv(), /^40\{"sid":"/);
  ws.send('42["echo",1]');
  assert.equal(await ws.recv(), '42["echo",1]');
});

run();
