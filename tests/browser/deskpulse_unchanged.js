// SPDX-License-Identifier: MIT
// deskpulse_unchanged: a dashboard that people had before (deskpulse_original)
// works against the program as it is, in headless Chromium. Options: see
// scene.js.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { DeskCamera } from './desk_camera.js';
import { until } from './harness.js';
import { excuse, newServer, openPage, out, runScene, shot, shows, text } from './scene.js';

const cutOff = /ERR_|WebSocket connection|net::|Failed to load resource/;
let server;
let camera;
let page;

const heard = () => page.evaluate(() => heard);

async function itIsServed() {
  const folder = path.join(out, 'pages');
  fs.mkdirSync(folder, { recursive: true });
  fs.copyFileSync(new URL('./deskpulse_original.html', import.meta.url), path.join(folder, 'index.html'));
  fs.copyFileSync(new URL('./deskpulse_original.js', import.meta.url), path.join(folder, 'deskpulse_original.js'));
  excuse(/favicon/);
  server = await newServer('original', {
    health: '/health', args: ['--source', 'push', '--alert-threshold', '2s', '--web-dir', folder],
  });
  page = await openPage(server.url);
  await until('it is greeted', async () => (await heard()).status.length === 1);
  const [greeting] = (await heard()).status;
  assert.equal(greeting.message, 'Connected to DeskPulse');
  assert.ok(Math.abs(greeting.timestamp - Date.now() / 1000) < 60, 'seconds since 1970, as a number');
  await shows('cv-status', 'Running (Real-time updates active)', page);
}

async function picturesShow() {
  camera = await new DeskCamera(server).prepare(page);
  camera.start('good');
  await until('a picture of base64 is shown', () => page.locator('#camera-frame').evaluate((image) =>
    image.src.startsWith('data:image/jpeg;base64,/9j/') && image.naturalWidth === 640));
  assert.equal(await page.locator('#camera-placeholder').isVisible(), false);
  const before = (await heard()).updates;
  await until('they go on', async () => (await heard()).updates > before + 20);
}

async function posturesShow() {
  for (const [how, look, words, message] of [
    ['good', 'good', '✓ Good Posture', 'Great! Keep up the good posture.'],
    ['nobody', 'offline', 'No User Detected', 'Step into camera view to begin posture monitoring'],
    ['unsure', 'offline', 'Detecting Posture...', 'Sit at your desk for posture classification to begin'],
    ['bad', 'bad', '⚠ Bad Posture', 'Sit up straight and align your shoulders']]) {
    camera.how = how;
    await shows('status-text', words, page);
    assert.equal(await text('posture-message', page), message);
    assert.equal(await page.locator('#status-dot').getAttribute('class'), `status-indicator status-${look}`);
  }
  assert.match(await text('last-update', page), /\d/);
  await shot(page, 'deskpulse-original');
}

async function alertsCome() {
  await until('it is alerted', async () => (await heard()).alerts.length === 1, 15000);
  camera.how = 'good';
  await until('it is over', async () => (await heard()).cleared === 1, 15000);
  assert.deepEqual((await heard()).errors, []);
}

async function itComesBack() {
  excuse(cutOff);
  await server.stop();
  await until('it says so', async () => /Reconnecting|Connection Error/.test(await text('status-text', page)), 20000);
  await server.start();
  await shows('status-text', '✓ Good Posture', page, 30000);
  await camera.stop();
}

await runScene([
  ['it is served and greeted', itIsServed],
  ['pictures show', picturesShow],
  ['postures show', posturesShow],
  ['alerts come and go', alertsCome],
  ['it comes back', itComesBack],
]);
