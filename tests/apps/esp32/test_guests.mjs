// SPDX-License-Identifier: MIT
// Pages of other sites: forms across sites, names that were given our address.
// And what the page folder, the health page and the log say.
//   node test_guests.mjs PROGRAM
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Program, png, reading, runOnce, runSteps, until } from './program.mjs';

// fetch() writes Host itself.
function ask(server, method, where, headers, body) {
  return new Promise((done, fail) => {
    const req = http.request({ host: '127.0.0.1', port: server.port, method, path: where, headers }, (res) => {
      let text = '';
      res.on('data', (piece) => { text += piece; });
      res.on('end', () => done({ status: res.statusCode, text, headers: res.headers }));
    });
    req.on('error', fail);
    req.end(body);
  });
}

async function aNameThatIsNotOursIsRefused() {
  const server = await new Program({ args: ['--allowed-hosts', 'board.example'] }).start();
  const routes = ['/', '/app.js', '/api/devices', '/api/health', '/metrics', '/api/oled-display/get',
    '/socket.io/?EIO=4&transport=polling'];
  for (const where of routes) {
    const evil = await ask(server, 'GET', where, { Host: `evil.example:${server.port}` });
    assert.equal(evil.status, 403, where);
    for (const host of ['127.0.0.1', 'localhost:5000', '[::1]:5000', 'board.example', '192.168.7.7']) {
      assert.equal((await ask(server, 'GET', where, { Host: host })).status, 200, `${where} of ${host}`);
    }
  }
  const post = (host) => ask(server, 'POST', '/api/sensor-data', { Host: host, 'Content-Type': 'application/json' },
    JSON.stringify(reading('A')));
  assert.equal((await post('evil.example')).status, 403);
  assert.equal((await post('10.0.0.1:5000')).status, 200);
  const said = server.output.match(/evil\.example.*--allowed-hosts/g) ?? [];
  assert.ok(said.length >= 1 && said.length <= 2, `once a minute for each name, not ${said.length} times`);
  await server.stop();
  const open = await new Program({ args: ['--allowed-hosts', '*'] }).start();
  assert.equal((await ask(open, 'GET', '/', { Host: 'evil.example' })).status, 200);
  await open.stop();
}

async function formsOfOtherSitesAreRefused() {
  const server = await new Program({ args: ['--cors-origins', 'https://friend.example'] }).start();
  const upload = async (headers) => (await server.post('/upload', png(), { type: 'image/png', headers })).status;
  const own = server.url;
  for (const [headers, status] of [
    [{}, 200],
    [{ Origin: own }, 200],
    [{ 'Sec-Fetch-Site': 'same-origin', Origin: own }, 200],
    [{ 'Sec-Fetch-Site': 'none' }, 200],
    [{ Origin: 'https://friend.example', 'Sec-Fetch-Site': 'cross-site' }, 200],
    [{ Origin: 'file://' }, 200],
    [{ Origin: 'https://evil.example' }, 403],
    [{ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }, 403],
    [{ 'Sec-Fetch-Site': 'cross-site' }, 403],
    [{ 'Sec-Fetch-Site': 'same-site' }, 403],
    [{ Origin: 'null' }, 403],
  ]) assert.equal(await upload(headers), status, JSON.stringify(headers));
  const evil = { Origin: 'https://evil.example' };
  for (const where of ['/upload-audio', '/api/login', '/api/logout', '/api/oled-display/set', '/api/sensor-data']) {
    assert.equal((await server.post(where, {}, { type: 'application/json', headers: evil })).status, 403, where);
  }
  assert.equal((await server.get('/api/devices', { 'Sec-Fetch-Site': 'cross-site' })).status, 200, 'a link may lead here');
  assert.equal((await server.get('/api/images')).json.data.length, 6);
  await server.stop();
}

async function onlyWhatBelongsToThePageIsPublic() {
  const server = await new Program().start();
  for (const where of ['/README.md', '/js/README.md', '/readme.md']) {
    assert.equal((await server.get(where)).status, 404, where);
  }
  await server.stop();
}

async function anEmptyPasswordIsNoPassword() {
  const ended = runOnce(['--port', '1', '--data-dir', '/nowhere'], { PEAL_ESP32_DASHBOARD_PASSWORD: '' });
  assert.equal(ended.status, 1);
  assert.match(ended.stderr, /the dashboard password is empty/);
  const open = await new Program().start();
  await until('it is said', () => /there is no password/.test(open.output));
  await open.stop();
}

async function healthSaysEachPart() {
  const server = await new Program({ env: {} }).start();
  const health = async () => (await server.get('/api/health')).json;
  assert.deepEqual({ ...await health(), timestamp: 0 },
    { status: 'healthy', timestamp: 0, database: true, media: true });
  // a folder that is gone takes no file, whoever runs the program
  fs.rmSync(path.join(server.dataDir, 'media'), { recursive: true });
  assert.equal((await server.get('/api/health')).status, 503, 'at once');
  assert.deepEqual({ ...await health(), timestamp: 0 },
    { status: 'degraded', timestamp: 0, database: true, media: false,
      words: { media: 'pictures and recordings cannot be written' } });
  await server.stop();
}

async function requestsHaveALogOfTheirOwn() {
  const server = await new Program({ args: ['--log-bytes', '64K', '--log-count', '2'] }).start();
  for (let i = 0; i < 1500; i += 1) await server.get('/api/oled-display/get', { 'X-Device-Id': 'A' });
  await server.stop();
  const names = fs.readdirSync(server.dataDir).filter((name) => /\.log/.test(name)).sort();
  assert.deepEqual(names, ['access.log', 'access.log.1', 'access.log.2', 'peal-esp32.log']);
  const useful = fs.readFileSync(path.join(server.dataDir, 'peal-esp32.log'), 'utf8');
  assert.match(useful, /there is no password/, 'what was said first is there');
  assert.ok(!/oled-display\/get/.test(useful));
}

await runSteps([aNameThatIsNotOursIsRefused, formsOfOtherSitesAreRefused, onlyWhatBelongsToThePageIsPublic,
  anEmptyPasswordIsNoPassword, healthSaysEachPart, requestsHaveALogOfTheirOwn]);
