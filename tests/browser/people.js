// SPDX-License-Identifier: MIT
// people: what whoever looks at the ESP32 page needs: a way in and out, a
// first device, long histories, fingers and keys, a small screen, contrast.
// Options: see scene.js.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { landscape } from './mock/simulate.js';
import { wavEncode } from './mock/media.js';
import { until } from './harness.js';
import {
  desktop, excuse, fits, isMock, judged, live, narrow, newServer, openPage, password, passwordEnv, phone,
  runScene, shot, shows, text,
} from './scene.js';

const cutOff = /ERR_|WebSocket connection|net::|Failed to load resource/;
const long = 'LONG-01';
const manyReadings = 3600;
const spike = 4000;
let server;
let page;

// A page that is on its way to another has nothing that is open.
const isOpen = (from, id) => from.locator(`#${id}`).evaluate((node) => node.open)
  .catch((error) => {
    if (/navigation|context was destroyed/i.test(error.message)) return false;
    throw error;
  });
const isShown = (from, selector) => from.locator(selector).isVisible();

const reading = (id, more = {}) => ({
  device_id: id, accel_x: 0.25, accel_y: -0.5, accel_z: 9.81,
  gyro_x: 1.5, gyro_y: -2.5, gyro_z: 3.5, mic_level: 100, ...more,
});

// How many points of a plot have nearly the colour of `name`.
const inkOf = (from, id, name) => from.locator(`#${id} canvas`).evaluate((canvas, variable) => {
  const hex = getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
  const wanted = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] > 200 && wanted.every((c, j) => Math.abs(data[i + j] - c) < 12)) found += 1;
  }
  return found;
}, name);

// --- the first device -------------------------------------------------------

