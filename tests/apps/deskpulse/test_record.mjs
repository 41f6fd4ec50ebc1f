// SPDX-License-Identifier: MIT
// Pictures on disk: none unless asked for, then bounded, and said to everybody.
//   node test_record.mjs PROGRAM
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Desk, form, good, heard, picture, runSteps, send, sleep, until } from './desk.mjs';

// The same picture with comments of 300 kB behind its beginning.
function large() {
  const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0xff, 0xff]), Buffer.alloc(0xfffd)]);
  return Buffer.concat([picture.subarray(0, 2), ...Array.from({ length: 5 }, () => comment), picture.subarray(2)]);
}

const names = (desk) => fs.readdirSync(path.join(desk.dataDir, 'recording')).filter((name) => name.endsWith('.jpg'));
const bytes = (desk) => names(desk).reduce((sum, name) => sum + (fs.statSync(
  path.join(desk.dataDir, 'recording', name), { throwIfNoEntry: false })?.size ?? 0), 0);

async function nothingIsKept() {
  const desk = new Desk();
  await desk.start();
  const page = await desk.connect();
  assert.equal((await heard(page, 'monitoring_status')).recording, false);
  await desk.feed('pictures come', good, () => page.seen.filter(([name]) => name === 'posture_update').length > 3);
  await desk.stop();
  assert.ok(!fs.existsSync(path.join(desk.dataDir, 'recording')));
  for (const name of fs.readdirSync(desk.dataDir)) {
    assert.ok(!fs.readFileSync(path.join(desk.dataDir, name)).includes(picture.subarray(20, 120)), name);
  }
}

async function askedForTheyAreAndBounded() {
  const desk = new Desk({ args: ['--record', '--record-every', '100ms', '--record-max-bytes', '1M', '--timezone', '+05:30'] });
  await desk.start();
  const page = await desk.connect();
  assert.equal((await heard(page, 'monitoring_status')).recording, true);
  assert.match(desk.output, /pictures are kept in/);
  const first = new Set();
  const body = () => desk.ask('POST', '/api/frames', { body: form(good, large()) });
  await until('the oldest has gone', async () => {
    assert.equal((await body()).status, 200);
    for (const name of names(desk)) first.add(name);
    return first.size > names(desk).length;
  });
  await until('what is under way is done', () => bytes(desk) <= 1 << 20);
  assert.ok(names(desk).length >= 2, 'and only as many as needed');
  assert.ok(!names(desk).includes([...first].sort()[0]), 'the oldest goes first');
  const [, day, hour, ms] = /^(\d{8})-(\d{6})-(\d{3})Z\.jpg$/.exec(names(desk).sort().at(-1));
  const named = Date.parse(`${day.replace(/(....)(..)(..)/, '$1-$2-$3')}T${hour.replace(/(..)(..)(..)/, '$1:$2:$3')}.${ms}Z`);
  assert.ok(Math.abs(Date.now() - named) < 60000, 'names are times that never come twice');
  const one = path.join(desk.dataDir, 'recording', names(desk)[0]);
  assert.equal(fs.statSync(one).mode & 0o777, 0o600);
  assert.deepEqual(fs.readFileSync(one), large());
  await pausedNothingIs(desk, page, body);
  await desk.stop();
}

async function pausedNothingIs(desk, page, body) {
  await send(page, 'pause_monitoring');
  await heard(page, 'monitoring_status', (status) => status.paused && !status.recording);
  await sleep(150); // one that was under way
  const before = names(desk).join();
  for (let i = 0; i < 5; i += 1) assert.equal((await body()).json.paused, true);
  await sleep(150);
  assert.equal(names(desk).join(), before);
}

await runSteps([nothingIsKept, askedForTheyAreAndBounded]);
