// SPDX-License-Identifier: MIT
// What an attacker tries: guesses by every way in, invented devices, ids that
// look like others, sessions after their end, more readings than there is room.
//   node test_attacker.mjs PROGRAM
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import { heard, isSlow, png, Program, reading, runOnce, runSteps, sleep, until } from './program.mjs';

const json = 'application/json';
const password = 'correct horse battery staple';
const env = { PEAL_ESP32_DASHBOARD_PASSWORD: password };
const proxied = ['--proxies', '127.0.0.1'];
const from = (address) => ({ 'X-Forwarded-For': address });
const send = (server, device, headers = {}) =>
  server.post('/api/sensor-data', reading(device), { type: json, headers });
const bearer = (word) => ({ Authorization: `Bearer ${word}` });
const login = (server, word, headers) => server.post('/api/login', { password: word }, { type: json, headers });
const refusedBy = (server, options) => server.connect(options).then(() => null, (error) => error);

// The same address may guess ten times a minute, by all ways together.
async function guessesAreRefusedWhateverTheWay() {
  const ways = {
    'a bearer header': async (server) => (await server.get('/api/devices', bearer('guess'))).status,
    'the login form': async (server) => (await login(server, 'guess')).status,
    'the handshake of a socket': async (server) =>
      (await refusedBy(server, { auth: { password: 'guess' } })).data.code === 'too_many' ? 429 : 401,
    'its header': async (server) =>
      (await refusedBy(server, { extraHeaders: bearer('guess') })).data.code === 'too_many' ? 429 : 401,
    'metrics': async (server) => (await server.get('/metrics', bearer('guess'))).status,
    'media': async (server) => (await server.get('/media/thumbs/x', bearer('guess'))).status,
  };
  for (const [way, guess] of Object.entries(ways)) {
    const server = await new Program({ env, args: proxied }).start();
    const cookie = (await login(server, password)).headers.get('set-cookie').split(';')[0];
    const seen = [];
    for (let i = 0; i < 14; i += 1) seen.push(await guess(server));
    assert.deepEqual(seen, [...Array(10).fill(401), ...Array(4).fill(429)], way);
    const waits = await server.get('/api/devices', bearer(password));
    assert.equal(waits.status, 429, `${way}: the right one waits, too`);
    assert.ok(Number(waits.headers.get('retry-after')) >= 1);
    assert.equal((await login(server, password)).status, 429, `${way}: at the form as well`);
    assert.equal((await refusedBy(server, { auth: { password } })).data.code, 'too_many');
    assert.equal((await server.get('/api/devices', { Cookie: cookie })).status, 200, 'who is in stays in');
    assert.equal((await server.get('/api/devices', { ...bearer(password), ...from('203.0.113.9') })).status, 200,
      'others are not locked out');
    await server.stop();
  }
}

async function whatIsRightIsNotCounted() {
  const server = await new Program({ env }).start();
  for (let i = 0; i < 40; i += 1) assert.equal((await server.get('/api/devices', bearer(password))).status, 200);
  await server.stop();
}

async function theCookieStaysOnTls() {
  const server = await new Program({ env, args: proxied }).start();
  const cookieOf = async (headers) => (await login(server, password, headers)).headers.get('set-cookie');
  assert.ok(!/Secure/i.test(await cookieOf({})));
  assert.match(await cookieOf({ ...from('192.0.2.1'), 'X-Forwarded-Proto': 'https' }), /; Secure/i);
  await server.stop();
}

async function networksAreCountedAsOne() {
  const server = await new Program({ env, args: proxied }).start();
  const guess = (address) => server.get('/api/devices', { ...bearer('guess'), ...from(address) });
  for (let i = 0; i < 12; i += 1) await guess(`2001:db8:0:1::${i}`);
  assert.equal((await guess('2001:db8:0:1:ffff::1')).status, 429, 'the same /64');
  assert.equal((await guess('2001:db8:0:2::1')).status, 401, 'another one');
  await server.stop();
}

async function keysOfDevicesAreNotGuessed() {
  const server = await new Program().start();
  const key = runOnce(['--data-dir', server.dataDir, '--add-device-key', 'LOCK']).stdout.trim();
  await until('the key is asked for', async () => (await send(server, 'LOCK')).status === 401);
  const seen = [];
  for (let i = 0; i < 13; i += 1) seen.push((await send(server, 'LOCK', { 'X-Device-Key': `${i}` })).status);
  assert.deepEqual(seen, [...Array(10).fill(401), ...Array(3).fill(429)]);
  assert.equal((await send(server, 'LOCK', { 'X-Device-Key': key })).status, 429);
  assert.equal((await send(server, 'OTHER')).status, 200, 'its neighbours send on');
  await server.stop();
}

