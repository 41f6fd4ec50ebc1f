// SPDX-License-Identifier: MIT
// The files of nginx in front of two nodes: TLS, both transports, the upgrade,
// and a restart of one node after the other under load, of which each of 20
// screens has each alert in the end.
//   node nginx.mjs PEAL-HOSPITAL
import assert from 'node:assert/strict';
import http from 'node:http';
import { createRequire } from 'node:module';
import { hire, NAME, openSite, Person, admin, runSteps, send, sleep, startSite, until } from './site.mjs';

const { io } = createRequire(import.meta.url)('../../node_modules/socket.io-client');

const SCREENS = 20, RATE = 50;

const { nodes, site } = await startSite();
const boss = await admin(site);
const doctor = await hire(boss, 'doc', 'doctor');
const nurse = await hire(boss, 'nina', 'nurse');
const both = (check) => until('on both nodes', async () => {
  for (const node of nodes) if (!await check(node)) return false;
  return true;
}, 15000);
await both(async (node) => (await node.post('/api/auth/login',
  { username: 'nina', password: 'correct horse battery' })).status === 200);

async function whoCallsWithoutTlsIsSentToIt() {
  const res = await new Promise((done, fail) => {
    http.get({ port: site.plainPort, host: '127.0.0.1', path: '/x?y', headers: { Host: NAME } }, done)
      .once('error', fail);
  });
  res.resume();
  assert.equal(res.statusCode, 301);
  assert.equal(res.headers.location, `https://${NAME}/x?y`);
}

async function itAnswersToItsNameAndToNoOther() {
  assert.equal((await site.ask('GET', '/health', { headers: { Host: NAME } })).status, 200);
  assert.notEqual((await site.ask('GET', '/health', { headers: { Host: 'elsewhere.example.com' } })).status, 200);
  const { raw } = await site.ask('GET', '/');
  assert.match(raw['strict-transport-security'], /max-age/);
}

async function figuresAreForTheMachineAlone() {
  assert.equal((await site.ask('GET', '/metrics')).status, 404);
  for (const node of nodes) {
    const { status, text } = await node.get('/metrics');
    assert.equal(status, 200);
    assert.match(text, /^hospital_alerts_active /m);
  }
}

async function theCookieIsForTlsAlone() {
  const { status, raw } = await site.post('/api/auth/login',
    { username: 'nina', password: 'correct horse battery' });
  assert.equal(status, 200);
  assert.match(raw['set-cookie'][0], /; Secure/);
}

async function eachTransportWorksFromManyAddresses() {
  const seen = [];
  for (const [i, transports] of [['polling'], ['websocket'], ['polling', 'websocket']].entries()) {
    for (let k = 0; k < 4; k += 1) {
      const socket = await nurse.connect({}, { ...site.options(`127.0.0.${10 + i * 4 + k}`), transports });
      await until('the upgrade', () => socket.io.engine.transport.name === transports.at(-1));
      assert.equal((await send(socket, 'join_hospital', { hospital_id: 'main' })).status, 'success');
      seen.push(socket);
    }
  }
  const clients = await Promise.all(nodes.map(async (node) => (await node.get('/health')).json.clients));
  assert.equal(clients[0] + clients[1], seen.length);
  assert.ok(clients[0] > 0 && clients[1] > 0, `both nodes have some: ${clients}`);
  const { id } = await doctor.must('POST', '/api/alerts/hospital', { severity: 'info', message: 'to all' });
  await until('all hear it', () => seen.every((socket) => socket.seen.some(([name, x]) => name === 'hospital_alert' && x.id === id)));
  for (const socket of seen) socket.disconnect();
}

// Each request goes to the node whose turn it is.
async function socketsNeedNoNodeOfTheirOwn() {
  const turns = await openSite(nodes, [['  hash $remote_addr consistent;\n', '']]);
  const who = Object.assign(new Person(turns, 'nina'), { token: nurse.token });
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    for (let k = 0; k < 3; k += 1) {
      const socket = await who.connect({}, { ...turns.options(), transports });
      await until('the upgrade', () => socket.io.engine.transport.name === transports.at(-1));
      for (let i = 0; i < 3; i += 1) {
        assert.equal((await send(socket, 'join_hospital', { hospital_id: 'main' })).status, 'success');
      }
      socket.disconnect();
    }
  }
}

async function aPageOfAnotherOriginIsRefused() {
  await assert.rejects(nurse.connect({}, { ...site.options('127.0.0.2'), extraHeaders: { Origin: 'https://evil.example' } }));
}

