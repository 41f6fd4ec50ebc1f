// SPDX-License-Identifier: MIT
// The vision model of peal-esp32 is slow, wrong or away: uploads are answered
// all the same, calls are bounded, captions come in the end.
//   node esp32_slow_model.mjs PROGRAM
import assert from 'node:assert/strict';
import http from 'node:http';
import { isSlow, Program, png, runSteps, sleep, until } from '../apps/esp32/program.mjs';

let delayMs = 20;
let held; // while it is set, the model answers nobody
let way = 'good';
let under = 0;
let most = 0;
let asked = 0;

const model = http.createServer((req, res) => {
  asked += 1;
  under += 1;
  most = Math.max(most, under);
  req.resume();
  req.on('end', async () => {
    await (held ? held.over : sleep(delayMs));
    under -= 1;
    if (way === 'bad') res.writeHead(500).end('no');
    else res.end(JSON.stringify({ choices: [{ message: { content: `A slow picture, key ${req.headers.authorization}.` } }] }));
  });
});
await new Promise((done) => { model.listen(0, '127.0.0.1', done); });

const env = { PEAL_ESP32_VISION_KEY: 'sesame' };
const args = ['--vision-kind', 'openai', '--vision-model', 'eye', '--vision-retries', '0',
  '--vision-url', `http://127.0.0.1:${model.address().port}/v1`];
let server;

function hold() {
  held = {};
  held.over = new Promise((done) => { held.release = done; });
}

async function uploadsDoNotWaitForTheModel() {
  hold();
  server = await new Program({ args, env }).start();
  const times = [];
  for (let i = 0; i < 12; i += 1) {
    const began = performance.now();
    const answer = await server.post(`/upload?device_id=CAM-${i % 4}`, png(20 + i), { type: 'image/png' });
    assert.equal(answer.text, 'OK');
    times.push(performance.now() - began);
  }
  // all are answered and the model has answered nobody
  times.sort((a, b) => a - b);
  console.log(`# answers: median ${times[6].toFixed(1)} ms, slowest ${times[11].toFixed(1)} ms`);
  await until('the model has been asked', () => asked > 0);
  assert.equal(under, asked);
  assert.ok((await server.get('/api/images')).json.data.every((one) => one.caption === null));
}

async function callsAreBoundedAndCaptionsCome() {
  await sleep(500);
  assert.ok(most <= 2, `${most} calls at once`);
  held.release();
  held = undefined;
  await until('all have captions', async () =>
    (await server.get('/api/images')).json.data.every((one) => /slow picture, key Bearer sesame/.test(one.caption ?? '')), 20000);
  assert.equal(asked, 12);
}

async function aFailingModelLeavesWhatWasMeasured() {
  way = 'bad';
  await server.post('/upload?device_id=CAM-1', png(50, 40), { type: 'image/png' });
  await until('it is measured here', async () =>
    /50x40/.test((await server.get('/api/images')).json.data[0].caption ?? ''));
  assert.ok(!server.output.includes('sesame'), 'the key is in no log');
}

async function aStopDoesNotWaitAndTheNextRunGoesOn() {
  way = 'good';
  delayMs = 15000;
  await server.post('/upload?device_id=CAM-1', png(60, 40), { type: 'image/png' });
  await sleep(300);
  const began = performance.now();
  await server.stop();
  assert.ok(performance.now() - began < (isSlow ? 20000 : 6000), 'it stops');
  delayMs = 20;
  await server.start();
  await until('the caption comes after the restart', async () =>
    /slow picture/.test((await server.get('/api/images')).json.data[0].caption ?? ''));
  await server.stop();
}

await runSteps([uploadsDoNotWaitForTheModel, callsAreBoundedAndCaptionsCome,
  aFailingModelLeavesWhatWasMeasured, aStopDoesNotWaitAndTheNextRunGoesOn]);
