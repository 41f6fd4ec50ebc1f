// SPDX-License-Identifier: MIT
// deflate: Chromium, which offers permessage-deflate by itself, and a server
// that accepts it, with and without takeover.
//
//   node deflate.js --server PROGRAM [--out DIR] [--chromium PATH]
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, launchBrowser, runSteps, until } from './harness.js';

const { values: opts } = parseArgs({
  options: {
    server: { type: 'string' },
    out: { type: 'string' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
const port = await freePort();
const server = spawn(path.resolve(opts.server), ['--port', String(port)],
  { stdio: ['ignore', 'pipe', 'inherit'] });
let said = '';
server.stdout.on('data', (data) => { said += data; });
const browser = await launchBrowser(opts.chromium);
const page = await browser.newPage();

// Texts of these sizes to and fro; what was agreed on.
const echo = (target, sizes) => page.evaluate(async ([url, lens]) => {
  const ws = new WebSocket(url);
  const got = [];
  let wake = () => {};
  ws.onmessage = (event) => { got.push(event.data); wake(); };
  await new Promise((done, fail) => { ws.onopen = done; ws.onerror = fail; });
  const sent = lens.map((len) => '{"ward":17,"patient":"Ann"}\n'
    .repeat(len / 28 + 1).slice(0, len));
  for (const text of sent) ws.send(text);
  while (got.length < sent.length) {
    await new Promise((done) => { wake = done; });
  }
  ws.close();
  return { extensions: ws.extensions, same: got.every((text, i) => text === sent[i]) };
}, [`ws://127.0.0.1:${port}${target}`, sizes]);

const steps = [
  ['the server listens', async () => {
    await until('ready', () => said.includes('ready'));
    // Anything of the same origin.
    await page.goto(`http://127.0.0.1:${port}/sio/none/?EIO=4&transport=polling`);
  }],
  ...['none', 's', 'c', 'sc'].flatMap((takeover) => [9, 12, 15].map((bits) => [
    `/ws/${takeover}/${bits}/15`, async () => {
      const found = await echo(`/ws/${takeover}/${bits}/15`,
        [16, 1024, 131072, 1024, 16, 65536]);
      assert.match(found.extensions, /^permessage-deflate/);
      assert.equal(found.extensions.includes('server_no_context_takeover'), !takeover.includes('s'));
      assert.equal(found.extensions.includes('client_no_context_takeover'), !takeover.includes('c'));
      assert.equal(found.same, true);
    }])),
];
const ok = await runSteps(steps, 60000);
await browser.close();
server.kill('SIGTERM');
process.exit(ok ? 0 : 1);
