// SPDX-License-Identifier: MIT
// People of peal-carechat, with four workers and access tokens of seconds: in,
// on and out again, and everything that somebody else might try.
//   node test_people.mjs PROGRAM
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {
  bearer, password, Program, refusal, runOnce, runSteps, send, signUp, until,
} from './care.mjs';

const server = new Program({ args: ['--workers', '4', '--log-level', 'debug'] });
const brief = new Program({ args: ['--workers', '2', '--access-token-time', '4s'] });
const cookieOf = (answer) => answer.headers.getSetCookie()[0]?.split(';')[0];
const api = (where, cookie, headers = {}, program = server) => program.ask('POST', where,
  { headers: { ...(cookie ? { Cookie: cookie } : {}), ...headers } });
const refresh = (cookie, headers, program) =>
  api('/api/token/refresh', cookie, headers, program);
const login = (username, word = password) =>
  server.post('/api/login', { username, password: word });
// How this token fares: the status of HTTP and the code of a socket.
async function fares(token) {
  const { status } = await server.get('/api/vitals', { Authorization: `Bearer ${token}` });
  const error = await refusal(server, { token });
  assert.equal(error.message, 'Authentication failed');
  return [status, error.data.code];
}

// ---- in and on ------------------------------------------------------------

let seconds; // what is done meanwhile on the other program

async function registersAndSignsIn() {
  await server.start();
  seconds = brief.start().then(leavesWithItsToken);
  seconds.catch(() => {}); // its step says it
  const made = await server.post('/api/register', { username: 'Anna', password });
  assert.equal(made.status, 201);
  assert.equal(made.json.room, `user_${made.json.user.id}`);
  assert.equal(made.json.user.username, 'Anna');
  assert.equal(made.headers.get('cache-control'), 'no-store');
  const set = made.headers.getSetCookie()[0];
  for (const word of ['HttpOnly', 'SameSite=Strict', 'Path=/api;']) assert.ok(set.includes(word), set);
  assert.equal((await server.post('/api/register', { username: 'ANNA', password })).status, 409);
  const known = await login('anna');
  assert.equal(known.status, 200);
  assert.deepEqual(known.json.user, made.json.user);
  const socket = await server.connect({ auth: { token: known.json.access_token } });
  assert.equal((await send(socket, 'join_room', { room: known.json.room })).status, 'success');
  assert.ok(!made.text.includes(cookieOf(made).split('=')[1]), 'the refresh token is in the body');
}

async function wrongOnesLookAlike() {
  const wrong = await login('anna', 'wrong password');
  const unknown = await login('nobody', 'wrong password');
  assert.equal(wrong.status, 401);
  assert.deepEqual(wrong.json, unknown.json);
  for (const body of [{ username: 'a b', password }, { username: 'carl', password: 'short' },
    { username: 'carl' }, { username: ['carl'], password }]) {
    const { status, json } = await server.post('/api/register', body);
    assert.equal(status, 422);
    assert.ok(['username', 'password'].includes(json.field));
  }
}

async function theCookieIsWorthOneUse() {
  const first = await login('anna');
  const old = cookieOf(first);
  const socket = await server.connect({ auth: { token: first.json.access_token } });
  const gone = new Promise((done) => { socket.once('disconnect', done); });
  const second = await refresh(old);
  assert.equal(second.status, 200);
  assert.notEqual(cookieOf(second), old);
  // whoever comes with the old one is a second holder: both are out
  const copied = await refresh(old);
  assert.equal(copied.status, 401);
  assert.equal(copied.json.code, 'refresh_invalid');
  assert.equal(await gone, 'io server disconnect');
  assert.equal((await refresh(cookieOf(second))).status, 401);
  assert.deepEqual(await fares(second.json.access_token), [401, 'token_invalid']);
}

