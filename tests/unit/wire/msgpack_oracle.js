// SPDX-License-Identifier: MIT
// What notepack.io and @msgpack/msgpack write, for test_msgpack_node.c. Each
// record on stdout is "<what> <length> <length of the JSON>\n", the bytes, and
// what JSON.stringify makes of the value, binaries being placeholders. What is
//   n, p   written by notepack.io, by @msgpack/msgpack: to be written the same
//   d      with dates in it: only to be read
//   y, x   damaged, and still read by notepack.io, or refused: no JSON
//
// usage: node msgpack_oracle.js <folder with node_modules> <seed> <values>
//        <damaged>; exit code 77: the packages are not there
'use strict';

const path = require('path');
const { createRequire } = require('module');
const [home, ...numbers] = process.argv.slice(2);
const [seed, values, damaged] = numbers.map(Number);
const from = createRequire(path.resolve(home) + '/');
let notepack, msgpack;
try {
  notepack = from('notepack.io');
  msgpack = from('@msgpack/msgpack');
} catch {
  process.exit(77);
}
let state = seed >>> 0;

function dice() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
}

const below = (n) => dice() % n;
const pick = (list) => list[below(list.length)];
const PIECES = ['a', 'text ', '"', '\\', '\n', '\u0000', '\u007f', 'é', '€',
  '\u2028', '\ud83d\ude00', '0123456789abcdef', 'x'.repeat(300)];

function randomNumber() {
  const sign = pick([1, -1]);
  switch (below(5)) {
    case 0: return sign * below(300);
    case 1: return sign * (2 ** below(63) - pick([0, 1]));
    case 2: return sign * dice() * 2 ** below(31);
    case 3: return sign * below(1000000) / 64;
    default: return sign * dice() * 10 ** -below(300);
  }
}

function randomString() {
  let text = '';
  for (let n = below(8); n > 0; n--) text += pick(PIECES);
  return text;
}

function randomDate() {
  return new Date((below(2) ? 1 : -1) * dice() * pick([1, 1000, 2000000]));
}

function randomValue(depth, dates) {
  const kind = below(depth > 0 ? 12 : 8);
  if (kind < 1) return pick([true, false, null]);
  if (kind < 3) return randomNumber();
  if (kind < 6) return randomString();
  if (kind < 7) return Buffer.alloc(pick([0, 1, 255, 256]), 'b');
  if (kind < 8) return dates ? randomDate() : randomString();
  const count = below(9) ? below(6) : 15 + below(4);
  if (kind < 10)
    return Array.from({ length: count }, () => randomValue(depth - 1, dates));
  const object = {};
  for (let n = count; n > 0; n--)
    object['k' + n + randomString()] = randomValue(depth - 1, dates);
  return object;
}

// Buffers as placeholders, in the order in which they stand. Integers of
// MessagePack have all their digits; JSON.stringify has those that tell one
// double from the next.
function jsonOf(value, exact) {
  let num = 0;
  const spell = (v) => {
    if (Buffer.isBuffer(v)) return `{"_placeholder":true,"num":${num++}}`;
    if (Array.isArray(v)) return '[' + v.map(spell).join() + ']';
    if (Number.isInteger(v) && exact && v >= -(2 ** 63) && v < 2 ** 63)
      return String(BigInt(v));
    if (v && typeof v === 'object' && !(v instanceof Date))
      return '{' + Object.entries(v).map(([k, x]) =>
        JSON.stringify(k) + ':' + spell(x)).join() + '}';
    return JSON.stringify(v);
  };
  return spell(value);
}

const chunks = [];

function emit(what, bytes, json) {
  const text = Buffer.from(json);
  chunks.push(Buffer.from(`${what} ${bytes.length} ${text.length}\n`),
    Buffer.from(bytes), text);
}

for (let i = 0; i < values; i++) {
  const value = randomValue(3, false);
  emit('n', notepack.encode(value), jsonOf(value, true));
  emit('p', msgpack.encode(value), jsonOf(value));
  const dated = [randomDate(), randomValue(3, true)];
  emit('d', notepack.encode(dated), jsonOf(dated, true));
  emit('d', msgpack.encode(dated), jsonOf(dated));
}
for (let i = 0; i < damaged; i++) {
  const bytes = Buffer.from(notepack.encode(randomValue(3, true)));
  for (let n = below(3); n >= 0 && bytes.length; n--)
    bytes[below(bytes.length)] = below(256);
  const cut = below(3) ? bytes : bytes.subarray(0, below(bytes.length + 1));
  let what = 'y';
  try {
    notepack.decode(cut);
  } catch {
    what = 'x';
  }
  emit(what, cut, '');
}
process.stdout.write(Buffer.concat(chunks));
