// SPDX-License-Identifier: MIT
// The contract of peal-sv30-backend with devices and dashboards.
//   node test_contract.mjs PROGRAM [WORKERS]
import assert from 'node:assert/strict';
import { heard, morning, Program, result, runSteps, send, sleep, until } from './samples.mjs';

const workers = process.argv[3] ?? '1';
const server = new Program({ args: ['--workers', workers] });
let device;
let page;

const stored = (answer) => assert.deepEqual(answer, { status: 'stored' });
const count = (socket, name) => socket.seen.filter(([one]) => one === name).length;

async function startsEmpty() {
  await server.start();
  const { json, status } = await server.get('/health');
  assert.equal(status, 200);
  assert.equal(json.status, 'ok');
  assert.ok(Math.abs(Date.parse(json.timestamp) - Date.now()) < 60000);
  assert.equal(json.cache.tests, 0);
  assert.deepEqual((await server.get('/api/current')).json, { status: 'success', data: null, test: null });
  assert.deepEqual((await server.get('/api/tests')).json, { status: 'success', data: [], next: null });
  assert.deepEqual((await server.get('/api/sludge-height-history')).json.data, []);
  assert.equal((await server.get('/')).status, 200);
}

async function aResultIsStoredThenShown() {
  device = await server.connect();
  page = await server.connect({ auth: { role: 'dashboard' } });
  stored(await send(device, 'sludge-data', result('SV30-2026-01-31-001-M', 0)));
  const update = await heard(page, 'sludge-data-update');
  assert.deepEqual({ ...update, sv30_percent: null, warning: null, simulated: false }, {
    ...result('SV30-2026-01-31-001-M', 0), sv30_percent: null, warning: null, simulated: false });
  stored(await send(device, 'sludge-data', result('SV30-2026-01-31-001-M', 30)));
  const end = await heard(page, 'sludge-data-update', (one) => one.t_min === 30);
  assert.equal(end.sv30_percent, 31.8);
  const { json } = await server.get('/api/current');
  assert.equal(json.data.t_min, 30);
  assert.equal(json.data.timestamp, '2026-01-31T04:00:00.000Z');
  assert.deepEqual(json.data.rgb_sludge_zone, { r: 94, g: 70, b: 41 });
  assert.equal(json.test.complete, true);
}

async function againChangesNothing() {
  const before = count(page, 'sludge-data-update');
  for (let i = 0; i < 3; i += 1) {
    stored(await send(device, 'sludge-data', result('SV30-2026-01-31-001-M', 30)));
    stored(await send(device, 'sludge-data', result('SV30-2026-01-31-001-M', 30, { sludge_height_mm: 1 })));
  }
  const { json } = await server.get('/api/tests/SV30-2026-01-31-001-M');
  assert.equal(json.data.end.sludge_height_mm, 95.5);
  assert.equal((await server.get('/api/tests')).json.data.length, 1);
  await sleep(100);
  assert.equal(count(page, 'sludge-data-update'), before, 'nobody is told twice');
}

async function aLaterOneCorrects() {
  const later = { timestamp: '2026-01-31T04:00:05.000Z', sv30_height_mm: 90, sludge_height_mm: 90 };
  stored(await send(device, 'sludge-data', result('SV30-2026-01-31-001-M', 30, later)));
  await heard(page, 'sludge-data-update', (one) => one.sv30_percent === 30);
  assert.equal((await server.get('/api/current')).json.data.sludge_height_mm, 90);
  // an earlier one that comes late does not
  stored(await send(device, 'sludge-data', result('SV30-2026-01-31-001-M', 30)));
  assert.equal((await server.get('/api/current')).json.data.sludge_height_mm, 90);
}

