// SPDX-License-Identifier: MIT
// The age of a picture where somebody sees it: from its capture to the onload in
// DeskPulse's page in Chromium, while others watch, one of whom reads 10 kB/s and
// one nothing at all. What the page itself shows, ten seconds at a time, becomes
// one line of JSON each; `late_ms` is how late the page's own timers are, 99 of
// 100 times: the machine's part.
//   node page.mjs PROGRAM [VIEWERS] [TIMES]
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { launchBrowser, ServerUnderTest, sleep, until } from '../../tests/browser/harness.js';

const windowMs = 10000;
const [program, viewers = '200', times = '6'] = process.argv.slice(2);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'peal-page-'));
const server = new ServerUnderTest([path.resolve(program)], path.join(folder, 'data'), { health: '/health' });
const crowd = new URL('./viewers.mjs', import.meta.url).pathname;
let others;
let browser;

// Runs in the page.
const lateness = (ms) => new Promise((done) => {
  const late = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    late.push(Math.max(0, now - last - 20));
    last = now;
  }, 20);
  setTimeout(() => {
    clearInterval(timer);
    late.sort((a, b) => a - b);
    done(late[Math.floor(0.99 * late.length)]);
  }, ms);
});

async function measure(page) {
  const late = await page.evaluate(lateness, windowMs);
  const shown = (id) => page.locator(`#${id}`).textContent().then(Number);
  return {
    viewers: Number(viewers), pictures_per_s: await shown('frame-rate'),
    median_ms: await shown('latency'), p99_ms: await shown('latency-99'), late_ms: Math.round(late),
    state: await page.locator('#cv-status').textContent(),
  };
}

try {
  await server.start();
  browser = await launchBrowser(process.env.CHROMIUM ?? '/usr/bin/chromium');
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(server.url);
  await until('pictures come', async () => (await page.locator('#recording-text').textContent()) === 'Monitoring Active');
  const seconds = String(Number(times) * windowMs / 1000 + 15);
  if (Number(viewers) > 0) {
    others = spawn(process.execPath, [crowd, String(server.port), 'binary', viewers, seconds], { stdio: 'ignore' });
  }
  await sleep(5000);
  for (let i = 0; i < Number(times); i += 1) console.log(JSON.stringify(await measure(page)));
} finally {
  others?.kill();
  await browser?.close();
  await server.stop();
  fs.rmSync(folder, { recursive: true });
}
