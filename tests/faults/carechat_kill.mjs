// SPDX-License-Identifier: MIT
// peal-carechat killed while readings come, again and again: what was
// acknowledged is there, once, and alerts that stood stand again.
//   node carechat_kill.mjs PROGRAM
import assert from 'node:assert/strict';
import {
  addDevice, bearer, Program, reading, runSteps, send, sendReading, signUp, sleep, until,
} from '../apps/carechat/care.mjs';

const rounds = 6;
const server = new Program({ args: ['--device-rate', '100000', '--device-burst', '100000'] });
const base = Date.now() - 3600000;
const acknowledged = { spo2: [], respiration: [], systolic: [] };
const next = { spo2: 0, respiration: 0, systolic: 0 };
const units = { spo2: '%', respiration: '/min', systolic: 'mmHg' };
let who;
let key;

// As devices do: the same again, with its time, until it is acknowledged.
const one = (metric) => reading('watch', metric, 90 + (next[metric] % 10), units[metric],
  { timestamp: base + next[metric] });
const isTaken = (metric, n) => { acknowledged[metric].push(...Array.from({ length: n }, (_, i) => next[metric] + i)); next[metric] += n; };

async function overHttp() {
  for (;;) if ((await sendReading(server, key, one('spo2'))).status === 200) isTaken('spo2', 1);
}

async function byEvent(socket, metric) {
  for (;;) if ((await send(socket, 'vitals', one(metric))).status === 'success') isTaken(metric, 1);
}

async function begins() {
  await server.start();
  who = await signUp(server, 'anna');
  key = await addDevice(server, who, 'watch');
  await sendReading(server, key, reading('watch', 'heart_rate', 180));
  await server.stop('SIGKILL');
}

async function killedAgainAndAgain() {
  const auth = { device_key: key, device_id: 'watch' };
  for (let i = 0; i < rounds; i += 1) {
    await server.start();
    const sockets = await Promise.all([server.connect({ auth }), server.connect({ auth })]);
    const before = Object.values(acknowledged).map((list) => list.length);
    const gone = sockets.map((socket) => new Promise((_done, fail) => { socket.once('disconnect', fail); }));
    const work = Promise.allSettled([Promise.race([overHttp(), gone[0]]),
      Promise.race([byEvent(sockets[0], 'respiration'), gone[0]]),
      Promise.race([byEvent(sockets[1], 'systolic'), gone[1]])]);
    await until('something was taken', () => Object.values(acknowledged)
      .every((list, k) => list.length > before[k] + 4), 20000);
    await sleep(13 + 37 * i);
    await server.stop('SIGKILL');
    await work;
  }
}

async function nothingAcknowledgedIsLost() {
  await server.start();
  for (const [metric, list] of Object.entries(acknowledged)) {
    const times = [];
    let cursor = '';
    do {
      const { json } = await server.get(`/api/vitals?metric=${metric}&limit=1000${cursor && `&cursor=${cursor}`}`, bearer(who));
      times.push(...json.data.map((row) => Date.parse(row.timestamp) - base));
      cursor = json.next;
    } while (cursor);
    const found = new Set(times);
    assert.equal(found.size, times.length, 'each is there once');
    for (const at of list) assert.ok(found.has(at), `${metric} ${at}`);
    console.log(`# ${metric}: ${list.length} acknowledged, ${times.length} there`);
  }
}

async function theAlertStandsAgain() {
  const alerts = async () => (await server.get('/api/alerts', bearer(who))).json.data
    .filter((alert) => alert.metric === 'heart_rate');
  await until('it stands', async () => (await alerts()).length === 1);
  for (let i = 0; i < 2; i += 1) await sendReading(server, key, reading('watch', 'heart_rate', 70));
  await until('it ends', async () => (await alerts())[0].cleared_at !== null);
  assert.equal((await alerts()).length, 1);
  await server.stop();
}

await runSteps([begins, killedAgainAndAgain, nothingAcknowledgedIsLost, theAlertStandsAgain]);
