// SPDX-License-Identifier: MIT
// Who may write to peal-sv30-backend, and who may look.
//   node test_keys.mjs PROGRAM
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { changeStore, freePort, heard, newFolder, Program, result, runOnce, runSteps, send, sleep, until } from './samples.mjs';

const dataDir = newFolder();
const password = 'correct horse battery staple';
const server = new Program({
  dataDir, args: ['--require-device-keys'], env: { PEAL_SV30_BACKEND_DASHBOARD_PASSWORD: password },
});
const open = new Program({ env: { PEAL_SV30_BACKEND_DASHBOARD_PASSWORD: password } });
const bearer = { Authorization: `Bearer ${password}` };
const keys = {};

const refusal = async (options) => {
  const error = await server.connect(options).then(() => null, (one) => one);
  assert.ok(error, 'it is refused');
  return error;
};
const stored = (answer) => assert.deepEqual(answer, { status: 'stored' });

async function keysAreMadeByTheCommandLine() {
  for (const id of ['tank-1', 'tank-2']) {
    const made = runOnce(['--data-dir', dataDir, '--add-device-key', id]);
    assert.equal(made.status, 0, made.stderr);
    keys[id] = made.stdout.trim().split('\n').at(-1);
    assert.match(keys[id], /^[0-9a-f]{48}$/);
  }
  const files = fs.readdirSync(dataDir).map((name) => fs.readFileSync(path.join(dataDir, name)));
  assert.ok(files.length > 0 && files.every((bytes) => !bytes.includes(keys['tank-1'])), 'the store has no key');
  assert.equal(runOnce(['--data-dir', dataDir, '--revoke-device-key', 'nobody']).status, 1);
  const list = runOnce(['--data-dir', dataDir, '--list-device-keys']).stdout;
  assert.match(list, /valid +tank-1\n.*valid +tank-2/);
}

async function withoutAKeyNobodyConnects() {
  // made with a clock that was an hour fast: what changes now is seen all the same
  changeStore(dataDir, 'sv30.db', "UPDATE device_keys SET changed = changed + 3600000 WHERE device_id = 'tank-2'");
  await server.start();
  const error = await refusal();
  assert.equal(error.data.code, 'unauthorized');
  assert.equal((await refusal({ auth: { api_key: 'wrong' } })).data.code, 'unauthorized');
  assert.equal((await refusal({ auth: { api_key: '' } })).data.code, 'unauthorized');
  assert.equal((await refusal({ auth: { api_key: { a: 1 } } })).data.code, 'unauthorized');
  assert.equal((await server.get('/api/tests')).status, 401);
  assert.equal((await server.get('/api/current')).status, 401);
  assert.equal((await server.get('/api/tests.csv')).status, 401);
  assert.equal((await server.get('/metrics')).status, 401);
  assert.equal((await server.get('/health')).status, 200, 'its health is no secret');
}

// One device with a wrong key, again and again, is refused without a look;
// its neighbours behind the same address are not.
async function aWrongKeyHoldsUpNobody() {
  let code;
  for (let i = 0; i < 40 && code !== 'too_many'; i += 1) {
    ({ code } = (await refusal({ auth: { api_key: `wrong-${i}` } })).data);
  }
  assert.equal(code, 'too_many');
  const device = await server.connect({ auth: { api_key: keys['tank-2'] } });
  device.disconnect();
}

async function aDeviceWritesAndSeesNothing() {
  const device = await server.connect({ auth: { api_key: keys['tank-1'] } });
  const page = await server.connect({ auth: { password } });
  stored(await send(device, 'sludge-data', result('SV30-2026-01-31-001-M', 0)));
  await heard(page, 'sludge-data-update');
  assert.ok(!device.seen.some(([name]) => name === 'sludge-data-update'));
  const { json } = await server.get('/api/tests', bearer);
  assert.equal(json.data[0].device, 'tank-1');
}

async function aPageDoesNotWrite() {
  const page = await server.connect({ auth: { password } });
  const answer = await send(page, 'sludge-data', result('SV30-2026-01-31-009-M', 0));
  assert.equal(answer.status, 'error');
  assert.match(answer.message, /only devices/);
  assert.equal((await send(page, 'sludge-height-update', 5)).status, 'error');
}

async function aTestIsOfItsDevice() {
  const other = await server.connect({ auth: { api_key: keys['tank-2'] } });
  const answer = await send(other, 'sludge-data', result('SV30-2026-01-31-001-M', 30));
  assert.equal(answer.status, 'error');
  assert.match(answer.message, /another device/);
  assert.equal(answer.field, 'testId', 'it is refused for good');
  const height = { testId: 'SV30-2026-01-31-001-M', t_s: 4, height_mm: 1 };
  assert.equal((await send(other, 'sludge-height-update', height)).status, 'error');
  const { json } = await server.get('/api/tests/SV30-2026-01-31-001-M', bearer);
  assert.equal(json.data.end, null);
  assert.deepEqual(json.heights, []);
}

