// SPDX-License-Identifier: MIT
'use strict';
// Connection state recovery with the reference's own client and by hand, over
// each transport: what is on the wire, and that nothing is lost or told twice.
const assert = require('node:assert/strict');
const net = require('node:net');
const { io } = require('socket.io-client');
const { test, run, sleep, until } = require('./lib/suite');
const { startServer, argument } = require('./lib/server');
const { TRANSPORTS, openEngine } = require('./lib/eio');

const RECOVERY = { recovery: 60000 };
// `--parser msgpack`: of servers and clients; the bytes are those of JSON.
const PARSER = argument('parser') === 'msgpack' &&
  require('socket.io-msgpack-parser');
const testJson = PARSER ? () => {} : test;
const QUICK = {
  ...PARSER && { parser: PARSER },
  forceNew: true, reconnectionDelay: 5, reconnectionDelayMax: 20,
  randomizationFactor: 0.5, timeout: 10000,
};
const WAYS = {
  polling: { transports: ['polling'] },
  websocket: { transports: ['websocket'] },
  upgrade: { transports: ['polling', 'websocket'] },
};

const next = (socket, name, ms = 15000) => new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error(`no ${name}`)), ms);
  socket.once(name, (...args) => { clearTimeout(timer); resolve(args); });
});

async function connected(t, port, opts) {
  const socket = io(`http://127.0.0.1:${port}`, { ...QUICK, ...opts });
  t.after(() => socket.close());
  await next(socket, 'connect');
  return socket;
}

// -- the wire ------------------------------------------------------------------

for (const transport of Object.keys(TRANSPORTS)) {
  testJson(`${transport}: pid, offset, missed events, CONNECT`, async (t) => {
    const server = await startServer(RECOVERY);
    const talker = await connected(t, server.port, WAYS.websocket);
    const first = await openEngine(t, server.port, transport);
    await first.send('0');
    const hello = JSON.parse((await first.recv()).slice(1));
    assert.deepEqual(Object.keys(hello), ['sid', 'pid']);
    const room = `r${hello.sid}`;
    await first.send(`21["join","${room}"]`);
    assert.equal(await first.recv(), '31[]');
    await first.send('22["keep",{"a":[1,"x"]}]');
    assert.equal(await first.recv(), '32[]');
    talker.emit('to_room', room, 'one', 1);
    const event = JSON.parse((await first.recv()).slice(1));
    assert.deepEqual(event.slice(0, 2), ['one', 1]);
    assert.equal(typeof event[2], 'string');
    assert.equal(event.length, 3);
    // It is gone: a close packet, or the end of the connection.
    if (transport === 'polling') await first.post('1');
    else first.ws.conn.sock.destroy();
    await until(async () => (await talker.emitWithAck('count', room)) === 0);
    talker.emit('to_room', room, 'two');
    talker.emit('to_room', room, 'bin', Buffer.from('12'), Buffer.from('3'));
    talker.emit('to_room', 'nobody', 'no');
    await talker.emitWithAck('who');
    const second = await openEngine(t, server.port, transport);
    await second.send(`0{"pid":"${hello.pid}","offset":"${event[2]}"}`);
    const two = JSON.parse((await second.recv()).slice(1));
    assert.deepEqual(two.slice(0, 1), ['two']);
    const bin = await second.recv();
    assert.match(bin, new RegExp('^52-\\["bin",\\{"_placeholder":true,"num":0},' +
      '\\{"_placeholder":true,"num":1},"[^"]+"]$'));
    assert.equal(String(await second.recv()), '12');
    assert.equal(String(await second.recv()), '3');
    const again = JSON.parse((await second.recv()).slice(1));
    assert.deepEqual(again, hello);
    await second.send('23["state"]');
    assert.equal(await second.recv(),
      '33[{"recovered":true,"kept":{"a":[1,"x"]}}]');
    await second.send('24["who"]');
    assert.deepEqual(JSON.parse((await second.recv()).slice(2))[0],
      [room, hello.sid].sort());
  });

  testJson(`${transport}: what is unknown is new`, async (t) => {
    const server = await startServer(RECOVERY);
    const engine = await openEngine(t, server.port, transport);
    await engine.send('0{"pid":"foo","offset":"bar"}');
    const hello = JSON.parse((await engine.recv()).slice(1));
    assert.equal(typeof hello.pid, 'string');
    assert.notEqual(hello.pid, 'foo');
    await engine.send('21["state"]');
    assert.equal(await engine.recv(), '31[{"recovered":false,"kept":null}]');
  });
}

testJson('it is off by default', async (t) => {
  const server = await startServer();
  const engine = await openEngine(t, server.port, 'websocket');
  await engine.send('0');
  assert.deepEqual(Object.keys(JSON.parse((await engine.recv()).slice(1))),
    ['sid']);
  await engine.send('2["echo",1]');
  assert.equal(await engine.recv(), '2["echo",1]');
});

