// SPDX-License-Identifier: MIT
// sheet: what pages are made of, all of it at once, as the landing page serves
// it at /kit/. Options: see scene.js.
import assert from 'node:assert/strict';
import { until } from './harness.js';
import { desktop, fits, judged, live, narrow, newServer, openPage, phone, runScene, shot, shows, text } from './scene.js';

let server;
let page;

const isShown = (selector) => page.locator(selector).isVisible();

async function isLinked() {
  server = await newServer('sheet', { health: '/health' });
  page = await openPage(server.url, { permissions: ['clipboard-read', 'clipboard-write'] });
  await live(page);
  await page.getByRole('link', { name: 'component sheet' }).click();
  await page.waitForURL(/\/kit\/$/);
  await live(page);
}

async function showsEveryState() {
  const words = await page.locator('#links .link-state').allTextContents();
  assert.deepEqual(words, ['Connecting…', 'Live', 'Live', 'Live', 'Reconnecting…', 'Reconnecting…, attempt 3', 'Sign in']);
  assert.deepEqual(await page.locator('#places .place').evaluateAll((all) => all.map((one) => one.dataset.state)),
    ['loading', 'empty', 'error']);
  assert.equal(await page.locator('#notice-list .notice').count(), 3);
  await until('the log is filled', async () => (await page.locator('#event-log .entry').count()) === 3);
  await page.locator('#log-filter').fill('nowhere');
  await until('the log says so', async () => /Nothing matches/.test(await text('event-log', page)));
  await page.locator('#log-filter').fill('');
  const inks = await page.locator('.plot canvas').evaluateAll((all) => all.map((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let painted = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 200) painted += 1;
    return painted;
  }));
  assert.ok(inks[0] > inks[2] && inks[1] > inks[2], `the empty plot has the least: ${inks}`);
}

async function thePlotMoves() {
  await page.locator('#plot-live').focus();
  await page.keyboard.press('ArrowLeft');
  await until('it stands still', () => isShown('#chart-live'));
  assert.match(await text('chart-said', page), /^\d\d:\d\d:\d\d – /);
  await page.keyboard.press('Home');
  await until('it is live', async () => !(await isShown('#chart-live')));
  await page.locator('[data-move=in]').click();
  await until('it looks closer', () => isShown('#chart-live'));
  await page.locator('#chart-live').click();
  await page.locator('[data-span="300"]').click();
  assert.equal(await page.locator('[data-span="300"]').getAttribute('aria-pressed'), 'true');
}

async function questionsAreAnswered() {
  await page.locator('#ask').click();
  await page.keyboard.press('Escape');
  await shows('answer', 'You said no.', page);
  await page.locator('#ask').click();
  await page.locator('dialog button[value=yes]').click();
  await shows('answer', 'You said yes.', page);
  assert.equal(await page.locator('dialog').count(), 0, 'it is gone');
}

async function messagesComeAndGo() {
  await page.locator('#notify').click();
  await page.locator('#notify').click();
  assert.equal(await page.locator('#notices .notice').count(), 1, 'the same is told once');
  await page.locator('#notices [aria-label=Dismiss]').click();
  assert.equal(await page.locator('#notices .notice').count(), 0);
  await page.locator('[data-copy=code]').click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^curl /);
}

async function isForEveryone() {
  for (const [name, size] of Object.entries({ desktop, phone, narrow })) {
    for (const colorScheme of ['light', 'dark']) {
      const one = await openPage(`${server.url}/kit/`, { ...size, colorScheme });
      await live(one);
      await fits(one, size.viewport.width, `${name}-${colorScheme}`);
      await judged(one, `${name}-${colorScheme}`);
      await shot(one, `sheet-${name}-${colorScheme}`, { fullPage: true });
      await one.context().close();
    }
  }
}

await runScene([
  ['the landing page leads to it', isLinked],
  ['every component shows every state', showsEveryState],
  ['the plot moves by keys and buttons', thePlotMoves],
  ['questions are answered', questionsAreAnswered],
  ['messages come and go', messagesComeAndGo],
  ['it fits and is accessible for everyone', isForEveryone],
]);
