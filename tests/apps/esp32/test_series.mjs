// SPDX-License-Identifier: MIT
// Long stretches: a series has few points whatever it covers, an export has all.
//   node test_series.mjs PROGRAM
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { Program, png, reading, runSteps, until } from './program.mjs';

const rows = 600;
const wave = (i) => Math.round(1000 * Math.sin(i / 7)) / 100;
let server;
let stored; // oldest first

async function readingsAreThere() {
  server = await new Program({ args: ['--device-rate', '100000', '--device-burst', '100000'] }).start();
  for (let i = 0; i < rows; i += 1) {
    const body = reading('LONG', { accel_x: wave(i), gyro_y: i % 2 ? i : undefined });
    assert.equal((await server.post('/api/sensor-data', body)).status, 200);
  }
  await server.post('/api/sensor-data', reading('=HYPER,"LINK"', { accel_x: 5 }));
  stored = [];
  for (let before = ''; before !== null;) {
    const page = (await server.get(`/api/sensor-data?device_id=LONG&limit=250&before=${before}`)).json;
    stored.push(...page.data);
    before = page.next;
  }
  stored.reverse();
  assert.equal(stored.length, rows);
}

function expected(since, until, points) {
  const times = stored.map((one) => Date.parse(one.timestamp));
  const length = Math.floor((until - since) / points) + 1;
  const buckets = new Map();
  stored.forEach((one, i) => {
    if (times[i] < since || times[i] > until) return;
    const at = since + Math.floor((times[i] - since) / length) * length;
    if (!buckets.has(at)) buckets.set(at, []);
    buckets.get(at).push(one);
  });
  return { length, buckets };
}

function compare(answer, since, until, points) {
  assert.equal(answer.status, 200, answer.text);
  const { data, bucket_ms: length, rows: count } = answer.json;
  const wanted = expected(since, until, points);
  assert.equal(length, wanted.length);
  assert.deepEqual(data.ts, [...wanted.buckets.keys()]);
  assert.ok(data.ts.length <= points);
  assert.equal(count, [...wanted.buckets.values()].flat().length);
  [...wanted.buckets.values()].forEach((of, i) => {
    assert.equal(data.rows[i], of.length);
    for (const name of ['accel_x', 'gyro_y']) {
      const values = of.map((one) => one[name]).filter((one) => one !== null);
      const has = values.length > 0;
      assert.equal(data[name].min[i], has ? Math.min(...values) : null);
      assert.equal(data[name].max[i], has ? Math.max(...values) : null);
      const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
      if (has) assert.ok(Math.abs(data[name].mean[i] - mean) < 1e-9);
      else assert.equal(data[name].mean[i], null);
    }
  });
}

async function aSeriesHasTheExtremesOfEachBucket() {
  const times = stored.map((one) => Date.parse(one.timestamp));
  const first = times[0];
  const last = times[rows - 1];
  for (const points of [1, 7, 100, 2000]) {
    compare(await server.get(`/api/sensor-data/series?device_id=LONG&points=${points}`), first, last, points);
  }
  const from = times[100] - 3;
  const to = times[400];
  const iso = (ms) => new Date(ms).toISOString();
  const answer = await server.get(`/api/sensor-data/series?device_id=LONG&points=50&from=${iso(from)}&to=${iso(to)}`);
  compare(answer, from, to, 50);
  assert.equal(answer.json.from, iso(from));
  assert.equal(answer.json.to, iso(to));
  const all = (await server.get('/api/sensor-data/series?points=10')).json;
  assert.equal(all.rows, rows + 1, 'without a device: all of them');
}

async function angleSeriesWorkTheSame() {
  for (const pitch of [10, 20, 60]) {
    await server.post('/api/orientation-data', { device_id: 'A', pitch, roll: -pitch, yaw: 0 });
  }
  const { data, rows: count } = (await server.get('/api/orientation-data/series?device_id=A&points=1')).json;
  assert.equal(count, 3);
  assert.deepEqual(data.pitch, { min: [10], max: [60], mean: [30] });
  assert.deepEqual(data.roll, { min: [-60], max: [-10], mean: [-30] });
}

async function anEmptyStretchIsNoError() {
  const none = (await server.get('/api/sensor-data/series?device_id=NOBODY')).json;
  assert.equal(none.rows, 0);
  assert.deepEqual(none.data.ts, []);
  assert.deepEqual(none.data.accel_x, { min: [], max: [], mean: [] });
  const before = (await server.get('/api/sensor-data/series?from=1990-01-01&to=1991-01-01')).json;
  assert.equal(before.rows, 0);
  for (const [query, field] of [['points=0', 'points'], ['points=2001', 'points'],
    ['from=yesterday', 'from'], ['to=x', 'to']]) {
    const { status, json } = await server.get(`/api/sensor-data/series?${query}`);
    assert.equal(status, 422, query);
    assert.equal(json.field, field);
  }
}