// -- the reference's client ------------------------------------------------------

// A way to the server that can be cut, by FIN or by RST.
async function breakable(t, port) {
  const open = new Set();
  const proxy = net.createServer((near) => {
    const far = net.connect(port, '127.0.0.1');
    open.add(near);
    for (const [a, b] of [[near, far], [far, near]]) {
      a.on('error', () => b.destroy());
      a.on('close', () => { open.delete(a); b.destroy(); });
      a.pipe(b);
    }
  });
  await new Promise((done) => proxy.listen(0, '127.0.0.1', done));
  t.after(() => { proxy.close(); for (const near of open) near.destroy(); });
  return {
    port: proxy.address().port,
    cut(reset) {
      for (const near of open) {
        if (reset) near.resetAndDestroy();
        else near.destroy();
      }
    },
  };
}

// What the reference's client asks of a server in its own tests.
for (const [name, way] of Object.entries(WAYS)) {
  test(`${name}: closed at once behind the first event, back as the same`,
    async (t) => {
      const server = await startServer(RECOVERY);
      const talker = await connected(t, server.port, WAYS.websocket);
      const socket = io(`http://127.0.0.1:${server.port}`,
        { ...QUICK, reconnection: false, ...way });
      t.after(() => socket.close());
      assert.equal(socket.recovered, false);
      socket.emit('echo', 'hi'); // the answer brings the first offset
      await next(socket, 'echo');
      const { id } = socket;
      assert.equal(socket.recovered, false);
      socket.io.engine.close();
      // Until the server knows it there is no session to come back to.
      await until(async () => (await talker.emitWithAck('count', id)) === 0);
      socket.connect();
      await next(socket, 'connect');
      assert.equal(socket.id, id);
      assert.equal(socket.recovered, true);
    });
}

for (const [name, way] of Object.entries(WAYS)) {
  test(`${name}: fifty times, and nothing is lost`,
    { limit: 120000, only: 'peal' },
    async (t) => {
      const server = await startServer(RECOVERY);
      const proxy = await breakable(t, server.port);
      const talker = await connected(t, server.port, WAYS.websocket);
      const socket = await connected(t, proxy.port, way);
      const { id } = socket;
      const room = `room of ${id}`;
      const seen = [];
      let connects = 0;
      let fresh = 0;
      socket.on('number', (n, data) => {
        seen.push(n);
        if (n % 10 === 3) assert.equal(String(data), `binary ${n}`);
      });
      socket.on('connect', () => {
        connects++;
        if (!socket.recovered) fresh++;
      });
      await socket.emitWithAck('join', room);
      await socket.emitWithAck('keep', { me: 1 });
      let said = 0;
      const say = () => {
        const n = said++;
        talker.emit('to_room', n % 3 ? room : id, 'number', n,
          n % 10 === 3 ? Buffer.from(`binary ${n}`) : null);
      };
      for (let round = 0; round < 50; round++) {
        say();
        say();
        // Of a polling client nobody sees that it is cut off but by its pings.
        if (name === 'upgrade') {
          await until(() => socket.io.engine.transport.name === 'websocket');
          await socket.emitWithAck('who'); // the server knows it, too
        }
        socket.io.reconnection(false);
        if (name === 'polling' || round % 3 === 2) socket.io.engine.close();
        else proxy.cut(round % 3);
        await until(() => !socket.connected);
        // Until the server knows it too there is no session to come back to.
        await until(async () =>
          (await talker.emitWithAck('count', room)) === 0);
        say();
        say();
        await talker.emitWithAck('count', room);
        socket.io.reconnection(true);
        if (!socket.connected) socket.io.connect();
        await until(() => socket.connected);
        say();
      }
      await until(() => seen.length >= said);
      await sleep(50);
      assert.deepEqual(seen, [...Array(said).keys()]);
      assert.ok(connects >= 50);
      assert.equal(fresh, 0);
      assert.equal(socket.id, id);
      assert.deepEqual(await socket.emitWithAck('state'),
        { recovered: true, kept: { me: 1 } });
    });
}

test('before its first event it comes back as well', { only: 'peal' },
  async (t) => {
    const server = await startServer(RECOVERY);
    const talker = await connected(t, server.port, WAYS.websocket);
    const socket = await connected(t, server.port, WAYS.websocket);
    const { id } = socket;
    const seen = [];
    socket.on('x', (n) => seen.push(n));
    for (let i = 0; i < 3; i++) {
      socket.io.reconnection(false);
      socket.io.engine.close();
      await until(async () => (await talker.emitWithAck('count', id)) === 0);
      socket.io.reconnection(true);
      socket.io.connect();
      await next(socket, 'connect');
      assert.equal(socket.recovered, true);
      assert.equal(socket.id, id);
    }
    talker.emit('emit_id', id, 'x', 1);
    await until(() => seen.length === 1);
  });

run();
