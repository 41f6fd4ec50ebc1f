// SPDX-License-Identifier: MIT
// The contract of peal-carechat: the script of the client that its users have,
// unchanged, then readings, devices and alerts.
//   node test_contract.mjs PROGRAM [WORKERS]
import assert from 'node:assert/strict';
import {
  addDevice, bearer, changeStore, heard, io, Program, reading, runOnce, runSteps, send, sendReading, signUp, until,
} from './care.mjs';

const workers = process.argv[3] ?? '1';
const server = new Program({ args: ['--workers', workers, '--device-silence', '2s',
  '--device-rate', '100000', '--device-burst', '100000'] });
let anna;
let key;
let page;
let device;

async function startsAndIsWell() {
  await server.start();
  const { status, json } = await server.get('/health');
  assert.equal(status, 200);
  assert.equal(json.status, 'ok');
  assert.equal(json.parts.store, 'ok');
  assert.equal((await server.get('/api/vitals')).status, 401);
  assert.match((await server.get('/metrics')).text, /carechat_readings_total 0/);
}

// ---- the original client --------------------------------------------------

// As it stands in their page; only the address is ours.
function originalClient(url, token) {
  const log = [];
  const socket = io(url, {
    transports: ['polling', 'websocket'],
    timeout: 20000,
    reconnection: true,
    reconnectionAttempts: 5,
    reconnectionDelay: 1000,
    auth: { token },
  });
  const names = ['connect', 'disconnect', 'connect_error', 'status', 'error', 'message',
    'conversation_history', 'conversation_cleared', 'vital_update', 'device_update'];
  for (const name of names) socket.on(name, (data) => log.push([name, data]));
  socket.io.on('reconnect_attempt', (attempt) => log.push(['reconnect_attempt', attempt]));
  return { socket, log };
}

const logged = (client, name, test = () => true) => until(`the original client hears ${name}`,
  () => client.log.find(([one, data]) => one === name && test(data)));

async function aPersonAndADevice() {
  anna = await signUp(server, 'anna');
  assert.match(anna.room, /^user_\d+$/);
  key = await addDevice(server, anna, 'watch-1');
}

async function theOriginalClientWorksUnchanged() {
  const client = originalClient(server.url, anna.token);
  try {
    await logged(client, 'connect');
    client.socket.emit('join_room', { room: anna.room });
    await logged(client, 'status', (data) => data.room === anna.room);
    client.socket.emit('send_message', { message: 'Hello' });
    await logged(client, 'message', (data) => data.role === 'assistant');
    client.socket.emit('get_conversation_history');
    const [, history] = await logged(client, 'conversation_history');
    assert.ok(JSON.stringify(history).includes('Hello'));
    client.socket.emit('clear_conversation');
    await logged(client, 'conversation_cleared');
    assert.equal((await sendReading(server, key, reading('watch-1'))).status, 200);
    const [, update] = await logged(client, 'vital_update');
    assert.equal(update.metric, 'heart_rate');
    assert.equal(update.value, 72);
    assert.equal(update.unit, 'bpm');
    assert.equal(update.status, 'normal');
    assert.ok(Math.abs(Date.parse(update.timestamp) - Date.now()) < 60000);
    const [, state] = await logged(client, 'device_update');
    assert.deepEqual([state.device_id, state.online, state.battery], ['watch-1', true, null]);
    await until('it is upgraded', () => client.socket.io.engine.transport.name === 'websocket');
    client.socket.io.engine.close(); // as a network that goes away
    await logged(client, 'disconnect');
    await logged(client, 'reconnect_attempt');
    await until('it is back', () => client.log.filter(([one]) => one === 'connect').length === 2);
  } finally {
    client.socket.disconnect();
  }
}

async function theOriginalClientIsToldWhyNot() {
  const client = originalClient(server.url, `${anna.token}x`);
  try {
    const [, error] = await logged(client, 'connect_error');
    assert.equal(error.message, 'Authentication failed');
    assert.equal(error.data.code, 'token_invalid');
  } finally {
    client.socket.disconnect();
  }
}

// ---- rooms ----------------------------------------------------------------

