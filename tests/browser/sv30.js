// SPDX-License-Identifier: MIT
// sv30: the page of settling tests in headless Chromium: what devices send
// shows, tests are compared, keys are made, for every reader. Options: see
// scene.js.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { until } from './harness.js';
import { result, send } from '../apps/sv30-backend/samples.mjs';
import {
  desktop, excuse, fits, judged, live, narrow, newServer, openPage, password, passwordEnv, phone,
  runScene, shot, shows, text,
} from './scene.js';

const { io } = createRequire(import.meta.url)('socket.io-client');
const cutOff = /ERR_|WebSocket connection|net::|Failed to load resource/;
const sockets = [];
let server;
let page;
let device;

const isShown = (id) => page.locator(`#${id}`).isVisible();

async function connect(url, options = {}) {
  const socket = io(url, { forceNew: true, ...options });
  sockets.push(socket);
  await new Promise((done, fail) => {
    socket.once('connect', done);
    socket.once('connect_error', fail);
  });
  return socket;
}

// How sludge settles: first fast, then it is pressed together.
const heightAt = (s, end) => end + (300 - end) * Math.exp(-s / 420);

async function sendWholeTest(id, { end = 95, start, warning = {} } = {}) {
  const at = start ?? '2026-01-31T03:30:00.000Z';
  const after = new Date(Date.parse(at) + 1800000).toISOString();
  await send(device, 'sludge-data', result(id, 0, { timestamp: at, ...warning }));
  const heights = [];
  for (let s = 0; s <= 1800; s += 30) {
    heights.push(send(device, 'sludge-height-update', { testId: id, t_s: s, height_mm: heightAt(s, end) }));
  }
  await Promise.all(heights);
  await send(device, 'sludge-data', result(id, 30,
    { timestamp: after, sludge_height_mm: end, sv30_height_mm: end, velocity_mm_per_min: (300 - end) / 30, ...warning }));
}

async function saysHowToBegin() {
  server = await newServer('sv30', { health: '/health' });
  page = await openPage(server.url);
  await live(page);
  await until('it says how to connect', () => isShown('connect'));
  assert.ok((await text('connect-python', page)).includes(server.url));
  await shot(page, 'sv30-empty', { fullPage: true });
}

async function aWholeTestShows() {
  device = await connect(server.url);
  await sendWholeTest('SV30-2026-01-31-001-M', { end: 95 });
  await shows('now-id', 'SV30-2026-01-31-001-M', page);
  await shows('now-sv30', '31.70', page);
  await shows('now-state', 'complete', page);
  assert.equal(await isShown('connect'), false);
  const zones = await text('zones', page);
  assert.match(zones, /Clear zone: .*gr/);
  assert.match(zones, /Sludge zone: .*brown/);
}

async function aRunningOneIsDrawnAsItSettles() {
  const morning = '2026-01-31T03:30:00.000Z';
  await sendWholeTest('SV30-2026-01-30-001-M', { end: 120, start: morning.replace('31T', '30T') });
  await sendWholeTest('SV30-2026-01-29-001-M', { end: 140, start: morning.replace('31T', '29T') });
  await sendWholeTest('SV30-2026-01-28-001-E', { end: 150, start: morning.replace('31T', '28T'), warning: { testType: 'evening' } });
  const id = 'SIM-SV30-2026-02-01-001-M';
  const start = { timestamp: morning.replace('01-31T', '02-01T') };
  await send(device, 'sludge-data', result(id, 0, start));
  await shows('now-id', id, page);
  for (let s = 0; s <= 600; s += 10) {
    await send(device, 'sludge-height-update', { testId: id, t_s: s, height_mm: heightAt(s, 100) });
  }
  await shows('now-state', 'running', page);
  await shows('now-time', '10:00 min', page);
  assert.ok(await isShown('now-simulated'));
  await until('it has company', async () => (await page.locator('#legend li').count()) === 4);
  await until('the curve is told in words', async () =>
    /SIM-SV30-2026-02-01-001-M: 300.* after 10\.0 minutes, with 3 other tests/
      .test(await page.locator('#curve').getAttribute('aria-label')));
  const inks = await page.locator('#curve canvas').evaluate((canvas) =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((v) => v > 0));
  assert.ok(inks, 'something is drawn');
  const head = await page.locator('#compare-rows tr').first().locator('td').allTextContents();
  assert.equal(head[2], '300.0');
}

async function theListIsSearchedAndCompared() {
  await until('all are listed', async () => (await page.locator('#test-list li').count()) === 5);
  await page.locator('#tests-filter').fill('01-29');
  await until('one is found', async () => (await page.locator('#test-list li').count()) === 1);
  await page.locator('#tests-filter').fill('zzz');
  await until('none is found', async () => /No test matches/.test(await text('tests-empty', page)));
  await page.locator('#tests-filter').fill('');
  await until('all are back', async () => (await page.locator('#test-list li').count()) === 5);
  await page.getByLabel('Compare SV30-2026-01-30-001-M').uncheck();
  await until('it left the curve', async () => (await page.locator('#legend li').count()) === 3);
  await page.getByLabel('Compare SV30-2026-01-30-001-M').check();
  await until('it is back', async () => (await page.locator('#legend li').count()) === 4);
  await page.locator('[data-unit=percent]').click();
  await page.locator('[data-unit=mm]').click();
}

