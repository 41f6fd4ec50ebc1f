// SPDX-License-Identifier: MIT
'use strict';
// The parser of the package socket.io-msgpack-parser, by hand: its bytes both
// ways, what is refused, what is passed over. What its clients see is in
// `run.js --parser msgpack clients recovery`.
const assert = require('node:assert/strict');
const path = require('node:path');
const { test, run, until } = require('./lib/suite');
const { startServer } = require('./lib/server');
const { TRANSPORTS, openEngine } = require('./lib/eio');
const { encode, decode } = require('notepack.io');
const { io } = require('socket.io-client');
const parser = require('socket.io-msgpack-parser');

const FLAGS = { parser: 'msgpack' };
const pack = (packet) => encode(packet);
const hex = (text) => Buffer.from(text.replace(/\s/g, ''), 'hex');

async function joined(t, transport, nsp = '/', auth = undefined) {
  const server = await startServer(FLAGS);
  const engine = await openEngine(t, server.port, transport);
  await engine.send(pack({ type: 0, data: auth, nsp }));
  const hello = decode(await engine.recv());
  assert.equal(hello.type, 0, JSON.stringify(hello));
  assert.equal(hello.nsp, nsp);
  engine.id = hello.data.sid;
  return engine;
}

function both(name, opts, fn) {
  for (const transport of Object.keys(TRANSPORTS)) {
    test(`${transport}: ${name}`, opts, (t) => fn(t, transport));
  }
}

// -- bytes -----------------------------------------------------------------------

both('a client\'s CONNECT is these bytes', {}, async (t, transport) => {
  const server = await startServer(FLAGS);
  const engine = await openEngine(t, server.port, transport);
  await engine.send(hex('83 a474797065 00 a464617461 d40000 a36e7370 a12f'));
  const bytes = await engine.recv();
  const { sid } = decode(bytes).data;
  assert.match(sid, /^[\w-]{20}$/);
  assert.ok([{ sid }, { sid, pid: undefined }]
    .some((data) => pack({ type: 0, data, nsp: '/' }).equals(bytes)),
  bytes.toString('hex'));
});

const VALUES = [
  [], [0, 1, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32,
    2 ** 53 - 1, 2 ** 53],
  [-1, -32, -33, -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1,
    -(2 ** 53)],
  [0.5, -0.1, 5e-324, NaN, Infinity, -Infinity, -0],
  ['', 'x', 'é☃\u{1F600}\u0000', 'x'.repeat(31), 'x'.repeat(32),
    'x'.repeat(255), 'x'.repeat(256), 'x'.repeat(65536)],
  [true, false, null, undefined, [undefined, null]],
  [Buffer.alloc(0), Buffer.alloc(255, 1), Buffer.alloc(256, 2),
    Buffer.alloc(65536, 3)],
  [[], [[[]]], {}, { a: { b: [1, { c: null }] }, '': 1 }],
  [Array.from({ length: 15 }, (_, i) => i),
    Array.from({ length: 16 }, (_, i) => i), Array(70000).fill(1)],
  [Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`k${i}`, i]))],
];

for (const [i, args] of VALUES.entries()) {
  both(`values come back as they went, to the byte (${i})`, {},
    async (t, transport) => {
      const engine = await joined(t, transport);
      const event = pack({ type: 2, data: ['echo', ...args], nsp: '/' });
      await engine.send(event);
      assert.deepEqual(await engine.recv(), event);
      await engine.send(pack({
        type: 2, data: ['echo', ...args], options: { compress: true }, id: i,
        nsp: '/',
      }));
      assert.deepEqual(await engine.recv(),
        pack({ id: i, type: 3, data: args, nsp: '/' }));
    });
}

// The package makes 0 of whole numbers beyond 2^64.
both('whole numbers that no integer holds stay what they are', {},
  async (t, transport) => {
    const engine = await joined(t, transport);
    const large = hex('83 a474797065 02 a464617461 92 a46563686f' +
      'cb7e37e43c8800759c a36e7370 a12f');
    await engine.send(large);
    assert.equal(decode(large).data[1], 1e300);
    const [, back] = decode(await engine.recv()).data;
    assert.equal(back, process.argv.includes('node') ? 0 : 1e300);
  });

both('ArrayBuffers and Dates arrive', {}, async (t, transport) => {
  const engine = await joined(t, transport);
  await engine.send(pack({
    type: 2, nsp: '/', data: ['echo', new Uint8Array([1, 2]).buffer,
      new Uint8Array(300), new Date(86400000)],
  }));
  const [, small, large, date] = decode(await engine.recv()).data;
  assert.deepEqual(Buffer.from(small), Buffer.from([1, 2]));
  assert.deepEqual(Buffer.from(large), Buffer.alloc(300));
  assert.equal(new Date(date).getTime(), 86400000);
});

