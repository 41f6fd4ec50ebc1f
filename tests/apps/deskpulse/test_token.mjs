// SPDX-License-Identifier: MIT
// Who may watch: this machine, and who shows the token. Everything that comes
// from elsewhere is played from here, by what tells it: Host, Origin, a proxy.
//   node test_token.mjs PROGRAM
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Desk, form, good, heard, nobody, Program, runOnce, runSteps, until } from './desk.mjs';

const desk = new Desk();
const closed = ['/api/stats/today', '/api/stats/history', '/api/status', '/metrics'];
let token;

const bearer = () => ({ Authorization: `Bearer ${token}` });
const elsewhere = () => [
  { 'X-Forwarded-For': '203.0.113.9' }, { Forwarded: 'for=203.0.113.9' }, { 'X-Real-IP': '203.0.113.9' },
  { Via: '1.1 proxy' }, { Host: `192.168.1.7:${desk.port}` }, { Origin: 'http://192.168.1.7:5003' },
  { Origin: 'null' }, { Host: '[fe80::1]' }];

async function refused(options) {
  try {
    await desk.connect(options);
  } catch (error) {
    return error;
  }
  throw new Error(`it was let in: ${JSON.stringify(options)}`);
}

async function aTokenIsMade() {
  await desk.start();
  const file = path.join(desk.dataDir, 'access.token');
  token = fs.readFileSync(file, 'utf8').trim();
  assert.ok(token.length >= 32, 'nobody guesses it');
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  assert.ok(desk.output.includes(file), 'it is said where');
  assert.ok(!desk.output.includes(token), 'and not what');
}

async function thisMachineNeedsNone() {
  for (const where of closed) assert.equal((await desk.raw('GET', where)).status, 200, where);
  assert.equal((await desk.raw('GET', '/api/status', { Host: `localhost:${desk.port}` })).status, 200);
  assert.equal((await desk.raw('GET', '/api/status', { Origin: `http://localhost:${desk.port}` })).status, 200);
  await heard(await desk.connect(), 'status');
  await heard(await desk.connect({ extraHeaders: { Origin: desk.url } }), 'status');
}

async function elsewhereItIsNeeded() {
  for (const headers of elsewhere()) {
    for (const where of closed) {
      const { status, json } = await desk.raw('GET', where, headers);
      assert.equal(status, 401, `${where} ${JSON.stringify(headers)}`);
      assert.equal(json.status, 'error');
      assert.ok(!JSON.stringify(json).includes(token));
    }
    assert.equal((await desk.raw('GET', '/api/status', { ...headers, ...bearer() })).status, 200, JSON.stringify(headers));
  }
  // the page that asks for it, and how the program is
  for (const where of ['/', '/health']) {
    assert.equal((await desk.raw('GET', where, { 'X-Forwarded-For': '203.0.113.9' })).status, 200);
  }
  const proxied = { 'X-Forwarded-For': '203.0.113.9' };
  assert.equal((await desk.raw('POST', '/api/pause', proxied)).status, 401);
  assert.equal((await desk.push(good, proxied)).status, 401);
  assert.equal((await desk.push(nobody, { ...proxied, ...bearer() })).status, 200);
}

async function strangeNamesAndPagesAreRefused() {
  assert.equal((await desk.raw('GET', '/api/status', { Host: 'evil.example', ...bearer() })).status, 403, 'DNS rebinding');
  for (const headers of [{ Origin: 'http://evil.example' }, { Origin: 'null' }, { 'Sec-Fetch-Site': 'cross-site' }]) {
    assert.equal((await desk.raw('POST', '/api/pause', headers)).status, 403, JSON.stringify(headers));
    assert.equal((await desk.raw('POST', '/api/frames', headers)).status, 403);
  }
  // a form of another page cannot send JSON, and no page reads the answers
  const { headers } = await desk.raw('GET', '/api/status', { Origin: 'http://evil.example', ...bearer() });
  assert.equal(headers['access-control-allow-origin'], undefined);
  await refused({ extraHeaders: { Origin: 'http://evil.example' }, auth: { token } });
  await refused({ transports: ['websocket'], extraHeaders: { Origin: 'http://evil.example' }, auth: { token } });
}

