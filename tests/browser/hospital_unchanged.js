// SPDX-License-Identifier: MIT
// hospital_unchanged: components written against the first edition's names
// alone, in the places where they lay, run on ours. Options: see scene.js.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './harness.js';
import { openPage, out, runScene, text } from './scene.js';
import { newHospital, Person, unreadIs, words } from './ward.js';

const front = fileURLToPath(new URL('../../apps/hospital/front', import.meta.url));
const well = { heart_rate: 70, systolic: 120, spo2: 98, respiration: 15, temperature: 37, consciousness: 'alert' };
let server;
let doctor;
let page;

const shows = (id, pattern) => until(`#${id} shows ${pattern}`, async () => pattern.test(await text(id, page)));

async function theyAreBuilt() {
  const web = path.join(out, 'web');
  execFileSync(process.execPath, ['node_modules/vite/bin/vite.js', 'build', '--mode', 'unchanged', '--logLevel', 'error', '--outDir', web],
    { cwd: front, stdio: 'inherit' });
  ({ server } = await newHospital('unchanged', { args: ['--web-dir', web] }));
  doctor = await new Person(server, 'doctor').signIn();
  await doctor.post('/api/patients', { patient_id: '7', name: 'Ada Lovelace', ward: 'A' });
  page = await openPage(server.url);
}

async function theySignIn() {
  await page.locator('#password').fill(words);
  await page.keyboard.press('Enter');
  await shows('who', /doctor doctor main/);
  await shows('board-log', /connected/);
  await shows('board-log', /response with sid/);
  await shows('board-log', /joined patient_7 joined/);
  await shows('board-log', /joined hospital_main joined/);
  await shows('board-log', /joined triage_queue joined/);
}

async function theyHearOfAlerts() {
  await doctor.post('/api/alerts', { patient_id: '7', severity: 'critical', message: 'Apnoea' });
  await doctor.post('/api/alerts', { patient_id: '7', severity: 'warning', message: 'Fever' });
  await doctor.post('/api/alerts/hospital', { severity: 'critical', message: 'Fire' });
  await shows('critical', /^1$/);
  await shows('warnings', /^1$/);
  await shows('unread', /^3$/);
  await unreadIs(page, 3);
  await shows('board-log', /patient 7 critical Apnoea/);
  await shows('board-log', /hospital main critical Fire/);
  const year = new Date().getFullYear();
  await shows('dropdown', new RegExp(`Fire ${year}[^]*Fever ${year}[^]*Apnoea ${year}`));
}

async function theyReadAndRemove() {
  const row = (words_) => page.locator('#dropdown li', { hasText: words_ });
  await row('Fever').getByText('Read').click();
  await shows('unread', /^2$/);
  assert.equal(await row('Fever').getAttribute('data-read'), 'true');
  await row('Fire').getByText('Remove').click();
  await shows('unread', /^1$/);
  await page.locator('#add').click();
  await shows('dropdown', /^Own/);
  await shows('unread', /^2$/);
  await page.locator('#clear').click();
  await shows('unread', /^0$/);
  await until('nothing is left', async () => await page.locator('#dropdown li[data-source$=alert]').count() === 0);
}

async function theyHearOfTheBoards() {
  await doctor.post('/api/risk/predict', { patient_id: '7', vitals: { ...well, heart_rate: 120 } });
  await shows('risk', /low 10%/);
  await doctor.post('/api/triage', { patient_id: 'T1', priority: 2, complaint: 'cough' });
  await shows('board-log', /triage \d+ T1 waiting/);
  await doctor.post('/api/beds', { bed_id: 'A1', ward: 'A' });
  await doctor.ask('PATCH', '/api/beds/A1', { status: 'cleaning' });
  await shows('board-log', /bed A1 cleaning main/);
  await doctor.ask('PATCH', '/api/staff/doctor', { availability: 'busy' });
  await shows('board-log', /staff doctor doctor false/);
  await until('changes are in the list, too', async () =>
    await page.locator('#dropdown li[data-source=bed_status_changed]').count() === 1);
}

async function theySignOutAndIn() {
  await page.getByText('Out').click();
  await until('the form is there', () => page.locator('#password').isVisible());
  await until('nothing of before is left', async () => await page.locator('#dropdown li').count() === 0);
  await page.locator('#password').fill(words);
  await page.keyboard.press('Enter');
  await shows('who', /doctor/);
  const joined = /joined patient_7 joined/g;
  await until('rooms are joined again', async () => (await text('board-log', page)).match(joined)?.length === 2);
}

await runScene([
  ['they are built', theyAreBuilt],
  ['they sign in, and join by the hook', theySignIn],
  ['they hear of alerts', theyHearOfAlerts],
  ['they read and remove', theyReadAndRemove],
  ['they hear of the boards', theyHearOfTheBoards],
  ['they sign out, and in', theySignOutAndIn],
]);