// On all workers, and over a restart.
async function aLogoutEndsCookieAndSockets() {
  const server = await new Program({ env, args: ['--workers', '3'] }).start();
  const enter = async () => ({ Cookie: (await login(server, password)).headers.get('set-cookie').split(';')[0] });
  const [mine, other] = [await enter(), await enter()];
  assert.notEqual(mine.Cookie, other.Cookie);
  const sockets = await Promise.all(Array.from({ length: 9 }, (_, i) => server.connect({
    extraHeaders: mine, transports: [i % 2 ? 'websocket' : 'polling'] })));
  const stays = await server.connect({ extraHeaders: other });
  const gone = sockets.map((one) => new Promise((done) => { one.once('disconnect', done); }));
  assert.equal((await server.ask('POST', '/api/logout', { headers: mine })).status, 200);
  await Promise.race([Promise.all(gone), sleep(10000).then(() => assert.fail('sockets are still there'))]);
  assert.equal((await server.get('/api/devices', mine)).status, 401, 'the cookie is worth nothing');
  assert.match((await refusedBy(server, { extraHeaders: mine })).message, /sign in/);
  assert.equal((await server.get('/api/devices', other)).status, 200, 'another session goes on');
  assert.equal((await stays.timeout(5000).emitWithAck('request', { type: 'ping' })).status, 'success');
  await server.stop();
  await server.start();
  assert.equal((await server.get('/api/devices', mine)).status, 401);
  assert.equal((await server.get('/api/devices', other)).status, 200);
  await server.stop();
  server.env = { PEAL_ESP32_DASHBOARD_PASSWORD: 'another' };
  await server.start();
  assert.equal((await server.get('/api/devices', other)).status, 401, 'a new password ends all');
  await server.stop();
}

// A minute is the shortest: the store is told that most of it is over.
const hurry = `
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE sessions SET end_ms = ?", (int(time.time() * 1000) + int(sys.argv[2]),))
db.commit()`;

async function aSessionEndsWhenItsTimeHasCome() {
  const server = await new Program({ env }).start();
  const headers = { Cookie: (await login(server, password)).headers.get('set-cookie').split(';')[0] };
  await server.stop();
  const file = path.join(server.dataDir, 'esp32.db');
  assert.equal(spawnSync('python3', ['-c', hurry, file, isSlow ? '20000' : '6000']).status, 0);
  await server.start();
  const page = await server.connect({ extraHeaders: headers });
  await until('it is disconnected', () => !page.connected, 20000);
  assert.equal((await server.get('/api/devices', headers)).status, 401);
  await server.stop();
}

async function inventedDevicesLockNobodyOut() {
  const server = await new Program({
    args: [...proxied, '--max-devices', '20', '--max-address-devices', '8', '--offline-after', '1h'] }).start();
  assert.equal((await send(server, 'HONEST-1', from('192.0.2.1'))).status, 200);
  const attacker = from('198.51.100.7');
  const ids = async () => (await server.get('/api/devices')).json.data.map((one) => one.device_id);
  const page = await server.connect();
  assert.equal((await send(server, 'EARLY', attacker)).status, 200);
  for (let i = 0; i < 60; i += 1) await send(server, `fake-${i}`, attacker);
  for (const one of ['HONEST-1', 'HONEST-2', 'HONEST-3']) {
    assert.equal((await send(server, one, from('192.0.2.1'))).status, 200, one);
  }
  assert.equal((await send(server, 'LATE', attacker)).status, 200, 'not at the same address either');
  const known = await ids();
  assert.equal(known.length, 3 + 8);
  for (const one of ['HONEST-1', 'HONEST-2', 'HONEST-3', 'EARLY', 'LATE']) assert.ok(known.includes(one), one);
  await heard(page, 'device_update', (one) => one.device_id === 'fake-7' && !one.online);
  // all places are taken by others: a key opens one
  const key = runOnce(['--data-dir', server.dataDir, '--add-device-key', 'KEYED']).stdout.trim();
  for (let i = 0; i < 20; i += 1) await send(server, `other-${i}`, from(`203.0.113.${i % 2}`));
  assert.equal((await send(server, 'STRANGER', from('203.0.113.9'))).status, 429);
  await until('its key is known', async () => (await send(server, 'KEYED', { 'X-Device-Key': 'x' })).status === 401);
  assert.equal((await send(server, 'KEYED', { 'X-Device-Key': key, ...from('203.0.113.9') })).status, 200);
  assert.ok((await ids()).includes('KEYED'));
  await server.stop();
}

