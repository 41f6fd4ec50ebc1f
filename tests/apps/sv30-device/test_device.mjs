// SPDX-License-Identifier: MIT
// The device as its users meet it: the pipeline's files, the spool, restarts,
// refusals, flags.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {
  Device, StandIn, deviceBinary, freePort, lines, newFolder, runAll, sleep, test, until,
} from './rig.mjs';

const ID = /^SV30-\d{4}-\d\d-\d\d-\d{3}-[MAE]$/;
const metrics = (over) => ({
  sludge_height_mm: 340, mixture_height_mm: 340, velocity_mm_per_min: 0, floc_count: 120,
  floc_avg_size_mm: 1.5, ...over,
});

// A pipeline that writes as it should: whole files, by rename.
class Pipeline {
  constructor() {
    this.folder = newFolder('pipeline');
    this.metrics = path.join(this.folder, 'sv30_metrics.json');
    this.rgb = path.join(this.folder, 'rgb_values.json');
    this.heights = path.join(this.folder, 'heights');
    this.args = ['--metrics', this.metrics, '--rgb', this.rgb, '--heights', this.heights];
  }

  write(value, file = this.metrics) {
    fs.writeFileSync(`${file}.next`, typeof value === 'string' ? value : JSON.stringify(value));
    fs.renameSync(`${file}.next`, file);
  }
}

const url = (backend) => `http://127.0.0.1:${backend.port}`;

async function backendOf(opts) {
  const backend = new StandIn(await freePort(), opts);
  await backend.start();
  return backend;
}

test('a test is sent at its beginning and at its end', async () => {
  const backend = await backendOf();
  const pipeline = new Pipeline();
  const device = new Device(url(backend), newFolder('device'), pipeline.args);
  await device.says('connected');
  pipeline.write({ rgb_clear_zone: [200, 210, 220], sludge_zone: { r: 90, g: 70, b: 50.4 } },
    pipeline.rgb);
  pipeline.write(metrics({ t_min: 0 }));
  await until('t=0 is there', () => backend.stored().length === 1);
  pipeline.write(metrics({ t_min: 30, sludge_height_mm: 120.5 }));
  await until('t=30 is there', () => backend.stored().length === 2);
  const [begin, end] = backend.stored();
  assert.match(begin.testId, ID);
  assert.equal(end.testId, begin.testId);
  assert.deepEqual([begin.t_min, end.t_min], [0, 30]);
  assert.match(begin.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Math.abs(Date.parse(begin.timestamp) - Date.now()) < 60000);
  assert.ok(['morning', 'afternoon', 'evening'].includes(begin.testType));
  assert.equal(begin.testId.at(-1).toLowerCase(), begin.testType[0]);
  assert.deepEqual(begin.rgb_clear_zone, { r: 200, g: 210, b: 220 });
  assert.deepEqual(begin.rgb_sludge_zone, { r: 90, g: 70, b: 50 });
  assert.equal(end.sv30_height_mm, 120.5);
  assert.equal(begin.sv30_height_mm, undefined);
  for (const text of ['connecting to', 'connected to', `test ${begin.testId}`, 'sending', 'sent']) {
    assert.ok(device.output.includes(`[SOCKETIO] ${text}`), text);
  }
  assert.equal(await device.kill('SIGTERM'), 0);
  await backend.kill();
});

test('without a network results are spooled, over a kill, and sent in order later', async () => {
  const port = await freePort();
  const folder = newFolder('device');
  const pipeline = new Pipeline();
  for (let day = 1; day <= 3; day += 1) {
    for (const minute of [0, 30]) {
      const device = new Device(`http://127.0.0.1:${port}`, folder, pipeline.args);
      pipeline.write(metrics({ t_min: minute, sludge_height_mm: 300 - day - minute }));
      await device.says(`t=${minute} is spooled`);
      await device.kill('SIGKILL');
    }
  }
  const backend = new StandIn(port);
  await backend.start();
  const device = new Device(url(backend), folder, pipeline.args);
  await until('all are there', () => backend.stored().length === 6);
  const found = backend.stored();
  assert.deepEqual(found.map((r) => r.sludge_height_mm), [299, 269, 298, 268, 297, 267]);
  assert.deepEqual(found.map((r) => r.t_min), [0, 30, 0, 30, 0, 30]);
  const numbers = found.map((r) => Number(r.testId.split('-').at(-2)));
  assert.deepEqual(numbers, [1, 1, 2, 2, 3, 3]); // counted over restarts
  await sleep(400);
  // The same files are no new test. (One that was killed before it had noted that
  // its result is in the spool puts it there again, under the same name.)
  assert.equal(new Set(backend.arrived().map((r) => `${r.testId} ${r.t_min}`)).size, 6);
  await device.kill('SIGTERM');
  await backend.kill();
});

