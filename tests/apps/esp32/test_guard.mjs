// SPDX-License-Identifier: MIT
// What is guarded: device keys, the password, rates, the size of the store,
// the port and the data folder.
//   node test_guard.mjs PROGRAM
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { freePort, heard, Program, png, reading, runOnce, runSteps, sleep, until, wav } from './program.mjs';

const json = 'application/json';
const password = 'correct horse battery staple';
const media = (server) => fs.readdirSync(path.join(server.dataDir, 'media'));
const send = (server, device, headers = {}) =>
  server.post('/api/sensor-data', reading(device), { type: json, headers });
const keyOf = (server, ...args) => runOnce(['--data-dir', server.dataDir, ...args]);

async function aDeviceWithAKeyMustShowIt() {
  const server = await new Program().start();
  assert.equal((await send(server, 'LOCK-1')).status, 200);
  const made = keyOf(server, '--add-device-key', 'LOCK-1');
  assert.equal(made.status, 0, made.stderr);
  const key = made.stdout.trim();
  assert.match(key, /^[0-9a-f]{48}$/);
  await until('the key is asked for', async () => (await send(server, 'LOCK-1')).status === 401);
  const refused = await send(server, 'LOCK-1', { 'X-Device-Key': 'wrong' });
  assert.equal(refused.status, 401);
  assert.equal(refused.json.status, 'error');
  assert.equal((await send(server, 'LOCK-1', { 'X-Device-Key': key })).status, 200);
  assert.equal((await send(server, 'LOCK-2')).status, 200, 'others need none');
  for (const where of ['/upload', '/upload-audio']) {
    const body = where === '/upload' ? png() : wav();
    const up = (headers) => server.post(`${where}?device_id=LOCK-1`, body, { type: 'application/octet-stream', headers });
    assert.equal((await up({})).status, 401);
    assert.equal((await up({ 'X-Device-Key': key })).status, 200);
  }
  const form = new FormData();
  form.set('device_id', 'LOCK-1');
  form.set('image', new Blob([png()], { type: 'image/png' }), 'a.png');
  assert.equal((await server.ask('POST', '/upload', { body: form })).status, 401, 'also when a form names it');
  const page = await server.connect();
  assert.equal((await page.timeout(5000).emitWithAck('sensor_data', reading('LOCK-1'))).status, 'error');
  const device = await server.connect({ auth: { device_id: 'LOCK-1', device_key: key } });
  assert.equal((await device.timeout(5000).emitWithAck('sensor_data', reading('LOCK-1'))).status, 'success');
  const file = fs.readFileSync(path.join(server.dataDir, 'esp32.db'));
  assert.ok(!file.includes(key), 'the store has the hash only');
  assert.match(keyOf(server, '--list-device-keys').stdout, /valid +LOCK-1/);
  assert.equal(keyOf(server, '--revoke-device-key', 'LOCK-1').status, 0);
  await until('the key is worth nothing', async () =>
    (await send(server, 'LOCK-1', { 'X-Device-Key': key })).status === 401);
  assert.equal((await send(server, 'LOCK-1')).status, 401, 'nor is no key');
  assert.equal(keyOf(server, '--revoke-device-key', 'NOBODY').status, 1);
  await server.stop();
}

async function keysCanBeRequiredOfAll() {
  const server = await new Program({ args: ['--require-device-keys', '--simulate', '1'] }).start();
  assert.equal((await send(server, 'ANY')).status, 401);
  assert.equal((await send(server, 'SIM-99')).status, 401, 'the name alone opens nothing');
  await until('the simulated one has a key of this run', async () =>
    (await server.get('/api/sensor-data?device_id=SIM-01')).json.data.length > 2, 20000);
  await server.stop();
  assert.ok(!server.output.includes('got 401'), server.output);
}