// A screen that comes back as the official client does by itself.
class Screen {
  constructor(i) {
    Object.assign(this, { live: new Map(), alerts: new Set(), last: new Map(), returns: -1 });
    const transports = [['websocket'], ['polling'], ['polling', 'websocket']][i % 3];
    this.socket = io(site.url, {
      ...site.options(`127.0.0.${30 + i}`), transports, forceNew: true, auth: { token: nurse.token },
      reconnectionDelay: 100, reconnectionDelayMax: 500,
    });
    this.socket.on('connect', () => this.catchUp());
    this.socket.on('patient_alert', (alert) => {
      const times = (this.live.get(alert.id) ?? 0) + 1;
      this.live.set(alert.id, times);
      if (this.isFresh) this.take(alert);
      else this.waiting.push(alert);
    });
  }

  take({ id }) {
    this.alerts.add(id);
    const node = id % 1048576;
    this.last.set(node, Math.max(this.last.get(node) ?? 0, id));
  }

  async catchUp() {
    this.returns += 1;
    const turn = this.returns;
    this.isFresh = false;
    this.waiting = [];
    try {
      for (let more = true; more;) {
        const page = await send(this.socket, 'get_missed_alerts',
          { last_alert_id: this.last.size ? [...this.last.values()] : 0, limit: 200 });
        if (turn !== this.returns) return;
        assert.equal(page.status, 'success');
        page.alerts.forEach((alert) => this.take(alert));
        more = page.more;
      }
    } catch {
      return; // it has gone again, and comes again
    }
    this.isFresh = true;
    this.waiting.forEach((alert) => this.take(alert));
  }
}

async function load(acknowledged, state) {
  const began = performance.now();
  const under = new Set();
  for (let n = 0; !state.isOver; n += 1) {
    const address = `127.0.0.${60 + (n % 40)}`;
    const one = site.ask('POST', '/api/alerts', {
      address, type: 'application/json', headers: doctor.headers,
      body: JSON.stringify({ patient_id: String(n % 9), severity: 'info', message: `alert ${n}` }),
    }).then(({ status, json }) => {
      if (status === 201) acknowledged.add(json.id);
      else state.refused += 1;
    }, () => { state.refused += 1; });
    under.add(one);
    one.finally(() => under.delete(one));
    await sleep(Math.max(0, began + (n + 1) * (1000 / RATE) - performance.now()));
  }
  await Promise.all(under);
}

async function stored(node) {
  const ids = [];
  const person = Object.assign(new Person(node, 'doc'), { token: doctor.token });
  for (let cursor = ''; cursor !== null;) {
    const page = await person.must('GET', `/api/alerts?limit=500${cursor && `&cursor=${cursor}`}`);
    ids.push(...page.data.map((x) => x.id));
    cursor = page.next;
  }
  return ids.sort((a, b) => a - b);
}

async function aRollingRestartLosesNothing() {
  const screens = Array.from({ length: SCREENS }, (_, i) => new Screen(i));
  await until('all are in', () => screens.every((screen) => screen.isFresh), 15000);
  const acknowledged = new Set(), state = { isOver: false, refused: 0 };
  const running = load(acknowledged, state);
  for (const node of nodes) {
    await sleep(1000);
    await node.stop(); // exit code 0
    assert.equal((await site.ask('GET', '/health')).status, 200, 'the other serves');
    await node.start(); // answered with 200: it has caught up
  }
  await sleep(1000);
  state.isOver = true;
  await running;
  let ids;
  await until('both nodes have the same', async () => {
    const [here, there] = [await stored(nodes[0]), await stored(nodes[1])];
    ids = here;
    return JSON.stringify(here) === JSON.stringify(there);
  }, 15000);
  for (const id of acknowledged) assert.ok(ids.includes(id), `acknowledged, and gone: ${id}`);
  await until('each screen has all', () => screens.every((s) => s.socket.connected && s.alerts.size >= ids.length), 15000)
    .catch(() => {});
  for (const [i, screen] of screens.entries()) {
    assert.deepEqual([...screen.alerts].sort((a, b) => a - b), ids, `screen ${i}`);
    assert.deepEqual([...screen.live].filter(([, times]) => times > 1), [], `screen ${i} was told twice`);
  }
  assert.ok(screens.some((screen) => screen.returns > 0), 'some had to come back');
  assert.ok(acknowledged.size > RATE, `${acknowledged.size} alerts are a load`);
  console.log(`# ${SCREENS} screens have all of ${ids.length} alerts (${acknowledged.size} acknowledged, `
    + `${state.refused} refused) and came back ${screens.reduce((sum, s) => sum + s.returns, 0)} times`);
  for (const screen of screens) screen.socket.disconnect();
}

await runSteps([whoCallsWithoutTlsIsSentToIt, itAnswersToItsNameAndToNoOther, figuresAreForTheMachineAlone,
  theCookieIsForTlsAlone, eachTransportWorksFromManyAddresses, aPageOfAnotherOriginIsRefused,
  socketsNeedNoNodeOfTheirOwn, aRollingRestartLosesNothing]);