async function heightsOfATest() {
  const id = 'SIM-SV30-2026-01-31-002-M';
  stored(await send(device, 'sludge-data', result(id, 0)));
  for (let s = 0; s < 60; s += 1) {
    stored(await send(device, 'sludge-height-update', { testId: id, t_s: s, height_mm: 300 - s }));
  }
  stored(await send(device, 'sludge-height-update', { testId: id, t_s: 59, height_mm: 241 }));
  const { json } = await server.get(`/api/sludge-height-history?testId=${id}`);
  assert.equal(json.data.length, 60);
  assert.deepEqual(json.data[59], { t_s: 59, height_mm: 241 });
  const few = (await server.get(`/api/sludge-height-history?testId=${id}&limit=10`)).json.data;
  assert.ok(few.length <= 10 && few.length > 5, String(few.length));
  assert.equal(few[0].t_s, 0);
  assert.ok(few.every((one, i) => i === 0 || one.height_mm < few[i - 1].height_mm));
  const told = await heard(page, 'sludge-height-update', (one) => one.t_s === 42);
  assert.equal(told.height_mm, 258);
  assert.equal(told.simulated, true);
  assert.equal((await server.get('/api/sludge-height-history')).json.testId, id, 'the latest, if none is named');
}

async function aBareNumberBelongsToTheTestUnderWay() {
  const id = 'SV30-2026-01-31-003-M';
  stored(await send(device, 'sludge-data', result(id, 0)));
  page.seen.length = 0;
  stored(await send(device, 'sludge-height-update', 287.5));
  await until('the number is shown', () => page.seen.some(([name, first, second]) =>
    name === 'sludge-height-update' && first === 287.5 && second.testId === id));
  const { json } = await server.get(`/api/sludge-height-history?testId=${id}`);
  assert.equal(json.data[0].height_mm, 287.5);
  stored(await send(device, 'sludge-data', result(id, 30)));
  assert.deepEqual(await send(device, 'sludge-height-update', 280), { status: 'shown' });
}

async function listsAndFiles() {
  const all = (await server.get('/api/tests')).json.data;
  assert.equal(all.length, 3);
  const first = (await server.get('/api/tests?limit=2')).json;
  assert.equal(first.data.length, 2);
  const rest = (await server.get(`/api/tests?limit=2&before=${first.next}`)).json;
  assert.deepEqual([...first.data, ...rest.data].map((one) => one.testId), all.map((one) => one.testId));
  assert.equal(rest.next, null);
  assert.equal((await server.get('/api/tests?q=sim')).json.data.length, 1);
  assert.equal((await server.get('/api/tests?q=nothing')).json.data.length, 0);
  const one = await server.get('/api/tests/SIM-SV30-2026-01-31-002-M');
  assert.equal(one.json.heights.length, 60);
  assert.equal(one.json.data.start.t_min, 0);
  assert.equal(one.json.data.end, null);
  const csv = await server.get('/api/tests/SIM-SV30-2026-01-31-002-M.csv');
  assert.match(csv.headers.get('content-type'), /^text\/csv/);
  assert.match(csv.headers.get('content-disposition'), /SIM-SV30-2026-01-31-002-M\.csv/);
  const lines = csv.text.trim().split('\r\n');
  assert.equal(lines.length, 1 + 1 + 60);
  assert.equal(lines[0].split(',').length, lines[30].split(',').length);
  assert.match(lines[1], /^SIM-SV30-2026-01-31-002-M,0,/);
  const table = (await server.get('/api/tests.csv')).text.trim().split('\r\n');
  assert.equal(table.length, 4);
  assert.equal((await server.get('/api/tests/unknown')).status, 404);
  assert.equal((await server.get('/api/tests/unknown.csv')).status, 404);
  assert.equal((await server.get('/api/tests/%27%20or%201')).status, 404);
  assert.equal((await server.get('/api/tests?limit=x')).status, 422);
  assert.equal((await server.get('/api/sludge-height-history?limit=0')).status, 422);
  assert.equal((await server.post('/api/current', {})).status, 405);
}