async function showsHowToConnect() {
  server = await newServer('people', { args: isMock ? [] : ['--device-rate', '100000', '--device-burst', '100000'] });
  page = await openPage(server.url, { permissions: ['clipboard-read', 'clipboard-write'] });
  await live(page);
  await until('it says how to connect', () => isShown(page, '#connect'));
  const curl = await text('connect-curl', page);
  const firmware = await text('connect-firmware', page);
  assert.ok(curl.includes(`${server.url}/api/sensor-data`), curl);
  const reached = (await server.get('/status')).urls.find((url) => !/127\.0\.0\.1|\[::1\]/.test(url));
  assert.ok(firmware.includes(`#define SERVER_URL "${reached ?? server.url}"`), firmware);
  const example = fs.readFileSync(
    new URL('../../apps/esp32/firmware/esp32_dashboard/config.h.example', import.meta.url), 'utf8');
  for (const [, name] of firmware.matchAll(/#define (\w+)/g)) {
    assert.match(example, new RegExp(`#define ${name}\\b`), 'the sketch knows this setting');
  }
  assert.equal(/this computer only/.test(await text('connect-note', page)), !reached);
  await page.locator('[data-copy=connect-curl]').click();
  await until('it is copied', async () =>
    (await page.evaluate(() => navigator.clipboard.readText())) === curl);
  await shot(page, 'empty', { fullPage: true });
}

async function theCommandConnectsOne() {
  execFileSync('sh', ['-c', await text('connect-curl', page)], { stdio: 'pipe' });
  await until('the device is listed', () => isShown(page, '#device-list button'));
  await until('the help has gone', async () => !(await isShown(page, '#connect')));
  await shows('sensor-accel-z', '8.90', page);
  await page.locator('#connect-open').click();
  await until('it can be asked for', () => isShown(page, '#connect'));
  await page.locator('#connect-close').click();
  assert.equal(await isShown(page, '#connect'), false);
}

async function oneReadingIsDrawn() {
  for (const [id, colour] of [['chart-accel', '--series-x'], ['chart-accel', '--series-z'],
    ['chart-mic', '--series-m']]) {
    await until(`${colour} is seen in ${id}`, async () => (await inkOf(page, id, colour)) > 10);
  }
  await shot(page, 'one-reading');
}

async function unitsAreNamed() {
  assert.match(await text('h-accel', page), /m\/s²/);
  assert.match(await text('h-gyro', page), /°\/s/);
  assert.match(await text('h-mic', page), /0 to 4095/);
}

// --- long histories ---------------------------------------------------------

async function aLongHistoryIsThere() {
  const next = (i) => server.post('/api/sensor-data',
    reading(long, { mic_level: i === 20 ? spike : 100 + (i % 7), accel_x: Math.sin(i / 90) }));
  for (let i = 0; i < manyReadings;) {
    const group = [];
    for (let k = 0; k < 24 && i < manyReadings; k += 1, i += 1) group.push(next(i));
    await Promise.all(group);
  }
}

async function fetchedOnce() {
  const asked = [];
  const onRequest = (request) => {
    const { pathname, search } = new URL(request.url());
    // A series is one question for each stretch.
    const isSeries = pathname.endsWith('/series');
    if (/^.(api|status)\b/.test(pathname)) asked.push(isSeries ? pathname + search : pathname);
  };
  await page.context().close();
  page = await openPage(server.url, { onRequest });
  await live(page);
  await until('the charts have their history', () => asked.some((one) => one.includes('/series')));
  await page.waitForTimeout(1500);
  assert.deepEqual(asked.sort(), [...new Set(asked)].sort(), 'nothing was asked for twice');
  assert.ok(asked.includes('/api/devices') && asked.includes('/api/images'));
}

// The series that the page gets after `act`: of all there is, or of a stretch
// that stands still. Others may be on their way from before.
async function seriesAfter(act, from = page, isWanted = (params) => params.has('to')) {
  const [response] = await Promise.all([
    from.waitForResponse((one) => one.url().includes('/api/sensor-data/series') &&
      isWanted(new URL(one.url()).searchParams)), act()]);
  const { searchParams } = new URL(response.url());
  const [start, end] = ['from', 'to'].map((name) => Date.parse(searchParams.get(name)));
  return { answer: await response.json(), start, end, length: end - start };
}

async function allIsShown() {
  await page.locator('#device-select').selectOption(long);
  const { answer } = await seriesAfter(() => page.locator('[data-span="0"]').click(), page,
    (params) => params.get('device_id') === long && !params.has('from'));
  assert.equal(answer.rows, manyReadings, 'all readings are in the picture');
  assert.ok(answer.data.ts.length <= 2000);
  assert.equal(Math.max(...answer.data.mic_level.max), spike, 'no extreme is lost');
  const plot = await page.locator('#chart-mic .u-over').boundingBox();
  await shot(page, 'all');
  await until('the first reading can be pointed at', async () => {
    await page.mouse.move(plot.x + 2 + 3 * Math.random(), plot.y + 40);
    return /^at /.test(await text('chart-time', page));
  });
  await page.mouse.move(5, 5);
  // A history of seconds gets all the points, not those of its seconds alone.
  const [fine] = await Promise.all([
    page.waitForResponse(async (one) => one.url().includes('/series') && (await one.json()).bucket_ms < 200),
    page.locator('[data-span="900"]').click()]);
  assert.equal((await fine.json()).rows, manyReadings);
  await page.waitForTimeout(300);
  await shot(page, 'recent');
}

async function csvOf(button) {
  const [download] = await Promise.all([
    page.waitForEvent('download'), page.locator(button).click()]);
  return fs.readFileSync(await download.path(), 'utf8').trim().split('\r\n');
}

async function allIsExported() {
  const lines = await csvOf('#export-csv-all');
  assert.equal(lines.length, 1 + manyReadings);
  assert.ok(lines.slice(1).every((one) => one.includes(long)));
  assert.equal((await csvOf('#export-csv')).length, 1 + manyReadings);
}

// --- keys, buttons and fingers ----------------------------------------------

async function keysMoveThroughTime() {
  await page.locator('[data-span="60"]').click();
  const chart = page.locator('#chart-accel');
  await page.locator('#chart-span button').last().focus();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'chart-accel');
  const ring = await chart.evaluate((node) => getComputedStyle(node).outlineStyle);
  assert.equal(ring, 'solid', 'the focus is seen');
  const first = await seriesAfter(() => page.keyboard.press('+'));
  assert.ok(await isShown(page, '#chart-live'));
  assert.match(await text('chart-time', page), / – /);
  assert.match(await text('chart-said', page), / – /);
  const closer = await seriesAfter(() => page.keyboard.press('+'));
  assert.ok(Math.abs(closer.length / first.length - 1 / 1.5) < 0.01);
  const earlier = await seriesAfter(() => page.keyboard.press('ArrowLeft'));
  assert.ok(earlier.start < closer.start && earlier.end < closer.end);
  const later = await seriesAfter(() => page.keyboard.press('ArrowRight'));
  assert.ok(Math.abs(later.start - closer.start) < 3);
  const wider = await seriesAfter(() => page.keyboard.press('-'));
  assert.ok(wider.length > later.length);
  await shot(page, 'keys');
  for (let i = 0; i < 80; i += 1) await page.keyboard.press('-');
  await page.waitForTimeout(300);
  await page.keyboard.press('Home');
  await until('Home goes back to live', async () => !(await isShown(page, '#chart-live')));
  const named = page.getByRole('application', { name: /Acceleration/ });
  assert.equal(await named.count(), 1, 'the chart has its name');
  assert.match(await text('chart-keys', page), /Home/);
}