both('the other namespaces: refusal, join, leave, join again', {},
  async (t, transport) => {
    const engine = await joined(t, transport);
    await engine.send(pack({ type: 0, data: { token: 'bad' }, nsp: '/auth' }));
    assert.deepEqual(decode(await engine.recv()), {
      type: 4, nsp: '/auth',
      data: { message: 'not authorized', data: { code: 401, need: 'good' } },
    });
    await engine.send(pack({ type: 0, nsp: '/none' }));
    assert.deepEqual(decode(await engine.recv()),
      { type: 4, data: { message: 'Invalid namespace' }, nsp: '/none' });
    await engine.send(pack({ type: 0, nsp: '/admin' }));
    assert.equal(decode(await engine.recv()).nsp, '/admin');
    await engine.send(pack({ type: 2, data: ['echo'], id: 1, nsp: '/admin' }));
    assert.deepEqual(await engine.recv(),
      pack({ id: 1, type: 3, data: [], nsp: '/admin' }));
    await engine.send(pack({ type: 1, data: undefined, nsp: '/admin' }));
    await engine.send(pack({ type: 2, data: ['echo'], id: 2, nsp: '/' }));
    assert.equal(decode(await engine.recv()).id, 2);
    await engine.send(pack({ type: 0, nsp: '/admin' }));
    assert.equal(decode(await engine.recv()).type, 0);
  });

both('the server disconnects without data', {}, async (t, transport) => {
  const engine = await joined(t, transport);
  await engine.send(pack({ type: 2, data: ['kick', false], nsp: '/' }));
  const packet = decode(await engine.recv());
  assert.equal(packet.type, 1);
  assert.equal(packet.data, undefined);
});

both('the server asks: one id for each of its questions', {},
  async (t, transport) => {
    const engine = await joined(t, transport);
    await engine.send(pack({
      type: 2, data: ['call_me', 'q', 5000, 1, Buffer.from('b')], nsp: '/',
    }));
    const { id, ...asked } = decode(await engine.recv());
    assert.deepEqual(asked,
      { type: 2, data: ['q', 1, Buffer.from('b')], nsp: '/' });
    await engine.send(pack({ id, type: 3, data: [NaN, 'ok'], nsp: '/' }));
    const [name, result] = decode(await engine.recv()).data;
    assert.equal(name, 'call_result');
    assert.deepEqual(result, { answer: [NaN, 'ok'] });
    await engine.send(pack({
      type: 2, data: ['broadcast_ack', engine.id, 'all', 5000, 1], nsp: '/',
    }));
    const all = decode(await engine.recv());
    assert.deepEqual(all.data, ['all', 1]);
    await engine.send(pack({ id: all.id, type: 3, data: ['x'], nsp: '/' }));
    assert.deepEqual(decode(await engine.recv()).data,
      ['broadcast_result', { error: null, responses: ['x'] }]);
  });

// -- what is passed over -----------------------------------------------------------

const ACCEPTED = {
  'keys in another order': { nsp: '/', id: 4, data: ['echo', 1], type: 2 },
  'keys that nobody knows': {
    more: [{ deep: [1] }], type: 2, data: ['echo', 1], attachments: 9,
    options: { compress: false }, id: 4, nsp: '/', last: Buffer.from('x'),
  },
  'an id that is undefined and comes again':
    hex('86 a474797065 02 a26964 d40000 a464617461 92 a46563686f 01' +
      'a26964 04 a36e7370 a12f a36e7370 a12f'),
  'numbers in the long forms':
    hex('de0004 a474797065 cd0002 a26964 cf0000000000000004' +
      'a464617461 dc0002 da00046563686f d300000000 00000001 a36e7370 d9012f'),
};

for (const [name, packet] of Object.entries(ACCEPTED)) {
  both(`${name}`, {}, async (t, transport) => {
    const engine = await joined(t, transport);
    await engine.send(Buffer.isBuffer(packet) ? packet : pack(packet));
    assert.deepEqual(decode(await engine.recv()),
      { id: 4, type: 3, data: [1], nsp: '/' });
  });
}

// -- what ends the connection --------------------------------------------------------

const event = (more) => pack({ type: 2, data: ['echo', 1], nsp: '/', ...more });
const nested = (levels) => Buffer.concat([
  hex('83 a474797065 02 a36e7370 a12f a464617461 92 a46563686f'),
  Buffer.alloc(levels, 0x91), Buffer.from([1])]);

