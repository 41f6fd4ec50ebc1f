// SPDX-License-Identifier: MIT
// The device of before, python-socketio's Client, works unchanged.
//   node test_original.mjs PROGRAM PYTHON
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { heard, newFolder, Program, runOnce, runSteps } from './samples.mjs';

const python = process.argv[3];
const script = path.join(path.dirname(new URL(import.meta.url).pathname), 'original_device.py');

if (spawnSync(python, ['-c', 'import socketio, requests, websocket']).status !== 0) {
  console.log('python-socketio is not installed');
  process.exit(77);
}

async function runs(server, key) {
  const args = [script, server.url, ...(key ? [key] : [])];
  const { stdout } = await promisify(execFile)(python, args, { timeout: 60000 });
  return stdout.trim().split('\n').map((line) => JSON.parse(line));
}

async function check(server, key, auth) {
  const page = await server.connect({ auth });
  assert.deepEqual(await runs(server, key), [{ status: 'stored' }, { status: 'stored' }, { status: 'stored' }]);
  await heard(page, 'sludge-data-update', (one) => one.t_min === 0);
  await heard(page, 'sludge-data-update', (one) => one.sv30_percent === 31.8);
  const heights = page.seen.filter(([name]) => name === 'sludge-height-update').map(([, first]) => first);
  assert.deepEqual(heights, [287.5, 281.25]);
  assert.equal(page.seen.filter(([name]) => name === 'sludge-data-update').length, 2, 'sent twice is shown once');
  await server.stop();
}

async function keysOff() {
  const server = new Program();
  await server.start();
  await check(server);
}

async function keysOffButOneIsConfigured() {
  const server = new Program();
  await server.start();
  await check(server, 'some-key-of-old');
}

async function keysOn() {
  const dataDir = newFolder();
  const key = runOnce(['--data-dir', dataDir, '--add-device-key', 'pi-1']).stdout.trim().split('\n').at(-1);
  const server = new Program({ dataDir, args: ['--require-device-keys'] });
  await server.start();
  const refused = await runs(server);
  assert.ok(refused.every((one) => one.status === 'error' && /only devices|api_key/.test(one.message)), JSON.stringify(refused));
  await assert.rejects(runs(server, 'wrong'), /ConnectionError|not right/);
  await check(server, key);
}

await runSteps([keysOff, keysOffButOneIsConfigured, keysOn]);