async function aRevokedKeyEnds() {
  const device = await server.connect({ auth: { api_key: keys['tank-2'] } });
  const gone = new Promise((done) => { device.once('disconnect', done); });
  assert.equal((await server.ask('DELETE', '/api/device-keys/tank-2')).status, 401);
  assert.equal((await server.ask('DELETE', '/api/device-keys/tank-2', { headers: bearer })).status, 200);
  await gone;
  await refusal({ auth: { api_key: keys['tank-2'] } });
  const made = await server.post('/api/device-keys', { device_id: 'tank-2' },
    { type: 'application/json', headers: bearer });
  assert.equal(made.status, 200);
  await until('the new one is right', () => server.connect({ auth: { api_key: made.json.device_key } })
    .then(() => true, () => false));
  const { json } = await server.get('/api/device-keys', bearer);
  assert.deepEqual(json.data.map((one) => [one.device_id, one.revoked]), [['tank-1', false], ['tank-2', false]]);
  assert.equal((await server.ask('DELETE', '/api/device-keys/nobody', { headers: bearer })).status, 404);
  assert.equal((await server.post('/api/device-keys', { device_id: '' },
    { type: 'application/json', headers: bearer })).status, 422);
}

// Revoked beside the running server: it looks every two seconds.
async function theCommandLineRevokesToo() {
  const device = await server.connect({ auth: { api_key: keys['tank-1'] } });
  assert.equal(runOnce(['--data-dir', dataDir, '--revoke-device-key', 'tank-1']).status, 0);
  await until('it may not write any more', async () => {
    if (!device.connected) return true;
    const answer = await send(device, 'sludge-data', result('SV30-2026-01-31-001-M', 30)).catch(() => null);
    return answer?.status !== 'stored';
  });
  await until('and is gone', () => !device.connected);
  await server.stop();
}

// Keys off: devices of old are let in, also past a password, and see nothing.
async function anOldDeviceWritesPastThePassword() {
  await open.start();
  for (const auth of [undefined, { api_key: 'whatever it was configured with' }]) {
    const device = await open.connect({ auth });
    stored(await send(device, 'sludge-data', result('SV30-2026-01-31-001-M', 0)));
    await sleep(100);
    assert.ok(!device.seen.some(([name]) => name === 'sludge-data-update'));
  }
  const error = await open.connect({ auth: { role: 'dashboard' } }).then(() => null, (one) => one);
  assert.equal(error?.data?.code, 'unauthorized', 'a page has to sign in');
  await open.stop();
}

async function aForeignPageDoesNotConnect() {
  await open.start();
  const error = await open.connect({ extraHeaders: { Origin: 'http://evil.example' } })
    .then(() => null, (one) => one);
  assert.ok(error);
  const { status } = await open.ask('POST', '/api/login', {
    body: '{}', type: 'application/json', headers: { Origin: 'http://evil.example' },
  });
  assert.equal(status, 403);
  await open.stop();
}

async function whatIsWrongIsSaid() {
  const zone = runOnce(['--data-dir', newFolder(), '--timezone', 'Nowhere/Else']);
  assert.equal(zone.status, 1);
  assert.match(zone.stderr, /timezone Nowhere\/Else/);
  const help = runOnce(['--help']);
  assert.equal(help.status, 0);
  for (const flag of ['--port', '--data-dir', '--config', '--timezone', '--require-device-keys']) {
    assert.ok(help.stdout.includes(flag), flag);
  }
  await open.start();
  const second = runOnce(['--port', String(open.port), '--data-dir', newFolder(), '--host', '127.0.0.1']);
  assert.equal(second.status, 1, 'a port in use');
  assert.equal(second.stderr.trim().split('\n').length, 1, second.stderr);
  const third = runOnce(['--port', String(await freePort()), '--data-dir', open.dataDir, '--host', '127.0.0.1']);
  assert.equal(third.status, 1, 'a data folder in use');
  assert.match(third.stderr, /in use by another/);
  await open.stop();
}

await runSteps([keysAreMadeByTheCommandLine, withoutAKeyNobodyConnects, aWrongKeyHoldsUpNobody, aDeviceWritesAndSeesNothing,
  aPageDoesNotWrite, aTestIsOfItsDevice, aRevokedKeyEnds, theCommandLineRevokesToo,
  anOldDeviceWritesPastThePassword, aForeignPageDoesNotConnect, whatIsWrongIsSaid]);