// Heights come all the time: a row that is being pressed must stay.
async function aRowStaysWhileHeightsCome() {
  const id = 'SIM-SV30-2026-02-01-001-M';
  const row = await page.locator('[data-id="SV30-2026-01-29-001-M"] .show').elementHandle();
  for (let s = 601; s <= 640; s += 1) {
    await send(device, 'sludge-height-update', { testId: id, t_s: s, height_mm: heightAt(s, 100) });
  }
  await shows('now-time', '10:40 min', page);
  assert.ok(await row.evaluate((node) => node.isConnected), 'it is the same one');
}

async function anOldTestByKeys() {
  await page.locator('[data-id="SV30-2026-01-28-001-E"] .show').focus();
  await page.keyboard.press('Enter');
  await shows('now-id', 'SV30-2026-01-28-001-E', page);
  await until('its clock is in doubt', async () => /evening does not fit/.test(await text('now-warning', page)));
  const focused = await page.evaluate(() => document.activeElement.closest('[data-id]')?.dataset.id);
  assert.equal(focused, 'SV30-2026-01-28-001-E', 'the focus stays');
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#export-test').click()]);
  assert.equal(download.suggestedFilename(), 'SV30-2026-01-28-001-E.csv');
  const [all] = await Promise.all([page.waitForEvent('download'), page.locator('#export-all').click()]);
  assert.equal(all.suggestedFilename(), 'sv30-tests.csv');
  await page.locator('#follow').click();
  await shows('now-id', 'SIM-SV30-2026-02-01-001-M', page);
}

async function aBareHeightMovesTheCurve() {
  // the device's test under way is the last that it began
  assert.deepEqual(await send(device, 'sludge-height-update', 298.25), { status: 'stored' });
  // of its first seconds: the curve has it, the figures are those of the last
  await until('it is drawn', async () => {
    const { data } = await server.get('/api/sludge-height-history?testId=SIM-SV30-2026-02-01-001-M');
    return data.some((one) => one.t_s > 0 && one.t_s < 60 && Math.abs(one.height_mm - 298.25) < 2);
  });
  assert.equal(await text('now-time', page), '10:40 min');
}

async function withoutTheServerItSaysSo() {
  excuse(cutOff);
  await server.stop();
  await until('it says so', async () => /Reconnecting/.test(await text('connection-state', page)));
  await until('nothing looks live', async () => /last seen/.test(await text('now-state', page)));
  await shot(page, 'sv30-cut');
  await server.start();
  await live(page);
  await until('it is live again', async () => (await text('now-state', page)) !== '' &&
    !/last seen/.test(await text('now-state', page)));
  excuse(null);
}

async function isForEveryone() {
  for (const [name, size] of Object.entries({ desktop, phone, narrow })) {
    for (const colorScheme of ['light', 'dark']) {
      const one = await openPage(server.url, { ...size, colorScheme });
      await live(one);
      await until('the curves are there', async () => (await one.locator('#legend li').count()) === 4);
      await fits(one, size.viewport.width, `${name}-${colorScheme}`);
      await judged(one, `${name}-${colorScheme}`);
      await shot(one, `sv30-${name}-${colorScheme}`, { fullPage: true });
      await one.context().close();
    }
  }
}

async function theOwnerMakesKeys() {
  const locked = await newServer('sv30-locked', {
    health: '/health', args: ['--require-device-keys'], env: { [passwordEnv]: password },
  });
  excuse(/401/);
  page = await openPage(locked.url);
  await until('it asks', () => isShown('login'));
  assert.equal(await page.locator('#main').isVisible(), false);
  await page.locator('#login-password').fill('wrong');
  await page.keyboard.press('Enter');
  await shows('login-error', 'That password is not right.', page);
  await page.locator('#login-password').fill(password);
  await page.keyboard.press('Enter');
  await live(page);
  await page.locator('#keys-device').fill('tank-1');
  await page.locator('#keys-form button').click();
  const key = await page.locator('#keys-fresh code').textContent();
  assert.match(key, /^[0-9a-f]{48}$/);
  const keyed = await connect(locked.url, { auth: { api_key: key } });
  assert.deepEqual(await send(keyed, 'sludge-data', result('SV30-2026-01-31-001-M', 0)), { status: 'stored' });
  await shows('now-id', 'SV30-2026-01-31-001-M', page);
  await judged(page, 'keys');
  await shot(page, 'sv30-keys', { fullPage: true });
  const gone = new Promise((done) => { keyed.once('disconnect', done); });
  await page.getByLabel('Revoke the key of tank-1').click();
  await gone;
  await until('it is said', async () => /revoked/.test(await text('key-list', page)));
  await page.locator('#sign-out').click();
  await until('it asks again', () => isShown('login'));
  for (const socket of sockets) socket.disconnect();
}

await runScene([
  ['without a test it says how to begin', saysHowToBegin],
  ['a whole test shows', aWholeTestShows],
  ['a running one is drawn as it settles', aRunningOneIsDrawnAsItSettles],
  ['the list is searched and compared', theListIsSearchedAndCompared],
  ['a row stays while heights come', aRowStaysWhileHeightsCome],
  ['an old test, by keys', anOldTestByKeys],
  ['a bare height moves the curve', aBareHeightMovesTheCurve],
  ['without the server it says so', withoutTheServerItSaysSo],
  ['it fits and is accessible for everyone', isForEveryone],
  ['the owner makes and revokes keys', theOwnerMakesKeys],
]);
