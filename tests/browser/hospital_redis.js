// SPDX-License-Identifier: MIT
// hospital_redis: what other programs say over a real Redis is seen on the
// hospital's page: a process of Python, a task of Celery, an emitter of Node,
// the command. Redis goes and comes beneath it. Options: see scene.js.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startRedis } from '../support/redis.mjs';
import { until } from './harness.js';
import { live, program, runScene, shot } from './scene.js';
import { go, newHospital, openAs, Person, unreadIs } from './ward.js';

const run = promisify(execFile);
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const python = here('../../build/venv/bin/python');
const emitters = here('../cluster/emitters');
let redis;
let server;
let doctor;
let page;

// Text and page know each alert once, at the bell and at the patient.
async function isSeen(message) {
  await until(`"${message}" is at the patient`, async () =>
    (await page.locator('#patient-alerts').textContent()).includes(message));
  await page.waitForTimeout(300); // a second one would have come
  const text = await page.locator('#patient-alerts').textContent();
  assert.equal(text.split(message).length, 2, `"${message}" is there once`);
}

const alert = (message) => ({ alert_type: 'risk', patient_id: '7', severity: 'critical', message, data: {}, timestamp: new Date().toISOString() });

const health = async () => (await fetch(`${server.url}/health`)).json();

async function aPageIsOpen() {
  redis = await startRedis();
  ({ server } = await newHospital('hospital-redis', { args: ['--redis-url', redis.url] }));
  await until('it is in the cluster', async () => (await health()).redis === 'up');
  doctor = await new Person(server, 'doctor').signIn();
  await doctor.post('/api/patients', { patient_id: '7', name: 'Ada Lovelace', ward: 'A' });
  page = await openAs(server, 'doctor');
  await go(page, 'patients/7');
  await until('the patient is shown', async () => /Ada/.test(await page.locator('main').textContent()));
  await unreadIs(page, 0);
}

async function pythonReachesIt() {
  await run(python, ['-c', `from flask_socketio import SocketIO
SocketIO(message_queue="${redis.url}").emit("patient_alert", ${JSON.stringify(alert('Told by Python'))}, room="patient_7")
`]);
  await isSeen('Told by Python');
  await unreadIs(page, 1);
}

async function aTaskOfCeleryReachesIt() {
  const env = { ...process.env, TASKS_REDIS: redis.url, TASKS_CHANNEL: 'flask-socketio', PYTHONPATH: emitters };
  const worker = spawn(python, ['-m', 'celery', '-A', 'tasks', 'worker', '--pool', 'solo', '--loglevel', 'info'],
    { env, cwd: redis.folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [worker.stdout, worker.stderr]) stream.on('data', (bytes) => { said += bytes; });
  const gone = once(worker, 'close');
  try {
    await until('the worker is ready', () => / ready\./.test(said), 40000).catch(() => assert.fail(said));
    await run(python, ['-c', `from tasks import emit
emit.delay("patient_alert", [${JSON.stringify(alert('Told by Celery'))}], to="patient_7").get(timeout=10)
`], { env });
    await isSeen('Told by Celery');
    await unreadIs(page, 2);
  } finally {
    worker.kill('SIGTERM');
    await gone;
  }
}

async function anEmitterOfNodeReachesIt() {
  const from = createRequire(here('../cluster/package.json'));
  const { Emitter } = from('@socket.io/redis-emitter');
  const client = from('redis').createClient({ url: redis.url });
  await client.connect();
  new Emitter(client).to('patient_7').emit('patient_alert', alert('Told by Node'));
  await isSeen('Told by Node');
  await client.quit();
  await unreadIs(page, 3);
}

async function theCommandReachesIt() {
  const peal = path.join(path.dirname(program), 'peal');
  for (const [i, dialect] of ['node', 'python'].entries()) {
    const message = `Told by peal as ${dialect}`;
    await run(peal, ['emit', '--redis', redis.url, '--dialect', dialect,
      ...dialect === 'python' ? ['--channel', 'flask-socketio'] : [],
      '--room', 'patient_7', 'patient_alert', JSON.stringify(alert(message))]);
    await isSeen(message);
    await unreadIs(page, 4 + i);
  }
  await shot(page, 'hospital-redis');
}

async function itWorksOnWithoutRedis() {
  await redis.kill();
  await until('it is noticed', async () => (await health()).redis === 'down', 20000);
  await doctor.post('/api/alerts', { patient_id: '7', severity: 'critical', message: 'While Redis is away' });
  await isSeen('While Redis is away');
  await live(page);
  await redis.start();
  await until('it is back', async () => (await health()).redis === 'up', 20000);
  await run(python, ['-c', `from flask_socketio import SocketIO
SocketIO(message_queue="${redis.url}").emit("patient_alert", ${JSON.stringify(alert('Told when it is back'))}, room="patient_7")
`]);
  await isSeen('Told when it is back');
  await unreadIs(page, 7);
}

await runScene([
  ['a page is open', aPageIsOpen],
  ['a process of Python reaches it', pythonReachesIt],
  ['a task of Celery reaches it', aTaskOfCeleryReachesIt],
  ['an emitter of Node reaches it', anEmitterOfNodeReachesIt],
  ['the command reaches it', theCommandReachesIt],
  ['it works on without Redis, and again with it', itWorksOnWithoutRedis],
]);
