// SPDX-License-Identifier: MIT
// The client of before in Python works unchanged.
//   node test_original.mjs PROGRAM PYTHON
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { addDevice, Program, runSteps, signUp } from './care.mjs';

const python = process.argv[3];
const script = path.join(path.dirname(new URL(import.meta.url).pathname), 'original_client.py');

if (spawnSync(python, ['-c', 'import socketio, requests, websocket']).status !== 0) {
  console.log('python-socketio is not installed');
  process.exit(77);
}

const server = new Program();
let who;

async function run(...args) {
  const { stdout } = await promisify(execFile)(python, [script, ...args], { timeout: 90000 });
  return stdout.trim().split('\n').map((line) => JSON.parse(line));
}

async function allOfItsListenersAndEmits() {
  await server.start();
  who = await signUp(server, 'anna');
  const key = await addDevice(server, who, 'cuff');
  const heard = await run(server.url, who.token, who.room, 'cuff', key);
  const names = new Set(heard.map(([name]) => name));
  for (const name of ['connect', 'status', 'message', 'conversation_history', 'conversation_cleared',
    'vital_update', 'device_update', 'disconnect']) assert.ok(names.has(name), name);
  assert.deepEqual(heard.find(([name]) => name === 'ack')[1], { status: 'success', stored: 1 });
  const [, update] = heard.find(([name]) => name === 'vital_update');
  assert.deepEqual([update.metric, update.value, update.unit, update.status], ['spo2', 93, '%', 'warning']);
}

async function aWrongTokenIsRefused() {
  await assert.rejects(run(server.url, 'wrong', who.room), /Authentication failed|ConnectionError/);
  await server.stop();
}

await runSteps([allOfItsListenersAndEmits, aWrongTokenIsRefused]);