const REFUSED = {
  'a text': '2["echo",1]',
  'no map': pack([2, ['echo'], '/']),
  nothing: Buffer.alloc(0),
  'half a packet': event().subarray(0, 20),
  'type 5': event({ type: 5 }),
  'a type below 0': event({ type: -1 }),
  'a type that is no number': event({ type: '2' }),
  'a type with a fraction': event({ type: 2.5 }),
  'no type': event({ type: undefined }),
  'no namespace': event({ nsp: undefined }),
  'a namespace that is no text': event({ nsp: 7 }),
  'an event that is no array': event({ data: { 0: 'echo' } }),
  'an event without data': event({ data: undefined }),
  'an acknowledgement that is no array': event({ type: 3, id: 1, data: 'x' }),
  'an id that is no number': event({ id: 'x' }),
  'an id with a fraction': event({ id: 1.5 }),
  'CONNECT with an array': pack({ type: 0, data: [], nsp: '/admin' }),
  'DISCONNECT with data': pack({ type: 1, data: {}, nsp: '/' }),
  'a namespace that was not joined': event({ nsp: '/admin' }),
  'CONNECT for a namespace that is joined': pack({ type: 0, nsp: '/' }),
  'CONNECT_ERROR of a client': pack({ type: 4, data: 'x', nsp: '/' }),
};
// Where the package is less strict.
const OURS = {
  'an event without a name': event({ data: [] }),
  'an event whose name is no text': event({ data: [true] }),
  'an id below 0': event({ id: -1 }),
  'an id beyond 2^63': event({ id: 2 ** 63 }),
  'bytes behind the packet': Buffer.concat([event(), Buffer.from([0])]),
  'a map that has less than it says':
    hex('84 a474797065 02 a36e7370 a12f a464617461 91 a46563686f'),
  'a key that is no text':
    hex('84 01 01 a474797065 02 a36e7370 a12f a464617461 91 a46563686f'),
  'a text that is no UTF-8':
    hex('83 a474797065 02 a36e7370 a12f a464617461 91 a2fffe'),
  'an array of 4 billion':
    hex('83 a474797065 02 a36e7370 a12f a464617461 ddffffffff'),
  'more than 128 levels': nested(128),
  'a namespace without a slash': event({ nsp: 'x' }),
};
for (const name of ['connect', 'connect_error', 'disconnect', 'disconnecting',
  'newListener', 'removeListener']) {
  OURS[`the reserved name ${name}`] = event({ data: [name] });
}

function refuses(name, packet, opts) {
  both(`${name} ends the connection`, opts, async (t, transport) => {
    const engine = await joined(t, transport);
    await engine.send(packet);
    assert.deepEqual((await engine.closed()).filter((p) => p !== '6'), []);
  });
}

for (const [name, packet] of Object.entries(REFUSED)) refuses(name, packet, {});
for (const [name, packet] of Object.entries(OURS)) {
  refuses(name, packet, { only: 'peal' });
}

// python-socketio writes None where there is nothing.
both('null of CONNECT and DISCONNECT is as if absent', { only: 'peal' },
  async (t, transport) => {
    const engine = await joined(t, transport);
    await engine.send(pack({ type: 0, data: null, nsp: '/admin' }));
    assert.equal(decode(await engine.recv()).type, 0);
    await engine.send(pack({ type: 1, data: null, nsp: '/admin' }));
    await engine.send(pack({ type: 0, data: null, nsp: '/admin' }));
    assert.equal(decode(await engine.recv()).type, 0);
  });

both('127 levels are no mistake', {}, async (t, transport) => {
  const engine = await joined(t, transport);
  await engine.send(nested(127));
  assert.deepEqual(decode(await engine.recv()), decode(nested(127)));
});

// -- clients ---------------------------------------------------------------------------

test('a client with another parser is told why, and the next is served', {},
  async (t) => {
    const server = await startServer(FLAGS);
    const url = `http://127.0.0.1:${server.port}`;
    const opts = { forceNew: true, reconnection: false };
    const other = io(url, opts);
    t.after(() => other.close());
    await until(() => !other.io.engine || other.io.engine.readyState === 'closed',
      'the end of it');
    assert.equal(other.connected, false);
    const socket = io(url, { ...opts, parser });
    t.after(() => socket.close());
    assert.equal(await socket.timeout(5000).emitWithAck('echo', 1), 1);
  });

// As a page gets it: the whole client in one file, with globals of a browser.
test('the client that is served speaks with who serves it', {}, async (t) => {
  const clientDir = path.join(path.dirname(require.resolve('socket.io')), '..',
    'client-dist');
  const server = await startServer({ ...FLAGS, clientDir });
  const url = `http://127.0.0.1:${server.port}`;
  const answer = await fetch(`${url}/socket.io/socket.io.msgpack.min.js`);
  assert.equal(answer.status, 200);
  const made = { exports: {} };
  globalThis.WebSocket ||= require('ws');
  new Function('module', 'exports', await answer.text())(made, made.exports);
  const socket = made.exports.io(url, {
    transports: ['websocket'], reconnection: false,
  });
  t.after(() => socket.close());
  const [number, bytes] = await new Promise((resolve) => {
    socket.emit('echo', 1, new Uint8Array([1, 2]).buffer,
      (...args) => resolve(args));
  });
  assert.equal(number, 1);
  assert.deepEqual(Buffer.from(bytes), Buffer.from([1, 2]));
});

run({ parallel: 8 });