// A script of another page would read what it loads, and its request has no
// Origin.
async function noScriptReadsAlong() {
  const begin = '/socket.io/?EIO=4&transport=polling';
  for (const [where, headers] of [[`${begin}&j=0`, {}], [`${begin}&j=0`, { Origin: desk.url }], [`${begin}&j`, {}],
    [begin, { 'Sec-Fetch-Site': 'cross-site' }], [begin, { 'Sec-Fetch-Site': 'same-site' }]]) {
    const { status, text } = await desk.raw('GET', where, headers);
    assert.equal(status, 403, `${where} ${JSON.stringify(headers)}`);
    assert.ok(!text.includes('sid'), text);
  }
  assert.equal((await desk.raw('GET', begin, { 'Sec-Fetch-Site': 'same-origin' })).status, 200);
  assert.equal((await desk.raw('GET', begin)).status, 200);
}

async function socketsShowItToo() {
  const extraHeaders = { 'X-Forwarded-For': '203.0.113.77' };
  for (const transports of [['polling'], ['websocket']]) {
    const error = await refused({ transports, extraHeaders });
    assert.match(error.message, /token/);
    assert.deepEqual(error.data, { code: 'unauthorized' });
    await refused({ transports, extraHeaders, auth: { token: 7 } });
    await refused({ transports, extraHeaders, auth: { token: ['x'] } });
    await heard(await desk.connect({ transports, extraHeaders, auth: { token } }), 'status');
    await heard(await desk.connect({ transports, extraHeaders: { ...extraHeaders, ...bearer() } }), 'status');
  }
  // a token in the URL is none: it would stand in every log
  await refused({ extraHeaders, query: { token } });
}

async function pagesHaveItInACookie() {
  const proxied = { 'X-Forwarded-For': '203.0.113.78', 'Content-Type': 'application/json' };
  assert.equal((await desk.raw('POST', '/api/login', proxied, '{"password":"wrong-token"}')).status, 401);
  const { status, headers } = await desk.raw('POST', '/api/login', proxied, JSON.stringify({ password: token }));
  assert.equal(status, 200);
  const cookie = headers['set-cookie'][0];
  assert.match(cookie, /HttpOnly/);
  assert.match(cookie, /SameSite=Strict/);
  assert.ok(!cookie.includes(token));
  const Cookie = cookie.split(';')[0];
  assert.equal((await desk.raw('GET', '/api/status', { ...proxied, Cookie })).status, 200);
  const socket = await desk.connect({ extraHeaders: { 'X-Forwarded-For': '203.0.113.78', Cookie } });
  await heard(socket, 'status');
  assert.equal((await desk.raw('POST', '/api/logout', { ...proxied, Cookie })).status, 200);
  await until('it leaves with its session', () => !socket.connected);
  assert.equal((await desk.raw('GET', '/api/status', { ...proxied, Cookie })).status, 401);
}

async function guessesAreCounted() {
  const extraHeaders = { 'X-Forwarded-For': '203.0.113.79' };
  const codes = [];
  for (let i = 0; i < 12; i += 1) {
    codes.push((await refused({ transports: ['websocket'], extraHeaders, auth: { token: `guess-number-${i}` } })).data.code);
  }
  assert.ok(codes.includes('too_many'), codes.join());
  const { status, headers } = await desk.raw('GET', '/api/status', { ...extraHeaders, ...bearer() });
  assert.equal(status, 429, 'the right one would tell, too');
  assert.ok(Number(headers['retry-after']) > 0);
  // this machine goes on
  assert.equal((await desk.raw('GET', '/api/status')).status, 200);
}

async function itIsInNoLog() {
  await desk.stop();
  for (const name of fs.readdirSync(desk.dataDir).filter((one) => /\.log/.test(one))) {
    assert.ok(!fs.readFileSync(path.join(desk.dataDir, name), 'latin1').includes(token), name);
  }
  assert.ok(!desk.output.includes(token));
}

async function everybodyMayBeAsked() {
  token = 'correct horse battery';
  const strict = new Desk({ args: ['--require-token'], env: { PEAL_DESKPULSE_ACCESS_TOKEN: token } });
  await strict.start();
  assert.ok(!fs.existsSync(path.join(strict.dataDir, 'access.token')), 'what was said is not written down');
  assert.equal((await strict.get('/api/stats/today')).status, 401);
  assert.equal((await strict.get('/api/stats/today', bearer())).status, 200);
  assert.equal((await strict.ask('POST', '/api/frames', { body: form(good) })).status, 401);
  assert.equal((await strict.push(good, bearer())).status, 200);
  await assert.rejects(strict.connect(), /token/);
  await heard(await strict.connect({ auth: { token } }), 'status');
  await strict.stop();
}