async function aLostAnswerIsGivenAgain() {
  const cookie = cookieOf(await login('anna'));
  const key = { 'Idempotency-Key': crypto.randomUUID() };
  const [one, two] = await Promise.all([refresh(cookie, key), refresh(cookie, key)]);
  assert.deepEqual([one.status, two.status], [200, 200]);
  assert.equal(cookieOf(one), cookieOf(two));
  assert.equal((await refresh(cookieOf(one))).status, 200);
}

// ---- out --------------------------------------------------------------------

async function aLogoutEndsTheSocketsOnAllWorkers() {
  const answer = await login('anna');
  const stays = await login('anna');
  const token = answer.json.access_token;
  const all = await Promise.all(Array.from({ length: 12 },
    () => server.connect({ auth: { token }, transports: ['websocket'] })));
  const other = await server.connect({ auth: { token: stays.json.access_token } });
  const reasons = Promise.all(all.map((socket) => new Promise((done) => {
    socket.once('disconnect', done);
  })));
  assert.equal((await api('/api/logout', cookieOf(answer))).status, 200);
  assert.deepEqual(new Set(await reasons), new Set(['io server disconnect']));
  assert.deepEqual(await fares(token), [401, 'token_invalid']);
  assert.equal((await refresh(cookieOf(answer))).status, 401);
  assert.equal(other.connected, true);
  assert.equal((await api('/api/logout/everywhere', null,
    bearer({ token: stays.json.access_token }))).status, 200);
  await until('the other one ends, too', () => !other.connected);
}

// On a slow machine a token may be over before it is shown.
async function leavesWithItsToken() {
  await signUp(brief, 'ben');
  const { token, socket } = await until('ben is in', async () => {
    const answer = await brief.post('/api/login', { username: 'ben', password });
    const one = answer.json.access_token;
    return brief.connect({ auth: { token: one } }).then((s) => ({ token: one, socket: s }), () => null);
  });
  const reason = new Promise((done) => { socket.once('disconnect', done); });
  assert.equal(await reason, 'io server disconnect');
  assert.deepEqual(socket.seen.findLast(([name]) => name === 'error')[1].code, 'token_expired');
  const error = await refusal(brief, { token });
  assert.equal(error.data.code, 'token_expired');
  const answer = await brief.get('/api/vitals', bearer({ token }));
  assert.deepEqual([answer.status, answer.json.code], [401, 'token_expired']);
  await brief.stop();
}

async function aTokenIsRenewedInPlace() {
  const first = await login('anna');
  const dan = await signUp(server, 'dan');
  const socket = await server.connect({ auth: { token: first.json.access_token } });
  const { id } = socket;
  let cookie = cookieOf(first);
  let last = '';
  for (let i = 0; i < 3; i += 1) {
    const fresh = await refresh(cookie);
    cookie = cookieOf(fresh);
    const answer = await send(socket, 'refresh_token', { token: fresh.json.access_token });
    assert.equal(answer.status, 'success');
    assert.ok(answer.expires_at >= last && Date.parse(answer.expires_at) > Date.now(), answer.expires_at);
    last = answer.expires_at;
  }
  for (const token of [dan.token, '', 'a.b.c', null]) {
    assert.equal((await send(socket, 'refresh_token', { token })).status, 'error');
  }
  assert.deepEqual([socket.connected, socket.id], [true, id]);
  socket.disconnect();
}

async function aSocketLeavesWithItsToken() {
  await seconds;
}

