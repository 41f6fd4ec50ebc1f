#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Takes dashboard.png from a dashboard that has run with simulated devices for
// some minutes:
//   build/release/bin/peal-esp32 --port 5050 --simulate 3 --data-dir shot &
//   node docs/images/screenshot.js http://127.0.0.1:5050 docs/images/dashboard.png
// and deskpulse.png from one with its synthetic person:
//   build/release/bin/peal-deskpulse --port 5053 --data-dir shot &
//   node docs/images/screenshot.js http://127.0.0.1:5053 docs/images/deskpulse.png
// and hospital.png, its administrator's, with the alerts open:
//   build/release/bin/peal-hospital --port 5052 --simulate 3 --data-dir shot &
//   ADMIN_PASSWORD=$(cat shot/admin.password) \
//     node docs/images/screenshot.js http://127.0.0.1:5052 docs/images/hospital.png
'use strict';
const path = require('node:path');
const { createRequire } = require('node:module');

const tests = path.resolve(__dirname, '../../tests/browser/package.json');
const { chromium } = createRequire(tests)('playwright-core');
const password = process.env.ADMIN_PASSWORD;

async function main([url, out]) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox']
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: password ? 860 : 1160 } });
  await page.goto(url);
  if (password) {
    await page.locator('[name=username]').fill('admin');
    await page.locator('[name=password]').fill(password);
    await page.keyboard.press('Enter');
  }
  await page.locator('#transport', { hasText: 'WebSocket' }).waitFor();
  await page.waitForTimeout(70000); // a minute of charts
  if (password) await page.locator('#bell').click();
  await page.waitForTimeout(500);
  await page.screenshot({ path: out });
  await browser.close();
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