async function anExportHasEverything() {
  const csv = await server.get('/api/sensor-data/export?device_id=LONG');
  assert.equal(csv.status, 200);
  assert.match(csv.headers.get('content-type'), /^text\/csv/);
  assert.match(csv.headers.get('content-disposition'), /attachment; filename="sensor-data.csv"/);
  const lines = csv.text.split('\r\n');
  assert.equal(lines.pop(), '');
  const names = lines.shift().split(',');
  assert.deepEqual(names, ['timestamp', 'device_id', 'accel_x', 'accel_y', 'accel_z', 'gyro_x', 'gyro_y',
    'gyro_z', 'mic_level']);
  assert.deepEqual(lines, stored.map((one) => names.map((name) => one[name] ?? '').join(',')));
  const json = await server.get('/api/sensor-data/export?device_id=LONG&format=json');
  assert.match(json.headers.get('content-type'), /^application\/json/);
  assert.deepEqual(json.json, stored);
  const part = await server.get(`/api/sensor-data/export?format=json&device_id=LONG&from=${stored[10].timestamp}&to=${stored[19].timestamp}`);
  assert.deepEqual(part.json, stored.slice(10, 20));
  assert.deepEqual((await server.get('/api/sensor-data/export?format=json&device_id=NOBODY')).json, []);
  assert.equal((await server.get('/api/sensor-data/export?format=xml')).status, 422);
  assert.equal((await server.ask('HEAD', '/api/sensor-data/export')).text, '');
}

async function cellsOfAnExportAreHarmless() {
  const { text } = await server.get(`/api/sensor-data/export?device_id=${encodeURIComponent('=HYPER,"LINK"')}`);
  assert.match(text.split('\r\n')[1], /,"'=HYPER,""LINK""",5,/);
  await server.post('/upload?device_id=CAM', png(), { type: 'image/png' });
  const images = (await server.get('/api/images/export')).text.split('\r\n');
  assert.match(images[1], /^\S+,CAM,\d+,\/media\/image-[^,]+\.png,32,24,\d+,/);
  assert.equal((await server.get('/api/audio/export')).text.split('\r\n').length, 2);
}

// Through SQLite, with the program stopped: 30,000 readings in 300 seconds, a
// third of which have one and the same time.
const filling = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
rows = ((("BIG", 1700000000000 + (0 if i < 10000 else 10 * i), i) for i in range(30000)))
db.executemany("INSERT INTO readings (device_id, ts, accel_x) VALUES (?, ?, ?)", rows)
db.commit()`;

async function aWalkOfManyPiecesMissesNothing() {
  await server.stop();
  const filled = spawnSync('python3', ['-c', filling, path.join(server.dataDir, 'esp32.db')], { encoding: 'utf8' });
  assert.equal(filled.status, 0, filled.stderr);
  await server.start();
  const asked = ['', 'device_id=BIG&'].map((query) => server.get(
    `/api/sensor-data/series?${query}points=3&from=2023-11-14T22:13:20.000Z&to=2023-11-14T22:18:19.999Z`));
  for (const { json } of await Promise.all(asked)) {
    assert.equal(json.bucket_ms, 100000);
    assert.equal(json.rows, 30000);
    assert.deepEqual(json.data.rows, [10000, 10000, 10000]);
    assert.deepEqual(json.data.accel_x, { min: [0, 10000, 20000], max: [9999, 19999, 29999],
      mean: [4999.5, 14999.5, 24999.5] });
    assert.deepEqual(json.data.mic_level.max, [null, null, null]);
  }
  const { json } = await server.get('/api/sensor-data/export?device_id=BIG&format=json');
  assert.deepEqual(json.map((one) => one.accel_x), Array.from({ length: 30000 }, (_, i) => i));
}

// Who takes nothing has a bounded number of places, and they come back.
async function exportsAreBoundedAndEnd() {
  const readers = Array.from({ length: 40 }, () => {
    const stop = new AbortController();
    return { stop, answer: fetch(`${server.url}/api/sensor-data/export`, { signal: stop.signal }) };
  });
  const answers = await Promise.all(readers.map((one) => one.answer));
  const statuses = answers.map((one) => one.status);
  assert.ok(statuses.includes(503), `${statuses}`);
  assert.ok(statuses.includes(200));
  const refused = answers.find((one) => one.status === 503);
  assert.equal(refused.headers.get('retry-after'), '1');
  assert.equal((await refused.json()).status, 'error');
  for (const one of readers) one.stop.abort();
  await until('there is room again', async () =>
    (await server.get('/api/sensor-data/export?device_id=NOBODY')).status === 200);
  await server.stop();
}

await runSteps([readingsAreThere, aSeriesHasTheExtremesOfEachBucket, angleSeriesWorkTheSame,
  anEmptyStretchIsNoError, anExportHasEverything, cellsOfAnExportAreHarmless,
  aWalkOfManyPiecesMissesNothing, exportsAreBoundedAndEnd]);
