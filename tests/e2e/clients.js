// SPDX-License-Identifier: MIT
'use strict';
// The official clients of three generations against the server, over each
// transport, with one worker and with four.
const assert = require('node:assert/strict');
const { test, run, sleep, until } = require('./lib/suite');
const { privateServer, argument } = require('./lib/server');

const CLIENTS = {
  4.8: require('socket.io-client').io,
  '4.5': require('socket.io-client-4-5').io,
  3.1: require('socket.io-client-3-1').io,
};
const TRANSPORTS = {
  polling: { transports: ['polling'] },
  websocket: { transports: ['websocket'] },
  upgrade: { transports: ['polling', 'websocket'] },
};
const WORKERS = argument('workers') === undefined
  ? [1, 4] : [Number(argument('workers'))];

const urlOf = (server, nsp = '/') => `http://127.0.0.1:${server.port}${nsp}`;

// `--parser msgpack`: of servers and clients.
const PARSER = argument('parser') === 'msgpack' &&
  require('socket.io-msgpack-parser');

const QUICK = {
  ...PARSER && { parser: PARSER },
  forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200,
  randomizationFactor: 0, timeout: 10000,
};

// The next event of this name, as its arguments.
function next(socket, name, ms = 8000) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.off(name, take);
      reject(new Error(`waited ${ms} ms for event ${name}`));
    }, ms);
    const take = (...args) => {
      clearTimeout(timer);
      resolve(args);
    };
    socket.once(name, take);
  });
}

function open(t, io, server, opts = {}, nsp = '/') {
  const socket = io(urlOf(server, nsp), { ...QUICK, ...opts });
  t.after(() => socket.close());
  return socket;
}

async function connected(t, io, server, opts, nsp) {
  const socket = open(t, io, server, opts, nsp);
  const outcome = await Promise.race([
    next(socket, 'connect').then(() => null),
    next(socket, 'connect_error').then(([err]) => err),
  ]);
  if (outcome) throw outcome;
  return socket;
}

// Emit and wait for the acknowledgement, on clients of any age.
const ask = (socket, name, ...args) => new Promise((resolve, reject) => {
  const timer = setTimeout(
    () => reject(new Error(`no acknowledgement of ${name}`)), 8000);
  socket.emit(name, ...args, (...answer) => {
    clearTimeout(timer);
    resolve(answer);
  });
});

const isWebSocket = (socket) => socket.io.engine.transport.name === 'websocket';

async function settled(socket, transport) {
  if (transport === 'upgrade') {
    await until(() => isWebSocket(socket), 'the upgrade');
  }
}

const reasonOf = (observer, id) => until(async () => {
  const [list] = await ask(observer, 'log', id);
  return list.length ? list[list.length - 1].reason : undefined;
}, `the server's reason for ${id}`);

// A case for every client, transport and number of workers.
function everywhere(name, fn) {
  for (const workers of WORKERS) {
    for (const [version, io] of Object.entries(CLIENTS)) {
      for (const [transport, opts] of Object.entries(TRANSPORTS)) {
        test(`${name} [${version} ${transport}, ${workers} workers]`,
          async (t) => {
            const server = await t.server({ workers });
            const on = (more, nsp) =>
              connected(t, io, server, { ...opts, ...more }, nsp);
            await fn({ t, server, io, opts, on, transport, version, workers });
          });
      }
    }
  }
}

// --- what every client does ------------------------------------------------------

everywhere('text, unicode, nested values and acknowledgements', async (c) => {
  const socket = await c.on();
  assert.match(socket.id, /^[\w-]{20}$/);
  const values = [1, -1.5, 'text', 'é\u2603\u{1F600}\u0000', true, null, '',
    [[], [1, [2]]], { a: { b: [{ c: null }] }, '': 0 }, 'x'.repeat(5000)];
  for (const value of values) {
    assert.deepEqual(await ask(socket, 'echo', value), [value]);
  }
  const back = next(socket, 'echo');
  socket.emit('echo', ...values);
  assert.deepEqual(await back, values);
  await settled(socket, c.transport);
  assert.deepEqual(await ask(socket, 'echo'), []);
});

