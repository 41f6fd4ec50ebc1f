// SPDX-License-Identifier: MIT
// status_page: Peal's own status page in Chromium: it asks for a name, shows
// figures as they come, says when they are old, on a phone and in the dark.
//
//   node status_page.js --server PROGRAM [--out DIR] [--chromium PATH]
//
// PROGRAM is example-admin.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { adminClient, adminPassword, startAdminServer } from './admin_server.js';
import { launchBrowser, runSteps, until } from './harness.js';

const { values: opts } = parseArgs({
  options: {
    server: { type: 'string' },
    out: { type: 'string', default: path.join(os.tmpdir(), 'peal-status-page') },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
const out = path.resolve(opts.out);
fs.rmSync(out, { recursive: true, force: true });
fs.mkdirSync(out, { recursive: true });
const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const browser = await launchBrowser(opts.chromium);
const ended = [];
const asked = [];

async function serve(more = {}) {
  const server = await startAdminServer(opts.server, [], more);
  ended.push(server.stop);
  return server;
}

async function open(server, { width = 1280, height = 900, colorScheme = 'light' } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  ended.push(() => context.close());
  const page = await context.newPage();
  page.problems = [];
  page.on('console', (line) => { if (line.type() === 'error') page.problems.push(line.text()); });
  page.on('pageerror', (error) => page.problems.push(String(error)));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${server.url}/_peal`);
  return page;
}

async function signIn(page, password = adminPassword) {
  await page.getByLabel('Name', { exact: true }).fill('admin');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function closeAll() {
  for (const end of ended.splice(0).reverse()) await end();
}

const isLive = (page) => until('it is live', async () => await page.textContent('#link-state') === 'Live');
const tile = (page, name) => page.locator('#tiles > div', { has: page.getByText(name, { exact: true }) }).locator('dd');
const tileSays = (page, name, text) => until(`${name}: ${text}`,
  async () => (await tile(page, name).textContent()).startsWith(text));

async function isAccessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`), []);
}

// --- steps ------------------------------------------------------------------------

async function asksForAName() {
  const server = await serve();
  const page = await open(server);
  await page.getByText('This page is protected').waitFor();
  assert.equal(await page.locator('#status').isVisible(), false);
  await isAccessible(page);
  await signIn(page, 'wrong');
  await page.getByText('The name or the password is wrong.').waitFor();
  await signIn(page);
  await isLive(page);
  // The session lasts; its end does, too, in all pages.
  const again = await page.context().newPage();
  await again.goto(`${server.url}/_peal/`);
  await isLive(again);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('This page is protected').waitFor();
  await again.getByText('This page is protected').waitFor();
  assert.deepEqual(await page.context().cookies(), []);
  await closeAll();
}

async function showsFigures() {
  const server = await serve({ env: { PEAL_WORKERS: '2' } });
  const page = await open(server);
  await signIn(page);
  await tileSays(page, 'Clients', '0');
  const ann = await adminClient(server.url, { transports: ['websocket'] });
  const bob = await adminClient(server.url, { transports: ['polling'], upgrade: false });
  ended.push(() => { ann.close(); bob.close(); });
  // What a client names is text.
  const room = '<img src=x onerror=alert(1)>';
  for (const client of [ann, bob]) client.emit('enter', room);
  const talk = setInterval(() => ann.emit('say', room, 'hello'), 20);
  ended.push(() => clearInterval(talk));
  await tileSays(page, 'Clients', '2');
  await tileSays(page, 'Rooms', '1');
  await page.locator('#rooms').getByText(room).waitFor();
  assert.equal(await page.locator('#rooms img').count(), 0);
  await until('events are counted', async () => /^[1-9]/.test(await tile(page, 'Events').textContent()));
  await until('lines are drawn', async () => (await page.getAttribute('#chart-events .out', 'd'))?.includes('L'));
  assert.match(await page.getAttribute('#chart-events', 'aria-label'), /^Now [\d.,]+ in and [\d.,]+ out each second/);
  assert.equal(await page.locator('#workers tr').count(), 2);
  assert.equal(await page.locator('#cluster').isVisible(), false);
  await isAccessible(page);
  await page.screenshot({ path: path.join(out, 'light.png'), fullPage: true });
  assert.deepEqual(page.problems, []);
  await closeAll();
}

async function saysWhenItIsOld() {
  const server = await serve({ env: { PEAL_ADMIN_PASSWORD: undefined } });
  const page = await open(server);
  await isLive(page);
  assert.equal(await page.getByRole('button', { name: 'Sign out' }).isVisible(), false);
  await server.stop();
  await page.getByText(/^The connection was lost at/).waitFor();
  assert.equal(await page.textContent('#link-state'), 'Connection lost');
  await isAccessible(page);
  await page.screenshot({ path: path.join(out, 'lost.png') });
  await serve({ port: server.port, env: { PEAL_ADMIN_PASSWORD: undefined } });
  await isLive(page);
  assert.equal(await page.locator('#lost').isVisible(), false);
  await closeAll();
}

async function fitsAPhone() {
  const server = await serve({ env: { PEAL_ADMIN_PASSWORD: undefined } });
  const client = await adminClient(server.url);
  client.emit('enter', 'a room with a name that is much longer than a phone is wide, and then some more');
  ended.push(() => client.close());
  for (const colorScheme of ['light', 'dark']) {
    const page = await open(server, { width: 320, height: 640, colorScheme });
    await isLive(page);
    await page.locator('#rooms').getByText('a room with').waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    await isAccessible(page);
    await page.screenshot({ path: path.join(out, `phone-${colorScheme}.png`), fullPage: true });
  }
  await closeAll();
}

function keepsToItself() {
  const strange = asked.filter((url) => new URL(url).hostname !== '127.0.0.1' || url.includes(adminPassword)
    || new URL(url).search !== '');
  assert.deepEqual(strange, []);
  assert.ok(asked.length > 20);
}

const done = await runSteps([
  ['it asks for a name, and lets out again', asksForAName],
  ['it shows figures as they come', showsFigures],
  ['it says when they are old, and comes back', saysWhenItIsOld],
  ['it fits a phone, by day and by night', fitsAPhone],
  ['it asks nobody else, and tells no secret in an address', keepsToItself],
], 60000);
await closeAll();
await browser.close();
process.exit(done ? 0 : 1);