async function thePasswordGuardsWhatIsToBeSeen() {
  const server = await new Program({ env: { PEAL_ESP32_DASHBOARD_PASSWORD: password } }).start();
  for (const where of ['/', '/app.js', '/api/health', '/api/oled-display/get']) {
    assert.equal((await server.get(where)).status, 200, where);
  }
  assert.equal((await send(server, 'FREE')).status, 200, 'devices send as before');
  await server.post('/upload', png(), { type: 'image/png' });
  const name = media(server).find((one) => one.startsWith('image-'));
  const guarded = ['/api/sensor-data', '/api/orientation-data', '/api/images', '/api/audio',
    '/api/devices', `/media/${name}`, '/status', '/memory-stats', '/metrics'];
  for (const where of guarded) {
    const answer = await server.get(where);
    assert.equal(answer.status, 401, where);
    assert.equal(answer.json.status, 'error');
  }
  const set = { animation_id: 1, animation_type: 'pet' };
  assert.equal((await server.post('/api/oled-display/set', set)).status, 401);
  await assert.rejects(server.connect(), /sign in/);
  const login = (word) => server.post('/api/login', { password: word });
  assert.equal((await login('wrong')).status, 401);
  assert.equal((await server.post('/api/login', { password: 5 })).status, 422);
  const good = await login(password);
  assert.equal(good.status, 200);
  const cookie = good.headers.get('set-cookie');
  assert.match(cookie, /HttpOnly/i);
  assert.match(cookie, /SameSite=Strict/i);
  const headers = { Cookie: cookie.split(';')[0] };
  for (const where of guarded) assert.equal((await server.get(where, headers)).status, 200, where);
  assert.equal((await server.post('/api/oled-display/set', set, { type: json, headers })).status, 200);
  const page = await server.connect({ extraHeaders: headers });
  await heard(page, 'connection_response');
  const forged = { Cookie: `${headers.Cookie.slice(0, -1)}${headers.Cookie.endsWith('0') ? '1' : '0'}` };
  assert.equal((await server.get('/api/devices', forged)).status, 401);
  assert.equal((await server.get('/metrics', { Authorization: `Bearer ${password}` })).status, 200);
  await server.stop();
  await server.start();
  assert.equal((await server.get('/api/devices', headers)).status, 200, 'a login outlives a restart');
  const bye = await server.ask('POST', '/api/logout', { headers });
  assert.match(bye.headers.get('set-cookie'), /Max-Age=0|Expires=/i);
  let last = 0;
  for (let i = 0; i < 15; i += 1) last = (await login('guess')).status;
  assert.equal(last, 429, 'guessing is slow');
  await server.stop();
  assert.equal(fs.statSync(path.join(server.dataDir, 'session.secret')).mode & 0o777, 0o600);
}

async function aDeviceHasItsRate() {
  const server = await new Program({ args: ['--device-rate', '5', '--device-burst', '10'] }).start();
  const answers = await Promise.all(Array.from({ length: 30 }, () => send(server, 'FAST')));
  const refused = answers.filter((one) => one.status === 429);
  assert.ok(refused.length >= 8 && refused.length <= 20, `${refused.length} of 30`);
  assert.ok(Number(refused[0].headers.get('retry-after')) >= 1);
  assert.equal(refused[0].json.status, 'error');
  assert.equal((await send(server, 'CALM')).status, 200, 'others are not held up');
  await server.stop();
}

