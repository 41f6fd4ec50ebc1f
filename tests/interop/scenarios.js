// SPDX-License-Identifier: MIT
'use strict';
// What every client must be able to do on a Peal server. Each is written once;
// `on` is a client in whatever language (lib/remote.js), over one of the
// transports. The events are those of the fixture (tests/e2e/fixture).
// `needs` names what some clients do not offer.
const assert = require('node:assert/strict');

const bytes = (...items) => Buffer.from(items);
const TEXT = 'é\u2603\u{1F600} "quoted" \\ back\nline\u2028';

// The package of the msgpack parser writes other numbers in place of whole ones
// beyond 2^64.
const LARGE = process.argv.includes('msgpack') ? 2 ** 53 : 1e21;
const VALUES = [0, 1, -1.5, 4294967296, LARGE, 0.1, '', 'text', TEXT, true,
  false, null, [], [[], [1, [2, 'x']]], {}, { a: { b: [{ c: null }] } },
  'x'.repeat(5000)];

const scenarios = [];
const scenario = (name, needs, fn) =>
  scenarios.push(typeof needs === 'function' ? { name, needs: [], fn: needs }
    : { name, needs, fn });

scenario('connects, with auth', ['auth'], async (on) => {
  const auth = { token: 'good', text: TEXT };
  const socket = await on.connected({ nsp: '/auth', auth });
  assert.deepEqual(await socket.ask('me'), [auth]);
});

scenario('auth of values of any type', ['auth', 'auth-values'], async (on) => {
  const auth = { token: 'good', list: [1, { text: TEXT }], no: null };
  const socket = await on.connected({ nsp: '/auth', auth });
  assert.deepEqual(await socket.ask('me'), [auth]);
});

scenario('acknowledged values of every type', async (on) => {
  const socket = await on.connected();
  for (const value of VALUES) {
    assert.deepEqual(await socket.ask('echo', value), [value]);
  }
});

scenario('events of several values, both ways', async (on) => {
  const socket = await on.connected({ events: ['echo'] });
  socket.emit('echo', ...VALUES);
  assert.deepEqual(await socket.next('echo'), VALUES);
  socket.emit('echo');
  assert.deepEqual(await socket.next('echo'), []);
});

scenario('acknowledgements of none and of several values', ['many'],
  async (on) => {
    const socket = await on.connected();
    assert.deepEqual(await socket.ask('echo'), []);
    assert.deepEqual(await socket.ask('echo', 1, 'two', [3], null),
      [1, 'two', [3], null]);
  });

scenario('binary both ways', async (on) => {
  const socket = await on.connected({ events: ['echo'] });
  const empty = on.lacks.has('empty-binary') ? [] : [bytes()];
  for (const data of [bytes(0, 1, 2, 253, 254, 255), ...empty,
    Buffer.alloc(200000, 'peal')]) {
    socket.emit('echo', data);
    assert.deepEqual(await socket.next('echo'), [data]);
  }
});

scenario('binary inside of values, and acknowledged', ['nested-binary'],
  async (on) => {
    const socket = await on.connected({ events: ['binary'] });
    const data = bytes(1, 2, 255);
    const sent = { list: [data, { deep: bytes(7) }], text: 't' };
    assert.deepEqual(await socket.ask('echo', sent, data), [sent, data]);
    socket.emit('binary', data);
    assert.deepEqual(await socket.next('binary'),
      [{ size: 3, data, nested: [data, { again: data }] }]);
  });

scenario('the server asks, the client answers', ['answers'], async (on) => {
  const socket = await on.connected({
    events: ['call_result'], answers: { question: [42, { ok: [true] }] },
  });
  socket.emit('call_me', 'question', 5000, 20, 22);
  assert.deepEqual(await socket.next('call_result'),
    [{ answer: [42, { ok: [true] }] }]);
});

scenario('the server asks, and nobody answers', ['silence'], async (on) => {
  const socket = await on.connected({ events: ['call_result'] });
  socket.emit('call_me', 'nobody listens', 100);
  assert.deepEqual(await socket.next('call_result'),
    [{ error: 'operation has timed out' }]);
});

scenario('the server asks, the client answers with binary',
  ['answers', 'nested-binary'], async (on) => {
    const answer = [bytes(9, 8), { deep: [bytes(255)] }];
    const socket = await on.connected(
      { events: ['call_result'], answers: { question: answer } });
    socket.emit('call_me', 'question', 5000);
    assert.deepEqual(await socket.next('call_result'), [{ answer }]);
  });