test('a clock that is set back and forth gives no name twice', async () => {
  const backend = await backendOf();
  const pipeline = new Pipeline();
  // where it is about noon: twenty hours ago is another day
  const ahead = (36 - new Date().getUTCHours()) % 24;
  const zone = ahead <= 12 ? `+${String(ahead).padStart(2, '0')}:00` : `-${String(24 - ahead).padStart(2, '0')}:00`;
  const device = new Device(url(backend), newFolder('device'), [...pipeline.args, '--timezone', zone]);
  await device.says('connected');
  let count = 0;
  for (const hoursAgo of [0, 20, 0, 20, 0]) {
    const at = Date.now() / 1000 - hoursAgo * 3600;
    const file = `${pipeline.metrics}.next`;
    fs.writeFileSync(file, JSON.stringify(metrics({ t_min: 0, sludge_height_mm: 300 + count })));
    fs.utimesSync(file, at, at);
    fs.renameSync(file, pipeline.metrics);
    count += 1;
    await until('it is there', () => backend.stored().length === count);
  }
  const ids = backend.stored().map((r) => r.testId);
  assert.equal(new Set(ids).size, 5, ids.join(' '));
  assert.deepEqual(ids.map((id) => Number(id.split('-').at(-2))), [1, 1, 2, 2, 3]);
  await device.kill('SIGTERM');
  await backend.kill();
});

test('what is not valid is said and not sent; what is valid later is', async () => {
  const backend = await backendOf();
  const pipeline = new Pipeline();
  const device = new Device(url(backend), newFolder('device'), pipeline.args);
  await device.says('connected');
  pipeline.write('{"sludge_height_mm": 1');
  await device.says('error: ');
  pipeline.write({ sludge_height_mm: -5, mixture_height_mm: 340 });
  await sleep(500);
  assert.equal(backend.arrived().length, 0);
  pipeline.write(metrics({ t_min: 0 }));
  await until('it is there', () => backend.stored().length === 1);
  await device.kill('SIGTERM');
  await backend.kill();
});

test('heights are live, once a second, and hold up nobody', async () => {
  const backend = await backendOf();
  const pipeline = new Pipeline();
  assert.equal(spawnSync('mkfifo', [pipeline.heights]).status, 0);
  const device = new Device(url(backend), newFolder('device'), pipeline.args);
  await device.says('connected');
  pipeline.write(metrics({ t_min: 0 }));
  await until('the test is there', () => backend.stored().length === 1);
  const began = Date.now();
  for (let i = 0; i < 300; i += 1) {
    fs.writeFileSync(pipeline.heights, `${300 - i / 10}\n{"t_s":${i},"height_mm":${300 - i / 10}}\nnoise\n`);
  }
  assert.ok(Date.now() - began < 5000);
  await until('one is there', () => backend.heights().length > 0);
  const [first] = backend.heights();
  assert.equal(first.testId, backend.stored()[0].testId);
  assert.ok(first.height_mm <= 300 && first.t_s >= 0);
  const before = backend.heights().length;
  const until2 = Date.now() + 1500;
  while (Date.now() < until2) {
    fs.writeFileSync(pipeline.heights, '250\n');
    await sleep(20);
  }
  assert.ok(backend.heights().length - before <= 4);
  await device.kill('SIGTERM');
  await backend.kill();
});

