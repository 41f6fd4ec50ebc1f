// SPDX-License-Identifier: MIT
// The simulated devices: those of --simulate with their account, and many by a
// file of keys, of which the store keeps up with every one.
//   node test_sim.mjs PROGRAM SIMULATOR
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {
  addDevice, bearer, heard, isSlow, Program, reading, runOnce, runSteps, send, sendReading, signUp, until,
} from './care.mjs';

const simulator = path.resolve(process.argv[3]);
const server = new Program({ args: ['--simulate', '2', '--user-devices', '1000'] });

async function thereIsAnAccountToLookAt() {
  await server.start();
  await until('its devices are said', () => server.output.includes('sign in as demo'));
  const file = path.join(server.dataDir, 'demo.password');
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  const password = fs.readFileSync(file, 'utf8').trim();
  assert.ok(!server.output.includes(password), 'where it is, is said, and no more');
  const { json, status } = await server.post('/api/login', { username: 'demo', password });
  assert.equal(status, 200);
  const who = { token: json.access_token, room: json.room };
  const page = await server.connect({ auth: { token: who.token } });
  await until('they have said how full their batteries are', async () =>
    (await server.get('/api/devices', bearer(who))).json.data.every((one) => one.battery > 0));
  const update = await heard(page, 'vital_update');
  assert.match(update.device_id, /^SIM-00[12]$/);
  assert.equal(update.simulated, true);
  const devices = (await server.get('/api/devices', bearer(who))).json.data;
  assert.deepEqual(devices.map((one) => [one.device_id, one.online, one.simulated]),
    [['SIM-001', true, true], ['SIM-002', true, true]]);
  assert.equal((await server.get('/health')).json.simulated, true);
}

async function theyEndWithIt() {
  await server.stop('SIGKILL');
  await until('nothing is left', () => !fs.readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).some((pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--url\0${server.url}`);
    } catch {
      return false;
    }
  }));
  await server.start(); // the same account, a new key
  await until('they measure again', async () =>
    /carechat_readings_total [1-9]/.test((await server.get('/metrics')).text));
  assert.equal((server.output.match(/demo cannot be made/) ?? []).length, 0);
  await server.stop();
}

function simulate(args, env = {}) {
  const child = spawn(simulator, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (bytes) => { output += bytes; });
  return new Promise((done) => {
    child.once('close', (code) => done({ code, ...JSON.parse(output.trim().split('\n').at(-1)) }));
  });
}

// By counts: whatever was measured is stored when the devices end, and many
// readings were one commit.
async function theStoreKeepsUp() {
  const many = new Program({ args: ['--user-devices', '1000', '--device-rate', '1000'] });
  await many.start();
  const who = await signUp(many, 'anna');
  const lines = [];
  for (let i = 0; i < 50; i += 1) lines.push(`d-${i} ${await addDevice(many, who, `d-${i}`)}`);
  const keys = path.join(many.dataDir, 'keys');
  fs.writeFileSync(keys, lines.join('\n'));
  const page = await many.connect({ auth: { token: who.token } });
  assert.equal((await send(page, 'join_room', { room: who.room })).status, 'success');
  const before = await figures(many);
  const result = await simulate(['--url', many.url, '--keys', keys, '--interval', isSlow ? '500ms' : '50ms',
    '--duration', '2s', '--single']);
  assert.equal(result.code, 0);
  assert.equal(result.connects, 50);
  assert.equal(result.lost + result.refused, 0);
  assert.ok(result.measured - result.acknowledged <= 50 * 2, 'what is under way at the end, and no more');
  // What was under way when they ended has nobody who waits for it.
  const after = await until('the store has all', async () => {
    const now = await figures(many);
    return now.queued === 0 && now;
  });
  assert.ok(after.readings >= result.acknowledged);
  if (!isSlow) assert.ok((after.commits - before.commits) * 2 < after.readings, 'they share commits');
  await until('every one was shown', () => page.seen
    .filter(([name]) => name === 'vital_update').length === after.readings);
  await many.stop();
}

async function figures(program) {
  const { text } = await program.get('/metrics');
  const of = (name) => Number(text.match(new RegExp(`^carechat_${name} (\\d+)`, 'm'))[1]);
  return { readings: of('readings_total'), commits: of('store_commits_total'), queued: of('store_queued') };
}

// They go away, send nonsense, and nothing that was measured is lost; only what
// is older than --keep-time goes.
async function faults() {
  const one = new Program({ args: ['--device-rate', '1000', '--keep-time', '1h'] });
  await one.start();
  const who = await signUp(one, 'anna');
  const keys = path.join(one.dataDir, 'keys');
  const key = await addDevice(one, who, 'd-1');
  fs.writeFileSync(keys, `d-1 ${key}\n`);
  const old = reading('d-1', 'heart_rate', 71, 'bpm', { timestamp: Date.now() - 3597000 });
  assert.equal((await sendReading(one, key, old)).json.stored, 1);
  const result = await simulate(['--url', one.url, '--keys', keys, '--interval', '20ms', '--duration', '3s',
    '--fault-drop', '0.05', '--fault-bad', '0.2', '--seed', '7']);
  assert.ok(result.connects > 1, 'it went away and came back');
  assert.equal(result.lost, 0);
  assert.ok(result.acknowledged > 50);
  const { text } = await one.get('/metrics');
  assert.match(text, /carechat_readings_refused_total [1-9]/);
  const is = (row) => row.timestamp === new Date(old.timestamp).toISOString();
  const where = `/api/vitals?metric=heart_rate&until=${old.timestamp}`;
  await until('the old reading goes', async () => !(await one.get(where, bearer(who))).json.data.some(is), 20000);
  await one.stop();
}

async function withoutAKeyItSaysSo() {
  const { status, stderr } = (await import('node:child_process')).spawnSync(simulator, ['--quiet'],
    { encoding: 'utf8', env: { ...process.env, PEAL_DEVICE_KEY: undefined } });
  assert.equal(status, 1);
  assert.match(stderr, /PEAL_DEVICE_KEY/);
  assert.equal(runOnce(['--simulate', 'x']).status, 1);
}

await runSteps([thereIsAnAccountToLookAt, theyEndWithIt, theStoreKeepsUp, faults, withoutAKeyItSaysSo]);
