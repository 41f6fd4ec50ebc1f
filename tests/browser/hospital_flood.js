// SPDX-License-Identifier: MIT
// hospital_flood: a thousand alerts a second to a screen. All of them are
// counted, the list stays usable, and the page never stands still. Options: see
// scene.js.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sleep, until } from './harness.js';
import { isMock, runScene, shot } from './scene.js';
import { newHospital, openAs, Person, unread, unreadIs } from './ward.js';

const rate = 1000;
const seconds = 3;
const count = rate * seconds;
const longestMs = 50;
const screens = 100;
const atOnce = 32;

let server;
let page;
let doctor;
let sent = 0;

async function aHospitalIsThere() {
  ({ server } = await newHospital('hospital-flood'));
  doctor = await new Person(server, 'doctor').signIn();
  for (let i = 0; i < 20; i += 1) await doctor.post('/api/patients', { patient_id: `P${i}`, name: `Patient ${i}`, ward: 'A' });
  page = await openAs(server, 'doctor');
  assert.equal(await unread(page), 0);
}

// Tasks above 50 ms are what browsers call long; and how far apart pictures are.
const watch = () => page.evaluate(() => {
  window.seen = { long: [], gap: 0, pictures: 0 };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.seen.long.push(Math.round(duration));
  }).observe({ type: 'longtask' });
  let last = performance.now();
  const picture = (now) => {
    window.seen.gap = Math.max(window.seen.gap, now - last);
    window.seen.pictures += 1;
    last = now;
    requestAnimationFrame(picture);
  };
  requestAnimationFrame(picture);
});

const reset = () => page.evaluate(() => Object.assign(window.seen, { long: [], gap: 0, pictures: 0 }));

// The same tasks by the processor's time. A machine that is busy with other
// things takes the processor away from the page, which looks from within as if
// the page had stood still; that is no matter of the page.
async function traced(work) {
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline', 'toplevel'] });
  let trace;
  try {
    await work();
  } finally {
    trace = JSON.parse(String(await browser.stopTracing()));
  }
  const main = new Set(trace.traceEvents
    .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid} ${tid}`));
  const tasks = trace.traceEvents
    .filter(({ name, ph, tdur, pid, tid }) => ph === 'X' && name.endsWith('RunTask') && tdur !== undefined && main.has(`${pid} ${tid}`))
    .map(({ tdur }) => tdur / 1000);
  assert.ok(tasks.length > 0, 'the trace has tasks');
  return tasks.reduce((most, ms) => Math.max(most, ms), 0);
}

const alertOf = (i) => ({
  patient_id: `P${i % 20}`, severity: ['info', 'warning', 'critical'][i % 3], message: `Reading ${i} is out of its band`,
});

// As many as are due, by so many connections.
async function post(total) {
  const began = performance.now();
  let next = 0;
  const one = async () => {
    while (next < total) {
      const i = next;
      next += 1;
      const wait = i * 1000 / rate - (performance.now() - began);
      if (wait > 1) await sleep(wait);
      await doctor.post('/api/alerts', alertOf(i));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return performance.now() - began;
}

async function flood() {
  await reset();
  let tookMs = 0;
  const longest = await traced(async () => {
    tookMs = isMock ? (await doctor.post('/mock/flood', { count, rate })).tookMs : await post(count);
    sent += count;
    await unreadIs(page, sent, 50000);
  });
  const { long, gap, pictures } = await page.evaluate(() => window.seen);
  console.log(`  ${Math.round(count / tookMs * 1000)} alerts/s; longest task ${longest.toFixed(1)} ms of processor time; by the clock `
    + `long tasks: ${long.join(' ') || 'none'}, ${pictures} pictures, ${gap.toFixed(0)} ms apart at most`);
  assert.ok(longest <= longestMs, `the page was still for ${longest} ms`);
}

async function theMeasureSees() {
  await watch();
  const longest = await traced(() => page.evaluate(() => {
    const end = performance.now() + 500;
    while (performance.now() < end);
  }));
  assert.ok(longest > longestMs, `a page that stands still for 500 ms is seen as ${longest} ms`);
}

async function theBellCountsAll() {
  await flood();
}

async function thePanelIsOpenMeanwhile() {
  await page.locator('#bell').click();
  await flood();
  await shot(page, 'hospital-flood');
  const rows = await page.locator('.virtual > li').count();
  assert.ok(rows < 40, `${rows} rows are in the page, not all`);
}

// A hundred screens: this page and the others.
async function allScreensHaveAll() {
  const { hostname, port } = new URL(server.url);
  const crowd = spawn(process.execPath, [fileURLToPath(new URL('./crowd.js', import.meta.url)), `http://${hostname}:${port}`, doctor.token, String(screens - 1)],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: crowd.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    assert.ok(!done, 'the other screens are there');
    return value;
  };
  const counts = async () => {
    crowd.stdin.write('\n');
    return JSON.parse(await next());
  };
  try {
    assert.equal(await next(), 'ready');
    await flood();
    await until('the slowest screen has all', async () => (await counts()).least >= count, 30000);
    assert.deepEqual(await counts(), { least: count, most: count });
  } finally {
    crowd.stdin.end('end\n');
  }
}

async function readingIsNotDisturbed() {
  const list = page.locator('.virtual');
  await list.evaluate((node) => { node.scrollTop = 50 * 120; });
  await sleep(100);
  const uppermost = () => list.evaluate((node) => {
    const top = node.getBoundingClientRect().top;
    return [...node.querySelectorAll('li[data-key]')].find((row) => row.getBoundingClientRect().bottom > top + 1).dataset.key;
  });
  const before = await uppermost();
  const some = 200;
  if (isMock) await doctor.post('/mock/flood', { count: some, rate });
  else await post(some);
  sent += some;
  await unreadIs(page, sent);
  assert.equal(await uppermost(), before, 'the row that was read is where it was');
}

async function theProgramKnowsWhatCame() {
  if (!isMock) return;
  await until('each was said to have arrived', async () => (await doctor.ask('GET', '/mock/received')).count >= sent, 20000);
}

await runScene([
  ['a hospital is there', aHospitalIsThere],
  ['a page that stands still is found out', theMeasureSees],
  [`${rate} alerts a second are counted, and the page is never still for ${longestMs} ms`, theBellCountsAll],
  ['so it is with the panel open', thePanelIsOpenMeanwhile],
  [`all of ${screens} screens have all`, allScreensHaveAll],
  ['what is being read stays where it is', readingIsNotDisturbed],
  ['the program knows which have arrived', theProgramKnowsWhatCame],
]);
