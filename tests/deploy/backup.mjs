// SPDX-License-Identifier: MIT
// backup.sh while alerts come in, and restore.sh: what is put back has all that
// was acknowledged before the backup, and nothing that is half there.
//   node backup.mjs PEAL-HOSPITAL
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { admin, files, hire, newFolder, runSteps, startHospital } from './site.mjs';

const run = promisify(execFile);
const backups = newFolder();
const server = await startHospital({ args: ['--person-rate', '100000', '--person-burst', '100000'] });
const data = server.dataDir;
const boss = await admin(server);
const doctor = await hire(boss, 'doc', 'doctor');
let made;

const make = async (message) => (await doctor.must('POST', '/api/alerts',
  { patient_id: '7', severity: 'warning', message })).id;
const backup = async (...more) => (await run(path.join(files, 'backup.sh'), [data, backups, ...more]))
  .stdout.trim().split('\n').at(-1);
const restore = (from, into) => spawnSync(path.join(files, 'restore.sh'), [from, into], { encoding: 'utf8' });
const query = (file, sql) => {
  const { status, stdout, stderr } = spawnSync('sqlite3', ['-readonly', file, sql], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout.trim();
};
const count = (file) => Number(query(file, 'SELECT count(*) FROM alerts'));

async function aBackupUnderLoadIsWhole() {
  for (let i = 0; i < 100; i += 1) await make(`before ${i}`);
  let isOver = false, during = 0;
  const load = (async () => {
    for (; !isOver; during += 1) await make(`during ${during}`);
  })();
  made = await backup();
  const [least, most] = [100, 100 + during + 1];
  isOver = true;
  await load;
  await make('behind it');
  assert.ok(during > 0, 'alerts came in meanwhile');
  const there = count(path.join(made, 'hospital.db'));
  assert.ok(there >= least && there <= most, `${least} <= ${there} <= ${most}`);
  // alert and journal are one commit: so they are in the copy
  assert.equal(Number(query(path.join(made, 'hospital.db'),
    "SELECT count(*) FROM alerts WHERE id NOT IN (SELECT CAST(key AS INTEGER) FROM journal)")), 0);
  for (const name of fs.readdirSync(made)) {
    assert.equal(fs.statSync(path.join(made, name)).mode & 0o077, 0, name);
  }
  assert.ok(fs.existsSync(path.join(made, 'token.keys')));
}

async function itIsRefusedWhileTheNodeRuns() {
  const before = count(path.join(data, 'hospital.db'));
  const { status, stderr } = restore(made, data);
  assert.equal(status, 1);
  assert.match(stderr, /a node runs in .*: stop it first/);
  assert.equal(count(path.join(data, 'hospital.db')), before);
  assert.equal((await server.get('/health')).status, 200);
}

async function whatIsDamagedIsRefused() {
  await server.stop();
  const wrong = newFolder();
  fs.cpSync(made, wrong, { recursive: true });
  const file = path.join(wrong, 'hospital.db'), bytes = fs.readFileSync(file);
  bytes[bytes.length >> 1] ^= 1;
  fs.writeFileSync(file, bytes);
  const before = count(path.join(data, 'hospital.db'));
  const { status, stderr } = restore(wrong, data);
  assert.equal(status, 1);
  assert.match(stderr, /not as it was made/);
  assert.equal(count(path.join(data, 'hospital.db')), before);
  assert.equal(restore(newFolder(), data).status, 1);
}

async function whatIsPutBackIsServed() {
  const wanted = count(path.join(made, 'hospital.db'));
  const { status, stdout, stderr } = restore(made, data);
  assert.equal(status, 0, stderr);
  const kept = fs.readdirSync(data).find((name) => name.startsWith('before-restore-'));
  assert.ok(count(path.join(data, kept, 'hospital.db')) > wanted, `${stdout}: what was there is kept`);
  await server.start();
  const ids = new Set();
  for (let cursor = ''; cursor !== null;) {
    // its old token is still good: the keys are the same
    const page = await doctor.must('GET', `/api/alerts?limit=500${cursor && `&cursor=${cursor}`}`);
    page.data.forEach((alert) => ids.add(alert.id));
    cursor = page.next;
  }
  assert.equal(ids.size, wanted);
  assert.ok(!ids.has(await make('and it goes on')));
}

async function aNewMachineIsMadeOfIt() {
  const fresh = await newFolder();
  assert.equal(restore(made, fresh).status, 0);
  assert.equal(count(path.join(fresh, 'hospital.db')), count(path.join(made, 'hospital.db')));
  const other = await startHospital({ dataDir: fresh });
  await admin(other);
  await other.stop();
}

async function oldOnesGo() {
  for (let day = 1; day < 4; day += 1) fs.mkdirSync(path.join(backups, `hospital-2020010${day}T000000Z`));
  fs.mkdirSync(path.join(backups, 'mine'));
  const second = await backup('3');
  assert.deepEqual(fs.readdirSync(backups).sort(), ['hospital-20200103T000000Z', path.basename(made),
    path.basename(second), 'mine'].sort());
}

async function twoInOneSecondAreTwo() {
  const three = [];
  for (let i = 0; i < 3; i += 1) three.push(await backup('5'));
  assert.equal(new Set(three).size, 3);
  three.forEach((one) => assert.ok(count(path.join(one, 'hospital.db')) > 0));
}

async function aBackupOfNothingFails() {
  await assert.rejects(run(path.join(files, 'backup.sh'), [newFolder(), backups]), /is missing/);
}

await runSteps([aBackupUnderLoadIsWhole, itIsRefusedWhileTheNodeRuns, whatIsDamagedIsRefused,
  whatIsPutBackIsServed, aNewMachineIsMadeOfIt, oldOnesGo, twoInOneSecondAreTwo, aBackupOfNothingFails]);
