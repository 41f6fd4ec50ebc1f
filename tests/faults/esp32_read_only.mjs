// SPDX-License-Identifier: MIT
// peal-esp32 with a media folder that cannot be written: health says which part
// it is, readings are taken, and all is well by itself afterwards.
//   node esp32_read_only.mjs PROGRAM
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { newFolder, Program, png, reading, runSteps, until } from '../apps/esp32/program.mjs';

const dataDir = newFolder();
const media = path.join(dataDir, 'media');
fs.mkdirSync(media, { recursive: true });
const mount = (...args) => spawnSync('mount', [...args, media]).status;
if (mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs') !== 0) {
  console.log('a small file system cannot be mounted here');
  process.exit(77);
}
process.on('exit', () => spawnSync('umount', ['-l', media]));

let server;
const upload = () => server.post('/upload', png(), { type: 'image/png' });

async function theFolderBecomesReadOnly() {
  server = await new Program({ dataDir }).start();
  assert.equal((await upload()).text, 'OK');
  assert.equal((await server.get('/api/health')).status, 200);
  assert.equal(mount('-o', 'remount,ro'), 0);
  const health = await server.get('/api/health');
  assert.equal(health.status, 503);
  assert.equal(health.json.media, false);
  assert.equal(health.json.database, true);
  const refused = await upload();
  assert.equal(refused.status, 500);
  assert.equal(refused.json.status, 'error');
  assert.equal((await server.post('/api/sensor-data', reading('A'))).status, 200);
  await until('the log says why', () => /no file can be written in .*media.*[Rr]ead-only/.test(server.output));
}

async function afterwardsAllIsWell() {
  assert.equal(mount('-o', 'remount,rw'), 0);
  await until('it is healthy', async () => (await server.get('/api/health')).status === 200);
  assert.equal((await upload()).text, 'OK');
  await server.stop();
}

await runSteps([theFolderBecomesReadOnly, afterwardsAllIsWell]);
