// SPDX-License-Identifier: MIT
'use strict';
// The scenarios by every client over every way, or by as few of them that every
// pair of two values meets at least once:
//   node matrix.js --server PATH --driver PATH [--python PATH] [--whole 1]
//     [--list 1] [--jobs N] [--port-base N]
// Prints what was run and how it ended (run.js); `--list` only what would be.
const { spawn } = require('node:child_process');
const path = require('node:path');
const { argument } = require('../e2e/lib/server');

const FACTORS = {
  client: ['js-2.5', 'js-3.1', 'js-4.5', 'js', 'engine', 'python', 'peal'],
  transport: ['polling', 'websocket', 'upgrade'],
  parser: ['json', 'msgpack'],
  via: ['nothing', 'tls'],
  deflate: ['0', '1'],
  workers: ['1', '4'],
};
const NAMES = Object.keys(FACTORS);

// The parser's package has no version for clients of Socket.IO 2.
const isPossible = ({ client, parser }) =>
  !(client === 'js-2.5' && parser === 'msgpack');

function product() {
  let all = [{}];
  for (const [name, values] of Object.entries(FACTORS)) {
    all = all.flatMap((one) =>
      values.map((value) => ({ ...one, [name]: value })));
  }
  return all.filter(isPossible);
}

function pairs(one) {
  const out = [];
  for (let a = 0; a < NAMES.length; a++) {
    for (let b = a + 1; b < NAMES.length; b++) {
      out.push(`${NAMES[a]}=${one[NAMES[a]]} ${NAMES[b]}=${one[NAMES[b]]}`);
    }
  }
  return out;
}

// The same dice in each run.
function shuffled(all) {
  let seed = 7;
  const roll = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed;
  };
  return all.map((one) => [roll(), one]).sort((a, b) => a[0] - b[0])
    .map(([, one]) => one);
}

// Greedy: always the one in which most pairs are new.
function pairwise(product) {
  const all = shuffled(product);
  const left = new Set(all.flatMap(pairs));
  const chosen = [];
  while (left.size) {
    const gain = (one) => pairs(one).filter((pair) => left.has(pair)).length;
    const best = all.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    pairs(best).forEach((pair) => left.delete(pair));
    chosen.push(best);
  }
  return chosen.sort((a, b) =>
    NAMES.map((name) => FACTORS[name].indexOf(a[name]) -
      FACTORS[name].indexOf(b[name])).find((n) => n !== 0) || 0);
}

const words = (one) => [one.client.padEnd(7), one.transport.padEnd(9),
  one.parser.padEnd(7), (one.via === 'tls' ? 'tls' : 'plain').padEnd(5),
  (one.deflate === '1' ? 'deflate' : '').padEnd(7),
  `${one.workers} worker${one.workers === '1' ? '' : 's'}`].join('  ');

function run(one, port) {
  const { parser, ...rest } = one;
  const args = [path.join(__dirname, 'run.js'), '--port-base', String(port),
    ...parser === 'json' ? [] : ['--parser', parser],
    ...['server', 'driver', 'python'].flatMap((name) =>
      (argument(name) ? [`--${name}`, argument(name)] : [])),
    ...Object.entries(rest).flatMap(([name, value]) => [`--${name}`, value])];
  return new Promise((resolve) => {
    const proc = spawn(process.execPath, args,
      { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    proc.stdout.on('data', (data) => { output += data; });
    proc.on('close', (code) => resolve({ code, output }));
  });
}

async function main() {
  const whole = argument('whole') === '1';
  const all = product();
  const todo = whole ? all : pairwise(all);
  console.log(`${todo.length} of ${all.length} combinations: ` +
    (whole ? 'all' : 'every pair of two values'));
  if (argument('list')) {
    for (const one of todo) console.log(words(one));
    return;
  }
  let port = Number(argument('port-base', 11400));
  let failed = 0;
  const worker = async () => {
    while (todo.length) {
      const one = todo.shift();
      const { code, output } = await run(one, port += 20);
      const last = output.trimEnd().split('\n').at(-1);
      console.log(`${code ? 'FAIL' : 'ok  '} ${words(one)}  ${last}`);
      if (code) {
        failed++;
        console.log(output.replace(/^ok .*\n/gm, ''));
      }
    }
  };
  await Promise.all(Array.from(
    { length: Number(argument('jobs', 2)) }, worker));
  console.log(failed ? `${failed} failed` : 'all passed');
  process.exit(failed ? 1 : 0);
}

main();
