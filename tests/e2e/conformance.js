// SPDX-License-Identifier: MIT
'use strict';
// What the protocol documents of Engine.IO 4 and Socket.IO 5 promise, step by
// step, with the HTTP client of Node and the WebSocket client `ws`: nothing of
// our own between the test and the wire.
const assert = require('node:assert/strict');
const { WebSocket } = require('ws');
const { test, run } = require('./lib/suite');

const PING = { pingInterval: 300, pingTimeout: 1500 };
const PATH = '/socket.io/?EIO=4';
const SEP = '\x1e';

const http = (server, query = '') =>
  `http://127.0.0.1:${server.port}${PATH}&transport=polling${query}`;
const ws = (server, query = '') =>
  `ws://127.0.0.1:${server.port}${PATH}&transport=websocket${query}`;

async function open(server) {
  const res = await fetch(http(server));
  assert.equal(res.status, 200);
  const text = await res.text();
  assert.equal(text[0], '0');
  return JSON.parse(text.slice(1)).sid;
}

async function push(server, sid, body) {
  const res = await fetch(http(server, `&sid=${sid}`),
    { method: 'POST', body });
  assert.equal(res.status, 200);
  assert.equal(await res.text(), 'ok');
}

async function pull(server, sid) {
  const res = await fetch(http(server, `&sid=${sid}`));
  assert.equal(res.status, 200);
  return res.text();
}

// A WebSocket whose messages wait until they are asked for.
class Client {
  constructor(t, url) {
    this.ws = new WebSocket(url);
    this.queue = [];
    this.wake = () => {};
    this.over = false;
    this.ws.on('message', (data, binary) => {
      this.queue.push(binary ? data : data.toString());
      this.wake();
    });
    this.ws.on('close', () => { this.over = true; this.wake(); });
    this.ws.on('error', () => {});
    t.after(() => this.ws.terminate());
  }

  async until(done, ms = 5000) {
    const end = Date.now() + ms;
    while (!done()) {
      if (Date.now() > end) throw new Error('waited in vain');
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, 20);
        this.wake = () => { clearTimeout(timer); resolve(); };
      });
    }
  }

  async next() {
    await this.until(() => this.queue.length || this.over);
    if (!this.queue.length) throw new Error('closed');
    return this.queue.shift();
  }

  closed() {
    return this.until(() => this.over);
  }

  send(...messages) {
    for (const one of messages) this.ws.send(one);
  }
}

async function engine(t, server) {
  const client = new Client(t, ws(server));
  const first = await client.next();
  assert.equal(first[0], '0');
  client.sid = JSON.parse(first.slice(1)).sid;
  return client;
}

async function socketio(t, server, connect = '40') {
  const client = await engine(t, server);
  client.send(connect);
  client.connected = await client.next();
  return client;
}

// --- Engine.IO: handshake ----------------------------------------------------------

test('Engine.IO: polling opens a session', async (t) => {
  const server = await t.server(PING);
  const res = await fetch(http(server));
  assert.equal(res.status, 200);
  const text = await res.text();
  const value = JSON.parse(text.slice(1));
  assert.deepEqual(Object.keys(value).sort(),
    ['maxPayload', 'pingInterval', 'pingTimeout', 'sid', 'upgrades']);
  assert.equal(typeof value.sid, 'string');
  assert.deepEqual(value.upgrades, ['websocket']);
  assert.equal(value.pingInterval, 300);
  assert.equal(value.pingTimeout, 1500);
  assert.equal(value.maxPayload, 1000000);
});

for (const [name, query, opts] of [
  ['no EIO', 'transport=polling'], ['a strange EIO', 'EIO=abc&transport=polling'],
  ['no transport', 'EIO=4'], ['a strange transport', 'EIO=4&transport=abc'],
  ['POST', 'EIO=4&transport=polling', { method: 'POST' }],
  ['PUT', 'EIO=4&transport=polling', { method: 'PUT' }],
]) {
  test(`Engine.IO: polling refuses ${name}`, async (t) => {
    const server = await t.server();
    const res = await fetch(
      `http://127.0.0.1:${server.port}/socket.io/?${query}`, opts);
    assert.equal(res.status, 400);
    await res.text();
  });
}

test('Engine.IO: WebSocket opens a session', async (t) => {
  const server = await t.server(PING);
  const client = new Client(t, ws(server));
  const text = await client.next();
  const value = JSON.parse(text.slice(1));
  assert.equal(text[0], '0');
  assert.deepEqual(value.upgrades, []);
  assert.equal(value.pingInterval, 300);
  assert.equal(value.pingTimeout, 1500);
});

