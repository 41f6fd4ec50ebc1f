// SPDX-License-Identifier: MIT
// Who may see and change what: another's rooms, devices, readings and alerts;
// limits; bodies that are too long, too slow or no bodies; pages of other
// sites; names that are markup.
//   node test_guard.mjs PROGRAM
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import {
  addDevice, bearer, heard, Program, reading, refusal, runSteps, send, sendReading, signUp, sleep, until,
} from './care.mjs';

const server = new Program({ args: ['--workers', '2', '--user-sockets', '3', '--user-devices', '3',
  '--device-rate', '1', '--device-burst', '20'] });
let anna;
let bert;
let annasKey;
let bertsKey;

async function twoPeople() {
  await server.start();
  [anna, bert] = [await signUp(server, 'anna'), await signUp(server, 'bert')];
  [annasKey, bertsKey] = [await addDevice(server, anna, 'watch-a'), await addDevice(server, bert, 'watch-b')];
}

async function readingsReachTheirOwnerAlone() {
  const [a, b] = [await server.connect({ auth: { token: anna.token } }), await server.connect({ auth: { token: bert.token } })];
  assert.equal((await send(b, 'join_room', { room: anna.room })).status, 'error');
  await sendReading(server, annasKey, reading('watch-a', 'heart_rate', 150));
  await heard(a, 'vital_update');
  await heard(a, 'vital_alert');
  await heard(a, 'device_update');
  await sendReading(server, bertsKey, reading('watch-b', 'spo2', 97, '%'));
  await heard(b, 'vital_update'); // whatever was meant for others would be there by now
  assert.deepEqual(b.seen.filter(([name]) => /^(vital|device)_/.test(name))
    .map(([, one]) => one.device_id).filter((id) => id !== 'watch-b'), []);
  const mine = (await server.get('/api/vitals', bearer(bert))).json.data;
  assert.deepEqual(mine.map((row) => row.device_id), ['watch-b']);
  assert.deepEqual((await server.get('/api/devices', bearer(bert))).json.data.map((one) => one.device_id), ['watch-b']);
  assert.deepEqual((await server.get('/api/alerts', bearer(bert))).json.data, []);
  const [alert] = (await server.get('/api/alerts', bearer(anna))).json.data;
  assert.equal((await server.ask('POST', `/api/alerts/${alert.id}/acknowledge`, { headers: bearer(bert) })).status, 404);
  assert.equal((await send(b, 'acknowledge_alert', { id: alert.id })).status, 'error');
  assert.equal((await server.get('/api/alerts', bearer(anna))).json.data[0].acknowledged_at, null);
  for (const socket of [a, b]) socket.disconnect();
}

async function anothersDeviceIsNotTaken() {
  const taken = await server.post('/api/devices', { device_id: 'watch-a' }, { headers: bearer(bert) });
  assert.equal(taken.status, 409);
  assert.equal((await server.ask('DELETE', '/api/devices/watch-a', { headers: bearer(bert) })).status, 404);
  assert.equal((await sendReading(server, annasKey, reading('watch-a'))).status, 200, 'it goes on');
}

async function aKeyIsForItsDeviceAlone() {
  assert.equal((await sendReading(server, annasKey, reading('watch-b'))).status, 401);
  assert.equal((await sendReading(server, annasKey, [reading('watch-a'), reading('watch-b')])).status, 403);
  assert.equal((await sendReading(server, '', reading('watch-a'))).status, 401);
  assert.equal((await server.post('/api/vitals', reading('watch-a'))).status, 401);
  assert.equal((await server.post('/api/vitals', reading('watch-a'), { headers: bearer(anna) })).status, 401);
  const error = await refusal(server, { device_key: annasKey, device_id: 'watch-b' });
  assert.equal(error.data.code, 'unauthorized');
  assert.equal((await refusal(server, {})).data.code, 'token_missing');
  // a device's key is no way to people's data
  assert.equal((await server.get('/api/vitals', { Authorization: `Bearer ${annasKey}` })).status, 401);
  const device = await server.connect({ auth: { device_key: annasKey, device_id: 'watch-a' } });
  assert.equal((await send(device, 'join_room', { room: anna.room })).status, 'error');
  assert.notEqual((await send(device, 'send_message', { message: 'x' })).status, 'success');
  device.disconnect();
}

async function wrongKeysAreCounted() {
  let last;
  for (let i = 0; i < 12; i += 1) last = await sendReading(server, `wrong-${i}`, reading('watch-b'));
  assert.equal(last.status, 429);
  assert.ok(Number(last.headers.get('retry-after')) > 0);
  assert.equal((await sendReading(server, annasKey, reading('watch-a'))).status, 200, 'others are not');
}