async function theStoreIsBounded() {
  const server = await new Program({ args: ['--max-images', '5', '--max-audio', '3', '--max-image-bytes', '64K'] }).start();
  for (let i = 0; i < 12; i += 1) {
    assert.equal((await server.post('/upload', png(16 + i, 16), { type: 'image/png' })).text, 'OK');
    assert.equal((await server.post('/upload-audio', wav(0.1), { type: 'audio/wav' })).text, 'OK');
  }
  await until('the oldest went', async () => media(server).length === 8);
  const images = (await server.get('/api/images')).json.data;
  assert.deepEqual(images.map((one) => one.width), [27, 26, 25, 24, 23]);
  assert.equal((await server.get('/api/audio')).json.data.length, 3);
  for (const one of images) assert.equal((await server.get(one.url)).status, 200);
  // two of 40 KB weigh more than 64 KB
  const heavy = Buffer.concat([png(99, 9), Buffer.alloc(40000)]);
  await server.post('/upload', heavy, { type: 'image/png' });
  await server.post('/upload', heavy, { type: 'image/png' });
  await until('bytes count, too', async () => {
    const kept = (await server.get('/api/images')).json.data;
    return kept.reduce((sum, one) => sum + one.bytes, 0) <= 65536 && kept.length >= 1;
  });
  await server.stop();
}

async function devicesAreBoundedToo() {
  const server = await new Program({ args: ['--max-devices', '3', '--offline-after', '3s'] }).start();
  for (const id of ['D1', 'D2', 'D3']) assert.equal((await send(server, id)).status, 200);
  assert.equal((await send(server, 'D4')).status, 429);
  await sleep(4500);
  assert.equal((await send(server, 'D4')).status, 200, 'a silent one is forgotten');
  assert.equal((await server.get('/api/devices')).json.data.length, 3);
  await server.stop();
}

async function silenceIsNoticed() {
  const server = await new Program({ args: ['--offline-after', '2s'] }).start();
  const page = await server.connect();
  await send(server, 'SIM-BEAT');
  const came = await heard(page, 'device_update', (one) => one.online);
  assert.equal(came.device_id, 'SIM-BEAT');
  assert.equal(came.simulated, true);
  for (let i = 0; i < 12; i += 1) { // polling keeps it there
    await server.get('/api/oled-display/get', { 'X-Device-Id': 'SIM-BEAT' });
    await sleep(250);
  }
  assert.ok(!page.seen.some(([name, one]) => name === 'device_update' && !one.online));
  await heard(page, 'device_update', (one) => !one.online);
  await server.stop();
}

async function aTakenPortIsSaidInOneLine() {
  const server = await new Program().start();
  const second = runOnce(['--port', String(server.port), '--host', '127.0.0.1', '--data-dir', `${server.dataDir}-2`]);
  assert.equal(second.status, 1);
  assert.equal(second.stderr.trim().split('\n').length, 1, second.stderr);
  assert.match(second.stderr, new RegExp(`port ${server.port}.*in use`));
  assert.ok(!fs.existsSync(`${server.dataDir}-2`));
  // Another test may take the free port first: then another one is tried.
  let third;
  for (let i = 0; i < 5 && !/in use.*folder|folder.*in use/.test(third?.stderr ?? ''); i += 1) {
    third = runOnce(['--port', String(await freePort()), '--host', '127.0.0.1', '--data-dir', server.dataDir]);
  }
  assert.equal(third.status, 1);
  assert.match(third.stderr, /data folder .* is in use/);
  await server.stop();
}

async function theCommandLineIsChecked() {
  const help = runOnce(['--help']);
  assert.equal(help.status, 0);
  for (const flag of ['--port', '--data-dir', '--config', '--simulate', '--workers']) assert.ok(help.stdout.includes(flag));
  const wrong = runOnce(['--prot', '1']);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /port/);
  assert.equal(runOnce(['--port', '70000']).status, 1);
  assert.equal(runOnce(['--dashboard-password', 'x']).status, 1, 'a secret is no flag');
  assert.equal(runOnce([], { PEAL_ESP32_VISION_KIND: 'gemini' }).status, 1, 'a model needs a name');
}

await runSteps([aDeviceWithAKeyMustShowIt, keysCanBeRequiredOfAll, thePasswordGuardsWhatIsToBeSeen,
  aDeviceHasItsRate, theStoreIsBounded, devicesAreBoundedToo, silenceIsNoticed,
  aTakenPortIsSaidInOneLine, theCommandLineIsChecked]);
