// SPDX-License-Identifier: MIT
// peal-esp32 killed in mid-upload, again and again: what was acknowledged is
// there, whole; what was not leaves nothing behind.
//   node esp32_kill.mjs PROGRAM
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Program, png, reading, runSteps, sleep, until, wav } from '../apps/esp32/program.mjs';

const rounds = 5;
const pictures = new Map(); // width -> bytes, acknowledged
const levels = new Set();
let sounds = 0;
let width = 0;
let level = 0;
let server;

// Until the server is gone, one after the other.
async function sendPictures() {
  for (;;) {
    const mine = width += 1;
    const body = Buffer.concat([png(mine, 8), Buffer.alloc(200000, mine)]);
    const answer = await server.post('/upload?device_id=KILL-1', body, { type: 'image/png' });
    if (answer.text === 'OK') pictures.set(mine, body);
  }
}

async function sendReadings() {
  for (;;) {
    const mine = level += 1;
    const answer = await server.post('/api/sensor-data', reading(`KILL-${mine % 7}`, { mic_level: mine }));
    if (answer.status === 200) levels.add(mine);
  }
}

async function sendSounds() {
  for (;;) {
    const answer = await server.post('/upload-audio?device_id=KILL-2', wav(0.2), { type: 'audio/wav' });
    if (answer.text === 'OK') sounds += 1;
  }
}

// Stops in the middle of a body.
function sendHalf() {
  const socket = net.connect(server.port, '127.0.0.1', () => {
    socket.write('POST /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\nContent-Length: 100000\r\n\r\n');
    socket.write(png(9999, 9));
  });
  socket.on('error', () => {});
  return socket;
}

async function killedAgainAndAgain() {
  server = new Program({ args: ['--max-images', '10000', '--device-rate', '100000', '--device-burst', '100000'] });
  for (let i = 0; i < rounds; i += 1) {
    await server.start();
    const half = sendHalf();
    const senders = Promise.allSettled([sendPictures(), sendPictures(), sendReadings(),
      sendReadings(), sendReadings(), sendSounds()]);
    // a busy machine takes its time until each kind was acknowledged
    await until('each kind was taken', () => pictures.size > i && levels.size > i && sounds > i, 20000);
    await sleep(20 + 97 * i);
    await server.stop('SIGKILL');
    await senders;
    half.destroy();
  }
  assert.ok(pictures.size >= rounds && levels.size >= rounds && sounds >= rounds,
    `too little was acknowledged: ${pictures.size} ${levels.size} ${sounds}`);
}

async function rowsOf(where) {
  const rows = [];
  let next = '';
  do {
    const { json } = await server.get(`${where}?limit=1000${next && `&before=${next}`}`);
    rows.push(...json.data);
    next = json.next;
  } while (next);
  return rows;
}

async function nothingAcknowledgedIsLost() {
  await server.start();
  const readings = new Set((await rowsOf('/api/sensor-data')).map((one) => one.mic_level));
  for (const one of levels) assert.ok(readings.has(one), `reading ${one}`);
  const images = new Map((await rowsOf('/api/images')).map((one) => [one.width, one]));
  for (const [one, bytes] of pictures) {
    assert.ok(images.has(one), `picture ${one}`);
    assert.deepEqual((await server.get(images.get(one).url)).bytes, bytes);
  }
  assert.ok((await rowsOf('/api/audio')).length >= sounds);
  assert.ok(!images.has(9999), 'half a picture is none');
  console.log(`# ${levels.size} readings, ${pictures.size} pictures, ${sounds} recordings`);
}

async function nothingElseIsLeftBehind() {
  const known = new Set([...await rowsOf('/api/images'), ...await rowsOf('/api/audio')]
    .map((one) => path.basename(one.url)));
  assert.deepEqual(fs.readdirSync(path.join(server.dataDir, 'media')).filter((name) => !known.has(name)), []);
  const health = await server.get('/api/health');
  assert.equal(health.json.status, 'healthy');
  await server.stop();
}

await runSteps([killedAgainAndAgain, nothingAcknowledgedIsLost, nothingElseIsLeftBehind]);