async function oneRoomOnly() {
  page = await server.connect({ auth: { token: anna.token } });
  assert.deepEqual(await send(page, 'join_room', { room: anna.room }), { status: 'success', room: anna.room });
  assert.deepEqual(await send(page, 'join_room', anna.room), { status: 'success', room: anna.room });
  for (const room of ['user_1000', 'devices', 'device watch-1', '', null, 7, {}]) {
    assert.equal((await send(page, 'join_room', { room })).status, 'error', String(room));
  }
  assert.equal((await heard(page, 'error')).code, 'forbidden');
  assert.equal((await send(page, 'request', { type: 'ping' })).status, 'success');
}

// ---- readings -------------------------------------------------------------

async function everyMetricAndItsStatus() {
  const cases = [
    ['heart_rate', 60, 'bpm', 'normal'], ['heart_rate', 120, 'bpm', 'warning'],
    ['heart_rate', 180, 'bpm', 'critical'], ['spo2', 98, '%', 'normal'], ['spo2', 94, '%', 'warning'],
    ['spo2', 85, '%', 'critical'], ['temperature', 36.6, '°C', 'normal'],
    ['temperature', 38.5, '°C', 'warning'], ['temperature', 41, '°C', 'critical'],
    ['systolic', 120, 'mmHg', 'normal'], ['systolic', 85, 'mmHg', 'critical'],
    ['diastolic', 80, 'mmHg', 'normal'], ['diastolic', 95, 'mmHg', 'warning'],
    ['respiration', 16, '/min', 'normal'], ['respiration', 30, '/min', 'critical'],
  ];
  for (const [metric, value, unit, status] of cases) {
    page.seen.length = 0;
    const { status: code, json } = await sendReading(server, key, reading('watch-1', metric, value, unit));
    assert.equal(code, 200);
    assert.deepEqual(json, { status: 'success', stored: 1 });
    const update = await heard(page, 'vital_update');
    assert.deepEqual([update.metric, update.value, update.unit, update.status, update.device_id],
      [metric, value, unit, status, 'watch-1']);
  }
}

async function fahrenheitIsConverted() {
  page.seen.length = 0;
  await sendReading(server, key, reading('watch-1', 'temperature', 98.6, '°F'));
  const update = await heard(page, 'vital_update');
  assert.deepEqual([update.value, update.unit, update.status], [37, '°C', 'normal']);
}

async function anArrayIsAllOrNothing() {
  const before = (await server.get('/api/vitals?metric=spo2', bearer(anna))).json.data.length;
  const good = await sendReading(server, key, [reading('watch-1', 'spo2', 97, '%'),
    { metric: 'spo2', value: 98, unit: '%' }, { metric: 'spo2', value: 99, unit: '%' }]);
  assert.deepEqual(good.json, { status: 'success', stored: 3 });
  const bad = await sendReading(server, key, [reading('watch-1', 'spo2', 97, '%'),
    { metric: 'spo2', value: 970, unit: '%' }]);
  assert.equal(bad.status, 422);
  assert.equal(bad.json.field, 'value');
  const { json } = await server.get('/api/vitals?metric=spo2', bearer(anna));
  assert.equal(json.data.length, before + 3);
}

async function aReadingWithItsTimeIsStoredOnce() {
  const at = new Date(Date.now() - 3600000).toISOString();
  const one = reading('watch-1', 'systolic', 121, 'mmHg', { timestamp: at });
  assert.equal((await sendReading(server, key, one)).json.stored, 1);
  assert.equal((await sendReading(server, key, one)).json.stored, 0);
  const { json } = await server.get(`/api/vitals?metric=systolic&since=${at}&until=${at}`, bearer(anna));
  assert.deepEqual(json.data.map((row) => [row.value, row.timestamp]), [[121, at]]);
}

async function whatIsWrongIsSaid() {
  const cases = [
    [reading('watch-1', 'weight', 70, 'kg'), 422, 'metric'],
    [reading('watch-1', 'heart_rate', 'fast', 'bpm'), 422, 'value'],
    [reading('watch-1', 'heart_rate', 9999, 'bpm'), 422, 'value'],
    [reading('watch-1', 'heart_rate', 70, 'mmHg'), 422, 'unit'],
    [reading('watch-1', 'heart_rate', 70, 'bpm', { timestamp: '2999-01-01T00:00:00Z' }), 422, 'timestamp'],
    [reading('watch-1', 'heart_rate', 70, 'bpm', { battery: 200 }), 422, 'battery'],
    [[], 422, undefined],
    [Array.from({ length: 201 }, () => reading('watch-1')), 422, undefined],
    ['{', 400, undefined],
    ['[1]', 422, 'device_id'],
  ];
  for (const [body, status, field] of cases) {
    const isText = typeof body === 'string';
    const found = await server.post('/api/vitals', body, {
      headers: { 'X-Device-Key': key, ...(isText ? { 'Content-Type': 'application/json' } : {}) } });
    assert.equal(found.status, status, JSON.stringify(body).slice(0, 100));
    assert.equal(found.json.status, 'error');
    assert.equal(found.json.field, field);
  }
  const type = await server.post('/api/vitals', 'x=1', { headers: { 'X-Device-Key': key, 'Content-Type': 'text/plain' } });
  assert.equal(type.status, 415);
  assert.equal((await server.ask('PUT', '/api/vitals')).status, 405);
}