async function buttonsMoveThroughTime() {
  const closer = await seriesAfter(() => page.getByRole('button', { name: 'Show less time' }).click());
  const wider = await seriesAfter(() => page.getByRole('button', { name: 'Show more time' }).click());
  assert.ok(wider.length > closer.length);
  const earlier = await seriesAfter(() => page.getByRole('button', { name: 'Earlier' }).click());
  assert.ok(earlier.start < wider.start);
  await page.locator('#chart-live').click();
}

async function theMouseStillSelects() {
  const plot = await page.locator('#chart-gyro .u-over').boundingBox();
  await page.mouse.move(plot.x + 0.4 * plot.width, plot.y + 50);
  await page.mouse.down();
  await page.mouse.move(plot.x + 0.6 * plot.width, plot.y + 50, { steps: 5 });
  const { length } = await seriesAfter(() => page.mouse.up());
  assert.ok(length > 0 && length < 60000);
  await page.locator('#chart-live').click();
}

// Fingers at `from` (parts of the plot's width), moved to `to`, and `down`.
async function touch(on, from, to, down = 0) {
  const plot = await on.locator('#chart-accel .u-over').boundingBox();
  const session = await on.context().newCDPSession(on);
  const points = (places, lower) => places.map((at, id) =>
    ({ x: plot.x + at * plot.width, y: plot.y + 60 + lower, id }));
  const send = (type, places, lower = 0) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: points(places, lower) });
  await send('touchStart', from);
  for (let i = 1; i <= 8; i += 1) {
    await send('touchMove', from.map((at, k) => at + ((to[k] - at) * i) / 8), (down * i) / 8);
  }
  await send('touchEnd', []);
  await session.detach();
}

async function fingersMoveThroughTime() {
  const one = await openPage(server.url, phone);
  await live(one);
  await one.locator('#device-select').selectOption(long);
  await one.locator('#chart-accel').scrollIntoViewIfNeeded();
  await touch(one, [0.5], [0.52], -200);
  assert.equal(await isShown(one, '#chart-live'), false, 'up and down is for the page');
  await until('the page has moved', () => one.evaluate(() => scrollY > 50));
  await one.evaluate(() => scrollTo(0, 0));
  const closer = await seriesAfter(() => touch(one, [0.4, 0.6], [0.2, 0.8]), one);
  assert.ok(await isShown(one, '#chart-live'));
  const near = await seriesAfter(() => touch(one, [0.4, 0.6], [0.2, 0.8]), one);
  assert.ok(Math.abs(near.length / closer.length - 1 / 3) < 0.1,
    `expected a third of ${closer.length}, got ${near.length}`);
  const earlier = await seriesAfter(() => touch(one, [0.3], [0.7]), one);
  const moved = (near.start - earlier.start) / (near.length / 1.1);
  assert.ok(Math.abs(moved - 0.4) < 0.1, `expected to move by 0.4, moved by ${moved}`);
  await shot(one, 'fingers');
  const plot = await one.locator('#chart-accel .u-over').boundingBox();
  await one.touchscreen.tap(plot.x + 100, plot.y + 60);
  await one.touchscreen.tap(plot.x + 100, plot.y + 60);
  await until('two taps go back to live', async () => !(await isShown(one, '#chart-live')));
  assert.match(await one.locator('#chart-keys').innerText(), /Pinch/);
  await one.context().close();
}

// --- the way in and out -----------------------------------------------------