async function wrongFieldsAreNamed() {
  const cases = [
    [{ testId: '' }, 'testId'], [{ testId: 'a b' }, 'testId'], [{ testId: 'x'.repeat(65) }, 'testId'],
    [{ testId: undefined }, 'testId'], [{ timestamp: 'yesterday' }, 'timestamp'],
    [{ timestamp: '2026-01-31' }, 'timestamp'], [{ timestamp: 5 }, 'timestamp'],
    [{ testType: '' }, 'testType'], [{ testType: 'x'.repeat(40) }, 'testType'],
    [{ t_min: 15 }, 't_min'], [{ t_min: '0' }, 't_min'], [{ t_min: 0.5 }, 't_min'], [{ t_min: -1 }, 't_min'],
    [{ sludge_height_mm: -1 }, 'sludge_height_mm'], [{ sludge_height_mm: '95' }, 'sludge_height_mm'],
    [{ sludge_height_mm: undefined }, 'sludge_height_mm'], [{ mixture_height_mm: 1e9 }, 'mixture_height_mm'],
    [{ velocity_mm_per_min: 'fast' }, 'velocity_mm_per_min'], [{ floc_count: 1.5 }, 'floc_count'],
    [{ floc_avg_size_mm: -2 }, 'floc_avg_size_mm'], [{ rgb_clear_zone: 'white' }, 'rgb_clear_zone'],
    [{ rgb_clear_zone: { r: 1, g: 2 } }, 'rgb_clear_zone'],
    [{ rgb_sludge_zone: { r: 256, g: 2, b: 3 } }, 'rgb_sludge_zone'],
  ];
  for (const [wrong, field] of cases) {
    const answer = await send(device, 'sludge-data', result('WRONG-1', 0, wrong));
    assert.equal(answer.status, 'error', JSON.stringify(wrong));
    assert.equal(answer.field, field, JSON.stringify([wrong, answer]));
    assert.ok(answer.message.includes(field), answer.message);
  }
  for (const body of [null, 'text', [], 7, undefined]) {
    assert.equal((await send(device, 'sludge-data', body)).status, 'error');
  }
  for (const body of [null, 'high', {}, -1, 1e9, { testId: 'X', t_s: -1, height_mm: 1 },
    { testId: 'X', t_s: 1e6, height_mm: 1 }, { testId: 'X', t_s: 1 }]) {
    assert.equal((await send(device, 'sludge-height-update', body)).status, 'error', JSON.stringify(body));
  }
  assert.equal((await server.get('/api/tests?q=WRONG')).json.data.length, 0);
  // what may be missing
  const { velocity_mm_per_min: _v, floc_count: _c, rgb_clear_zone: _r, ...little } = result('LITTLE-1', 0);
  stored(await send(device, 'sludge-data', { ...little, floc_avg_size_mm: null }));
}

async function aWrongClockIsToldAndShown() {
  const answer = await send(device, 'sludge-data',
    result('SV30-2026-01-31-004-E', 0, { testType: 'evening' }));
  assert.equal(answer.status, 'stored');
  assert.match(answer.warning, /evening.*09:00.*Asia\/Kolkata.*morning/);
  const { json } = await server.get('/api/tests/SV30-2026-01-31-004-E');
  assert.equal(json.data.warning, answer.warning);
  await heard(page, 'sludge-data-update', (one) => one.warning === answer.warning);
  const ahead = await send(device, 'sludge-data', result('AHEAD-1', 0,
    { timestamp: new Date(Date.now() + 3600000).toISOString() }));
  assert.match(ahead.warning, /ahead/);
  // a test that began in the morning is one of the morning at its end, too
  stored(await send(device, 'sludge-data', result('SV30-2026-01-31-005-M', 30,
    { timestamp: '2026-01-31T08:45:00.000Z' })));
}

async function statusAndMetrics() {
  const { json } = await server.get('/status');
  assert.equal(json.password_needed, false);
  assert.equal(json.timezone, 'Asia/Kolkata');
  assert.match((await server.get('/metrics')).text, /sv30_tests \d/);
  assert.equal((await send(page, 'request', { type: 'ping' })).status, 'success');
  const { status } = await server.post('/api/device-keys', { device_id: 'X' });
  assert.equal(status, 403, 'without a password nobody makes keys here');
}

async function theOldestTestsGo() {
  const few = new Program({ args: ['--max-tests', '3', '--workers', workers] });
  await few.start();
  const socket = await few.connect();
  for (let day = 10; day < 17; day += 1) {
    const id = `SV30-2026-01-${day}-001-M`;
    stored(await send(socket, 'sludge-data', result(id, 0, { timestamp: `2026-01-${day}T03:30:00.000Z` })));
    stored(await send(socket, 'sludge-height-update', { testId: id, t_s: 1, height_mm: day }));
  }
  await until('three are left', async () => (await few.get('/api/tests')).json.data.length === 3);
  const { json } = await few.get('/api/tests');
  assert.deepEqual(json.data.map((one) => one.testId.slice(13, 15)), ['16', '15', '14']);
  assert.deepEqual((await few.get('/api/sludge-height-history?testId=SV30-2026-01-10-001-M')).json.data, []);
  assert.equal((await few.get('/api/sludge-height-history?testId=SV30-2026-01-16-001-M')).json.data.length, 1);
  // a clock that is wrong by years is no reason to forget what was acknowledged
  const old = 'SV30-2001-01-01-001-M';
  stored({ ...await send(socket, 'sludge-data', result(old, 0, { timestamp: '2001-01-01T03:30:00.000Z' })) });
  await until('the one heard of first has gone', async () =>
    (await few.get('/api/tests/SV30-2026-01-14-001-M')).status === 404);
  assert.equal((await few.get(`/api/tests/${old}`)).status, 200);
  await few.stop();
}

