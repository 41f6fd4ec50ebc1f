// SPDX-License-Identifier: MIT
// The store of peal-deskpulse is locked by another process, or its disk is
// full: viewers go on, minutes wait and are there afterwards, what was asked to
// be kept is refused in words, and who wants not to be watched is not.
//   node deskpulse_store.mjs PROGRAM
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { all, Desk, good, last, runSteps, send, until } from '../apps/deskpulse/desk.mjs';
import { hold, release } from './lock_holder.mjs';
import { disk, fill, filler } from './small_disk.mjs';

const desk = new Desk({ dataDir: path.join(disk, 'data'), args: ['--log-bytes', '65536', '--log-count', '1', '--record', '--record-every', '100ms'] });
const healthy = () => until('it is healthy', async () => (await desk.get('/health')).status === 200, 20000);
const degraded = () => until('it is not', async () => {
  const { status, json } = await desk.get('/health');
  return status === 503 && json.status === 'degraded' && json.database === false;
}, 20000);
const minutes = async () => (await desk.get('/api/stats/today')).json.good_minutes;
let page;

async function starts() {
  await desk.start();
  page = await desk.connect();
  await desk.feed('it is good', good, () => last(page, 'posture_update')?.posture_state === 'good');
}

// A second of good posture, which viewers see and today has.
async function itGoesOn() {
  const [before, frames, end] = [await minutes(), all(page, 'posture_update').length, performance.now() + 1000];
  await desk.feed('a second', good, () => performance.now() > end);
  await until('viewers see it', () => all(page, 'posture_update').length > frames);
  assert.ok(await minutes() > before);
}

async function aLongLockIsWaitedOut() {
  await hold(path.join(desk.dataDir, 'deskpulse.db'));
  await degraded();
  await itGoesOn();
  assert.equal((await desk.get('/api/stats/history?days=2')).json.data.length, 2, 'readers go on');
  const answer = await send(page, 'set_threshold', { minutes: 3 });
  assert.equal(answer.status, 'error');
  assert.ok(!/lock|sqlite|busy/i.test(answer.message), 'nothing of the inside is told');
  const paused = await send(page, 'pause_monitoring');
  assert.equal(paused.status, 'success', 'it holds');
  assert.match(paused.warning, /could not be stored/);
  await until('it is paused', () => last(page, 'camera_status').state === 'paused');
  await release();
  await healthy();
  assert.deepEqual(await send(page, 'resume_monitoring'), { status: 'success', paused: false });
}

async function aFullDiskIsWaitedOut() {
  fill();
  let answer;
  for (let i = 0; i < 3000 && answer?.status !== 'error'; i += 1) {
    answer = await send(page, 'set_user', { user: `somebody-${i}-${'x'.repeat(40)}` });
  }
  assert.equal(answer.status, 'error');
  await degraded();
  await itGoesOn();
  assert.equal((await desk.get('/')).status, 200);
  fs.rmSync(filler);
  await healthy();
  assert.equal((await send(page, 'set_user', { user: 'ada' })).status, 'success');
}

async function nothingWasLost() {
  const before = await minutes();
  await desk.stop();
  await desk.start();
  const after = await minutes();
  assert.ok(after >= before && after < before + 0.2, `${before} minutes, then ${after}`);
  assert.equal((await desk.get('/api/status')).json.monitoring.user, 'ada');
  await desk.stop();
  const recorded = fs.readdirSync(path.join(desk.dataDir, 'recording'));
  assert.ok(recorded.length > 0 && recorded.every((name) => /^\d{8}-\d{6}-\d{3}Z\.jpg$/.test(name)), 'whole, or not there');
}

await runSteps([starts, aLongLockIsWaitedOut, aFullDiskIsWaitedOut, nothingWasLost]);