test('--once sends, or keeps, and says by its exit code that it did', async () => {
  const port = await freePort();
  const folder = newFolder('device');
  const pipeline = new Pipeline();
  const once = (args = []) => new Device(`http://127.0.0.1:${port}`, folder,
    [...pipeline.args, '--once', '--wait', '1s', ...args]).gone;
  assert.equal(await once(), 1); // no files
  pipeline.write(metrics({ t_min: 0 }));
  assert.equal(await once(), 0); // nobody there: kept
  const backend = new StandIn(port);
  await backend.start();
  pipeline.write(metrics({ t_min: 30, sludge_height_mm: 100 }));
  assert.equal(await once(['--wait', '20s']), 0);
  assert.deepEqual(backend.stored().map((r) => r.t_min), [0, 30]);
  await backend.kill();
});

test('a name that is given is that of one test', async () => {
  const backend = await backendOf();
  const pipeline = new Pipeline();
  const folder = newFolder('device');
  const args = [...pipeline.args, '--test-id', 'MY-1', '--test-type', 'evening'];
  let device = new Device(url(backend), folder, args);
  await device.says('connected');
  let sent = 0;
  for (const minute of [0, 30, 0, 30]) {
    pipeline.write(metrics({ t_min: minute, sludge_height_mm: 200 - sent }));
    sent += 1;
    await until('it is there', () => backend.stored().length === sent);
  }
  await device.kill('SIGTERM');
  device = new Device(url(backend), newFolder('device'), args);
  await until('another folder', () => backend.arrived().length === 5);
  await device.kill('SIGTERM');
  const ids = backend.stored().map((r) => r.testId);
  assert.deepEqual(ids.slice(0, 2), ['MY-1', 'MY-1']);
  assert.match(ids[2], ID);
  assert.equal(ids[3], ids[2]);
  assert.equal(backend.stored()[0].testType, 'evening');
  await backend.kill();
});

test('--self-test tells a backend that stores from one that does not', async () => {
  const backend = await backendOf({ key: 'k-1' });
  const run = async (env, args = []) => {
    const device = new Device(url(backend), newFolder('device'),
      ['--self-test', '--wait', '3s', ...args], env);
    return [await device.gone, device.output];
  };
  const [right] = await run({ SOCKETIO_API_KEY: 'k-1' });
  assert.equal(right, 0);
  assert.match(backend.stored()[0].testId, /^SIM-SV30-/);
  const [wrong, words] = await run({ SOCKETIO_API_KEY: 'k-2' });
  assert.equal(wrong, 1);
  assert.match(words, /this api_key is not right/);
  await backend.kill();
  const [nobody] = await run({});
  assert.equal(nobody, 1);
  const [off] = await run({ SOCKETIO_ENABLED: 'false' });
  assert.equal(off, 1);
});

test('a key that is refused is tried again: it may be mended there', async () => {
  const port = await freePort();
  const refusing = new StandIn(port, { key: 'other' });
  await refusing.start();
  const pipeline = new Pipeline();
  const device = new Device(`http://127.0.0.1:${port}`, newFolder('device'), pipeline.args,
    { SOCKETIO_API_KEY: 'mine' });
  await device.says('the backend refuses this device');
  pipeline.write(metrics({ t_min: 0 }));
  await device.says('is spooled');
  await refusing.kill();
  const mended = new StandIn(port, { key: 'mine' });
  await mended.start();
  await until('it is there', () => mended.stored().length === 1, 60000);
  await device.kill('SIGTERM');
  await mended.kill();
});

test('a result that is wrong for ever is set aside and holds up nobody', async () => {
  const backend = await backendOf();
  const pipeline = new Pipeline();
  const folder = newFolder('device');
  const device = new Device(url(backend), folder, pipeline.args);
  await device.says('connected');
  pipeline.write(metrics({ t_min: 0, mixture_height_mm: 1500, sludge_height_mm: 1400 }));
  await device.says('was refused: too high');
  pipeline.write(metrics({ t_min: 30, sludge_height_mm: 100 }));
  await until('the next one is there', () => backend.stored().length === 1);
  await device.says('given up: SV30-');
  const [refused] = lines(path.join(folder, 'refused.log'));
  assert.match(refused.id, /^SV30-.* t=0$/);
  assert.equal(refused.reason, 'too high');
  assert.equal(refused.event, 'sludge-data');
  assert.equal(refused.args.length, 1);
  assert.equal(refused.args[0].t_min, 0);
  assert.equal(refused.args[0].mixture_height_mm, 1500);
  assert.equal(`${refused.args[0].testId} t=0`, refused.id);
  await device.says('t=30'); // which is sent; the other one was not
  assert.doesNotMatch(device.output, /\] sent \S+ t=0/);
  await device.kill('SIGTERM');
  pipeline.write(metrics({ t_min: 0, mixture_height_mm: 1500, sludge_height_mm: 1400 }));
  const once = new Device(url(backend), folder, [...pipeline.args, '--once']);
  assert.equal(await once.gone, 1, 'what is given up is not done');
  await backend.kill();
});