async function theLoginStays() {
  const locked = await newServer('locked', { env: { [passwordEnv]: password } });
  await locked.post('/api/sensor-data', reading('SECRET-01'));
  excuse(/401/);
  const one = await openPage(locked.url);
  await until('the password is asked for', () => isOpen(one, 'login'));
  for (let i = 0; i < 4; i += 1) await one.keyboard.press('Escape');
  await one.waitForTimeout(300);
  assert.ok(await isOpen(one, 'login'), 'Escape does not close it');
  assert.equal(await one.evaluate(() => document.activeElement.id), 'login-password');
  assert.equal(await isShown(one, '#main'), false, 'there is no empty page behind it');
  assert.equal(await isShown(one, '#sign-out'), false);
  await judged(one, 'login');
  await one.locator('#login-password').fill(password);
  await one.keyboard.press('Enter');
  await live(one);
  await shows('sensor-mic-level', '100', one);
  await signsOut(one);
  excuse(null);
  await one.context().close();
  await locked.stop();
}

async function signsOut(one) {
  await one.reload();
  await live(one);
  const out = one.getByRole('button', { name: 'Sign out' });
  const other = await one.context().newPage();
  await other.goto(one.url());
  await live(other);
  await out.click();
  // The mock's sessions know nothing of their sockets.
  if (!isMock) await until('the other page asks, too', () => isOpen(other, 'login'));
  await other.close();
  await until('it asks again', () => isOpen(one, 'login'));
  assert.equal(await one.getByText('SECRET-01').count(), 0, 'nothing is left of what was seen');
  assert.equal(await out.isVisible(), false);
  assert.equal(await one.evaluate(async () => (await fetch('/api/devices')).status), 401);
  await one.reload();
  await until('it still asks', () => isOpen(one, 'login'));
}

// --- many devices -----------------------------------------------------------

async function fiftyAreFound() {
  assert.equal(await isShown(page, '#device-filter'), false, 'two need no search');
  for (let i = 1; i <= 50; i += 1) {
    await server.post('/api/sensor-data', reading(`room-${String(i).padStart(2, '0')}`));
  }
  await until('all are listed', async () => (await page.locator('#device-list button').count()) === 52);
  const find = page.getByRole('searchbox', { name: 'Find a device' });
  await find.fill('ROOM-4');
  const shown = () => page.locator('#device-list button:visible').count();
  await until('ten are left', async () => (await shown()) === 10);
  assert.equal(await text('device-count', page), '10 of 52 found');
  await find.fill('room-42');
  await find.press('Enter');
  assert.equal(await page.locator('#device-select').inputValue(), 'room-42');
  await shot(page, 'fifty', { fullPage: true });
  await find.fill('attic');
  assert.match(await text('device-empty', page), /No device is called “attic”/);
  await find.fill('');
  await until('all are back', async () => (await shown()) === 52);
}

// --- on every screen, for every eye -----------------------------------------

