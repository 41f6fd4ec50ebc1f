// SPDX-License-Identifier: MIT
// landing: the page that leads to every application, in headless Chromium.
// Options: see scene.js.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import http from 'node:http';
import { freePort, until } from './harness.js';
import { desktop, excuse, fits, judged, live, newServer, openPage, phone, program, runScene, shot, text } from './scene.js';

const cutOff = /ERR_|WebSocket connection|net::|Failed to load resource/;
const port = await freePort();
const application = http.createServer((req, res) => {
  res.setHeader('Content-Type', req.url === '/health' ? 'application/json' : 'text/html');
  res.end(req.url === '/health' ? '{"status":"ok","simulated":true}' : '<!doctype html><title>There</title>');
});
await new Promise((done) => { application.listen(port, '127.0.0.1', done); });
let server;
let page;
let count;

// Every application that the program knows: one is there, the others are not.
async function addresses() {
  const help = execFileSync(program, ['--help'], { encoding: 'utf8' });
  const names = [...help.matchAll(/--([\w-]+)-url/g)].map(([, name]) => name);
  assert.ok(names.includes('sv30') && names.includes('esp32'), help);
  const args = [];
  for (const name of names) {
    args.push(`--${name}-url`, `http://localhost:${name === 'sv30' ? port : await freePort()}`);
  }
  return args;
}

async function listsThem() {
  const args = await addresses();
  count = args.length / 2;
  server = await newServer('landing', { health: '/health', args });
  page = await openPage(server.url);
  await live(page);
  await until('one runs', async () => (await text('count', page)) === `1 of ${count} applications running`);
  assert.equal(await page.locator('#apps a').count(), 1, 'only what runs is a link');
  assert.match(await page.locator('[data-name=sv30]').textContent(), /simulated data.*running, since/);
  assert.match(await page.locator('[data-name=esp32]').textContent(), /not running/);
}

async function isForEveryone() {
  for (const [name, size] of Object.entries({ desktop, phone })) {
    for (const colorScheme of ['light', 'dark']) {
      const one = await openPage(server.url, { ...size, colorScheme });
      await live(one);
      await until('it is filled', async () => (await one.locator('#apps li').count()) === count);
      await fits(one, size.viewport.width, `${name}-${colorScheme}`);
      await judged(one, `${name}-${colorScheme}`);
      await shot(one, `landing-${name}-${colorScheme}`);
      await one.context().close();
    }
  }
}

async function showsWhatChanges() {
  application.closeAllConnections();
  await new Promise((done) => { application.close(done); });
  await until('none runs', async () => (await text('count', page)) === `0 of ${count} applications running`);
  assert.equal(await page.locator('#apps a').count(), 0);
  await new Promise((done) => { application.listen(port, '127.0.0.1', done); });
  await until('one runs again', async () => (await page.locator('#apps a').count()) === 1);
}

async function leadsThere() {
  excuse(cutOff);
  const link = await page.locator('[data-name=sv30] a').getAttribute('href');
  assert.equal(new URL(link).port, String(port));
  assert.equal(new URL(link).hostname, new URL(page.url()).hostname, 'the name by which this reader came');
  await server.stop();
  await until('it says so', async () => /last seen/.test(await page.locator('[data-name=sv30]').textContent()));
  application.close();
}

await runScene([
  ['lists the applications', listsThem],
  ['it fits and is accessible for everyone', isForEveryone],
  ['shows what changes', showsWhatChanges],
  ['leads there, and says when it knows nothing', leadsThere],
]);
