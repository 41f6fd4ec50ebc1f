// SPDX-License-Identifier: MIT
// scene: what the suites about pages share: the program or the Node mock of
// the ESP32 dashboard in its place, pages in Chromium, and what must never happen on them.
//
//   node SUITE.js --server PROGRAM [--out DIR] [--chromium PATH]
//   node SUITE.js --mock           the Node mock in place of the program
//   node SUITE.js --mock --mock-of hospital   that of another program
//
// --password-env NAME tells which variable gives the program its dashboard
// password. Screenshots and server logs are written to DIR.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { launchBrowser, runSteps, ServerUnderTest, until } from './harness.js';

const { values: opts } = parseArgs({
  options: {
    server: { type: 'string' },
    mock: { type: 'boolean', default: false },
    'mock-of': { type: 'string', default: 'server' },
    web: { type: 'string' }, // the folder of the page, if not the installed one
    out: { type: 'string', default: path.join(os.tmpdir(), 'peal-browser') },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    'password-env': { type: 'string', default: 'PEAL_ESP32_DASHBOARD_PASSWORD' },
  },
});
if (!opts.server && !opts.mock) {
  console.error('expected --server PROGRAM or --mock');
  process.exit(2);
}

const mock = fileURLToPath(new URL(`./mock/${opts['mock-of']}.js`, import.meta.url));
const command = [...opts.mock ? [process.execPath, mock] : [path.resolve(opts.server)],
  ...opts.web ? ['--web-dir', path.resolve(opts.web)] : []];
export const isMock = opts.mock;
export const program = command[0];
export const passwordEnv = opts.mock ? 'MOCK_PASSWORD' : opts['password-env'];
export const password = 'correct horse battery staple';
export const out = path.resolve(opts.out);
fs.rmSync(out, { recursive: true, force: true });
fs.mkdirSync(out, { recursive: true });

const servers = [];
const problems = [];
const strangers = [];
let excused = null;
let browser;
let newest;

// What the browser may report as errors while a step provokes them; null:
// nothing.
export function excuse(pattern) {
  excused = pattern;
}

export async function newServer(name, options) {
  const one = new ServerUnderTest(command, path.join(out, name), options);
  servers.push(one);
  await one.start();
  return one;
}

function watch(target, home) {
  target.on('console', (message) => {
    const text = `${message.text()} (${message.location().url})`;
    if (message.type() === 'error' && !excused?.test(text)) problems.push(text);
  });
  target.on('pageerror', (error) => problems.push(error.stack));
  const check = (url) => {
    const { host, protocol } = new URL(url);
    if (/^(https?|wss?):$/.test(protocol) && host !== new URL(home).host) strangers.push(url);
  };
  target.on('request', (request) => check(request.url()));
  target.on('websocket', (socket) => check(socket.url()));
}

export const desktop = { viewport: { width: 1440, height: 900 } };
export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
export const narrow = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };

// A page in a browser profile of its own; `onRequest` sees all it asks for,
// `before` runs in it before its own scripts.
export async function openPage(home, { onRequest, before, ...options } = {}) {
  const place = await browser.newContext({ ...desktop, acceptDownloads: true, ...options });
  newest = await place.newPage();
  watch(newest, home);
  if (onRequest) newest.on('request', onRequest);
  if (before) await newest.addInitScript(before);
  await newest.goto(home);
  return newest;
}

export const text = (id, from) => from.locator(`#${id}`).textContent();

export const shows = (id, wanted, from, limitMs) =>
  until(`#${id} shows ${wanted}`, async () => (await text(id, from)) === wanted, limitMs);

export const live = (from) => until('the page is live over WebSocket', async () =>
  (await text('connection-state', from)) === 'Live' &&
  (await text('transport', from)) === 'WebSocket');

export const shot = (from, name, options = {}) =>
  from.screenshot({ path: path.join(out, `${name}.png`), ...options });

async function nothingElse() {
  assert.deepEqual(problems, [], 'no console error');
  assert.deepEqual(strangers, [], 'no request to another host');
}

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Nothing that axe calls serious or critical; contrast is among it.
export async function judged(from, name) {
  await from.evaluate(axe);
  const wrong = await from.evaluate(async () => {
    const { violations } = await window.axe.run();
    return violations.filter(({ impact }) => ['serious', 'critical'].includes(impact))
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, any }) =>
        `${target} ${any[0]?.data?.contrastRatio ?? ''}`).join(', ')}`);
  });
  assert.deepEqual(wrong, [], name);
}

export async function fits(from, width, name) {
  const wide = await from.evaluate(() => document.documentElement.scrollWidth);
  assert.equal(wide, width, `${name}: nothing is wider than the screen`);
  const out = await from.evaluate((limit) => [...document.querySelectorAll('main *')]
    .filter((node) => !node.closest('.scroll *') && node.getClientRects().length && node.getBoundingClientRect().right > limit + 1)
    .map((node) => node.outerHTML.slice(0, 120)), width);
  assert.deepEqual(out, [], `${name}: everything is within the screen`);
}

// Runs the steps and ends the process. After all of them nothing may have been
// wrong on any page.
export async function runScene(steps) {
  let passed = false;
  try {
    browser = await launchBrowser(opts.chromium);
    passed = await runSteps([
      ...steps, ['there was no console error and no request elsewhere', nothingElse],
    ], 60000);
    if (!passed) {
      await newest?.screenshot({ path: path.join(out, 'failed.png'), fullPage: true }).catch(() => {});
      if (problems.length) console.log(`console: ${problems.join('\n')}`);
    }
  } finally {
    await browser?.close();
    await Promise.all(servers.map((one) => one.stop()));
  }
  console.log(`${passed ? 'passed' : 'FAILED'}; screenshots and logs are in ${out}`);
  process.exit(passed ? 0 : 1);
}