async function asAnEventWithAcknowledgement() {
  device = await server.connect({ auth: { device_key: key, device_id: 'watch-1' } });
  page.seen.length = 0;
  assert.deepEqual(await send(device, 'vitals', { metric: 'heart_rate', value: 66, unit: 'bpm' }),
    { status: 'success', stored: 1 });
  assert.equal((await heard(page, 'vital_update')).value, 66);
  assert.equal((await send(device, 'vitals', reading('watch-1'))).stored, 1);
  assert.equal((await send(device, 'vitals', [reading('watch-1'), reading('watch-1')])).stored, 2);
  const refused = await send(device, 'vitals', { metric: 'heart_rate', value: 66 });
  assert.deepEqual([refused.status, refused.field], ['error', 'unit'], 'in words of HTTP');
  assert.equal((await send(device, 'vitals')).status, 'error');
  assert.equal((await send(device, 'vitals', reading('watch-2'))).status, 'error');
  assert.equal((await send(page, 'vitals', reading('watch-1'))).status, 'error', 'people are no devices');
  assert.ok(!device.seen.some(([name]) => name === 'vital_update'), 'devices hear nothing of people');
}

// ---- devices --------------------------------------------------------------

const stateOf = async (id) => (await server.get('/api/devices', bearer(anna))).json.data
  .find((one) => one.device_id === id);

async function presenceAndBattery() {
  page.seen.length = 0;
  assert.equal((await send(device, 'heartbeat', { battery: 81 })).status, 'success');
  const update = await heard(page, 'device_update', (one) => one.battery === 81);
  assert.deepEqual([update.device_id, update.online], ['watch-1', true]);
  assert.equal((await send(device, 'heartbeat', { battery: -1 })).status, 'error');
  page.seen.length = 0;
  device.disconnect();
  await heard(page, 'device_update', (one) => one.online === false);
  assert.deepEqual([(await stateOf('watch-1')).online, (await stateOf('watch-1')).battery], [false, 81]);
  const beat = await server.post('/api/heartbeat', { device_id: 'watch-1', battery: 80 },
    { headers: { 'X-Device-Key': key } });
  assert.equal(beat.status, 200);
  await heard(page, 'device_update', (one) => one.online === true && one.battery === 80);
  page.seen.length = 0; // and then it is silent for two seconds
  await heard(page, 'device_update', (one) => one.online === false);
}

async function aNewKeyEndsTheOldOne() {
  device = await server.connect({ auth: { device_key: key, device_id: 'watch-1' } });
  const gone = new Promise((done) => { device.once('disconnect', done); });
  const next = await addDevice(server, anna, 'watch-1');
  await gone;
  assert.equal((await sendReading(server, key, reading('watch-1'))).status, 401);
  assert.equal((await sendReading(server, next, reading('watch-1'))).status, 200);
  key = next;
}

async function aKeyIsRevoked() {
  const other = await addDevice(server, anna, 'cuff-1');
  assert.equal((await sendReading(server, other, reading('cuff-1'))).status, 200);
  assert.equal((await server.ask('DELETE', '/api/devices/cuff-1', { headers: bearer(anna) })).status, 200);
  assert.equal((await sendReading(server, other, reading('cuff-1'))).status, 401);
  assert.equal((await stateOf('cuff-1')).revoked, true);
  assert.equal((await server.ask('DELETE', '/api/devices/none', { headers: bearer(anna) })).status, 404);
}

