// SPDX-License-Identifier: MIT
// Two nodes behind one real Redis are one hospital: what is stored on one is
// stored and shown on the other, emitters of Python and Node reach the screens,
// and nothing is lost by rolling restarts, kills, and a Redis that goes away.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import net from 'node:net';
import { startRedis } from '../../support/redis.mjs';
import {
  admin, heard, hire, password, Person, runSteps, send, sleep, startHospital, until,
} from './ward.mjs';

const python = process.argv[3];
const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const redis = await startRedis();
const options = () => ({
  args: ['--redis-url', redis.url, '--workers', '2', '--person-rate', '100000', '--person-burst', '100000'],
  env: { SECRET_KEY: 'the same on both nodes' },
});
const [a, b] = [await startHospital(options()), await startHospital(options())];
const nodes = [a, b];
const boss = await admin(a);
const doctor = await hire(boss, 'doc', 'doctor');
const nurse = await hire(boss, 'nina', 'nurse');
const at = (server, who) => Object.assign(new Person(server, who.username), who, { server });
const knows = (server, what, where, test) => until(`${what} on the other node`, async () => {
  const { json } = await at(server, boss).get(where);
  return json?.data && test(json.data);
}, 15000);
const make = async (server, message, severity = 'warning', patient = '7') =>
  (await at(server, doctor).must('POST', '/api/alerts', { patient_id: patient, severity, message })).id;

async function whatIsStoredOnOneIsOnBoth() {
  await until('they are up', async () => (await b.get('/health')).json.redis === 'up' &&
    (await a.get('/health')).json.redis === 'up');
  // a token of one is good for the other, and so is the account
  assert.equal((await at(b, nurse).get('/api/auth/me')).status, 200);
  await knows(b, 'the staff', '/api/staff', (d) => d.some((s) => s.username === 'nina'));
  await until('its account', async () =>
    (await b.post('/api/auth/login', { username: 'nina', password })).status === 200, 15000);
  await boss.must('POST', '/api/patients', { patient_id: '7', name: 'Ada', ward: 'North', assigned: ['nina'] });
  await knows(b, 'the patient', '/api/patients', (d) => d.length === 1);
  await at(b, nurse).must('PATCH', '/api/patients/7', { name: 'Ada L.' });
  await knows(a, 'its name', '/api/patients', (d) => d[0].name === 'Ada L.');
  await at(b, nurse).must('POST', '/api/beds', { bed_id: 'N1', ward: 'North' });
  await knows(a, 'the bed', '/api/beds', (d) => d.length === 1);
}

async function anAlertIsShownOnceOnBoth() {
  const [here, there] = [await nurse.connect(), await at(b, nurse).connect()];
  assert.equal((await send(there, 'join_patient_monitoring', { patient_id: '7' })).status, 'success');
  const id = await make(a, 'on one');
  for (const screen of [here, there]) {
    assert.equal((await heard(screen, 'patient_alert', (x) => x.id === id)).message, 'on one');
  }
  const seen = await send(there, 'ack_alert', { alert_id: id });
  assert.equal(seen.alert.acknowledged_by, 'nina');
  await heard(here, 'alert_updated', (x) => x.id === id && x.status === 'acknowledged');
  await sleep(300);
  for (const screen of [here, there]) {
    assert.equal(screen.seen.filter(([n, x]) => n === 'patient_alert' && x.id === id).length, 1);
    assert.equal(screen.seen.filter(([n, x]) => n === 'alert_updated' && x.id === id).length, 1);
  }
}

// Screens on both nodes hear `message` once each.
async function bothHear(message, emit) {
  const screens = [await at(b, nurse).connect(), await at(a, doctor).connect()];
  for (const screen of screens) {
    assert.equal((await send(screen, 'join_patient_monitoring', { patient_id: '7' })).status, 'success');
  }
  await emit({ id: 1, patient_id: '7', severity: 'critical', message });
  for (const screen of screens) {
    assert.equal((await heard(screen, 'patient_alert', (x) => x.message === message)).patient_id, '7');
  }
  await sleep(200);
  for (const screen of screens) {
    assert.equal(screen.seen.filter(([n, x]) => n === 'patient_alert' && x.message === message).length, 1);
    screen.disconnect();
  }
}