async function aLongListIsAFile() {
  const many = new Program({
    args: ['--device-rate', '1000000', '--device-burst', '1000000', '--max-tests', '6000'],
  });
  await many.start();
  const socket = await many.connect();
  const tests = 5250;
  for (let first = 0; first < tests; first += 250) {
    await Promise.all(Array.from({ length: 250 }, (_, i) => {
      const id = `SV30-${'x'.repeat(50)}-${String(first + i).padStart(4, '0')}`;
      const long = { sludge_height_mm: 123.45678901234567, velocity_mm_per_min: 1.2345678901234567,
        sv30_height_mm: 123.45678901234567, floc_avg_size_mm: 1.2345678901234567,
        rgb_clear_zone: { r: 1.2345678901234567, g: 1.2345678901234567, b: 1.2345678901234567 },
        rgb_sludge_zone: { r: 1.2345678901234567, g: 1.2345678901234567, b: 1.2345678901234567 } };
      return send(socket, 'sludge-data', result(id, 30, { ...long, testType: 'evening' }));
    }));
  }
  const answer = await fetch(`${many.url}/api/tests.csv`);
  assert.equal(answer.status, 200);
  const rows = (await answer.text()).split('\r\n').slice(1, -1);
  assert.equal(rows.length, tests);
  assert.equal(new Set(rows.map((row) => row.split(',')[0])).size, tests, 'each once');
  const some = await (await fetch(`${many.url}/api/tests.csv?q=x-000`)).text();
  assert.equal(some.split('\r\n').length, 12);
  const head = await fetch(`${many.url}/api/tests.csv`, { method: 'HEAD' });
  assert.equal(head.status, 200);
  // who goes away in the middle leaves room for the next
  for (let i = 0; i < 20; i += 1) {
    const gone = new AbortController();
    const begun = await fetch(`${many.url}/api/tests.csv`, { signal: gone.signal });
    assert.equal(begun.status, 200);
    gone.abort();
    await until('it has ended', async () => {
      const next = await fetch(`${many.url}/api/tests.csv?q=x-000`);
      await next.text();
      return next.status === 200;
    });
  }
  await many.stop();
}

async function whoSendsTooMuchWaits() {
  const slow = new Program({ args: ['--device-rate', '5', '--device-burst', '10', '--workers', workers] });
  await slow.start();
  const socket = await slow.connect();
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) =>
    send(socket, 'sludge-height-update', { testId: 'FAST', t_s: i, height_mm: 1 })));
  const refused = answers.filter(({ status }) => status === 'error');
  assert.ok(refused.length >= 20 && refused.length < 40, `${refused.length} were refused`);
  assert.match(refused[0].message, /too much/);
  await slow.stop();
}

async function itIsThereAfterARestart() {
  const before = (await server.get('/api/tests')).json;
  await server.stop();
  await server.start();
  const after = (await server.get('/api/tests')).json;
  assert.deepEqual(after.data.map((one) => one.testId), before.data.map((one) => one.testId));
  await until('the figures are back', async () => (await server.get('/health')).json.cache.tests === before.data.length);
  await server.stop();
}

assert.ok(morning);
await runSteps([startsEmpty, aResultIsStoredThenShown, againChangesNothing, aLaterOneCorrects,
  heightsOfATest, aBareNumberBelongsToTheTestUnderWay, listsAndFiles, wrongFieldsAreNamed,
  aWrongClockIsToldAndShown, statusAndMetrics, theOldestTestsGo, aLongListIsAFile, whoSendsTooMuchWaits, itIsThereAfterARestart]);
