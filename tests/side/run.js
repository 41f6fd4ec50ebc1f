// SPDX-License-Identifier: MIT
'use strict';
// The same scenarios against Peal and against socket.io on Node; what their
// clients saw is compared line by line (README.md):
//   node run.js --server PATH [--only TEXT] [--workers N] [--show 1]
//     [--write 1] [--list 1] [--parallel N] [--port-base N]
// `--show` prints what was seen, `--write` writes differences.json anew and
// keeps the reasons.
const path = require('node:path');
const { privateServer, stopAll, argument } = require('../e2e/lib/server');
const { On } = require('./lib/on');
const { difference } = require('./lib/words');
const listed = require('./lib/listed');
const scenarios = require('./lib/scenarios');

const LIMIT_MS = 40000;
const peal = path.resolve(argument('server', 'peal-e2e-fixture'));
const only = argument('only');
const show = argument('show') !== undefined;
const write = argument('write') !== undefined;

const servers = new Map();
function serverOf(kind, { own, ...flags }) {
  const key = JSON.stringify([kind, own, flags]);
  if (!servers.has(key)) {
    servers.set(key, privateServer(flags, kind === 'node' ? 'node' : peal));
  }
  return servers.get(key);
}

// What was seen of one server; an error is seen, too.
async function watch(kind, { flags = {}, fn }) {
  const cleanups = [];
  const on = new On({ after: (done) => cleanups.push(done) },
    await serverOf(kind, flags), kind);
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('it took too long')), LIMIT_MS);
  });
  let error;
  try {
    await Promise.race([fn(on), late]);
  } catch (err) {
    error = err;
  }
  clearTimeout(timer);
  const lines = on.transcript();
  for (const done of cleanups.reverse()) await done();
  return { lines, error };
}

async function compare(one, out) {
  const start = Date.now();
  const [node, ours] = await Promise.all(
    [watch('node', one), watch('peal', one)]);
  const diff = difference(node.lines, ours.lines);
  const problems = [];
  for (const [kind, { error }] of [['node', node], ['peal', ours]]) {
    if (error) problems.push(`${kind}: ${error.stack}`);
  }
  if (!node.lines.length) problems.push('nothing was seen');
  out.found.set(one.name, diff);
  if (!write) problems.push(...listed.check(one.name, diff));
  const word = problems.length ? 'FAIL' : diff.length ? 'diff' : 'same';
  out[word]++;
  console.log(`${word} ${one.name} (${Date.now() - start} ms)`);
  const lines = [...problems, ...(word === 'FAIL' ? diff : []),
    ...(show ? ours.lines : [])];
  for (const line of lines) {
    console.log(`     ${line.replace(/\n/g, '\n     ')}`);
  }
}

async function main() {
  const todo = scenarios.filter((s) => !only || s.name.includes(only));
  if (argument('list') !== undefined) {
    for (const { name } of todo) console.log(name);
    return;
  }
  const out = { same: 0, diff: 0, FAIL: 0, found: new Map() };
  const start = Date.now();
  const count = todo.length;
  const worker = async () => {
    while (todo.length) await compare(todo.shift(), out);
  };
  await Promise.all(Array.from(
    { length: Number(argument('parallel', 16)) }, worker));
  const problems = await stopAll();
  if (write) listed.write(out.found, only);
  else if (!only) problems.push(...listed.unknown(scenarios));
  for (const text of problems) {
    out.FAIL++;
    console.log(`FAIL at the end: ${text}`);
  }
  console.log(`${count} scenarios: ${out.same} the same, ${out.diff} with a ` +
    `difference that is listed, ${out.FAIL} failed, ${Date.now() - start} ms`);
  process.exit(out.FAIL ? 1 : 0);
}

main().catch((err) => {
  console.log(`FAIL ${err.stack}`);
  stopAll().finally(() => process.exit(1));
});