async function aFloodOfOneAddressIsBounded() {
  const server = await new Program({ args: [...proxied, '--address-rate', '5', '--address-burst', '30'] }).start();
  const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => send(server, `new-${i}`, from('198.51.100.7'))));
  const refused = answers.filter((one) => one.status === 429);
  assert.ok(refused.length >= 20, `${refused.length} were refused`);
  assert.ok(refused[0].headers.get('retry-after'));
  assert.equal((await server.get('/api/devices')).json.data.length, 60 - refused.length, 'and are not remembered');
  assert.equal((await send(server, 'HONEST', from('192.0.2.1'))).status, 200);
  await server.stop();
}

async function idsThatNobodySeesAreRefused() {
  const server = await new Program().start();
  const bad = [' ', '   ', '\u00a0', '\u3000 \u2003', 'a\u0000b', 'a\tb', 'a\u007f', 'a\u0085', 'a\u00ad', 'x\u200by',
    '\u200e', 'abc\u202etxt', 'a\u2066b\u2069', 'a\u2028b', '\ufeffA', '\u2800', '\u3164', 'A\u{e0041}', 'A\ufe0f',
    'x'.repeat(65)];
  for (const id of bad) {
    const answer = await send(server, id);
    assert.equal(answer.status, 422, JSON.stringify(id));
    assert.equal(answer.json.field, 'device_id');
  }
  for (const id of ['ESP32 Küche', '温度計-1', 'датчик', 'حساس', 'room/2:7', '😀', 'e\u0301', '\u00e9']) {
    assert.equal((await send(server, id)).status, 200, id);
  }
  const known = (await server.get('/api/devices')).json.data.map((one) => one.device_id);
  assert.ok(known.includes('e\u0301') && known.includes('\u00e9'), 'two spellings are two ids');
  await server.stop();
}

// 40 uploads of 8 MB that never end hold what all together may hold.
async function slowUploadsLeaveRoomForOthers() {
  const server = await new Program({ args: proxied }).start();
  const part = Buffer.concat([png(64, 48), Buffer.alloc(8 * 1024 * 1024)]);
  const slow = Array.from({ length: 40 }, () => new Promise((done) => {
    const req = http.request({ host: '127.0.0.1', port: server.port, method: 'POST', path: '/upload',
      headers: { ...from('198.51.100.7'), 'Content-Type': 'image/png', 'Content-Length': part.length + 1 } });
    req.on('error', () => done(null));
    req.on('response', (res) => { res.resume(); done({ req, status: res.statusCode }); });
    req.write(part, () => setTimeout(() => done({ req, status: 0 }), isSlow ? 4000 : 1500));
  }));
  const held = await Promise.all(slow);
  assert.equal(held.filter((one) => one?.status === 0).length, 8);
  const large = Buffer.concat([png(64, 48), Buffer.alloc(9 * 1024 * 1024)]);
  for (let i = 0; i < 3; i += 1) {
    const answer = await server.post('/upload?device_id=CAM', large, { type: 'image/png', headers: from('192.0.2.1') });
    assert.equal(answer.text, 'OK');
  }
  for (const one of held) one?.req.destroy();
  await until('its slots are free again', async () => (await server.post('/upload?device_id=CAM', png(),
    { type: 'image/png', headers: from('198.51.100.7') })).text === 'OK');
  await server.stop();
}

// Whatever comes, and at no moment more.
async function theCeilingOfReadingsHoldsAtAnyRate() {
  for (const ceiling of [7, 1500]) {
    const server = await new Program({
      args: ['--max-readings', `${ceiling}`, '--device-rate', '100000', '--device-burst', '100000'] }).start();
    const rows = async () => (await server.get('/api/sensor-data/series?points=1')).json.rows;
    let most = 0;
    let sent = 0;
    const sender = async () => {
      for (; sent < 2 * ceiling + 200;) {
        sent += 1;
        assert.equal((await send(server, 'FAST', {})).status, 200);
        if (sent % 10 === 0) most = Math.max(most, await rows());
      }
    };
    await Promise.all(Array.from({ length: 16 }, sender));
    const kept = await rows();
    assert.ok(most <= ceiling, `${most} of ${ceiling}`);
    assert.ok(kept <= ceiling && kept > ceiling - 65, `${kept} of ${ceiling} at the end`);
    await server.stop();
    // what an earlier run had room for goes, too
    server.args = ['--max-readings', '3'];
    await server.start();
    await until('the rest has gone', async () => await rows() <= 3);
    await server.stop();
  }
}

await runSteps([guessesAreRefusedWhateverTheWay, whatIsRightIsNotCounted, theCookieStaysOnTls, networksAreCountedAsOne,
  keysOfDevicesAreNotGuessed, aLogoutEndsCookieAndSockets, aSessionEndsWhenItsTimeHasCome,
  inventedDevicesLockNobodyOut, aFloodOfOneAddressIsBounded, idsThatNobodySeesAreRefused,
  slowUploadsLeaveRoomForOthers, theCeilingOfReadingsHoldsAtAnyRate]);
