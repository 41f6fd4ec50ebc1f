#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Takes dashboard.png from a dashboard that has run with simulated devices for
// some minutes:
//   build/release/bin/peal-esp32 --port 5050 --simulate 3 --data-dir shot &
//   node docs/images/screenshot.js http://127.0.0.1:5050 docs/images/dashboard.png
// and deskpulse.png from one with its synthetic person:
//   build/release/bin/peal-deskpulse --port 5053 --data-dir shot &
//   node docs/images/screenshot.js http://127.0.0.1:5053 docs/images/deskpulse.png
'use strict';
const path = require('node:path');
const { createRequire } = require('node:module');

const tests = path.resolve(__dirname, '../../tests/browser/package.json');
const { chromium } = createRequire(tests)('playwright-core');

async function main([url, out]) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox']
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 1160 } });
  await page.goto(url);
  await page.locator('#transport', { hasText: 'WebSocket' }).waitFor();
  await page.waitForTimeout(70000); // a minute of charts
  await page.screenshot({ path: out });
  await browser.close();
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
