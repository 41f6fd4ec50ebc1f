// SPDX-License-Identifier: MIT
// peal-esp32 after its database was deleted, as one does with a broken one: the
// pictures and recordings are set aside, and said so; half files go.
//   node esp32_lost_database.mjs PROGRAM
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Program, png, runSteps, wav } from '../apps/esp32/program.mjs';

let server;
const files = (name) => {
  const folder = path.join(server.dataDir, name);
  return fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
};
let before;

async function theMediaOutliveTheDatabase() {
  server = await new Program().start();
  for (let i = 0; i < 5; i += 1) {
    assert.equal((await server.post('/upload?device_id=A', png(20 + i, 20), { type: 'image/png' })).text, 'OK');
  }
  assert.equal((await server.post('/upload-audio?device_id=A', wav(0.1), { type: 'audio/wav' })).text, 'OK');
  await server.stop();
  before = files('media');
  assert.equal(before.length, 6);
  for (const name of fs.readdirSync(server.dataDir)) {
    if (name.startsWith('esp32.db')) fs.unlinkSync(path.join(server.dataDir, name));
  }
  fs.writeFileSync(path.join(server.dataDir, 'media', `${before[0]}.part`), 'half');
  server.output = '';
  await server.start();
  assert.deepEqual(files('orphans'), before);
  assert.deepEqual(files('media'), []);
  assert.match(server.output, /6 files that the database does not know were set aside.*orphans/);
  assert.match(server.output, /1 unfinished uploads/);
}

async function theNewOneGoesOnWithoutThem() {
  assert.deepEqual((await server.get('/api/images')).json.data, []);
  assert.equal((await server.get(`/media/${before[0]}`)).status, 404);
  assert.equal((await server.post('/upload?device_id=A', png(), { type: 'image/png' })).text, 'OK');
  await server.stop();
  server.output = '';
  await server.start();
  assert.equal(files('media').length, 1, 'what it knows stays');
  assert.deepEqual(files('orphans'), before);
  assert.ok(!/set aside/.test(server.output));
  await server.stop();
}

await runSteps([theMediaOutliveTheDatabase, theNewOneGoesOnWithoutThem]);