everywhere('nested binary both ways', async (c) => {
  const socket = await c.on();
  const data = Buffer.from([0, 1, 2, 253, 254, 255]);
  const sent = { list: [data, { deep: data }], text: 't' };
  const [got] = await ask(socket, 'echo', sent);
  assert.deepEqual(Buffer.from(got.list[0]), data);
  assert.deepEqual(Buffer.from(got.list[1].deep), data);
  assert.equal(got.text, 't');
  const big = Buffer.alloc(200000, 5);
  const back = next(socket, 'binary');
  socket.emit('binary', big);
  const [out] = await back;
  assert.equal(out.size, big.length);
  assert.ok(Buffer.from(out.data).equals(big));
  assert.ok(Buffer.from(out.nested[1].again).equals(big));
  const [typed] = await ask(socket, 'echo', new Uint8Array([7, 8]));
  assert.deepEqual([...Buffer.from(typed)], [7, 8]);
});

everywhere('the server asks, the client answers or lets it time out',
  async (c) => {
    const socket = await c.on();
    socket.on('question', (a, b, answer) => answer(a + b, Buffer.from('bin')));
    const [first] = await Promise.all([next(socket, 'call_result'),
      socket.emit('call_me', 'question', 5000, 20, 22)]);
    assert.equal(first[0].answer[0], 42);
    assert.equal(Buffer.from(first[0].answer[1]).toString(), 'bin');
    socket.emit('call_me', 'nobody', 100);
    const [late] = await next(socket, 'call_result');
    assert.deepEqual(late, { error: 'operation has timed out' });
  });

everywhere('namespaces, and the refusals of middlewares', async (c) => {
  const admin = await c.on({}, '/admin');
  assert.deepEqual(await ask(admin, 'echo', 1), [1]);
  const good = await c.on({ auth: { token: 'good', n: [1] } }, '/auth');
  assert.deepEqual(await ask(good, 'me'), [{ token: 'good', n: [1] }]);
  const slow = await c.on({}, '/slow');
  assert.deepEqual(await ask(slow, 'echo', 2), [2]);
  const refused = await c.on({ auth: { token: 'bad' } }, '/auth')
    .catch((err) => err);
  assert.equal(refused.message, 'not authorized');
  assert.deepEqual(refused.data, { code: 401, need: 'good' });
  const nowhere = await c.on({}, '/nowhere').catch((err) => err);
  assert.equal(nowhere.message, 'Invalid namespace');
});

everywhere('several namespaces share one connection', async (c) => {
  const root = await c.on();
  const admin = root.io.socket('/admin', {});
  await next(admin, 'connect');
  assert.notEqual(admin.id, root.id);
  assert.deepEqual(await ask(admin, 'who'), [[admin.id]]);
  const { id } = admin;
  admin.disconnect();
  assert.equal(await reasonOf(root, id), 'client namespace disconnect');
  admin.connect();
  await next(admin, 'connect');
  assert.deepEqual(await ask(admin, 'echo', 1), [1]);
  assert.deepEqual(await ask(root, 'echo', 2), [2]);
});

everywhere('rooms, others, exceptions and broadcast', async (c) => {
  const [a, b, d] = await Promise.all([c.on(), c.on(), c.on()]);
  const room = `room-${a.id}`;
  const quiet = `quiet-${a.id}`;
  const seen = { a: [], b: [], d: [] };
  for (const [name, socket] of Object.entries({ a, b, d })) {
    socket.on('news', (...args) => seen[name].push(args));
  }
  await ask(a, 'join', room);
  await ask(b, 'join', room);
  await ask(b, 'join', quiet);
  assert.deepEqual(await ask(b, 'who'), [[b.id, quiet, room].sort()]);
  assert.deepEqual(await ask(a, 'count', room), [2]);
  a.emit('to_room', room, 'news', 1);
  a.emit('to_others', room, 'news', 2);
  a.emit('except', room, [quiet], 'news', 3);
  a.emit('emit_id', d.id, 'news', 4, Buffer.from('x'));
  await until(() => seen.a.length === 2 && seen.b.length === 2 &&
    seen.d.length === 1, `the news, got ${JSON.stringify(seen)}`);
  assert.deepEqual(seen.a, [[1], [3]]);
  assert.deepEqual(seen.b, [[1], [2]]);
  assert.equal(seen.d[0][0], 4);
  await ask(b, 'leave', room);
  assert.deepEqual(await ask(a, 'count', room), [1]);
  await ask(a, 'to_room', room, 'news', 5);
  await until(() => seen.a.length === 3, 'the last news');
  assert.equal(seen.b.length, 2);
});

