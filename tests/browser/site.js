// SPDX-License-Identifier: MIT
// site: the documentation as a site (make docs), as a reader sees it.
//   PEAL_SITE=DIR node site.js --mock --mock-of site [--out DIR] [--chromium PATH]
import assert from 'node:assert/strict';
import { until } from './harness.js';
import { desktop, fits, judged, narrow, newServer, openPage, phone, runScene, shot } from './scene.js';

let server;
let page;

const pages = (from) => from.locator('#pages a');

async function theFirstPageIsTheReadme() {
  server = await newServer('site', { health: '/index.html' });
  page = await openPage(`${server.url}/index.html`, { ...desktop, permissions: ['clipboard-read', 'clipboard-write'] });
  assert.equal(await page.title(), 'Peal: Socket.IO for C');
  assert.ok(await pages(page).count() > 80);
  const lost = await page.locator('main img').evaluateAll(async (all) => {
    const found = await Promise.all(all.map(async (one) => {
      one.loading = 'eager';
      await one.decode().catch(() => {});
      return one.naturalWidth ? '' : one.src;
    }));
    return found.filter(Boolean);
  });
  assert.deepEqual(lost, [], 'every picture is there');
  await judged(page, 'the first page');
  await shot(page, 'first');
}

async function whatIsSoughtIsFound() {
  await page.keyboard.press('/');
  await page.keyboard.type('conflation key');
  await until('there are hits', async () => await page.locator('#found li').count() > 0);
  await judged(page, 'hits');
  await shot(page, 'found');
  await page.keyboard.press('Enter');
  await page.waitForURL(/backpressure|events|server/);
  assert.ok(await page.locator('#found').isHidden());
  await page.locator('#search').fill('zyxwvut');
  assert.match(await page.locator('#found p').textContent(), /Nothing matches/);
  await page.keyboard.press('Escape');
  assert.ok(await page.locator('#found').isHidden());
}

async function codeIsCopied() {
  await page.goto(`${server.url}/guide/events.html`);
  const code = await page.locator('.code code').first().textContent();
  await page.locator('.code .copy').first().click();
  await until('it says so', async () => (await page.locator('.code .copy').first().textContent()) === 'Copied');
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), code);
}

async function darkAndLight() {
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await paper();
  await page.locator('#theme').click();
  const after = await paper();
  assert.notEqual(after, before);
  await page.reload();
  assert.equal(await paper(), after, 'it is remembered');
  await judged(page, 'the other theme');
  await shot(page, 'dark');
}

async function oneReadsOn() {
  await page.goto(`${server.url}/guide/getting-started.html`);
  await page.locator('a[rel=next]').click();
  assert.notEqual(new URL(page.url()).pathname, '/guide/getting-started.html');
  await page.locator('a[rel=prev]').click();
  assert.equal(new URL(page.url()).pathname, '/guide/getting-started.html');
}

async function onAPhone() {
  for (const [name, size, width] of [['phone', phone, 390], ['narrow', narrow, 320]]) {
    const small = await openPage(`${server.url}/index.html`, size);
    for (const file of ['index', 'guide/events', 'guide/cluster', 'reference/server', 'features', 'performance']) {
      await small.goto(`${server.url}/${file}.html`);
      await fits(small, width, `${name}: ${file}`);
    }
    await small.goto(`${server.url}/guide/README.html`);
    assert.ok(await small.locator('#pages').isHidden());
    await small.locator('#menu').click();
    assert.ok(await small.locator('#pages').isVisible());
    assert.equal(await small.locator('#menu').getAttribute('aria-expanded'), 'true');
    await judged(small, name);
    await shot(small, name);
    await small.context().close();
  }
}

await runScene([
  ['the first page is the readme', theFirstPageIsTheReadme],
  ['what is sought is found', whatIsSoughtIsFound],
  ['code is copied', codeIsCopied],
  ['dark and light', darkAndLight],
  ['one reads on', oneReadsOn],
  ['on a phone nothing is wider than it', onAPhone],
]);