async function aRateIsKept() {
  await addDevice(server, bert, 'fast');
  const key = await addDevice(server, bert, 'fast');
  const answers = await Promise.all(Array.from({ length: 40 }, () => sendReading(server, key, reading('fast'))));
  const refused = answers.filter((one) => one.status === 429);
  assert.ok(refused.length >= 10 && refused.length <= 25, String(refused.length));
  assert.ok(refused.every((one) => Number(one.headers.get('retry-after')) > 0));
  const { json } = await server.get('/api/vitals?metric=heart_rate&limit=100', bearer(bert));
  assert.equal(json.data.length, 40 - refused.length, 'those that were taken, and no others');
}

async function socketsAndDevicesAreLimited() {
  const open = [];
  for (let i = 0; i < 3; i += 1) open.push(await server.connect({ auth: { token: bert.token } }));
  assert.equal((await refusal(server, { token: bert.token })).data.code, 'too_many');
  open[0].disconnect();
  let again;
  await until('a seat is free', async () => {
    try {
      again = await server.connect({ auth: { token: bert.token } });
      return true;
    } catch {
      return false;
    }
  });
  for (const socket of [...open, again]) socket.disconnect();
  await addDevice(server, bert, 'third');
  const more = await server.post('/api/devices', { device_id: 'fourth' }, { headers: bearer(bert) });
  assert.equal(more.status, 422);
  assert.equal((await server.post('/api/devices', { device_id: 'third' }, { headers: bearer(bert) })).status, 200, 'a new key for one is no more');
}

async function socketsOfADeviceAreLimitedToo() {
  const auth = { device_key: annasKey, device_id: 'watch-a' };
  const all = [];
  let error = null;
  while (error === null && all.length < 50) {
    try {
      all.push(await server.connect({ auth }));
    } catch (refused) {
      error = refused;
    }
  }
  assert.equal(all.length, 8);
  assert.equal(error.data.code, 'too_many');
  all.pop().disconnect();
  all.push(await until('a place is free', () => server.connect({ auth }).catch(() => null)));
  for (const socket of all) socket.disconnect();
}

async function badNamesAndMarkup() {
  for (const id of ['', ' ', 'x'.repeat(65), 'a\nb', 'a\u0000b', '\u202eabc', 7, null, {}]) {
    assert.equal((await server.post('/api/devices', { device_id: id }, { headers: bearer(anna) })).status, 422, JSON.stringify(id));
  }
  const markup = '<img src=x onerror=alert(1)>';
  const key = await addDevice(server, anna, markup);
  const page = await server.connect({ auth: { token: anna.token } });
  await sendReading(server, key, reading(markup));
  assert.equal((await heard(page, 'vital_update')).device_id, markup, 'it is text, and stays as it is');
  const list = await server.get('/api/devices', bearer(anna));
  assert.match(list.headers.get('content-type'), /^application\/json/);
  assert.equal(list.headers.get('x-content-type-options'), 'nosniff');
  assert.ok(list.json.data.some((one) => one.device_id === markup));
  const html = await server.get('/vitals.html');
  assert.match(html.headers.get('content-security-policy'), /default-src 'self'/);
  assert.ok(!/script-src[^;]*unsafe/.test(html.headers.get('content-security-policy')));
  page.disconnect();
}

async function longBodies() {
  const headers = { 'X-Device-Key': annasKey, 'Content-Type': 'application/json' };
  assert.equal((await server.post('/api/vitals', `[${' '.repeat(70000)}]`, { headers })).status, 413);
  assert.equal((await server.post('/api/devices', `{"device_id":"${'x'.repeat(5000)}"}`,
    { headers: { ...bearer(anna), 'Content-Type': 'application/json' } })).status, 413);
  assert.equal((await server.post('/api/vitals', '['.repeat(1000), { headers })).status, 400);
  const socket = await server.connect({ auth: { token: anna.token }, transports: ['websocket'] });
  const gone = new Promise((done) => { socket.once('disconnect', done); });
  socket.emit('join_room', { room: 'x'.repeat(100000) });
  await gone;
}

// One that never ends its body holds up nobody, and is told so.
async function slowBodies() {
  const slow = Array.from({ length: 20 }, () => net.connect(server.port, '127.0.0.1'));
  for (const socket of slow) {
    socket.on('error', () => {});
    socket.write(`POST /api/vitals HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nX-Device-Key: ${annasKey}\r\n`
      + 'Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{');
  }
  await sleep(200);
  assert.equal((await sendReading(server, annasKey, reading('watch-a'))).status, 200);
  for (const socket of slow) socket.destroy();
}