async function proxiesThatAreKnownAreBelieved() {
  const behind = new Desk({ args: ['--proxies', 'loopback'] });
  await behind.start();
  const from = (address) => behind.raw('GET', '/api/status', { 'X-Forwarded-For': address });
  assert.equal((await from('203.0.113.9')).status, 401);
  assert.equal((await from('127.0.0.1')).status, 200);
  assert.equal((await from('127.0.0.1, 203.0.113.9')).status, 401, 'what a client says itself does not count');
  // nor does one that is named speak for one that says it another way
  for (const headers of [{ 'X-Real-IP': '203.0.113.9' }, { Via: '1.1 proxy' }, { Forwarded: 'for=203.0.113.9' },
    { 'X-Forwarded-For': '127.0.0.1', 'X-Real-IP': '203.0.113.9' }]) {
    assert.equal((await behind.raw('GET', '/api/status', headers)).status, 401, JSON.stringify(headers));
    await assert.rejects(behind.connect({ extraHeaders: headers }), /token/);
  }
  assert.equal((await behind.raw('GET', '/api/status', { 'X-Forwarded-For': '127.0.0.1', Via: '1.1 proxy' })).status, 200);
  // a page whose name was turned to this machine says so itself
  assert.equal((await behind.raw('GET', '/api/status', { Host: 'evil.example', 'X-Forwarded-Host': 'localhost' })).status, 401);
  await behind.stop();
}

async function proxiesThatAreNotKnownAreNot() {
  const behind = new Desk({ args: ['--proxies', '10.0.0.5'] });
  await behind.start();
  for (const headers of elsewhere()) {
    assert.equal((await behind.raw('GET', '/api/status', headers)).status, 401, JSON.stringify(headers));
  }
  for (const field of ['X-Forwarded-For', 'X-Real-IP']) {
    await assert.rejects(behind.connect({ extraHeaders: { [field]: '203.0.113.9' } }), /token/);
    // as a client says it, and as a proxy appends it: in a field of its own
    assert.equal((await behind.raw('GET', '/api/status', { [field]: ['127.0.0.1', '203.0.113.9'] })).status, 401);
  }
  assert.equal((await behind.raw('GET', '/api/status')).status, 200);
  await behind.stop();
}

async function theCommandLine() {
  const help = runOnce(['--help']);
  assert.equal(help.status, 0);
  for (const flag of ['--port', '--data-dir', '--config', '--source', '--camera', '--alert-threshold',
    '--alert-repeat', '--require-token', '--camera-fps-target', '--record']) {
    assert.ok(help.stdout.includes(flag), flag);
  }
  for (const args of [['--source', 'webcam'], ['--alert-threshold', '0'], ['--access-token', 'on-the-line'],
    ['--timezone', 'Mars/Olympus'], ['--camera-fps-target', '0']]) {
    const { status, stderr } = runOnce([...args, '--data-dir', `${desk.dataDir}-none`, '--port', '1']);
    assert.equal(status, 1, args.join(' '));
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
    assert.ok(stderr.includes(args[0].slice(2)), stderr);
  }
  const empty = runOnce([], { PEAL_DESKPULSE_ACCESS_TOKEN: '' });
  assert.equal(empty.status, 1);
  assert.match(empty.stderr, /access token is empty/);
  const first = new Program({ args: ['--source', 'push'] });
  await first.start();
  const second = runOnce(['--port', String(first.port + 1), '--data-dir', first.dataDir, '--source', 'push']);
  assert.equal(second.status, 1);
  assert.match(second.stderr, /in use/);
  await first.stop();
}

await runSteps([aTokenIsMade, thisMachineNeedsNone, elsewhereItIsNeeded, strangeNamesAndPagesAreRefused, noScriptReadsAlong,
  socketsShowItToo, pagesHaveItInACookie, guessesAreCounted, itIsInNoLog, everybodyMayBeAsked,
  proxiesThatAreKnownAreBelieved, proxiesThatAreNotKnownAreNot, theCommandLine]);
