// SPDX-License-Identifier: MIT
// own_page: a page that a user had before, with the client of 4.5.4's days from
// a CDN and its code in the HTML, works unchanged in Chromium.
//
//   node own_page.js --server PROGRAM --client FOLDER [--out DIR] [--chromium PATH]
//
// FOLDER has socket.io.min.js.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, launchBrowser, runSteps, ServerUnderTest, until } from './harness.js';

const { values: opts } = parseArgs({
  options: {
    server: { type: 'string' },
    client: { type: 'string' },
    out: { type: 'string', default: path.join(os.tmpdir(), 'peal-own-page') },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
const out = path.resolve(opts.out);
fs.rmSync(out, { recursive: true, force: true });
const pages = path.join(out, 'pages');
fs.mkdirSync(pages, { recursive: true });

// The CDN: another origin, without any header.
const cdnPort = await freePort();
const cdn = http.createServer((_req, res) => {
  res.setHeader('Content-Type', 'text/javascript');
  fs.createReadStream(path.join(opts.client, 'socket.io.min.js')).pipe(res);
});
cdn.listen(cdnPort, '127.0.0.1');

fs.writeFileSync(path.join(pages, 'index.html'), `<!doctype html>
<title>Mine</title>
<style>body { font: 20px sans-serif }</style>
<script src="http://127.0.0.1:${cdnPort}/socket.io.min.js"></script>
<body onload="document.title = 'Loaded'">
<p id="state" style="color: teal">offline</p><p id="mic"></p><img id="camera" alt="">
<script>
  const socket = io({ transports: ['websocket', 'polling'] });
  socket.on('connection_response', (hello) => { state.textContent = hello.status; });
  socket.on('sensor_update', ({ data }) => { mic.textContent = eval('data.mic_level'); });
</script>`);

const program = [path.resolve(opts.server)];
const servers = [];
const browser = await launchBrowser(opts.chromium);

async function serve(name, args) {
  const server = new ServerUnderTest(program, path.join(out, name), { args: ['--web-dir', pages, ...args] });
  servers.push(server);
  await server.start();
  const page = await browser.newPage();
  const problems = [];
  page.on('console', (line) => { if (line.type() === 'error') problems.push(line.text()); });
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(`${server.url}/`);
  return { server, page, problems };
}

async function worksAsItIs() {
  const { server, page, problems } = await serve('plain', []);
  await until('it is connected', async () => await page.textContent('#state') === 'Connected');
  await server.post('/api/sensor-data', { device_id: 'A', mic_level: 321 });
  await until('it shows a reading', async () => await page.textContent('#mic') === '321');
  assert.equal(await page.title(), 'Loaded');
  assert.deepEqual(problems.filter((one) => !/favicon|404/.test(one)), []);
}

async function aPolicyCanBeAskedFor() {
  const { page, problems } = await serve('strict', ['--content-policy', "default-src 'self'"]);
  await until('it is blocked', () => problems.some((one) => /Content Security Policy/.test(one)));
  assert.equal(await page.textContent('#state'), 'offline');
}

async function orNone() {
  const { server } = await serve('none', ['--content-policy', 'none']);
  const { headers } = await fetch(`${server.url}/`);
  assert.equal(headers.get('content-security-policy'), null);
  assert.equal(headers.get('x-frame-options'), null);
}

const done = await runSteps([
  ['a page with a CDN and inline code works as it is', worksAsItIs],
  ['a policy can be asked for', aPolicyCanBeAskedFor],
  ['or none', orNone],
], 60000);
await browser.close();
for (const server of servers) await server.stop();
cdn.close();
process.exit(done ? 0 : 1);
