// SPDX-License-Identifier: MIT
// JSON texts and what JSON.parse and JSON.stringify make of them, for
// test_json_node.c. Each record on stdout is "<length> <expected length>\n",
// the text and the expected text; the expected length is -1 where the text is
// refused and -2 where it is accepted and its order is not compared.
//
// usage: node json_oracle.js <seed> <values> <mutations> <numbers>
'use strict';

const [seed, values, mutations, numbers] = process.argv.slice(2).map(Number);
let state = seed >>> 0;

function dice() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
}

const below = (n) => dice() % n;
const pick = (list) => list[below(list.length)];

function randomDouble() {
  const view = new DataView(new ArrayBuffer(8));
  for (;;) {
    view.setUint32(0, dice());
    view.setUint32(4, dice());
    const value = view.getFloat64(0);
    if (Number.isFinite(value)) return value;
  }
}

function randomNumber() {
  switch (below(6)) {
    case 0: return below(100);
    case 1: return -below(2 ** 31);
    case 2: return below(2 ** 31) * 2 ** 21 + below(2 ** 21);
    case 3: return below(1000000) / 10 ** below(8);
    case 4: return dice() * 10 ** (below(40) - 20);
    default: return randomDouble();
  }
}

const PIECES = ['a', 'text ', '"', '\\', '/', '\n', '\r', '\t', '\b', '\f',
  '\u0000', '\u001f', '\u007f', '\u0080', 'é', '€', '\u2028', '\ud83d\ude00',
  '\ud800', '\udfff', '\uffff', '\ue000', 'a longer piece of plain text ',
  '0123456789abcdef'];

function randomString() {
  let text = '';
  for (let n = below(8); n > 0; n--) text += pick(PIECES);
  return text;
}

function randomValue(depth) {
  const kind = below(depth > 0 ? 9 : 6);
  if (kind < 1) return pick([true, false, null]);
  if (kind < 3) return randomNumber();
  if (kind < 6) return randomString();
  if (kind < 8) return Array.from({ length: below(6) }, () => randomValue(depth - 1));
  const object = {};
  // A letter in front: names that look like integers are sorted to the front.
  for (let n = below(6); n > 0; n--)
    object['k' + n + randomString()] = randomValue(depth - 1);
  return object;
}

const blank = () => (below(4) ? '' : pick([' ', '\n', '\t', '\r', '  ']));

function writeString(text) {
  let out = '';
  for (const unit of JSON.stringify(text).slice(1, -1).match(/\\u....|\\.|[^]/g) || [])
    out += below(8) || unit.length > 1 ? unit
      : unit === '/' ? '\\/' : '\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0');
  return '"' + out + '"';
}

function writeNumber(value) {
  const text = String(value);
  if (below(4) || value === 0 || text.includes('e')) return text;
  if (text.includes('.')) return text + '0'.repeat(below(30));
  return text + pick(['.0', 'e0', 'E+00', '.000e-0', '0e-1']);
}

// The same value in one of its many spellings.
function write(value) {
  const b = blank();
  if (typeof value === 'string') return b + writeString(value) + blank();
  if (typeof value === 'number') return b + writeNumber(value) + blank();
  if (Array.isArray(value)) return b + '[' + (value.map(write).join(',') || blank()) + ']' + blank();
  if (value && typeof value === 'object')
    return b + '{' + (Object.entries(value).map(([k, v]) =>
      blank() + writeString(k) + blank() + ':' + write(v)).join(',') || blank()) + '}' + blank();
  return b + String(value) + blank();
}

// Half a surrogate pair cannot be sent in UTF-8.
function wellFormed(value) {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k.toWellFormed(), wellFormed(v)]));
  return value;
}

function mutate(text) {
  const list = [...text];
  for (let n = 1 + below(3); n > 0; n--) {
    const at = below(list.length + 1);
    const char = pick([...'[]{},:"\\0123456789eE+-.tfnu/ \n\u0001aé']);
    switch (below(3)) {
      case 0: list.splice(at, 1); break;
      case 1: list.splice(at, 0, char); break;
      default: list[at] = char;
    }
  }
  return list.join('').toWellFormed();
}

const chunks = [];

function emit(text, expected) {
  const input = Buffer.from(text);
  const output = typeof expected === 'string' ? Buffer.from(expected) : Buffer.alloc(0);
  const length = typeof expected === 'string' ? output.length : expected;
  chunks.push(Buffer.from(`${input.length} ${length}\n`), input, output);
}

for (let i = 0; i < values; i++) {
  const text = write(randomValue(6)).toWellFormed();
  emit(text, JSON.stringify(wellFormed(JSON.parse(text))));
}
for (let i = 0; i < mutations; i++) {
  const text = mutate(write(randomValue(3)));
  let verdict = -2;
  try {
    JSON.parse(text);
  } catch {
    verdict = -1;
  }
  emit(text, verdict);
}
for (let i = 0; i < numbers; i += 100) {
  const list = Array.from({ length: 100 }, randomDouble);
  // Seventeen digits always say which double is meant.
  emit('[' + list.map((d) => d.toExponential(16)).join() + ']', JSON.stringify(list));
}
process.stdout.write(Buffer.concat(chunks));