// ---- what somebody else might try ---------------------------------------------

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function madeUpTokensAreRefused() {
  const good = (await login('anna')).json.access_token;
  const [head, body, mac] = good.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  const header = JSON.parse(Buffer.from(head, 'base64url'));
  assert.deepEqual([header.alg, claims.iss, claims.aud], ['HS256', 'peal-carechat', 'peal-carechat']);
  for (const name of ['sub', 'role', 'iat', 'exp', 'jti']) assert.ok(claims[name], name);
  const keys = JSON.parse(fs.readFileSync(path.join(server.dataDir, 'token.keys')));
  const secret = Buffer.from(keys.keys.at(-1).k, 'base64url');
  const sign = (h, c, k = secret, hash = 'sha256') => {
    const text = `${encode(h)}.${encode(c)}`;
    return `${text}.${createHmac(hash, k).update(text).digest('base64url')}`;
  };
  const socket = await server.connect({ auth: { token: sign(header, claims) } });
  socket.disconnect(); // so what is refused below is refused for what it says
  const made = {
    none: `${encode({ ...header, alg: 'none' })}.${body}.`,
    'none, signed': sign({ ...header, alg: 'none' }, claims),
    'another algorithm': sign({ ...header, alg: 'HS512' }, claims, secret, 'sha512'),
    'confused keys': sign({ ...header, alg: 'RS256' }, claims),
    'signed with the id of the key': sign(header, claims, header.kid),
    'signed with nothing': sign(header, claims, ''),
    'of another audience': sign(header, { ...claims, aud: 'peal-hospital' }),
    'of another issuer': sign(header, { ...claims, iss: 'peal-hospital' }),
    'of somebody else': `${head}.${encode({ ...claims, sub: '1234' })}.${mac}`,
    'of an unknown key': sign({ ...header, kid: 'x' }, claims),
    'of a key of its own': sign({ ...header, jwk: { kty: 'oct', k: 'AAAA' } }, claims),
    critical: sign({ ...header, crit: ['b64'], b64: false }, claims),
    'of tomorrow': sign(header, { ...claims, iat: claims.iat + 86400, exp: claims.exp + 86400 }),
    'without an end': sign(header, { ...claims, exp: undefined }),
    'of a role that there is not': sign(header, { ...claims, role: 'admin' }),
    huge: sign(header, { ...claims, jti: 'x'.repeat(10000) }),
    changed: `${head}.${body}.${mac.slice(0, -2)}AA`,
  };
  for (const [what, token] of Object.entries(made)) {
    assert.deepEqual(await fares(token), [401, 'token_invalid'], what);
  }
  const over = sign(header, { ...claims, iat: claims.iat - 1000, exp: claims.exp - 1000 });
  assert.deepEqual(await fares(over), [401, 'token_expired']);
  assert.deepEqual(await fares(''), [401, 'token_missing']);
}

async function aTokenInTheAddressIsNoneAndInNoLog() {
  const answer = await login('anna');
  const token = answer.json.access_token;
  for (const name of ['token', 'access_token', 'auth']) {
    assert.equal((await server.get(`/api/vitals?${name}=${token}`)).status, 401);
    const error = await refusal(server, {}, { query: { [name]: token } });
    assert.equal(error.data.code, 'token_missing');
  }
  await refresh(cookieOf(answer));
  const mac = token.split('.')[2];
  const secret = cookieOf(answer).split('.')[2];
  const files = fs.readdirSync(server.dataDir, { recursive: true })
    .filter((name) => /\.log/.test(name)).map((name) => fs.readFileSync(path.join(server.dataDir, name), 'utf8'));
  const logs = [server.output, ...files].join('\n');
  assert.ok(logs.length > 1000);
  for (const word of [mac, secret, password]) assert.ok(!logs.includes(word), 'a secret is in the log');
}

async function otherPeoplesRoomsAreClosed() {
  const anna = (await login('anna')).json;
  const eve = await signUp(server, 'eve');
  const socket = await server.connect({ auth: { token: eve.token } });
  for (const room of [anna.room, '', 'user_', `${eve.room} `, null, 'devices', `signed ${'0'.repeat(32)}`]) {
    assert.equal((await send(socket, 'join_room', { room })).status, 'error', `room ${room}`);
  }
  assert.equal((await send(socket, 'join_room', { room: eve.room })).status, 'success');
  socket.disconnect();
}

