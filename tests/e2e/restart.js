// SPDX-License-Identifier: MIT
'use strict';
// A server that is replaced by a new process, again and again, under load
// (examples/restart): official clients over each transport, in rooms and in
// several namespaces, see nothing of it; and processes that are killed in the
// middle leave no client without a word.
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { io } = require('socket.io-client');
const { test, run, sleep, until } = require('./lib/suite');
const { freePort, argument } = require('./lib/server');

const program = path.resolve(argument('server'));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'peal-restart-'));
const running = new Set();
process.once('exit', () => {
  for (const one of running) one.proc.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
});

const WAYS = {
  websocket: { transports: ['websocket'] },
  polling: { transports: ['polling'] },
  upgrade: { transports: ['polling', 'websocket'] },
  deflate: { transports: ['websocket'], perMessageDeflate: { threshold: 0 } },
};

let count = 0;

function launch(place, workers) {
  const proc = spawn(program, [String(place.port), place.path, String(workers)],
    { stdio: ['ignore', 'pipe', 'pipe'] });
  const one = { proc, log: '' };
  running.add(one);
  const note = (data) => {
    one.log = (one.log + data).slice(-20000);
    if (process.env.PEAL_E2E_VERBOSE) process.stderr.write(data);
  };
  proc.stdout.on('data', note);
  proc.stderr.on('data', note);
  one.exit = new Promise((resolve) => proc.once('exit', (code, signal) => {
    running.delete(one);
    resolve({ code, signal });
  }));
  return one;
}

async function listening(one, what = 'listening on') {
  await until(() => {
    assert.equal(one.proc.exitCode, null, one.log);
    return one.log.includes(what);
  }, what);
}

async function begin(workers = 1) {
  const place = { port: await freePort(),
    path: path.join(folder, `${count++}.sock`) };
  const server = launch(place, workers);
  await listening(server);
  await until(() => fs.existsSync(place.path), 'the place');
  return { place, server };
}

// The next process; the one before ends by itself.
async function replace(it, workers = 1) {
  const before = it.server;
  it.server = launch(it.place, workers);
  assert.deepEqual(await before.exit, { code: 0, signal: null }, before.log);
  await listening(it.server, 'sessions and');
}

async function end(it) {
  it.server.proc.kill('SIGTERM');
  assert.deepEqual(await it.server.exit, { code: 0, signal: null },
    it.server.log);
}

const next = (socket, name, ms = 20000) => new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error(`no ${name}`)), ms);
  socket.once(name, (...args) => { clearTimeout(timer); resolve(args); });
});

// A client that is not to notice anything.
async function steady(t, it, opts, nsp = '') {
  const socket = io(`http://127.0.0.1:${it.place.port}${nsp}`,
    { forceNew: true, reconnection: false, ...opts });
  t.after(() => socket.close());
  await next(socket, 'connect');
  socket.ends = [];
  socket.on('disconnect', (why, more) => socket.ends.push([why, String(more)]));
  return socket;
}

const whoServes = (socket) => new Promise((resolve) => {
  socket.emit('process', (...args) => resolve(args));
});

// Sends numbers and awaits them, in order, until told to stop.
function pump(socket, pause) {
  const state = { sent: 0, back: 0, wrong: [], stop: false };
  socket.on('echo', (n) => {
    if (n !== state.back) state.wrong.push([n, state.back]);
    state.back = n + 1;
  });
  state.over = (async () => {
    while (!state.stop && !socket.ends.length) {
      socket.emit('echo', state.sent++);
      if (state.sent - state.back > 50 || pause) await sleep(pause || 1);
      else await new Promise(setImmediate);
    }
  })();
  return state;
}

async function settle(socket, state) {
  state.stop = true;
  await state.over;
  await until(() => state.back === state.sent || socket.ends.length,
    'all to come back');
  assert.deepEqual(socket.ends, []);
  assert.deepEqual(state.wrong, []);
  assert.equal(state.back, state.sent);
  assert.ok(state.sent > 0);
}

for (const [name, workers] of [['one worker', [1, 1]],
  ['as many workers as before, more, fewer', [2, 2, 3, 1]]]) {
  test(`ten restarts under load, nothing lost, nothing twice: ${name}`,
    { alone: true }, async (t) => {
      const it = await begin(workers[0]);
      const clients = [];
      for (const way of Object.values(WAYS)) {
        for (let i = 0; i < 4; i++) clients.push(await steady(t, it, way));
        clients.push(await steady(t, it, way, '/other'));
      }
      // Several namespaces over one connection.
      const both = await steady(t, it, WAYS.websocket);
      const other = both.io.socket('/other');
      other.ends = [];
      other.on('disconnect', (why) => other.ends.push(why));
      await next(other, 'connect');
      clients.push(both, other);
      const ids = clients.map((one) => one.id);
      for (const [i, one] of clients.entries()) {
        one.emit('name', `client ${i}`);
        await one.emitWithAck('join', 'lobby');
      }
      const pumps = clients.map((one, i) => pump(one, i % 2 ? 3 : 0));
      for (let i = 1; i <= 10; i++) {
        await sleep(100);
        await replace(it, workers[i % workers.length]);
        for (const one of clients) assert.deepEqual(one.ends, [], it.server.log);
      }
      for (const [i, one] of clients.entries()) await settle(one, pumps[i]);
      for (const [i, one] of clients.entries()) {
        assert.equal(one.id, ids[i]);
        assert.deepEqual(await whoServes(one),
          [it.server.proc.pid, `client ${i}`]);
      }
      // They are in their rooms.
      const inRoot = clients.filter((one) => one.nsp === '/');
      const said = inRoot.map((one) => next(one, 'said'));
      inRoot[0].emit('say', 'lobby', 'all here?');
      for (const one of said) assert.equal((await one)[0], 'all here?');
      await end(it);
    });
}

