// SPDX-License-Identifier: MIT
'use strict';
// A client whose connections break at every place: whatever the line does, what
// it was asked to send arrives, in order, and what its user sees makes sense.
//   node chaos.js --server node|PATH --client peal|peal-threads|js
//     --driver PATH [--seed N]
const assert = require('node:assert/strict');
const { test, run, until, sleep } = require('../e2e/lib/suite');
const { privateServer, argument } = require('../e2e/lib/server');
const { TRANSPORTS, client, costs, freshDriver, sharedDriver }
  = require('./lib/clients');
const { Line, dice } = require('./lib/line');

const seed = Number(argument('seed', 7));
const CLIENTS = 16; // of a case, each with a line of its own
const EVENTS = 8;
const PATIENT = { retries: 1000, ackTimeout: 3000, timeout: 1500,
  requestTimeout: 1500, reconnectionDelay: 20, reconnectionDelayMax: 50 };
// A server that notices soon that nobody is there.
const QUICK = { pingInterval: 500, pingTimeout: 1000 };

async function serve(t, flags = QUICK) {
  const server = await privateServer(flags);
  t.after(() => server.expected || server.stop());
  // It listens; does it run? Before that a SIGTERM has no handler.
  await (await fetch(`http://127.0.0.1:${server.port}/hello`)).text();
  return server;
}

async function lineTo(t, port, plan) {
  const line = await new Line(port, plan).open();
  t.after(() => line.close());
  return line;
}

// The reference tells of a disconnect also before the server's CONNECT.
const isLoose = client() === 'js';

// Every connect has one disconnect at most, and answers come once, in order.
function watched(socket) {
  const seen = { connects: 0, isUp: false, answers: [], problems: [] };
  socket.onReport = ({ is, ask, error, args }) => {
    if (is === 'connect') {
      if (seen.isUp) seen.problems.push('connected twice');
      seen.isUp = true;
      seen.connects++;
    } else if (is === 'disconnect') {
      if (!seen.isUp && !isLoose) seen.problems.push('disconnected twice');
      seen.isUp = false;
    } else if (is === 'answer') {
      seen.answers.push(error || args[0]);
    } else if (is === 'error') {
      seen.problems.push('a call failed');
    }
  };
  return seen;
}

async function sendsAll(t, driver, port, transport, opts = {}) {
  const socket = driver.open({
    url: `http://127.0.0.1:${port}`, transports: TRANSPORTS[transport],
    reconnect: true, opts: { ...PATIENT, ...opts },
  });
  t.after(() => socket.close());
  const seen = watched(socket);
  const numbers = Array.from({ length: EVENTS }, (_, i) => i);
  await Promise.all(numbers.map((i) => socket.ask('count_me', i)));
  assert.deepEqual(seen.answers, numbers);
  assert.deepEqual(seen.problems, []);
  return seen;
}

// -- cut in every state ----------------------------------------------------------

// How many bytes a conversation has, about; the places are spread over it.
const LENGTHS = {
  polling: { down: 3000, up: 4000 },
  websocket: { down: 700, up: 700 },
  upgrade: { down: 1500, up: 2500 },
};

for (const transport of Object.keys(TRANSPORTS)) {
  for (const way of ['down', 'up']) {
    for (const ends of ['fin', 'rst', 'hole']) {
      test(`${ends} behind byte n, ${way} [${transport}]`, { limit: 120000 },
        async (t) => {
          const roll = dice(seed + transport.length * 100 + ends.length * 10 +
            way.length);
          const server = await serve(t);
          const driver = await sharedDriver(client());
          const length = LENGTHS[transport][way];
          await Promise.all(Array.from({ length: CLIENTS }, async (_, i) => {
            const at = 1 + Math.floor((i + roll()) * length / CLIENTS);
            const again = 1 + Math.floor(roll() * length);
            const plans = [{ ends, at, way }, { ends, at: again, way }];
            const line = await lineTo(t, server.port, (n) => plans[n]);
            try {
              await sendsAll(t, driver, line.port, transport);
            } catch (err) {
              err.message += ` (byte ${at} and ${again}, seed ${seed})`;
              throw err;
            }
          }));
        });
    }
  }
}

// -- bad, but alive ---------------------------------------------------------------

for (const transport of Object.keys(TRANSPORTS)) {
  for (const [what, plan] of Object.entries({
    'byte by byte': { pieces: 1 },
    'in pieces that come late': { pieces: 100, delay: 5 },
  })) {
    test(`${what} [${transport}]`, { limit: 120000 }, async (t) => {
      const server = await serve(t, {});
      const driver = await sharedDriver(client());
      const line = await lineTo(t, server.port, () => plan);
      const seen = await sendsAll(t, driver, line.port, transport,
        { timeout: 30000, requestTimeout: 30000, ackTimeout: 30000 });
      assert.equal(seen.connects, 1);
    });
  }
}

// -- servers that go and come --------------------------------------------------------

for (const transport of Object.keys(TRANSPORTS)) {
  test(`the server is killed three times meanwhile [${transport}]`,
    { limit: 120000 }, async (t) => {
      let server = await serve(t);
      const { port } = server;
      const driver = await sharedDriver(client());
      let over = false;
      const all = Promise.all(Array.from({ length: CLIENTS }, async () => {
        for (let i = 0; i < 3; i++) {
          await sendsAll(t, driver, port, transport);
        }
      })).finally(() => { over = true; });
      for (let i = 0; i < 3 && !over; i++) {
        await sleep(30);
        await server.kill();
        server = await serve(t, { ...QUICK, port });
      }
      await all;
    });
}

test('connections made and lost ten thousand times, without a leak',
  { limit: 240000, alone: true }, async (t) => {
    if (isLoose) t.skip('what Node holds is its own matter');
    if (process.env.PEAL_SANITIZE) t.skip('a sanitizer keeps what is freed');
    const server = await serve(t, {});
    const driver = await freshDriver(client());
    t.after(() => driver.proc.kill('SIGKILL'));
    // Behind the answer to CONNECT and before much else.
    const line = await lineTo(t, server.port, () =>
      ({ ends: 'rst', at: 330, way: 'down' }));
    let connects = 0;
    for (let i = 0; i < 20; i++) {
      const socket = driver.open({
        url: `http://127.0.0.1:${line.port}`, transports: ['websocket'],
        reconnect: true, events: ['news'],
        when: [{ on: 'connect', times: 1e9, do: [{ do: 'emit', id: i + 1,
          event: 'echo', args: ['x'.repeat(400)] }] }],
        opts: { reconnectionDelay: 1, reconnectionDelayMax: 1 },
      });
      socket.onReport = ({ is }) => { if (is === 'connect') connects++; };
    }
    const reached = (n) => until(() => connects >= n, `${n} connects`, 200000);
    await reached(2000);
    const before = costs(driver).rss;
    await reached(12000);
    const grown = costs(driver).rss - before;
    assert.ok(grown < 512 * 1024, `it grew by ${grown} bytes`);
    await driver.end();
  });

run({ parallel: 3 });
