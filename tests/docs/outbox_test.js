// SPDX-License-Identifier: MIT
// Runs examples/client_outbox without a server, kills it, and then with one: all
// lines arrive once, in order, whatever was said of them before.
//   node outbox_test.js PROGRAM
'use strict';
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { createRequire } = require('node:module');

const e2e = path.join(__dirname, '../e2e/package.json');
let Server;
try {
  ({ Server } = createRequire(e2e)('socket.io'));
} catch {
  console.log('socket.io is not installed');
  process.exit(77);
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'peal-example-'));
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function until(what, check) {
  for (let i = 0; i < 1500; i++) {
    if (check()) return;
    await wait(20);
  }
  assert.fail(`in vain: ${what}`);
}

function freePort() {
  return new Promise((done) => {
    const probe = net.createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

function start(port) {
  const child = spawn(process.argv[2],
    [`http://127.0.0.1:${port}`, path.join(folder, 'box')]);
  child.said = '';
  child.stdout.on('data', (bytes) => { child.said += bytes; });
  child.gone = new Promise((done) => child.once('close', done));
  return child;
}

const count = (text, words) => text.split(words).length - 1;

async function main() {
  const port = await freePort();
  let child = start(port);
  child.stdin.write('one\ntwo\nthree\n');
  await until('three are kept', () => count(child.said, 'kept\n') === 3);
  child.kill('SIGKILL');
  await child.gone;

  const seen = [];
  const io = new Server(port);
  io.on('connection', (socket) => socket.on('line', (line, ack) => {
    if (!seen.some((other) => other.id === line.id)) seen.push(line);
    ack();
  }));
  child = start(port);
  child.stdin.write('four\n');
  await until('four are delivered', () => count(child.said, 'delivered') === 4);
  assert.deepStrictEqual(seen.map((line) => line.text),
    ['one', 'two', 'three', 'four']);
  assert.match(child.said, /, 0 left/);
  child.stdin.end();
  assert.strictEqual(await child.gone, 0);
  io.close();
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
}).finally(() => fs.rmSync(folder, { recursive: true, force: true }));
