// SPDX-License-Identifier: MIT
// peal-esp32 on a full disk: it refuses what it cannot keep, says so in health,
// keeps serving, and goes on by itself when there is room again.
//   node esp32_disk_full.mjs PROGRAM
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Program, png, reading, runSteps, until } from '../apps/esp32/program.mjs';
import { disk, fill, filler } from './small_disk.mjs';

const big = Buffer.concat([png(64, 48), Buffer.alloc(300000)]);
let server;
let kept = 0;

async function picturesAreRefusedWhenTheyDoNotFit() {
  server = await new Program({ dataDir: path.join(disk, 'data') }).start();
  let answer;
  do {
    answer = await server.post('/upload?device_id=FULL', big, { type: 'image/png' });
    if (answer.text === 'OK') kept += 1;
  } while (answer.text === 'OK' && kept < 50);
  assert.ok(kept > 0 && kept < 50, `${kept} were taken`);
  assert.equal(answer.status, 500);
  assert.equal(answer.json.status, 'error');
  assert.ok(!/disk|sqlite|ENOSPC|No space/i.test(answer.text), 'nothing of the inside is told');
}

async function readingsAreRefusedAndHealthSaysDegraded() {
  const page = await server.connect();
  fill();
  let status = 200;
  let taken = 0;
  for (let i = 0; i < 2000 && status === 200; i += 1) {
    ({ status } = await server.post('/api/sensor-data', reading('FULL')));
    if (status === 200) taken += 1;
  }
  assert.equal(status, 500);
  for (let i = 0; i < 20; i += 1) await server.post('/api/sensor-data', reading('FULL'));
  await page.timeout(5000).emitWithAck('request', { type: 'ping' });
  const shown = page.seen.filter(([name]) => name === 'sensor_update').length;
  assert.equal(shown, taken, 'viewers see no reading that does not exist');
  const health = await server.get('/api/health');
  assert.equal(health.status, 503);
  assert.equal(health.json.status, 'degraded');
  assert.equal(health.json.database, false);
}

async function whatIsThereIsStillServed() {
  const { data } = (await server.get('/api/images')).json;
  assert.equal(data.length, kept);
  assert.equal((await server.get(data[0].url)).bytes.length, big.length);
  assert.equal((await server.get('/')).status, 200);
  assert.equal((await server.get('/api/oled-display/get')).json.status, 'success');
  const files = fs.readdirSync(path.join(server.dataDir, 'media'));
  assert.equal(files.length, kept, 'no half file stays');
}

async function itGoesOnWhenThereIsRoom() {
  fs.unlinkSync(filler);
  const { data } = (await server.get('/api/images')).json;
  assert.ok(data.length > 0);
  await until('readings are taken', async () =>
    (await server.post('/api/sensor-data', reading('FULL'))).status === 200);
  await until('health is good', async () => (await server.get('/api/health')).status === 200);
  assert.equal((await server.post('/upload', png(), { type: 'image/png' })).text, 'OK');
  await server.stop();
  spawnSync('umount', [disk]);
}

await runSteps([picturesAreRefusedWhenTheyDoNotFit, readingsAreRefusedAndHealthSaysDegraded,
  whatIsThereIsStillServed, itGoesOnWhenThereIsRoom]);
