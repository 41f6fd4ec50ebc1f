// SPDX-License-Identifier: MIT
// peal-landing tells how each application is, as it changes.
//   node test_watch.mjs PROGRAM
import assert from 'node:assert/strict';
import http from 'node:http';
import { freePort, Program, runSteps, until } from '../common/program.mjs';

// In the place of an application: what it answers may change.
async function stand() {
  const one = { port: await freePort(), answers: {}, asked: 0 };
  one.server = http.createServer((req, res) => {
    one.asked += 1;
    const [status, body] = one.answers[req.url] ?? [404, '{}'];
    if (status) res.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
  });
  await new Promise((done) => { one.server.listen(one.port, '127.0.0.1', done); });
  one.url = `http://127.0.0.1:${one.port}`;
  return one;
}

const esp32 = await stand();
const sv30 = await stand();
const server = new Program({ args: ['--esp32-url', `${esp32.url}/`, '--sv30-url', sv30.url] });
let page;

const state = async (name) => (await server.get('/api/applications')).json.data.find((one) => one.name === name);
const becomes = (name, wanted, isSimulated = false) => until(`${name} is ${wanted}`, async () => {
  const one = await state(name);
  return one.state === wanted && one.simulated === isSimulated && one;
}, 20000);

async function tellsWhoRuns() {
  esp32.answers = {
    '/api/health': [200, '{"status":"healthy"}'], '/api/devices?limit=20': [200, '{"data":[{"simulated":true}]}'],
  };
  sv30.answers = { '/health': [200, '{"status":"ok","simulated":false}'] };
  await server.start();
  page = await server.connect();
  const one = await becomes('esp32', 'up', true);
  assert.equal(one.title, 'ESP32 dashboard');
  assert.ok(Math.abs(Date.parse(one.since) - Date.now()) < 60000);
  await becomes('sv30', 'up');
  assert.equal((await server.get('/health')).json.status, 'healthy');
  assert.equal((await server.get('/')).status, 200);
}

async function tellsTrouble() {
  sv30.answers = { '/health': [503, '{"status":"degraded","database":false}'] };
  await becomes('sv30', 'degraded');
  await until('pages are told', () => page.seen.some(([name, list]) =>
    name === 'applications' && list.some((one) => one.name === 'sv30' && one.state === 'degraded')));
}

// Neither words of others, nor silence, nor endless bodies are an application.
async function whatIsNoApplicationIsDown() {
  for (const answer of [[200, '<html>a router</html>'], [500, '{"status":"ok"}'], [0], [200, `"status":"ok"${'x'.repeat(1e6)}`.slice(14)]]) {
    sv30.answers = { '/health': [200, '{"status":"ok"}'] };
    await becomes('sv30', 'up');
    sv30.answers = { '/health': answer };
    await becomes('sv30', 'down');
  }
  assert.equal((await state('esp32')).state, 'up', 'others are not held up');
}

async function goneAndBack() {
  sv30.server.closeAllConnections();
  await new Promise((done) => { sv30.server.close(done); });
  await becomes('sv30', 'down');
  sv30.answers = { '/health': [200, '{"status":"ok","simulated":true}'] };
  await new Promise((done) => { sv30.server.listen(sv30.port, '127.0.0.1', done); });
  await becomes('sv30', 'up', true);
  // a question that is open does not hold up the stop
  sv30.answers = { '/health': [0] };
  const { asked } = sv30;
  await until('it asks', () => sv30.asked > asked);
  const began = performance.now();
  await server.stop();
  assert.ok(performance.now() - began < 5000);
}

await runSteps([tellsWhoRuns, tellsTrouble, whatIsNoApplicationIsDown, goneAndBack]);