async function anotherSiteCannotUseTheCookie() {
  const cookie = cookieOf(await login('anna'));
  for (const headers of [{ Origin: 'https://evil.example' }, { 'Sec-Fetch-Site': 'cross-site' },
    { Origin: 'null' }]) {
    for (const where of ['/api/token/refresh', '/api/logout']) {
      assert.equal((await api(where, cookie, headers)).status, 403);
    }
  }
  const form = await server.ask('POST', '/api/login', {
    body: `username=anna&password=${password}`, type: 'application/x-www-form-urlencoded' });
  assert.equal(form.status, 415);
  assert.equal((await refresh(cookie)).status, 200);
}

// Ten, and one more each six seconds that pass meanwhile.
async function guessesAreLimitedInAllWays() {
  await signUp(server, 'fred');
  const began = performance.now();
  const words = Array.from({ length: 14 }, (_, i) => `wrong password ${i}`);
  const statuses = await Promise.all(words.map(async (word) => (await login('fred', word)).status));
  const looked = statuses.filter((status) => status === 401).length;
  assert.ok(looked >= 10 && looked <= 11 + (performance.now() - began) / 6000, `${looked} looked at`);
  assert.equal(looked + statuses.filter((status) => status === 429).length, 14);
  await until('what is right waits, too', async () => {
    while ((await login('fred', 'wrong password')).status === 401);
    const late = await login('FRED');
    return late.status === 429 && Number(late.headers.get('retry-after')) > 0;
  });
  // who is somebody else is not held up
  assert.equal((await login('anna')).status, 200);
}

async function bodiesAreBounded() {
  const huge = JSON.stringify({ username: 'anna', password: 'x'.repeat(100000) });
  const { status } = await server.ask('POST', '/api/login', { body: huge, type: 'application/json' });
  assert.equal(status, 413);
  assert.equal((await server.post('/api/login', '{')).status, 415);
  const deep = '['.repeat(4000);
  assert.equal((await server.ask('POST', '/api/login', { body: deep, type: 'application/json' })).status, 400);
}

// ---- keys, and kill -9 ------------------------------------------------------------

async function keysAreRotatedWhileItRuns() {
  const first = await login('anna');
  const before = first.json.access_token;
  let cookie = cookieOf(first);
  const { status, stdout } = runOnce(['--data-dir', server.dataDir, '--rotate-keys']);
  assert.equal(status, 0, stdout);
  const kid = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid;
  const after = await until('a token of the new key', async () => {
    const fresh = await refresh(cookie);
    cookie = cookieOf(fresh);
    return kid(fresh.json.access_token) !== kid(before) && fresh.json.access_token;
  });
  for (const token of [before, after]) {
    assert.equal((await server.get('/api/vitals', bearer({ token }))).status, 200);
  }
  for (const name of ['token.keys', 'refresh.secret']) {
    assert.equal(fs.statSync(path.join(server.dataDir, name)).mode & 0o777, 0o600);
  }
}

async function whatWasAnsweredOutlivesAKill() {
  const gina = await signUp(server, 'gina');
  const out = await login('gina');
  assert.equal((await api('/api/logout', cookieOf(out))).status, 200);
  const fresh = await refresh(gina.cookie);
  await server.stop('SIGKILL');
  await server.start();
  assert.equal((await server.get('/api/vitals', bearer(gina))).status, 200);
  assert.deepEqual(await fares(out.json.access_token), [401, 'token_invalid']);
  assert.equal((await refresh(cookieOf(fresh))).status, 200);
  assert.equal((await login('gina')).status, 200);
  await server.stop();
}

await runSteps([
  registersAndSignsIn, wrongOnesLookAlike, theCookieIsWorthOneUse, aLostAnswerIsGivenAgain,
  aLogoutEndsTheSocketsOnAllWorkers, aTokenIsRenewedInPlace,
  madeUpTokensAreRefused, aTokenInTheAddressIsNoneAndInNoLog, otherPeoplesRoomsAreClosed,
  anotherSiteCannotUseTheCookie, guessesAreLimitedInAllWays, bodiesAreBounded,
  keysAreRotatedWhileItRuns, whatWasAnsweredOutlivesAKill,
  aSocketLeavesWithItsToken,
]);