for (const [name, query] of [
  ['no EIO', 'transport=websocket'], ['a strange EIO', 'EIO=abc&transport=websocket'],
  ['no transport', 'EIO=4'], ['a strange transport', 'EIO=4&transport=abc'],
]) {
  test(`Engine.IO: WebSocket refuses ${name}`, async (t) => {
    const server = await t.server();
    const client = new Client(t,
      `ws://127.0.0.1:${server.port}/socket.io/?${query}`);
    await client.closed();
    assert.deepEqual(client.queue, []);
  });
}

// --- Engine.IO: messages, heartbeat, close -------------------------------------------

test('Engine.IO: a payload of several messages, by polling', async (t) => {
  const server = await t.server();
  const sid = await open(server);
  await push(server, sid, '40');
  assert.match(await pull(server, sid), /^40\{"sid":"/);
  await push(server, sid, ['42["echo",1]', '42["echo",2]'].join(SEP));
  assert.equal(await pull(server, sid), `42["echo",1]${SEP}42["echo",2]`);
});

test('Engine.IO: binary by polling is base64', async (t) => {
  const server = await t.server();
  const sid = await open(server);
  await push(server, sid, '40');
  await pull(server, sid);
  const body = `451-["echo",{"_placeholder":true,"num":0}]${SEP}bAQIDBA==`;
  await push(server, sid, body);
  assert.equal(await pull(server, sid), body);
});

test('Engine.IO: a wrong packet ends a polling session', async (t) => {
  const server = await t.server();
  const sid = await open(server);
  await fetch(http(server, `&sid=${sid}`), { method: 'POST', body: 'abc' })
    .then((res) => res.text());
  const res = await fetch(http(server, `&sid=${sid}`));
  assert.equal(res.status, 400);
  await res.text();
});

test('Engine.IO: two polls at once end the session', async (t) => {
  const server = await t.server();
  const sid = await open(server);
  const answers = await Promise.all([1, 2].map(() =>
    fetch(http(server, `&sid=${sid}`))
      .then(async (res) => [res.status, await res.text()])));
  const statuses = answers.map(([status]) => status).sort();
  assert.deepEqual(statuses, [200, 400]);
  assert.equal(answers.find(([status]) => status === 200)[1], '1');
  assert.equal((await fetch(http(server, `&sid=${sid}`))).status, 400);
});

test('Engine.IO: an abandoned poll ends the session', async (t) => {
  const server = await t.server();
  const sid = await open(server);
  const abort = new AbortController();
  const poll = fetch(http(server, `&sid=${sid}`), { signal: abort.signal });
  setTimeout(() => abort.abort(), 50);
  await assert.rejects(poll);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal((await fetch(http(server, `&sid=${sid}`))).status, 400);
});

for (const data of ['abc', '8', '']) {
  test(`Engine.IO: the frame ${JSON.stringify(data)} ends a session`,
    async (t) => {
      const server = await t.server();
      const client = await engine(t, server);
      client.send(data);
      await client.closed();
    });
}

test('Engine.IO: ping and pong by polling', async (t) => {
  const server = await t.server(PING);
  const sid = await open(server);
  for (let i = 0; i < 3; i++) {
    assert.equal(await pull(server, sid), '2');
    await push(server, sid, '3');
  }
});

test('Engine.IO: ping and pong by WebSocket', async (t) => {
  const server = await t.server(PING);
  const client = await engine(t, server);
  for (let i = 0; i < 3; i++) {
    assert.equal(await client.next(), '2');
    client.send('3');
  }
});

test('Engine.IO: no pong, no session, by polling', async (t) => {
  const server = await t.server(PING);
  const sid = await open(server);
  assert.equal(await pull(server, sid), '2');
  await new Promise((resolve) => setTimeout(resolve, 2000));
  assert.equal((await fetch(http(server, `&sid=${sid}`))).status, 400);
});

test('Engine.IO: no pong, no session, by WebSocket', async (t) => {
  const server = await t.server(PING);
  const client = await engine(t, server);
  assert.equal(await client.next(), '2');
  await client.closed();
});

test('Engine.IO: a client closes by polling', async (t) => {
  const server = await t.server();
  const sid = await open(server);
  const [poll] = await Promise.all([
    new Promise((resolve) => setTimeout(resolve, 0))
      .then(() => pull(server, sid)),
    new Promise((resolve) => setTimeout(resolve, 50))
      .then(() => push(server, sid, '1')),
  ]);
  assert.equal(poll, '6');
  assert.equal((await fetch(http(server, `&sid=${sid}`))).status, 400);
});

test('Engine.IO: a client closes its WebSocket', async (t) => {
  const server = await t.server();
  const client = await engine(t, server);
  client.ws.close();
  await client.closed();
});

// --- Engine.IO: upgrade ----------------------------------------------------------------

async function upgraded(t, server) {
  const sid = await open(server);
  const client = new Client(t, ws(server, `&sid=${sid}`));
  await new Promise((resolve) => client.ws.once('open', resolve));
  client.send('2probe');
  assert.equal(await client.next(), '3probe');
  client.send('5');
  client.sid = sid;
  return client;
}

test('Engine.IO: the upgrade', async (t) => {
  const server = await t.server();
  const client = await upgraded(t, server);
  client.send('40');
  assert.match(await client.next(), /^40\{"sid":"/);
  client.send('42["echo","up"]');
  assert.equal(await client.next(), '42["echo","up"]');
});

test('Engine.IO: a poll that waits is released by the probe', async (t) => {
  const server = await t.server();
  const sid = await open(server);
  const poll = pull(server, sid);
  const client = new Client(t, ws(server, `&sid=${sid}`));
  await new Promise((resolve) => client.ws.once('open', resolve));
  client.send('2probe');
  assert.equal(await client.next(), '3probe');
  assert.equal(await poll, '6');
  client.send('5', '40');
  assert.match(await client.next(), /^40/);
});

test('Engine.IO: no polling after the upgrade', async (t) => {
  const server = await t.server();
  const client = await upgraded(t, server);
  client.send('40');
  await client.next();
  assert.equal((await fetch(http(server, `&sid=${client.sid}`))).status, 400);
  client.send('42["echo",1]');
  assert.equal(await client.next(), '42["echo",1]');
});

test('Engine.IO: no second WebSocket after the upgrade', async (t) => {
  const server = await t.server();
  const client = await upgraded(t, server);
  const second = new Client(t, ws(server, `&sid=${client.sid}`));
  await second.closed();
  client.send('40');
  assert.match(await client.next(), /^40/);
});

// --- Socket.IO: connect ------------------------------------------------------------------

const SID = '[A-Za-z0-9_-]{20}';

for (const [name, connect, answer] of [
  ['the main namespace', '40', `^40\\{"sid":"${SID}"\\}$`],
  ['the main namespace with a payload', '40{"token":"x"}',
    `^40\\{"sid":"${SID}"\\}$`],
  ['a custom namespace', '40/admin,', `^40/admin,\\{"sid":"${SID}"\\}$`],
  ['a custom namespace without a comma', '40/admin',
    `^40/admin,\\{"sid":"${SID}"\\}$`],
  ['a custom namespace with a payload', '40/auth,{"token":"good"}',
    `^40/auth,\\{"sid":"${SID}"\\}$`],
  ['an unknown namespace', '40/random',
    '^44/random,\\{"message":"Invalid namespace"\\}$'],
  ['a namespace that refuses', '40/auth,{"token":"plain"}',
    '^44/auth,\\{"message":"not authorized"\\}$'],
]) {
  test(`Socket.IO: connects to ${name}`, async (t) => {
    const server = await t.server();
    const client = await socketio(t, server, connect);
    assert.match(client.connected, new RegExp(answer));
  });
}

test('Socket.IO: the ids of two namespaces differ', async (t) => {
  const server = await t.server();
  const client = await socketio(t, server);
  client.send('40/admin,');
  const other = await client.next();
  const id = (text) => JSON.parse(text.slice(text.indexOf('{'))).sid;
  assert.notEqual(id(client.connected), id(other));
  assert.notEqual(id(client.connected), client.sid);
});

for (const data of ['4abc', '4', '47', '40[]', '40"a"', '40{"a"', '42["echo"]']) {
  test(`Socket.IO: ${data} instead of CONNECT ends the connection`,
    async (t) => {
      const server = await t.server();
      const client = await engine(t, server);
      client.send(data);
      await client.closed();
      assert.deepEqual(client.queue, []);
    });
}

test('Socket.IO: who joins nothing is closed', async (t) => {
  const server = await t.server({ connectTimeout: 300 });
  const client = await engine(t, server);
  await client.closed();
});

// --- Socket.IO: disconnect -------------------------------------------------------------

test('Socket.IO: leaving the main namespace keeps the custom one', async (t) => {
  const server = await t.server();
  const client = await socketio(t, server);
  client.send('40/admin,');
  await client.next();
  client.send('41', '42/admin,["echo","still"]');
  assert.equal(await client.next(), '42/admin,["echo","still"]');
});

test('Socket.IO: leaving the custom namespace keeps the main one', async (t) => {
  const server = await t.server();
  const client = await socketio(t, server);
  client.send('40/admin,');
  await client.next();
  client.send('41/admin,', '42["echo","still"]');
  assert.equal(await client.next(), '42["echo","still"]');
});

test('Socket.IO: the server disconnects', async (t) => {
  const server = await t.server();
  const client = await socketio(t, server);
  client.send('42["kick"]');
  assert.equal(await client.next(), '41');
});

// --- Socket.IO: messages and acknowledgements -----------------------------------------

for (const text of ['42["echo"]', '42["echo",1,"2",{"3":["4",null,true]}]',
  '42["echo","\u20ac \u{1F600}"]', '42["echo",[],{},""]']) {
  test(`Socket.IO: ${text} comes back`, async (t) => {
    const server = await t.server();
    const client = await socketio(t, server);
    client.send(text);
    assert.equal(await client.next(), text);
  });
}

test('Socket.IO: binary comes back', async (t) => {
  const server = await t.server();
  const client = await socketio(t, server);
  const text = '452-["echo",{"_placeholder":true,"num":0},' +
    '"mid",{"deep":[{"_placeholder":true,"num":1}]}]';
  client.send(text, Buffer.from([1, 2, 3]), Buffer.from([4]));
  assert.equal(await client.next(), text);
  assert.deepEqual(await client.next(), Buffer.from([1, 2, 3]));
  assert.deepEqual(await client.next(), Buffer.from([4]));
});

test('Socket.IO: an event is acknowledged', async (t) => {
  const server = await t.server();
  const client = await socketio(t, server);
  client.send('42456["echo",1,"2",{"3":[false]}]');
  assert.equal(await client.next(), '43456[1,"2",{"3":[false]}]');
});

test('Socket.IO: an event of a custom namespace is acknowledged', async (t) => {
  const server = await t.server();
  const client = await socketio(t, server, '40/admin,');
  client.send('42/admin,7["echo","x"]');
  assert.equal(await client.next(), '43/admin,7["x"]');
});

test('Socket.IO: a binary event is acknowledged', async (t) => {
  const server = await t.server();
  const client = await socketio(t, server);
  client.send('452-789["echo",{"_placeholder":true,"num":0},' +
    '{"_placeholder":true,"num":1}]', Buffer.from([1]), Buffer.from([2]));
  assert.equal(await client.next(),
    '462-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
  assert.deepEqual(await client.next(), Buffer.from([1]));
  assert.deepEqual(await client.next(), Buffer.from([2]));
});

test('Socket.IO: the client acknowledges', async (t) => {
  const server = await t.server();
  const client = await socketio(t, server);
  client.send('42["call_me","question",2000,"a"]');
  const asked = await client.next();
  const id = /^42(\d+)\["question","a"\]$/.exec(asked);
  assert.ok(id, asked);
  client.send(`43${id[1]}["answer",1]`);
  assert.equal(await client.next(),
    '42["call_result",{"answer":["answer",1]}]');
});

test('Socket.IO: the client acknowledges with binary', async (t) => {
  const server = await t.server();
  const client = await socketio(t, server);
  client.send('42["call_me","question",2000]');
  const id = /^42(\d+)\["question"\]$/.exec(await client.next())[1];
  client.send(`461-${id}[{"_placeholder":true,"num":0}]`, Buffer.from([9]));
  assert.equal(await client.next(), '451-["call_result",' +
    '{"answer":[{"_placeholder":true,"num":0}]}]');
  assert.deepEqual(await client.next(), Buffer.from([9]));
});

for (const packets of [['42{}'], ['42abc'], ['42{"a":1}'], ['42["echo"'],
  ['42[]'], ['42[true]'], ['42["connect"]'], ['42["disconnect"]'],
  ['45["echo"]'], ['451-["echo",{"_placeholder":true,"num":0}]', '42["echo"]'],
  ['451-["echo",{"_placeholder":true,"num":1}]', Buffer.from([1])],
  [Buffer.from([1])], ['43{}'], ['48["echo"]'], ['40'], ['44{"message":"x"}'],
  ['42/admin,["echo"]']]) {
  const name = packets.map((p) => (typeof p === 'string' ? p : '<binary>'));
  test(`Socket.IO: ${name.join(' ')} ends the connection`, async (t) => {
    const server = await t.server();
    const client = await socketio(t, server);
    client.send(...packets);
    await client.closed();
    assert.deepEqual(client.queue.filter((m) => /echo/.test(m)), []);
  });
}

run({ parallel: 8 });