async function pagesOfOtherSites() {
  const evil = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };
  const body = { device_id: 'csrf' };
  assert.equal((await server.post('/api/devices', body, { headers: { ...bearer(anna), ...evil } })).status, 403);
  assert.equal((await server.post('/api/token/refresh', {}, { headers: { Cookie: anna.cookie, ...evil } })).status, 403);
  const raw = await server.get('/api/vitals', { ...bearer(anna), Origin: 'https://evil.example' });
  assert.equal(raw.headers.get('access-control-allow-origin'), null);
  // a form cannot say that it is JSON
  const form = await server.post('/api/devices', 'device_id=x', { headers: { ...bearer(anna),
    'Content-Type': 'application/x-www-form-urlencoded' } });
  assert.equal(form.status, 415);
}

async function noSecretInUrlOrLog() {
  const asked = await server.get(`/api/vitals?token=${anna.token}`);
  assert.equal(asked.status, 401);
  await refusal(server, {}, { query: { token: anna.token } });
  await server.stop();
  const secrets = [annasKey, bertsKey, anna.cookie.split('=')[1], 'correct horse battery'];
  for (const name of fs.readdirSync(server.dataDir)) {
    if (/\.log$/.test(name) || /db/.test(name)) {
      const text = fs.readFileSync(path.join(server.dataDir, name), 'latin1');
      for (const secret of secrets) assert.ok(!text.includes(secret), `${name} holds a secret`);
    }
    if (/\.log$/.test(name)) {
      assert.ok(!fs.readFileSync(path.join(server.dataDir, name), 'latin1').includes(anna.token.split('.')[2]),
        'a token that somebody put into a URL is not logged');
    }
    assert.equal(fs.statSync(path.join(server.dataDir, name)).mode & 0o007, 0, name);
  }
  for (const secret of [...secrets, anna.token]) assert.ok(!server.output.includes(secret));
}

// Whoever opens as many connections as there are places leaves some.
async function noAddressTakesAllPlaces() {
  const small = new Program({ args: ['--max-connections', '20'] });
  await small.start();
  const open = Array.from({ length: 30 }, () => net.connect(small.port, '127.0.0.1').on('error', () => {}));
  await sleep(300);
  const answer = await new Promise((done, fail) => {
    const other = net.connect({ port: small.port, host: '127.0.0.1', localAddress: '127.0.0.2' }, () =>
      other.write('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'));
    other.on('error', fail);
    other.once('data', (bytes) => done(bytes.toString('latin1')));
  });
  assert.match(answer, /^HTTP\/1.1 200 /);
  for (const one of open) one.destroy();
  await small.stop();
}

// They are writes of the store that everybody has.
async function changesOfOnePersonAreLimited() {
  const [carl, dora] = [await signUp(server, 'carl'), await signUp(server, 'dora')];
  const page = await server.connect({ auth: { token: carl.token } });
  const said = await Promise.all(Array.from({ length: 300 }, () => send(page, 'acknowledge_alert', { id: 987654 })));
  const late = said.filter((one) => /too much at once/.test(one.message)).length;
  assert.ok(late >= 100, String(late));
  assert.ok(said.every((one) => one.status === 'error'), 'each is answered');
  const asked = await Promise.all(Array.from({ length: 60 }, () => server.ask('POST', '/api/alerts/987654/acknowledge',
    { headers: bearer(carl) })));
  assert.ok(asked.some((one) => one.status === 429) && asked.every((one) => [404, 429].includes(one.status)));
  assert.equal((await server.get('/api/alerts', bearer(carl))).status, 200, 'looking is no change');
  assert.equal((await server.ask('POST', '/api/alerts/987654/acknowledge', { headers: bearer(dora) })).status, 404, 'others are not');
  page.disconnect();
}

// Keys that are being looked for when the program ends are answered, or not, and
// it ends in order.
async function aStopInTheMiddle() {
  const other = new Program({ args: ['--workers', '2'] });
  await other.start();
  const who = await signUp(other, 'anna');
  const key = await addDevice(other, who, 'watch');
  const work = Promise.allSettled(Array.from({ length: 40 }, async (_, k) => {
    for (let i = 0; ; i += 1) {
      if (k % 2) await sendReading(other, k % 4 === 1 ? key : `wrong-${i}`, reading(k % 4 === 1 ? 'watch' : `none-${k}-${i}`));
      else await refusal(other, { device_id: `none-${k}-${i}`, device_key: 'wrong' }).then((error) => { if (!error.data) throw error; });
    }
  }));
  await sleep(300);
  await other.stop();
  await Promise.race([work, sleep(500)]); // one that was connecting hears nothing
}

await runSteps([twoPeople, readingsReachTheirOwnerAlone, anothersDeviceIsNotTaken, aKeyIsForItsDeviceAlone,
  wrongKeysAreCounted, aRateIsKept, socketsAndDevicesAreLimited, socketsOfADeviceAreLimitedToo,
  badNamesAndMarkup, longBodies, slowBodies, pagesOfOtherSites, changesOfOnePersonAreLimited, noSecretInUrlOrLog,
  noAddressTakesAllPlaces, aStopInTheMiddle]);
