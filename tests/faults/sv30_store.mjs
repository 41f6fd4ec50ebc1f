// SPDX-License-Identifier: MIT
// The store of peal-sv30-backend is locked by another process, or its disk is
// full: what cannot be kept is refused in words and not shown, readers and
// sockets go on, and afterwards all is well by itself.
//   node sv30_store.mjs PROGRAM
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Program, result, runSteps, send, until } from '../apps/sv30-backend/samples.mjs';
import { hold, release } from './lock_holder.mjs';
import { disk, fill, filler } from './small_disk.mjs';

const server = new Program({ dataDir: path.join(disk, 'data'), args: ['--log-bytes', '65536', '--log-count', '1'] });
const healthy = () => until('it is healthy', async () => (await server.get('/health')).status === 200);
const degraded = () => until('it is not', async () => {
  const { status, json } = await server.get('/health');
  return status === 503 && json.status === 'degraded' && json.database === false;
});
let device;
let page;

const updates = () => page.seen.filter(([name]) => name === 'sludge-data-update').length;

async function starts() {
  await server.start();
  device = await server.connect();
  page = await server.connect();
  assert.equal((await send(device, 'sludge-data', result('A-1', 0))).status, 'stored');
  await until('it is shown', () => updates() === 1);
}

async function aShortLockIsWaitedFor() {
  await hold(path.join(server.dataDir, 'sv30.db'));
  const waiting = send(device, 'sludge-data', result('A-2', 0));
  setTimeout(release, 500);
  assert.equal((await waiting).status, 'stored');
}

async function aLongLockIsRefused() {
  await hold(path.join(server.dataDir, 'sv30.db'));
  const waiting = send(device, 'sludge-data', result('A-3', 0));
  assert.equal((await send(page, 'request', { type: 'ping' })).status, 'success');
  assert.equal((await server.get('/api/tests')).json.data.length, 2);
  const answer = await waiting;
  assert.equal(answer.status, 'error');
  assert.ok(!/lock|sqlite|busy/i.test(answer.message), 'nothing of the inside is told');
  await degraded();
  await release();
  await healthy();
  assert.equal((await send(device, 'sludge-data', result('A-3', 0))).status, 'stored');
  await until('it is shown once', () => updates() === 3);
}

async function aFullDiskIsRefused() {
  fill();
  let taken = 0;
  let answer;
  do {
    answer = await send(device, 'sludge-data', result(`FULL-${taken}`, 0));
    taken += answer.status === 'stored';
  } while (answer.status === 'stored' && taken < 5000);
  assert.equal(answer.status, 'error');
  assert.ok(!/disk|sqlite|space/i.test(answer.message), answer.message);
  await degraded();
  assert.equal((await server.get('/')).status, 200);
  assert.equal((await server.get('/api/tests?limit=1')).status, 200);
  fs.rmSync(filler);
  await healthy();
  assert.equal((await send(device, 'sludge-data', result(`FULL-${taken}`, 0))).status, 'stored');
  const { json } = await server.get('/api/tests?limit=1000&q=FULL');
  assert.equal(json.data.filter((one) => one.testId === `FULL-${taken}`).length, 1);
  await server.stop();
}

await runSteps([starts, aShortLockIsWaitedFor, aLongLockIsRefused, aFullDiskIsRefused]);
