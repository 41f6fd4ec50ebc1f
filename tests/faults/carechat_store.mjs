// SPDX-License-Identifier: MIT
// The store of peal-carechat is locked by another process, or its disk is full:
// what cannot be kept is refused in words and not shown, people stay connected
// and read on, and afterwards all is well by itself.
//   node carechat_store.mjs PROGRAM
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {
  addDevice, bearer, heard, Program, reading, runSteps, send, sendReading, signUp, until,
} from '../apps/carechat/care.mjs';
import { hold, release } from './lock_holder.mjs';
import { disk, fill, filler } from './small_disk.mjs';

const server = new Program({ dataDir: path.join(disk, 'data'),
  args: ['--log-bytes', '65536', '--log-count', '1', '--device-rate', '100000', '--device-burst', '100000'] });
const healthy = () => until('it is healthy', async () => (await server.get('/health')).status === 200);
const degraded = () => until('it is not', async () => {
  const { status, json } = await server.get('/health');
  return status === 503 && json.status === 'degraded' && json.parts.store !== 'ok';
});
const inside = /sqlite|busy|database|SQL|errno|\/data/i;
let who;
let key;
let page;
let device;

const updates = () => page.seen.filter(([name]) => name === 'vital_update').length;
const stored = async () => (await server.get('/api/vitals?limit=1000', bearer(who))).json.data.length;

async function starts() {
  await server.start();
  who = await signUp(server, 'anna');
  key = await addDevice(server, who, 'watch');
  page = await server.connect({ auth: { token: who.token } });
  device = await server.connect({ auth: { device_key: key, device_id: 'watch' } });
  assert.equal((await send(device, 'vitals', reading('watch'))).status, 'success');
  await until('it is shown', () => updates() === 1);
}

async function aLockIsRefusedInWords() {
  await hold(path.join(server.dataDir, 'carechat.db'));
  const waiting = [sendReading(server, key, reading('watch')), send(device, 'vitals', reading('watch'))];
  assert.equal((await send(page, 'request', { type: 'ping' })).status, 'success', 'others go on');
  assert.equal(await stored(), 1, 'and read');
  const [answer, ack] = await Promise.all(waiting);
  assert.equal(answer.status, 503);
  assert.ok(answer.json.message.length > 10 && !inside.test(answer.text), answer.text);
  assert.equal(ack.status, 'error');
  assert.ok(!inside.test(ack.message));
  await degraded();
  assert.equal((await server.post('/api/devices', { device_id: 'other' }, { headers: bearer(who) })).status, 503);
  await release();
  await healthy();
  assert.equal(updates(), 1, 'what was refused was not shown');
  assert.equal((await sendReading(server, key, reading('watch'))).status, 200);
  await until('it is shown', () => updates() === 2);
}

async function theChatSaysSoToo() {
  const say = (message) => send(page, 'send_message', { message });
  const answers = () => page.seen.filter(([name, data]) => name === 'message' && data.role === 'assistant')
    .map(([, data]) => data);
  const { id } = await say('help');
  await heard(page, 'message_delta', (one) => one.reply_to === id && one.seq > 1);
  await hold(path.join(server.dataDir, 'carechat.db'));
  const refused = await say('nobody keeps this');
  assert.deepEqual([refused.status, refused.code], ['error', 'store_unavailable']);
  assert.ok(!inside.test(refused.message), refused.message);
  // what was written while nothing could be kept is shown, and said to be lost
  const lost = await until('the answer', () => answers().find((one) => one.reply_to === id), 20000);
  assert.equal(lost.state, 'failed');
  assert.match(lost.reason, /could not be stored/);
  await release();
  await healthy();
  await until('it may be asked again', async () =>
    (await send(page, 'retry_message', { id })).status === 'success');
  await until('it is answered', () => answers().filter((one) => one.reply_to === id)[1]?.state === 'done');
  const { json } = await server.get('/api/conversations', bearer(who));
  assert.deepEqual(json.data.map((one) => [one.id, one.state]), [[id + 1, 'done'], [id, undefined]]);
}

async function aFullDiskIsRefusedInWords() {
  fill();
  let taken = 0;
  let answer;
  do {
    answer = await sendReading(server, key, Array.from({ length: 50 }, () => reading('watch', 'spo2', 97, '%')));
    taken += answer.status === 200;
  } while (answer.status === 200 && taken < 2000);
  assert.equal(answer.status, 503);
  assert.ok(!inside.test(answer.text), answer.text);
  await degraded();
  assert.ok(page.connected);
  assert.equal((await send(page, 'request', { type: 'ping' })).status, 'success');
  assert.equal((await server.get('/login.html')).status, 200);
  assert.equal((await server.get('/api/vitals/latest', bearer(who))).status, 200);
  fs.rmSync(filler);
  await healthy();
  page.seen.length = 0;
  assert.equal((await send(device, 'vitals', reading('watch', 'heart_rate', 150))).status, 'success');
  await heard(page, 'vital_update', (one) => one.value === 150);
  await heard(page, 'vital_alert');
  await server.stop();
}

await runSteps([starts, aLockIsRefusedInWords, theChatSaysSoToo, aFullDiskIsRefusedInWords]);