test('what cannot be set aside stays in the spool', async () => {
  const backend = await backendOf();
  const pipeline = new Pipeline();
  const folder = newFolder('device');
  fs.mkdirSync(path.join(folder, 'refused.log'), { recursive: true });
  const device = new Device(url(backend), folder, pipeline.args);
  await device.says('connected');
  pipeline.write(metrics({ t_min: 0, mixture_height_mm: 1500, sludge_height_mm: 1400 }));
  await device.says('refused.log: Is a directory');
  fs.rmdirSync(path.join(folder, 'refused.log'));
  await device.says('given up: SV30-');
  const [refused] = lines(path.join(folder, 'refused.log'));
  assert.equal(refused.args[0].mixture_height_mm, 1500);
  await device.kill('SIGTERM');
  await backend.kill();
});

test('a data folder has one device', async () => {
  const port = await freePort();
  const folder = newFolder('device');
  const first = new Device(`http://127.0.0.1:${port}`, folder);
  await first.says('connecting');
  const second = new Device(`http://127.0.0.1:${port}`, folder);
  assert.equal(await second.gone, 1);
  assert.match(second.output, /in use by another device/);
  assert.equal(await first.kill('SIGTERM'), 0);
});

test('a spool that is damaged is said, and what is left of it is sent', async () => {
  const port = await freePort();
  const folder = newFolder('device');
  const pipeline = new Pipeline();
  const once = (args = []) => new Device(`http://127.0.0.1:${port}`, folder,
    [...pipeline.args, '--once', '--wait', '1s', ...args]);
  pipeline.write(metrics({ t_min: 0 }));
  assert.equal(await once().gone, 0);
  pipeline.write(metrics({ t_min: 30, sludge_height_mm: 100 }));
  assert.equal(await once().gone, 0);
  const spool = path.join(folder, 'spool');
  const name = fs.readdirSync(spool).filter((one) => one.endsWith('.outbox')).sort()[0];
  const bytes = fs.readFileSync(path.join(spool, name));
  bytes[100] ^= 0xff;
  fs.writeFileSync(path.join(spool, name), bytes);
  const backend = new StandIn(port);
  await backend.start();
  const device = once(['--wait', '20s']);
  await device.gone;
  assert.match(device.output, /error: spool: 1 places cannot be read/);
  assert.deepEqual(backend.stored().map((r) => r.t_min), [30]);
  await backend.kill();
});

test('configuration comes from flags, environment and file, and is checked', () => {
  const file = path.join(newFolder('conf'), 'device.conf');
  fs.writeFileSync(file, 'SOCKETIO_ENABLED = True\nSOCKETIO_URL = http://127.0.0.1:9\n'
    + 'SOCKETIO_TIMEZONE = Nowhere/Else\n'.replace('SOCKETIO_', ''));
  const run = (args, env = {}) => spawnSync(deviceBinary, args,
    { env: { ...process.env, ...env }, encoding: 'utf8' });
  const help = run(['--help']);
  assert.equal(help.status, 0);
  for (const flag of ['--self-test', '--simulate', '--time-scale', '--timezone', '--test-id']) {
    assert.ok(help.stdout.includes(flag), flag);
  }
  const zone = run(['--config', file]);
  assert.equal(zone.status, 1);
  assert.match(zone.stderr, /Nowhere\/Else/);
  assert.equal(run(['--test-id', 'a b']).status, 1);
  assert.equal(run(['--once', '--simulate']).status, 1);
  assert.equal(run([], { SOCKETIO_ENABLE: '1' }).status, 1);
  const told = run(['--config', file, '--self-test', '--wait', '300ms'],
    { SOCKETIO_TIMEZONE: '+05:30' });
  assert.equal(told.status, 1);
  assert.match(told.stdout, /connecting to http:\/\/127\.0\.0\.1:9/);
});

await runAll();