test('who is served, and with what he was, is known in the next process',
  async (t) => {
    const it = await begin();
    for (const way of Object.values(WAYS)) {
      const one = await steady(t, it, way);
      one.emit('name', 'ada');
      assert.deepEqual(await whoServes(one), [it.server.proc.pid, 'ada']);
      await replace(it);
      assert.deepEqual(await whoServes(one), [it.server.proc.pid, 'ada']);
      assert.deepEqual(one.ends, []);
    }
    await end(it);
  });

// All that are at rest go at once: nothing falls between two processes.
test('what is said in a room reaches each, once, in order',
  { alone: true }, async (t) => {
    const it = await begin();
    const listeners = [];
    for (const way of Object.values(WAYS)) {
      for (let i = 0; i < 3; i++) listeners.push(await steady(t, it, way));
    }
    const talker = await steady(t, it, WAYS.websocket);
    for (const one of listeners) {
      one.heard = [];
      one.on('said', (n) => one.heard.push(n));
      await one.emitWithAck('join', 'room');
    }
    let said = 0;
    const timer = setInterval(() => talker.emit('say', 'room', said++), 2);
    for (let i = 0; i < 5; i++) {
      await sleep(60);
      await replace(it);
    }
    clearInterval(timer);
    const all = Array.from({ length: said }, (_, n) => n);
    for (const one of listeners) {
      await until(() => one.heard.length >= said || one.ends.length,
        'all that was said');
      assert.deepEqual(one.heard, all);
      assert.deepEqual(one.ends, []);
    }
    await end(it);
  });

test('no connection is refused meanwhile', { alone: true }, async (t) => {
  const it = await begin(2);
  let stop = false;
  const failed = [];
  let asked = 0;
  const ask = () => new Promise((resolve) => {
    asked++;
    const req = http.get({ port: it.place.port, host: '127.0.0.1',
      path: '/nothing', agent: false }, (res) => {
      res.resume();
      res.on('end', () => {
        if (res.statusCode !== 404) failed.push(res.statusCode);
        resolve();
      });
      res.on('error', (err) => { failed.push(err.code); resolve(); });
    });
    req.on('error', (err) => { failed.push(err.code); resolve(); });
  });
  const loops = Array.from({ length: 4 }, async () => {
    while (!stop) await ask();
  });
  for (let i = 0; i < 5; i++) {
    await sleep(50);
    await replace(it, 2 - (i & 1));
  }
  stop = true;
  await Promise.all(loops);
  assert.ok(asked > 20);
  assert.deepEqual(failed, []);
  await end(it);
});

test('connections that are kept between requests go on', async (t) => {
  const it = await begin();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ask = () => new Promise((resolve, reject) => {
    const req = http.get({ port: it.place.port, host: '127.0.0.1', agent,
      path: '/socket.io/socket.io.js' }, (res) => {
      res.resume();
      res.on('end', () => resolve([res.statusCode, req.reusedSocket]));
    });
    req.on('error', reject);
  });
  const [status] = await ask();
  for (let i = 0; i < 3; i++) {
    await replace(it);
    assert.deepEqual(await ask(), [status, true]);
  }
  await end(it);
});

// -- somebody dies in the middle ------------------------------------------------

// Each client hears of it or goes on: nobody is served by nobody.
async function rally(t, it, clients) {
  for (const one of clients) {
    await until(() => one.ends.length > 0 || one.fresh, 'a word or an answer');
  }
}

for (const victim of ['old', 'new']) {
  test(`kill -9 of the ${victim} process in the middle`, { alone: true },
    async (t) => {
      for (const delay of [0, 1, 2, 5, 10, 20, 40]) {
        const it = await begin();
        const clients = [];
        for (const way of Object.values(WAYS)) {
          for (let i = 0; i < 3; i++) clients.push(await steady(t, it, way));
        }
        const old = it.server;
        const young = launch(it.place, 1);
        await listening(young, 'taking over');
        await sleep(delay);
        (victim === 'old' ? old : young).proc.kill('SIGKILL');
        const one = victim === 'old' ? young : old;
        for (const client of clients) client.emit('process', () => {
          client.fresh = true;
        });
        // The old one may have been done, and both be gone.
        const both = await Promise.race([one.exit.then(() => true),
          sleep(300).then(() => false)]);
        if (both) continue;
        await rally(t, it, clients);
        const again = await steady(t, it, WAYS.websocket);
        assert.equal((await whoServes(again))[0], one.proc.pid);
        for (const client of clients) client.close();
        again.close();
        it.server = one;
        // It can be replaced like any other.
        await replace(it);
        await end(it);
      }
    });
}

run();