everywhere('broadcast with acknowledgements and timeout', async (c) => {
  const [a, b] = await Promise.all([c.on(), c.on()]);
  const room = `ack-${a.id}`;
  await ask(a, 'join', room);
  await ask(b, 'join', room);
  a.on('vote', (x, answer) => answer(`a${x}`));
  b.on('vote', (x, answer) => answer(`b${x}`));
  a.emit('broadcast_ack', room, 'vote', 5000, 7);
  const [all] = await next(a, 'broadcast_result');
  assert.equal(all.error, null);
  assert.deepEqual(all.responses.sort(), ['a7', 'b7']);
  b.off('vote');
  a.emit('broadcast_ack', room, 'vote', 1000, 8);
  const [part] = await next(a, 'broadcast_result');
  assert.equal(part.error, 'operation has timed out');
  assert.deepEqual(part.responses, ['a8']);
  a.emit('broadcast_ack', `${room}-empty`, 'vote', 250);
  const [none] = await next(a, 'broadcast_result');
  assert.deepEqual(none, { error: null, responses: [] });
});

everywhere('data of a socket, and its catch-all handler', async (c) => {
  const socket = await c.on();
  await ask(socket, 'data_set', 'name', 'Ann');
  assert.deepEqual(await ask(socket, 'data_get', 'name'), ['Ann']);
  assert.deepEqual(await ask(socket, 'data_get', 'age'), [null]);
  socket.emit('unheard of', 1);
  const [names] = await ask(socket, 'recorded');
  assert.deepEqual(names,
    ['data_set', 'data_get', 'data_get', 'unheard of', 'recorded']);
});

everywhere('reasons of a disconnect on both sides', async (c) => {
  const observer = await c.on();
  const leaver = await c.on();
  const left = leaver.id;
  await settled(leaver, c.transport);
  leaver.disconnect();
  const why = await reasonOf(observer, left);
  // the DISCONNECT and the end of the connection race on polling
  assert.ok(['client namespace disconnect', 'transport close'].includes(why),
    why);
  for (const close of [false, true]) {
    const kicked = await c.on();
    await settled(kicked, c.transport);
    const id = kicked.id;
    kicked.emit('kick', close);
    assert.equal((await next(kicked, 'disconnect'))[0], 'io server disconnect');
    assert.equal(kicked.connected, false);
    assert.equal(await reasonOf(observer, id), 'server namespace disconnect');
  }
  const dropped = await c.on({ reconnection: false });
  await settled(dropped, c.transport);
  const id = dropped.id;
  dropped.io.engine.close();
  await until(() => !dropped.connected, 'the close');
  const reason = await reasonOf(observer, id);
  assert.ok(['transport close', 'transport error'].includes(reason), reason);
});

everywhere('order is kept through an upgrade', async (c) => {
  const socket = open(c.t, c.io, c.server, c.opts);
  const seen = [];
  socket.on('echo', (i) => seen.push(i));
  for (let i = 0; i < 300; i++) {
    socket.emit('echo', i);
    if (i % 20 === 19) await sleep(1);
  }
  await until(() => seen.length === 300, 'all 300');
  assert.deepEqual(seen, Array.from({ length: 300 }, (_, i) => i));
});

// --- single cases ----------------------------------------------------------------

const io = CLIENTS[4.8];

