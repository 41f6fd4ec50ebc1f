// SPDX-License-Identifier: MIT
// Another process holds the lock of peal-esp32's store: writes wait, then are
// refused; reads, pages and live events go on; afterwards all is well.
//   node esp32_locked.mjs PROGRAM
import assert from 'node:assert/strict';
import path from 'node:path';
import { heard, Program, png, reading, runSteps, until } from '../apps/esp32/program.mjs';
import { hold as holdStore, release } from './lock_holder.mjs';

let server;

const hold = () => holdStore(path.join(server.dataDir, 'esp32.db'));

async function aShortLockIsWaitedFor() {
  server = await new Program().start();
  assert.equal((await server.post('/api/sensor-data', reading('L'))).status, 200);
  await hold();
  const waiting = server.post('/api/sensor-data', reading('L'));
  setTimeout(release, 500);
  assert.equal((await waiting).status, 200);
}

async function aLongLockIsRefusedAndNothingStands() {
  await hold();
  const page = await server.connect();
  const began = performance.now();
  const waiting = server.post('/api/sensor-data', reading('L', { mic_level: 77 }));
  await page.timeout(5000).emitWithAck('request', { type: 'ping' });
  const history = await server.get('/api/sensor-data');
  assert.equal(history.json.data.length, 2);
  assert.equal((await server.get('/')).status, 200);
  assert.ok(performance.now() - began < 1900, 'readers do not wait for writers');
  const answer = await waiting;
  assert.equal(answer.status, 500, answer.text);
  assert.ok(!page.seen.some(([name]) => name === 'sensor_update'), 'what is not stored is not shown');
  assert.ok(!/lock|sqlite|busy/i.test(answer.text), 'nothing of the inside is told');
  const picture = await server.post('/upload', png(), { type: 'image/png' });
  assert.equal(picture.status, 500);
  assert.equal((await server.get('/api/health')).status, 503);
}

async function afterwardsAllIsWell() {
  await release();
  await until('it is healthy', async () => (await server.get('/api/health')).status === 200);
  assert.equal((await server.post('/api/sensor-data', reading('L'))).status, 200);
  assert.equal((await server.post('/upload', png(), { type: 'image/png' })).text, 'OK');
  const { data } = (await server.get('/api/images')).json;
  assert.equal(data.length, 1);
  await server.stop();
}

// Who wants the other order says so.
async function beforeIsAChoice() {
  server = await new Program({ args: ['--send-before-stored'] }).start();
  const page = await server.connect();
  await hold();
  const waiting = server.post('/api/sensor-data', reading('L', { mic_level: 78 }));
  await heard(page, 'sensor_update', ({ data }) => data.mic_level === 78);
  await release();
  assert.equal((await waiting).status, 200);
  assert.equal(page.seen.filter(([name]) => name === 'sensor_update').length, 1);
  await server.stop();
}

await runSteps([aShortLockIsWaitedFor, aLongLockIsRefusedAndNothingStands, afterwardsAllIsWell,
  beforeIsAChoice]);
