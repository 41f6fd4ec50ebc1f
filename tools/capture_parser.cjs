// SPDX-License-Identifier: MIT
// What the package socket.io-msgpack-parser writes, as cases of
// tests/wire/sio_msgpack.
//
// usage: node tools/capture_parser.cjs <folder with node_modules> > FILE
'use strict';
const path = require('node:path');
const { createRequire } = require('node:module');

const require2 = createRequire(`${path.resolve(process.argv[2])}/`);
const { Encoder } = require2('socket.io-msgpack-parser');

const TYPES = ['connect', 'disconnect', 'event', 'ack', 'connect_error'];
const bytes = (...items) => Buffer.from(items);

// As a client or a server hands them to the parser; `ours`: what we write for
// the same has the same bytes.
const CASES = [
  ['a client\'s CONNECT', { type: 0, data: undefined, nsp: '/' }],
  ['with auth', { type: 0, data: { token: 'x', n: [1] }, nsp: '/' }, true],
  ['to a namespace', { type: 0, data: undefined, nsp: '/chat' }],
  ['a server\'s CONNECT', { type: 0, data: { sid: 's', pid: undefined }, nsp: '/' }],
  ['a server\'s CONNECT with recovery',
    { type: 0, data: { sid: 's', pid: 'p' }, nsp: '/' }, true],
  ['DISCONNECT', { type: 1, data: undefined, nsp: '/chat' }],
  ['DISCONNECT of a server', { type: 1, nsp: '/chat' }, true],
  ['CONNECT_ERROR',
    { type: 4, data: { message: 'no', data: { code: 1 } }, nsp: '/' }, true],
  ['an event', { type: 2, data: ['hi', 1, 'two', null, true, false], nsp: '/' },
    true],
  ['an event of a client',
    { type: 2, data: ['hi'], options: { compress: true }, nsp: '/' }],
  ['an event that asks for an acknowledgement',
    { type: 2, data: ['hi'], id: 17, nsp: '/a' }, true],
  ['a client\'s that asks',
    { type: 2, data: ['hi'], options: { compress: false }, id: 0, nsp: '/' }],
  ['an acknowledgement', { id: 17, type: 3, data: [1, 'x'], nsp: '/' }, true],
  ['an empty acknowledgement', { id: 0, type: 3, data: [], nsp: '/a' }, true],
  ['binaries inside', {
    type: 2, nsp: '/', data: ['b', Buffer.from('abc'),
      { deep: [bytes(0, 255), bytes()] }],
  }],
  ['binaries in our order', {
    type: 2, data: ['b', Buffer.from('abc'), { deep: [bytes(0, 255)] }], nsp: '/',
  }, true],
  ['an ArrayBuffer and a view',
    { type: 2, data: ['b', new Uint8Array([1, 2]).buffer,
      new Uint8Array([3])], nsp: '/' }],
  ['a Date', { type: 2, data: ['d', new Date(1600000000123)], nsp: '/' }],
  ['undefined in an array', { type: 2, data: ['u', undefined, [undefined]],
    nsp: '/' }, true],
  ['undefined in an object', { type: 2, data: ['u', { a: undefined, b: 1 }],
    nsp: '/' }],
  ['whole numbers', { type: 2, data: ['n', 0, 127, 128, 255, 256, 65535, 65536,
    4294967295, 4294967296, 9007199254740991], nsp: '/' }, true],
  ['negative numbers', { type: 2, data: ['n', -1, -32, -33, -128, -129, -32768,
    -32769, -2147483648, -2147483649, -9007199254740991], nsp: '/' }, true],
  ['other numbers', { type: 2, data: ['n', 1.5, -0.1, NaN, Infinity], nsp: '/' },
    true],
  ['texts', { type: 2, data: ['', 'é\u2603\u{1F600}\u0000', 'x'.repeat(31),
    'x'.repeat(32)], nsp: '/' }, true],
  ['containers', { type: 2, data: ['c', [], {}, { '': [[]] },
    Array(16).fill(0)], nsp: '/' }, true],
];

// As test_sio_msgpack writes values: JSON, a binary as base64.
function json(value) {
  if (Buffer.isBuffer(value)) return JSON.stringify(value.toString('base64'));
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return json(Buffer.from(value.buffer || value));
  }
  if (Array.isArray(value)) return `[${value.map((one) => json(one)).join()}]`;
  if (value instanceof Date || value === null || typeof value !== 'object') {
    return JSON.stringify(value) ?? 'null';
  }
  return `{${Object.entries(value).filter(([, one]) => one !== undefined)
    .map(([key, one]) => `${JSON.stringify(key)}:${json(one)}`).join()}}`;
}

const escaped = (data) => [...data].map((byte) => {
  const char = String.fromCharCode(byte);
  return /[A-Za-z0-9_/]/.test(char) ? char
    : `\\x${byte.toString(16).padStart(2, '0')}`;
});

function lines(data) {
  const out = [''];
  for (const one of escaped(data)) {
    if (out.at(-1).length + one.length > 76) out.push('');
    out[out.length - 1] += one;
  }
  return out.join('\n');
}

const shown = (text) => [...Buffer.from(text)].map((byte) => {
  const char = String.fromCharCode(byte);
  if (char === '\\') return '\\\\';
  return byte >= 32 && byte < 127 ? char
    : `\\x${byte.toString(16).padStart(2, '0')}`;
}).join('');

console.log('# What socket.io-msgpack-parser writes: `same` if ours does, too.\n' +
  '# Written by tools/capture_parser.cjs.');
for (const [name, packet, ours] of CASES) {
  const [data] = new Encoder().encode(packet);
  const id = packet.id === undefined ? 'none' : packet.id;
  console.log(`== ${name}\n${lines(data)}\n>>`);
  console.log(`${TYPES[packet.type]} nsp=${packet.nsp} id=${id}`);
  if (packet.data !== undefined) console.log(`data ${shown(json(packet.data))}`);
  console.log(`${ours ? 'same' : 'ours differs'}\n`);
}