for (const workers of WORKERS) {
  test(`volatile events arrive on an open transport [${workers} workers]`,
    async (t) => {
      const server = await t.server({ workers });
      const socket = await connected(t, io, server, TRANSPORTS.websocket);
      const seen = [];
      socket.on('volatile', (i) => seen.push(i));
      socket.emit('volatile', 3);
      await ask(socket, 'echo');
      assert.ok(seen.length >= 1 && seen.length <= 3);
      assert.equal(seen[0], 0);
    });

  test(`timeout, emitWithAck and retries of the client [${workers} workers]`,
    async (t) => {
      const server = await t.server({ workers });
      const socket = await connected(t, io, server);
      assert.equal(await socket.timeout(5000).emitWithAck('echo', 'x'), 'x');
      await assert.rejects(socket.timeout(100).emitWithAck('nobody'));
      const sure = await connected(t, io, server,
        { retries: 2, ackTimeout: 2000 });
      assert.deepEqual(await new Promise((resolve) =>
        sure.emit('echo', 'sure', (...args) => resolve(args))), [null, 'sure']);
    });

  test(`the server is killed and comes back: clients reconnect [${workers} workers]`,
    { alone: true, limit: 30000 }, async (t) => {
      const server = await privateServer({ workers });
      const sockets = [];
      for (const one of Object.values(CLIENTS)) {
        for (const opts of Object.values(TRANSPORTS)) {
          sockets.push(await connected(t, one, server, opts));
        }
      }
      const ids = sockets.map((socket) => socket.id);
      const drops = sockets.map((socket) => next(socket, 'disconnect', 15000));
      await server.kill();
      for (const [reason] of await Promise.all(drops)) {
        assert.ok(['transport close', 'transport error'].includes(reason));
      }
      const back = sockets.map((socket) => next(socket, 'connect', 15000));
      sockets[0].emit('echo', 'buffered while away');
      const buffered = next(sockets[0], 'echo', 15000);
      const again = await privateServer({ workers, port: server.port });
      await Promise.all(back);
      assert.deepEqual(await buffered, ['buffered while away']);
      for (const [i, socket] of sockets.entries()) {
        assert.notEqual(socket.id, ids[i]);
        assert.deepEqual(await ask(socket, 'echo', i), [i]);
      }
      for (const socket of sockets) socket.close();
      await again.stop();
    });

  test(`a graceful stop closes the connections [${workers} workers]`,
    { alone: true }, async (t) => {
      const server = await privateServer({ workers });
      const sockets = [];
      for (const opts of Object.values(TRANSPORTS)) {
        sockets.push(await connected(t, io, server,
          { ...opts, reconnection: false }));
      }
      const drops = sockets.map((socket) => next(socket, 'disconnect'));
      const [result] = await Promise.all([server.stop(), ...drops]);
      assert.deepEqual(result, { code: 0, signal: null });
    });

  test(`200 clients join, leave and broadcast at once [${workers} workers]`,
    { alone: true, limit: 40000 }, async (t) => {
      await crowd(t, await t.server({ workers }), 200);
    });
}

async function crowd(t, server, count) {
  const kinds = Object.values(TRANSPORTS);
  const sockets = [];
  for (let at = 0; at < count; at += 25) {
    sockets.push(...await Promise.all(Array.from({ length: 25 }, (_, i) =>
      connected(t, io, server, i % 5 ? kinds[1] : kinds[i % 3]))));
  }
  const heard = new Array(count).fill(0);
  const called = new Array(count).fill(0);
  sockets.forEach((socket, i) => {
    socket.on('crowd', () => { heard[i]++; });
    socket.on('called', () => { called[i]++; });
  });
  const roomOf = (i) => `crowd-${i % 10}`;
  await Promise.all(sockets.map(async (socket, i) => {
    await ask(socket, 'join', roomOf(i));
    await ask(socket, 'join', 'passing');
    await ask(socket, 'leave', 'passing');
  }));
  assert.deepEqual(await ask(sockets[0], 'count', 'crowd-3'), [count / 10]);
  assert.deepEqual(await ask(sockets[0], 'count', 'passing'), [0]);
  await Promise.all(sockets.map((socket, i) =>
    ask(socket, 'to_room', roomOf(i), 'called', i)));
  await ask(sockets[0], 'broadcast_all', 'crowd', 'all');
  await ask(sockets[1], 'broadcast', 'crowd', 'others');
  await until(() => heard.every((n, i) => n === (i === 1 ? 1 : 2)) &&
    called.every((n) => n === count / 10), 'everyone to hear', 15000);
  // half of them go in the middle of a broadcast; the others still hear it
  const stay = sockets.filter((_, i) => i % 2 === 0);
  sockets.forEach((socket, i) => {
    if (i % 2) socket.close();
    else if (i % 20 === 0) socket.emit('to_room', roomOf(i), 'called', i);
  });
  await until(async () =>
    (await ask(stay[0], 'count', 'crowd-1'))[0] === 0, 'the leavers to go');
  assert.deepEqual(await ask(stay[0], 'count', 'crowd-2'), [count / 10]);
}

run({ parallel: 8 });
