// SPDX-License-Identifier: MIT
// admin: the page of @socket.io/admin-ui, as its package has it, shows and
// controls a Peal server, in Chromium.
//
//   node admin.js --server PROGRAM [--out DIR] [--chromium PATH]
//
// PROGRAM is example-admin.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { adminClient, adminPassword, startAdminServer } from './admin_server.js';
import { launchBrowser, runSteps, until } from './harness.js';

const { values: opts } = parseArgs({
  options: {
    server: { type: 'string' },
    out: { type: 'string', default: path.join(os.tmpdir(), 'peal-admin') },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
const out = path.resolve(opts.out);
fs.rmSync(out, { recursive: true, force: true });
fs.mkdirSync(out, { recursive: true });

// The page's files, from another origin than the server's.
const own = createRequire(import.meta.url).resolve('@socket.io/admin-ui/package.json');
const files = path.join(path.dirname(own), 'ui/dist');
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const pages = http.createServer((req, res) => {
  const { pathname } = new URL(req.url, 'http://a');
  const file = path.join(files, pathname === '/' ? 'index.html' : path.normalize(pathname));
  if (!fs.existsSync(file)) {
    res.writeHead(404).end();
    return;
  }
  res.setHeader('Content-Type', types[path.extname(file)] ?? 'application/octet-stream');
  fs.createReadStream(file).pipe(res);
});
await new Promise((done) => { pages.listen(0, '127.0.0.1', done); });
const origin = `http://127.0.0.1:${pages.address().port}`;

const browser = await launchBrowser(opts.chromium);
const ended = [];

// A server with two clients, and the page before it has connected.
async function open(words = []) {
  const server = await startAdminServer(opts.server, [...words, origin]);
  const ann = await adminClient(server.url, { transports: ['websocket'] });
  const bob = await adminClient(server.url, { transports: ['polling'], upgrade: false });
  ann.emit('name', 'Ann');
  for (const client of [ann, bob]) client.emit('enter', 'kitchen');
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  // Fonts and icons of the page are elsewhere: nothing is fetched from there.
  await page.route((url) => url.hostname !== '127.0.0.1', (route) => route.abort());
  ended.push(async () => {
    ann.close();
    bob.close();
    await page.close();
    await server.stop();
  });
  await page.goto(origin);
  await page.getByLabel('Server URL').fill(server.url);
  await page.getByLabel('Username').fill('admin');
  return { server, page, ann, bob };
}

async function connect(page, password) {
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Connect' }).click();
}

async function closeAll() {
  for (const end of ended.splice(0)) await end();
}

const go = (page, name) => page.locator('.v-navigation-drawer').getByText(name, { exact: true }).click();
const main = (page) => page.locator('main').innerText();
const shows = (page, text) => until(`the page shows ${text}`, async () => (await main(page)).includes(text));
const hides = (page, text) => until(`the page shows no ${text}`, async () => !(await main(page)).includes(text));
const row = (page, text) => page.locator('tr', { hasText: text });
// While pages change, rows of the last one are there still.
const socketRow = (page, id) => row(page, id).filter({ hasText: '127.0.0.1' });

// --- steps ------------------------------------------------------------------------

async function aWrongPasswordIsRefused() {
  const { page } = await open();
  await connect(page, 'wrong');
  await page.getByText('Invalid credentials').waitFor();
  await connect(page, adminPassword);
  await page.getByText(/^connected$/i).first().waitFor();
  await closeAll();
}

async function showsAndControls() {
  const { server, page, ann, bob } = await open();
  await connect(page, adminPassword);
  await shows(page, '66.7 %'); // two of three clients are on WebSocket
  await shows(page, 'HEALTHY');
  await page.screenshot({ path: path.join(out, 'dashboard.png') });

  await go(page, 'Sockets');
  await shows(page, ann.id);
  await shows(page, bob.id);
  await shows(page, 'HTTP long-polling');

  await go(page, 'Rooms');
  await shows(page, 'kitchen');
  assert.match(await row(page, 'kitchen').innerText(), /2/);

  await go(page, 'Events');
  ann.emit('say', 'kitchen', 'good morning');
  await shows(page, 'Event received');
  await shows(page, 'Event sent');
  await page.screenshot({ path: path.join(out, 'events.png') });

  // By its buttons: in the socket's page a room to join, the first to leave.
  await go(page, 'Sockets');
  await socketRow(page, ann.id).click();
  await shows(page, '"name": "Ann"');
  await page.getByLabel('Join a room').fill('attic');
  await page.locator('main form button[type=submit]').click();
  await shows(page, 'attic');
  await page.screenshot({ path: path.join(out, 'socket.png') });
  await row(page, 'kitchen').getByRole('button').click();
  // The button is in a row that opens the room's page.
  await go(page, 'Rooms');
  await until('one is left in the kitchen', async () => /\b1\b/.test(await row(page, 'kitchen').last().innerText()));
  const heard = new Promise((done) => { ann.once('said', done); });
  bob.emit('say', 'kitchen', 'for bob alone');
  ann.emit('say', 'attic', 'for the attic');
  assert.equal(await heard, 'for the attic');

  const gone = new Promise((done) => { bob.once('disconnect', done); });
  await go(page, 'Sockets');
  await socketRow(page, bob.id).getByRole('button').click();
  assert.equal(await gone, 'io server disconnect');
  await go(page, 'Sockets');
  await hides(page, bob.id);

  // One that comes now is seen at once; the page comes back by its session.
  const cat = await adminClient(server.url);
  await shows(page, cat.id);
  await page.reload();
  await page.getByText(/^connected$/i).first().waitFor();
  await go(page, 'Sockets');
  await shows(page, cat.id);
  cat.close();
  await hides(page, cat.id);
  await closeAll();
}

async function productionShowsFigures() {
  const { page } = await open(['production']);
  await connect(page, adminPassword);
  await shows(page, '66.7 %');
  await shows(page, '/admin');
  const drawer = await page.locator('.v-navigation-drawer').innerText();
  assert.doesNotMatch(drawer, /Sockets|Rooms|Events/);
  assert.match(drawer, /Servers/);
  await page.screenshot({ path: path.join(out, 'production.png') });
  await closeAll();
}

async function readOnlyHasNoButtons() {
  const { page, ann } = await open(['read-only']);
  await connect(page, adminPassword);
  await go(page, 'Sockets');
  await shows(page, ann.id);
  assert.equal(await socketRow(page, ann.id).getByRole('button').count(), 0);
  await closeAll();
}

const done = await runSteps([
  ['a wrong password is refused', aWrongPasswordIsRefused],
  ['the page shows and controls', showsAndControls],
  ['in production it shows figures', productionShowsFigures],
  ['read only it has no buttons', readOnlyHasNoButtons],
], 60000);
await closeAll();
await browser.close();
pages.close();
process.exit(done ? 0 : 1);