// What is drawn on canvases no tool sees: labels need 4.5, lines 3.
async function colours(from, name) {
  const ratios = await from.evaluate(() => {
    const style = getComputedStyle(document.documentElement);
    const light = (variable) => {
      const hex = style.getPropertyValue(variable).trim();
      const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const names = ['--muted', '--series-x', '--series-y', '--series-z', '--series-m', '--good', '--warn', '--bad'];
    const card = light('--card');
    return names.map((one) => [one, (Math.max(card, light(one)) + 0.05) / (Math.min(card, light(one)) + 0.05)]);
  });
  for (const [colour, ratio] of ratios) {
    assert.ok(ratio >= 4.5, `${name}: ${colour} on a card has ${ratio.toFixed(2)}`);
  }
}

async function everyPartIsFilled() {
  await server.post(`/upload?device_id=${long}`, landscape(1), 'image/png');
  const wav = wavEncode(1, 8000, (t) => 0.4 * Math.sin(1200 * t));
  await server.post(`/upload-audio?device_id=${long}`, wav, 'audio/wav');
  await server.post('/api/orientation-data', { device_id: long, pitch: -112.5, roll: -130.5, yaw: 245.5 });
}

async function isForEveryone(name, screen) {
  const one = await openPage(server.url, screen);
  await live(one);
  await one.locator('#device-select').selectOption(long);
  await shows('sensor-yaw', '245.5°', one);
  await until('the picture is there', async () => (await one.locator('#gallery li').count()) === 1);
  assert.equal(await one.getByRole('combobox', { name: 'Device' }).count(), 1);
  await fits(one, screen.viewport.width, name);
  await judged(one, name);
  await colours(one, name);
  await one.locator('#connect-open').click();
  await judged(one, `${name}, how to connect`);
  await fits(one, screen.viewport.width, `${name}, how to connect`);
  await shot(one, `connect-${name}`);
  await one.locator('#connect-close').click();
  await one.locator('#gallery li button').click();
  await judged(one, `${name}, a picture`);
  await one.keyboard.press('Escape');
  await one.evaluate(() => scrollTo(0, 0));
  await shot(one, name, { fullPage: true });
  await one.context().close();
}

const views = Object.entries({ desktop, phone, narrow }).flatMap(([size, screen]) =>
  ['light', 'dark'].map((colorScheme) => [
    `it fits and is accessible: ${size}, ${colorScheme}`,
    () => isForEveryone(`${size}-${colorScheme}`, { ...screen, colorScheme }),
  ]));

// --- what is over -----------------------------------------------------------

async function jsonIsCompressed() {
  if (isMock) return;
  const headers = await new Promise((done, fail) => {
    http.get(`${server.url}/api/sensor-data?limit=200`, { headers: { 'Accept-Encoding': 'gzip' } },
      (answer) => { answer.resume(); done(answer.headers); }).on('error', fail);
  });
  assert.equal(headers['content-encoding'], 'gzip');
  assert.match(headers.vary, /Accept-Encoding/);
}

async function aSilentDeviceIsGrey() {
  await page.locator('#device-select').selectOption(long);
  await server.post('/api/sensor-data', reading(long, { mic_level: 321 }));
  await shows('sensor-mic-level', '321', page);
  await until('its values are live', async () => !(await page.locator('.charts.stale').count()));
  await until('after its silence they are not', () => page.locator('.charts.stale').count(), 30000);
  assert.match(await text('chart-time', page), /^last seen \d+ s ago$/);
  await judged(page, 'a silent device');
}

async function nothingLooksLiveWithoutServer() {
  await server.post('/api/sensor-data', reading(long, { mic_level: 322 }));
  await shows('sensor-mic-level', '322', page);
  await until('its values are live again', async () => !(await page.locator('.charts.stale').count()));
  const colour = () => page.locator('#sensor-mic-level').evaluate((node) => getComputedStyle(node).color);
  const before = await colour();
  excuse(cutOff);
  await server.stop('SIGKILL');
  await until('all is marked', () => page.locator('.board.cut .charts.stale').count(), 3000);
  await until('it says since when', async () =>
    /^last seen (just now|\d+ s ago)$/.test(await text('chart-time', page)) &&
    /^last seen/.test(await text('orientation-time', page)));
  await until('the age goes on', async () => /^last seen [4-9] s ago$/.test(await text('chart-time', page)));
  assert.notEqual(await colour(), before, 'the values are grey');
  await until('nobody is called online', async () =>
    !(await page.locator('#device-list .online').count()) &&
    !/online|offline/.test(await page.locator('#device-list').innerText()));
  assert.equal(await text('device-count', page), '52 devices');
  await judged(page, 'cut off');
  await page.evaluate(() => scrollTo(0, 0));
  await shot(page, 'cut-off', { fullPage: true });
  await server.start();
  await live(page);
  excuse(null);
  await server.post('/api/sensor-data', reading(long, { mic_level: 323 }));
  await shows('sensor-mic-level', '323', page);
  await until('its values are live once more', async () => !(await page.locator('.stale, .cut').count()));
  await page.context().close();
}

await runScene([
  ['an empty dashboard says how to connect a device', showsHowToConnect],
  ['the command that it shows connects one', theCommandConnectsOne],
  ['one reading is drawn', oneReadingIsDrawn],
  ['units are named', unitsAreNamed],
  ['a device has a long history', aLongHistoryIsThere],
  ['the page asks for everything once', fetchedOnce],
  ['"All" and "15 min" show all of it, with the extremes', allIsShown],
  ['everything is exported', allIsExported],
  ['keys move through time', keysMoveThroughTime],
  ['buttons move through time', buttonsMoveThroughTime],
  ['a mouse selects a stretch', theMouseStillSelects],
  ['fingers move through time', fingersMoveThroughTime],
  ['the login cannot be closed, and there is a way out', theLoginStays],
  ['among fifty devices one is found', fiftyAreFound],
  ['a device has something of everything', everyPartIsFilled],
  ...views,
  ['long JSON answers are compressed', jsonIsCompressed],
  ['the values of a device that fell silent are grey', aSilentDeviceIsGrey],
  ['without the server nothing looks live', nothingLooksLiveWithoutServer],
]);