async function keysFromTheCommandLine() {
  const made = runOnce(['--data-dir', server.dataDir, '--add-device-key', 'scale-1', '--for-user', 'anna']);
  assert.equal(made.status, 0, made.stderr);
  const fresh = made.stdout.trim().split('\n').at(-1);
  assert.match(fresh, /^[0-9a-f]{48}$/);
  assert.equal((await sendReading(server, fresh, reading('scale-1'))).status, 200);
  const other = runOnce(['--data-dir', server.dataDir, '--add-device-key', 'scale-2', '--for-user', 'anna']);
  const socket = await server.connect({ auth: { device_id: 'scale-2', device_key: other.stdout.trim().split('\n').at(-1) } });
  socket.disconnect();
  const nobody = runOnce(['--data-dir', server.dataDir, '--add-device-key', 'x', '--for-user', 'nobody']);
  assert.equal(nobody.status, 1);
  assert.match(nobody.stderr, /no account nobody/);
  assert.equal(runOnce(['--data-dir', server.dataDir, '--add-device-key', 'x']).status, 1);
  assert.match(runOnce(['--data-dir', server.dataDir, '--list-device-keys']).stdout, /scale-1 +of anna/);
  assert.equal(runOnce(['--data-dir', server.dataDir, '--revoke-device-key', 'scale-1']).status, 0);
  await until('the program sees that, too', async () => (await stateOf('scale-1')).revoked);
  assert.equal((await sendReading(server, fresh, reading('scale-1'))).status, 401);
}

// ---- history --------------------------------------------------------------

async function pagesOfTheHistory() {
  const all = (await server.get('/api/vitals?limit=1000', bearer(anna))).json;
  assert.equal(all.next, null);
  const pieces = [];
  let cursor = '';
  do {
    const { json } = await server.get(`/api/vitals?limit=7${cursor}`, bearer(anna));
    assert.ok(json.data.length <= 7);
    pieces.push(...json.data);
    cursor = json.next && `&cursor=${json.next}`;
  } while (cursor);
  assert.deepEqual(pieces, all.data);
  const times = all.data.map((row) => row.timestamp);
  assert.deepEqual(times, [...times].sort().reverse());
  assert.equal(new Set(all.data.map((row) => row.id)).size, all.data.length);
  const one = (await server.get('/api/vitals?metric=temperature', bearer(anna))).json.data;
  assert.ok(one.length > 2 && one.every((row) => row.metric === 'temperature' && row.unit === '°C'));
  const later = (await server.get(`/api/vitals?since=${Date.now() + 3600000}`, bearer(anna))).json;
  assert.deepEqual(later.data, []);
  for (const query of ['metric=weight', 'limit=0', 'limit=x', 'since=yesterday', 'cursor=abc']) {
    assert.equal((await server.get(`/api/vitals?${query}`, bearer(anna))).status, 422, query);
  }
}

async function theLastOfEachWithItsBands() {
  const { json } = await server.get('/api/vitals/latest', bearer(anna));
  assert.deepEqual(json.data.map((row) => row.metric).sort(),
    ['diastolic', 'heart_rate', 'respiration', 'spo2', 'systolic', 'temperature']);
  assert.deepEqual(json.bands.spo2, { unit: '%', normal: [96, 100], warning: [92, null] });
}

async function aLongSpanInFewPieces() {
  const base = Date.now() - 7200000;
  for (let i = 0; i < 5; i += 1) {
    const rows = Array.from({ length: 100 }, (_, k) => ({ metric: 'respiration', value: 10 + (k % 10),
      unit: '/min', timestamp: base + (i * 100 + k) * 1000 }));
    assert.equal((await sendReading(server, key, [{ ...rows[0], device_id: 'watch-1' }, ...rows.slice(1)])).json.stored, 100);
  }
  const { json } = await server.get(
    `/api/vitals/series?metric=respiration&from=${base}&to=${base + 500000}&points=20`, bearer(anna));
  const { ts, rows, min, mean, max } = json.data;
  assert.ok(ts.length >= 20 && ts.length <= 22, String(ts.length));
  assert.equal(rows.reduce((a, b) => a + b), 500);
  assert.ok(ts.every((at, i) => i === 0 || at > ts[i - 1]));
  assert.ok(mean.every((value, i) => value >= min[i] && value <= max[i]));
  assert.equal((await server.get('/api/vitals/series', bearer(anna))).status, 422);
}

// ---- alerts ---------------------------------------------------------------

async function pulse(value) {
  assert.equal((await sendReading(server, key, reading('watch-1', 'heart_rate', value))).status, 200);
}