scenario('namespaces', async (on) => {
  const [root, admin] = await Promise.all([on.connected(),
    on.connected({ nsp: '/admin' })]);
  assert.deepEqual(await admin.ask('echo', 'admin'), ['admin']);
  assert.deepEqual(await root.ask('echo', 'root'), ['root']);
  const [[own]] = await admin.ask('who');
  assert.match(own, /^(\/admin#)?[\w-]{20}$/); // Socket.IO 2 has it in front
});

scenario('namespaces on one connection', ['siblings'], async (on) => {
  const root = await on.connected();
  const admin = await on.connected({ nsp: '/admin', with: root });
  assert.deepEqual(await admin.ask('echo', 1), [1]);
  admin.close();
  assert.deepEqual(await root.ask('echo', 2), [2]);
});

scenario('rooms and broadcasts', async (on) => {
  const [a, b, c] = await Promise.all(
    [1, 2, 3].map(() => on.connected({ events: ['news'] })));
  const [[id]] = await a.ask('who');
  const room = `room of ${id}`;
  await a.ask('join', room);
  await b.ask('join', room);
  assert.deepEqual(await a.ask('count', room), [2]);
  // One at a time: a client may have no order of its own.
  a.emit('to_room', room, 'news', 'all', 1);
  assert.deepEqual(await a.next('news'), ['all', 1]);
  assert.deepEqual(await b.next('news'), ['all', 1]);
  a.emit('to_others', room, 'news', 'others', 2);
  assert.deepEqual(await b.next('news'), ['others', 2]);
  b.emit('broadcast', 'news', 'everybody', 3);
  assert.deepEqual(await a.next('news'), ['everybody', 3]);
  assert.deepEqual(await c.next('news'), ['everybody', 3]);
  await b.ask('leave', room);
  await a.ask('to_room', room, 'news', 'last');
  assert.deepEqual(await a.next('news'), ['last']);
  assert.deepEqual(await b.ask('count', room), [1]);
  for (const one of [a, b, c]) assert.equal(one.waiting('news'), 0);
});

scenario('a refused connection says why', ['auth'], async (on) => {
  const bad = on.open({ nsp: '/auth', auth: { token: 'bad' } });
  const why = await bad.refused();
  if (on.lacks.has('message-with-data')) why.message = 'not authorized';
  assert.equal(why.message, 'not authorized');
  if (why.data !== undefined) {
    assert.deepEqual(why.data, { code: 401, need: 'good' });
  }
});

scenario('a namespace that does not exist', async (on) => {
  const nowhere = on.open({ nsp: '/nowhere' });
  const { message } = await nowhere.refused();
  if (!on.lacks.has('reason')) assert.equal(message, 'Invalid namespace');
  const socket = await on.connected();
  assert.deepEqual(await socket.ask('echo', 1), [1]);
});

scenario('the client leaves', async (on) => {
  const [observer, leaver] = await Promise.all(
    [on.connected(), on.connected()]);
  const [[id]] = await leaver.ask('who');
  leaver.close();
  const reason = await on.until(async () => {
    const [list] = await observer.ask('log', id);
    return list.length && list[0].reason;
  });
  // One that closes over polling may have stopped writing before it says so.
  if (on.lacks.has('goodbye') && on.transport === 'polling') return;
  assert.match(reason, /^(client namespace disconnect|transport close)$/);
});

for (const close of [false, true]) {
  scenario(`the server sends ${close ? 'the client' : 'a socket'} away`,
    async (on) => {
      const [observer, kicked] = await Promise.all(
        [on.connected(), on.connected()]);
      const [[id]] = await kicked.ask('who');
      kicked.emit('kick', close);
      await kicked.gone();
      const reason = await on.until(async () => {
        const [list] = await observer.ask('log', id);
        return list.length && list[0].reason;
      });
      assert.equal(reason, 'server namespace disconnect');
    });
}

scenario('200 events before and behind an upgrade keep their order',
  async (on) => {
    const socket = await on.connected({ events: ['echo'] });
    const sent = Array.from({ length: 200 }, (_, i) => i);
    for (const i of sent) socket.emit('echo', i);
    const got = [];
    for (const _ of sent) got.push((await socket.next('echo'))[0]);
    // One that calls its handlers on many threads has no order of its own.
    if (on.lacks.has('order')) got.sort((a, b) => a - b);
    assert.deepEqual(got, sent);
  });

scenario('the server is killed and comes back', ['reconnect'], async (on) => {
  const socket = await on.connected({ reconnect: true, events: ['news'] });
  assert.deepEqual(await socket.ask('echo', 'before'), ['before']);
  await on.restart(() => socket.gone());
  await socket.connected();
  assert.deepEqual(await socket.ask('echo', 'behind'), ['behind']);
  const [[id]] = await socket.ask('who');
  socket.emit('emit_id', id, 'news', 'found');
  assert.deepEqual(await socket.next('news'), ['found']);
});

module.exports = scenarios;