const runPython = (script, env = {}) => {
  const done = spawnSync(python, ['-c', script], { encoding: 'utf8', timeout: 60000, env: { ...process.env, ...env } });
  assert.equal(done.status, 0, done.stderr);
};

async function pythonReachesTheScreens() {
  await bothHear('from Python', async (alert) => runPython(`from flask_socketio import SocketIO
SocketIO(message_queue="${redis.url}").emit("patient_alert", ${JSON.stringify(alert)}, room="patient_7")
`));
}

// A worker of its own process takes the task out of Redis.
async function aCeleryTaskReachesThem() {
  const emitters = path.resolve(here, '../../cluster/emitters');
  const env = { TASKS_REDIS: redis.url, TASKS_CHANNEL: 'flask-socketio', PYTHONPATH: emitters };
  const worker = spawn(python, ['-m', 'celery', '-A', 'tasks', 'worker', '--pool', 'solo', '--loglevel', 'info'],
    { env: { ...process.env, ...env }, cwd: redis.folder ?? undefined, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [worker.stdout, worker.stderr]) stream.on('data', (bytes) => { said += bytes; });
  const gone = new Promise((done) => { worker.once('close', done); });
  try {
    await until('the worker is ready', () => / ready\./.test(said), 60000).catch(() => { throw new Error(said); });
    await bothHear('from Celery', async (alert) => runPython(`from tasks import emit
emit.delay("patient_alert", [${JSON.stringify(alert)}], to="patient_7").get(timeout=30)
`, env));
  } finally {
    worker.kill('SIGTERM');
    await gone;
  }
}

async function anEmitterOfNodeReachesThem() {
  const from = createRequire(path.resolve(here, '../../cluster/x.js'));
  const [{ Emitter }, { createClient }] = [from('@socket.io/redis-emitter'), from('redis')];
  const client = createClient({ url: redis.url });
  await client.connect();
  await bothHear('from Node', async (alert) => { new Emitter(client).to('patient_7').emit('patient_alert', alert); });
  await client.quit();
}

async function whoWasAwayCatchesUpBeforeItIsHealthy() {
  await b.stop('SIGKILL');
  const ids = [];
  for (let i = 0; i < 450; i += 1) ids.push(await make(a, `while it was away ${i}`));
  await b.start(); // it answers /health with 200 only then
  const { data } = await at(b, nurse).must('GET', '/api/alerts?limit=500');
  const there = new Set(data.map((x) => x.id));
  assert.deepEqual(ids.filter((id) => !there.has(id)), []);
}

async function redisGoesAndComes() {
  await redis.kill();
  const ids = [await make(a, 'no Redis, here'), await make(b, 'no Redis, there')];
  await until('it is noticed', async () => (await a.get('/health')).json.redis === 'down', 20000);
  assert.equal((await a.get('/health')).status, 200);
  await redis.start();
  for (const server of nodes) {
    await knows(server, 'both', '/api/alerts?limit=20', (d) => ids.every((id) => d.some((x) => x.id === id)));
  }
}

// Over Redis as a node that has all but the newest entry: an answer that says
// how far it goes has all up to there, for what it lacks is never asked for again.
async function whoIsAskedGivesWhatIsStoredAlone() {
  const channel = 'socket.io-request#/#';
  const [ear, mouth] = [net.connect(redis.port, '127.0.0.1'), net.connect(redis.port, '127.0.0.1')];
  const command = (...words) => `*${words.length}\r\n${words.map((w) => `$${Buffer.byteLength(w)}\r\n${w}\r\n`).join('')}`;
  const tell = (...data) => mouth.write(command('PUBLISH', channel, JSON.stringify({ uid: 'stranger', type: 6, data })));
  const known = new Set();
  let rest = '', writer, heardOf = 0;
  const holes = [];
  mouth.resume();
  ear.write(command('SUBSCRIBE', channel));
  ear.on('data', (bytes) => {
    const lines = (rest + bytes).split('\r\n');
    rest = lines.pop();
    for (const [name, value] of lines.filter((x) => x.startsWith('{')).map((x) => JSON.parse(x).data ?? [])) {
      if (name === 'hospital_hello') known.add(value.node);
      if (name === 'hospital_entry') {
        writer = value.node;
        heardOf += 1;
        const other = [...known].find((node) => node !== writer);
        if (other) tell('hospital_want', { node: 77, from: other, vector: [[other, 2 ** 40], [writer, value.seq - 1]] });
      }
      if (name === 'hospital_have' && value.to === 77 && value.node === writer && !value.more &&
        value.entries.at(-1)?.seq !== value.through) holes.push(value.through);
    }
  });
  await until('both have said hello', () => known.size === 2);
  for (let i = 0; i < 100; i += 1) await make(a, `one by one ${i}`, 'info');
  await until('all have been heard of', () => heardOf >= 100);
  await sleep(500);
  assert.deepEqual(holes, []);
  ear.destroy();
  mouth.destroy();
}

// A screen that follows to whichever node is there, as behind a balancer.
class Screen {
  constructor(first) {
    Object.assign(this, { alerts: new Map(), last: new Map(), at: first });
  }

  take(alert) {
    this.alerts.set(alert.id, alert);
    const node = alert.id % 1048576;
    this.last.set(node, Math.max(this.last.get(node) ?? 0, alert.id));
  }

  async come() {
    const server = nodes[this.at];
    const health = await fetch(`${server.url}/health`);
    if (health.status !== 200) throw new Error('not yet');
    const socket = await Promise.race([at(server, nurse).connect(),
      sleep(3000).then(() => { throw new Error('no answer'); })]);
    const waiting = [];
    let isReady = false;
    socket.on('patient_alert', (x) => (isReady ? this.take(x) : waiting.push(x)));
    for (let more = true; more;) {
      const page = await send(socket, 'get_missed_alerts',
        { last_alert_id: this.last.size > 0 ? [...this.last.values()] : 0, limit: 200 });
      assert.equal(page.status, 'success');
      const size = this.alerts.size;
      for (const alert of page.alerts) this.take(alert);
      more = page.more;
      assert.ok(!more || this.alerts.size > size, 'a page has something new');
    }
    isReady = true;
    waiting.forEach((x) => this.take(x));
    this.socket = socket;
    socket.on('disconnect', () => { if (!this.isOver) this.comeBack(); });
  }

  async comeBack() {
    this.isAway = true;
    for (let i = 0; ; i += 1) {
      try {
        this.at = 1 - this.at;
        await this.come();
        this.isAway = false;
        return;
      } catch (error) {
        assert.ok(i < 300, error);
        await sleep(50);
      }
    }
  }
}

async function aRollingRestartLosesNothing() {
  const screens = [];
  for (let i = 0; i < 20; i += 1) {
    screens.push(new Screen(i % 2));
    await screens[i].come();
  }
  const acknowledged = new Set();
  let isOver = false;
  const load = (async () => {
    for (let n = 0; !isOver; n += 1) {
      try {
        acknowledged.add(await make(nodes[n % 2], `under load ${n}`, 'info'));
      } catch {
        // a node that is away: the next takes it
      }
      await sleep(3);
    }
  })();
  for (const [i, how] of [[0, 'SIGTERM'], [1, 'SIGTERM'], [0, 'SIGKILL']]) {
    await sleep(400);
    nodes[i].sockets.length = 0;
    await nodes[i].stop(how);
    await nodes[i].start();
  }
  isOver = true;
  await load;
  await until('all screens are back', () => screens.every((s) => !s.isAway), 20000);
  await until('each has all', () => screens.every((s) => [...acknowledged].every((id) => s.alerts.has(id))), 15000)
    .catch(() => {});
  const lost = screens.map((s) => [...acknowledged].filter((id) => !s.alerts.has(id)).length);
  assert.deepEqual(lost, lost.map(() => 0));
  for (const server of nodes) {
    const newest = [...acknowledged].sort((x, y) => y - x).slice(0, 400);
    await knows(server, 'each alert', '/api/alerts?limit=500', (data) => {
      const have = new Set(data.map((x) => x.id));
      return newest.every((id) => have.has(id));
    });
  }
  for (const screen of screens) screen.isOver = true;
  console.log(`# 20 screens have all of ${acknowledged.size} alerts`);
}

async function theyEnd() {
  for (const server of nodes) await server.stop();
}

await runSteps([whatIsStoredOnOneIsOnBoth, anAlertIsShownOnceOnBoth, pythonReachesTheScreens, aCeleryTaskReachesThem,
  anEmitterOfNodeReachesThem, whoIsAskedGivesWhatIsStoredAlone,
  whoWasAwayCatchesUpBeforeItIsHealthy, redisGoesAndComes, aRollingRestartLosesNothing, theyEnd]);