async function anAlertIsRaisedOnceAndEnds() {
  await pulse(70);
  await pulse(70); // whatever stood before is over now
  await until('nothing stands', async () => !(await server.get('/api/alerts', bearer(anna))).json.data
    .some((one) => one.metric === 'heart_rate' && one.cleared_at === null));
  page.seen.length = 0;
  await pulse(160);
  const alert = await heard(page, 'vital_alert');
  assert.equal(alert.status, 'critical');
  assert.match(alert.message, /heart rate is far too high: 160 bpm/);
  for (const value of [161, 162, 159]) await pulse(value);
  assert.equal((await server.ask('POST', `/api/alerts/${alert.id}/acknowledge`, { headers: bearer(anna) })).status, 200);
  await heard(page, 'vital_alert', (one) => one.id === alert.id && one.acknowledged_at !== null);
  await pulse(70);
  await pulse(70);
  await heard(page, 'vital_alert', (one) => one.id === alert.id && one.cleared_at !== null);
  const ids = page.seen.filter(([name]) => name === 'vital_alert').map(([, one]) => one.id);
  assert.deepEqual([...new Set(ids)], [alert.id], 'one alert for all of it');
  const kept = (await server.get('/api/alerts', bearer(anna))).json.data.find((one) => one.id === alert.id);
  assert.ok(kept.cleared_at && kept.acknowledged_at);
  assert.match(kept.message, /heart rate was far too high: 1[56]\d bpm, and is back in its usual range/);
}

async function anAlertIsAcknowledgedByAnEvent() {
  page.seen.length = 0;
  await pulse(30);
  const alert = await heard(page, 'vital_alert');
  assert.deepEqual(await send(page, 'acknowledge_alert', { id: alert.id }), { status: 'success' });
  assert.equal((await send(page, 'acknowledge_alert', { id: 987654 })).status, 'error');
  const first = (await server.get('/api/alerts?limit=1', bearer(anna))).json;
  assert.equal(first.data.length, 1);
  const rest = (await server.get(`/api/alerts?cursor=${first.next}`, bearer(anna))).json;
  assert.ok(rest.data.length > 0 && rest.data.every((one) => one.id < first.data[0].id));
}

async function everythingIsThereAfterARestart() {
  const before = (await server.get('/api/vitals?limit=1000', bearer(anna))).json;
  const last = (await server.get('/api/vitals/latest', bearer(anna))).json.data;
  await server.stop();
  // a clock that was an hour fast, for once
  changeStore(server.dataDir, 'carechat.db', "UPDATE devices SET changed = changed + 3600000 WHERE device_id = 'watch-1'");
  await server.start();
  assert.deepEqual((await server.get('/api/vitals?limit=1000', bearer(anna))).json, before);
  assert.deepEqual((await server.get('/api/vitals/latest', bearer(anna))).json.data, last);
  assert.equal((await sendReading(server, key, reading('watch-1'))).status, 200);
}

// A change of now is seen behind one that claims to be later.
async function aClockThatWasFastHidesNoChange() {
  assert.equal(runOnce(['--data-dir', server.dataDir, '--add-device-key', 'scale-2', '--for-user', 'anna']).status, 0);
  await until('the program sees it', async () => await stateOf('scale-2') !== undefined);
  assert.equal(runOnce(['--data-dir', server.dataDir, '--revoke-device-key', 'scale-2']).status, 0);
  await until('the program sees that, too', async () => (await stateOf('scale-2')).revoked);
}

async function stops() {
  await server.stop();
}

await runSteps([startsAndIsWell, aPersonAndADevice, theOriginalClientWorksUnchanged, theOriginalClientIsToldWhyNot, oneRoomOnly,
  everyMetricAndItsStatus, fahrenheitIsConverted, anArrayIsAllOrNothing, aReadingWithItsTimeIsStoredOnce,
  whatIsWrongIsSaid, asAnEventWithAcknowledgement, presenceAndBattery, aNewKeyEndsTheOldOne, aKeyIsRevoked,
  keysFromTheCommandLine, pagesOfTheHistory, theLastOfEachWithItsBands, aLongSpanInFewPieces,
  anAlertIsRaisedOnceAndEnds, anAlertIsAcknowledgedByAnEvent, everythingIsThereAfterARestart,
  aClockThatWasFastHidesNoChange, stops]);
