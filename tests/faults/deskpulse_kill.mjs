// SPDX-License-Identifier: MIT
// peal-deskpulse killed in the middle of its work: what was acknowledged is
// there, and of the minutes at most the seconds that were not stored yet are
// missing.
//   node deskpulse_kill.mjs PROGRAM
import assert from 'node:assert/strict';
import { Desk, good, runSteps, send } from '../apps/deskpulse/desk.mjs';

const desk = new Desk();
const today = async () => (await desk.get('/api/stats/today')).json;
const monitoring = async () => (await desk.get('/api/status')).json.monitoring;

async function killedWhileItCounts() {
  await desk.start();
  const page = await desk.connect();
  // time goes on between two rounds: the second is stored beside the first
  for (const ms of [6500, 5500]) {
    const before = await today();
    const end = performance.now() + ms;
    await desk.feed('some time', good, () => performance.now() > end, 60000);
    const { good_minutes: seen } = await today();
    await desk.stop('SIGKILL');
    await desk.start();
    const after = await today();
    assert.ok(after.good_minutes > before.good_minutes, `${before.good_minutes}, then ${after.good_minutes}`);
    assert.ok(after.good_minutes <= seen + 0.001, 'nothing is counted twice');
    assert.ok(seen - after.good_minutes < 0.2, `${seen} minutes were seen, ${after.good_minutes} are kept`);
    assert.equal(after.bad_minutes, 0);
  }
  page.disconnect();
}

async function whatWasAcknowledgedIsThere() {
  for (let round = 0; round < 6; round += 1) {
    const socket = await desk.connect();
    const minutes = 1 + round;
    const [threshold, user, paused] = await Promise.all([
      send(socket, 'set_threshold', { minutes }), send(socket, 'set_user', { user: `user ${round}` }),
      send(socket, round % 2 ? 'pause_monitoring' : 'resume_monitoring')]);
    for (const answer of [threshold, user, paused]) assert.equal(answer.status, 'success');
    await desk.stop('SIGKILL');
    await desk.start();
    const found = await monitoring();
    assert.deepEqual([found.threshold_minutes, found.user, found.paused], [minutes, `user ${round}`, Boolean(round % 2)]);
  }
  await desk.stop();
}

await runSteps([killedWhileItCounts, whatWasAcknowledgedIsThere]);
