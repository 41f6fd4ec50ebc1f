// SPDX-License-Identifier: MIT
// hospital: the hospital's pages in headless Chromium: who gets in, alerts,
// the boards, and what a page says and does when the program is not there.
// Options: see scene.js.
import assert from 'node:assert/strict';
import { until } from './harness.js';
import { excuse, fits, isMock, judged, live, narrow, openPage, runScene, shot, shows, text } from './scene.js';
import { go, newHospital, openAs, Person, signIn, unread, unreadIs, words } from './ward.js';

const refused = /40[139]|422|Failed to load resource/;
const cutOff = /ERR_|WebSocket connection|net::|Failed to load resource/;
const well = { heart_rate: 70, systolic: 120, spo2: 98, respiration: 15, temperature: 37, consciousness: 'alert' };
const ill = { heart_rate: 135, systolic: 88, spo2: 90, respiration: 27, temperature: 39.4, consciousness: 'confused' };
let server;
let brief;
let doctor; // asks over HTTP
let page; // of the doctor
let other; // of the nurse

const says = (selector, pattern, from = page, limitMs = 10000) =>
  until(`${selector} says ${pattern}`, async () => pattern.test((await from.locator(selector).allTextContents()).join(' ')), limitMs);
const press = (name, from = page) => from.getByRole('button', { name, exact: true }).click();
const isOn = (name, from = page) => until(`it is on ${name}`, async () => await from.locator('main').getAttribute('aria-label') === name);
const fill = (name, value, from = page) => from.locator(`dialog [name=${name}]`).fill(value);
const send = (from = page) => from.locator('dialog [type=submit]').click();
const isClosed = (from = page) => until('the form is closed', async () => await from.locator('dialog').count() === 0);

// --- the door ----------------------------------------------------------------

async function theDoorSaysWhatIsWrong() {
  ({ server } = await newHospital('hospital'));
  doctor = await new Person(server, 'doctor').signIn();
  page = await openPage(server.url);
  await page.locator('#sign-in-submit').click();
  await says('main', /Please enter your user name/);
  assert.equal(await page.evaluate(() => document.activeElement.name), 'username');
  await judged(page, 'door');
  await shot(page, 'hospital-door');
  excuse(refused);
  await signIn(page, 'doctor', 'not the password');
  await says('#form-problem', /\S/);
  excuse(null);
  assert.equal(await page.evaluate(() => document.activeElement.name), 'password');
}

async function whoIsSignedInIsIn() {
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await signIn(page, 'doctor');
  await live(page);
  assert.equal(await page.title(), 'Patients – Hospital');
  assert.deepEqual(asked.filter((url) => /four|eyJ|mock\./.test(decodeURIComponent(url))), [], 'no secret in an address');
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.doesNotMatch(kept, /eyJ|mock\.|four/, 'no token where scripts could find it later');
  await page.reload();
  await live(page);
  assert.equal(await unread(page), 0);
}

// --- alerts ------------------------------------------------------------------

async function anAlertRings() {
  await doctor.post('/api/patients', { patient_id: '7', name: 'Ada Lovelace', ward: 'A', assigned: ['nurse'] });
  await doctor.post('/api/patients', { patient_id: 'SIM1', name: 'Simulated Person', ward: 'B' });
  await doctor.post('/api/alerts', { patient_id: '7', severity: 'warning', message: 'Potassium 6.1 mmol/l' });
  await unreadIs(page, 1);
  assert.match(await page.locator('#bell').getAttribute('aria-label'), /alert/i);
  await until('a screen reader hears it', async () => /Potassium/.test(await text('said', page)));
}

async function itIsReadAndAcknowledged() {
  await page.locator('#bell').click();
  await until('the focus is in the panel', () => page.evaluate(() => document.activeElement.closest('#alerts-panel') !== null));
  await judged(page, 'panel');
  await page.locator('.alert-open').first().click();
  await says('.details', /Potassium 6\.1[^]*Acknowledge/);
  await unreadIs(page, 0);
  await judged(page, 'details');
  await page.locator('.details').getByRole('button', { name: 'Acknowledge' }).click();
  await says('.details', /acknowledged by\s*doctor/);
  const { data } = await doctor.ask('GET', '/api/alerts?limit=1');
  assert.equal(data[0].status, 'acknowledged');
  await page.getByRole('button', { name: 'Back to all alerts' }).click();
  await until('the focus is where it was', () => page.evaluate(() => document.activeElement.className === 'alert-open'));
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('#alerts-panel').count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'bell');
}

async function whatOneAcknowledgesIsSoForAll() {
  other = await openAs(server, 'nurse');
  await doctor.post('/api/alerts', { patient_id: '7', severity: 'critical', message: 'Apnoea' });
  await unreadIs(page, 1);
  await unreadIs(other, 1);
  await other.locator('#bell').click();
  await other.locator('.alert-row').first().getByRole('button', { name: 'Acknowledge' }).click();
  await unreadIs(page, 0);
  await unreadIs(other, 0);
  await other.keyboard.press('Escape');
}

async function criticalOnesAreHeard() {
  const heard = () => page.evaluate(() => Number(document.documentElement.dataset.sounded ?? 0));
  await page.locator('main').click({ position: { x: 2, y: 2 } }); // browsers want to be touched first
  const before = await heard();
  await until('it sounds', async () => {
    await doctor.post('/api/alerts', { patient_id: '7', severity: 'critical', message: 'Asystole' });
    await page.waitForTimeout(600);
    return await heard() > before;
  }, 20000);
  await page.locator('#mute').click();
  assert.equal(await page.locator('#mute').getAttribute('aria-pressed'), 'true');
  const muted = await heard();
  const count = await unread(page);
  await doctor.post('/api/alerts', { patient_id: '7', severity: 'critical', message: 'Asystole again' });
  await until('it is there', async () => await unread(page) > count);
  await page.waitForTimeout(300);
  assert.equal(await heard(), muted);
  await page.locator('#mute').click();
  await page.locator('#bell').click();
  await press('Mark all read');
  await unreadIs(page, 0);
  await page.keyboard.press('Escape');
}

// In the background, where it was allowed.
async function theBrowserNotifies() {
  const one = await openAs(server, 'doctor', {
    before: () => {
      window.shown = [];
      window.Notification = class {
        static permission = 'granted';

        constructor(title, { body }) { window.shown.push(`${title}: ${body}`); }
      };
    },
  });
  const shown = () => one.evaluate(() => window.shown);
  await doctor.post('/api/alerts', { patient_id: '7', severity: 'critical', message: 'Seen anyway' });
  await until('it is there', async () => await unread(one) > 0);
  assert.deepEqual(await shown(), []);
  await one.evaluate(() => {
    Object.defineProperty(document, 'hidden', { get: () => true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await doctor.post('/api/alerts', { patient_id: '7', severity: 'warning', message: 'Not so grave' });
  await doctor.post('/api/alerts', { patient_id: '7', severity: 'critical', message: 'Unseen' });
  await until('it is shown', async () => (await shown()).length > 0);
  assert.deepEqual(await shown(), ['Patient 7: Unseen']);
  await one.context().close();
  await page.locator('#bell').click();
  await press('Mark all read');
  await unreadIs(page, 0);
  await page.keyboard.press('Escape');
}

// Past the program there is no id, and the first edition's form.
async function otherProcessesReachThePage() {
  if (!isMock) return;
  const past = (event, payload) => doctor.post('/mock/raw', { event, payload });
  await past('patient_alert', { alert_type: 'critical', patient_id: 7, timestamp: '2026-01-02T03:04:05.678901', message: 'From a task' });
  await past('patient_alert', 'nonsense');
  await past('patient_alert', null);
  await past('hospital_alert', { message: '<img src=x onerror="window.hurt=1">' });
  await unreadIs(page, 2);
  await page.locator('#bell').click();
  await says('.virtual', /<img src=x onerror/);
  await says('.virtual', /Patient 7[^]*From a task/);
  assert.equal(await page.evaluate(() => window.hurt), undefined);
  await press('Mark all read');
  await page.keyboard.press('Escape');
}

// --- patients ----------------------------------------------------------------

async function aPatientIsAdmitted() {
  await press('Admit a patient');
  await judged(page, 'form');
  await fill('patient_id', '9');
  await fill('name', 'Grace Hopper');
  await fill('ward', 'A');
  await send();
  await isClosed();
  await says('.patient-cards', /Grace Hopper/);
  await says('.patient-card:has-text("Simulated Person")', /simulated/);
  excuse(refused);
  await press('Admit a patient');
  await fill('patient_id', '9');
  await fill('name', 'Twice');
  await send();
  await says('dialog', /\S/);
  await until('it says why not', async () => (await page.locator('dialog [role=alert]').allTextContents()).join('') !== '');
  excuse(null);
  await page.keyboard.press('Escape');
  await isClosed();
}

async function theMonitorIsLive() {
  await page.getByRole('link', { name: 'Ada Lovelace' }).click();
  await isOn('Patient 7');
  await doctor.post('/api/risk/predict', { patient_id: '7', vitals: well });
  await shows('score', '0', page);
  await doctor.post('/api/risk/predict', { patient_id: '7', vitals: ill });
  await until('the score is critical', async () => Number(await text('score', page)) >= 9);
  await says('.score', /critical/);
  await until('it says why', async () => await page.locator('.reasons li').count() >= 5);
  await says('.vitals', /Heart rate135[^]*confused/);
  await says('#patient-alerts', /Apnoea/);
  await doctor.post('/api/alerts', { patient_id: '9', severity: 'info', message: 'Of somebody else' });
  await doctor.post('/api/alerts', { patient_id: '7', severity: 'warning', message: 'Of this one' });
  await says('#patient-alerts', /Of this one/);
  assert.doesNotMatch(await text('patient-alerts', page), /Of somebody else/);
  await judged(page, 'monitor');
  await shot(page, 'hospital-monitor');
}

async function aReadingIsTaken() {
  await press('New reading');
  for (const [name, value] of Object.entries(well)) if (name !== 'consciousness') await fill(name, String(value));
  await send();
  await isClosed();
  await shows('score', '0', page);
  await go(page, 'patients');
  await page.reload();
  await says('.patient-card:has-text("Ada Lovelace")', /low, score 0/);
}

// --- boards ------------------------------------------------------------------

async function theQueueIsTheSameForAll() {
  await go(page, 'triage');
  await go(other, 'triage');
  await press('Add to the queue');
  await fill('patient_id', 'T1');
  await page.locator('dialog [name=priority]').selectOption('1');
  await fill('complaint', 'chest pain');
  await send();
  await says('#triage-queue', /T1[^]*chest pain/);
  await says('#triage-queue', /priority 1[^]*T1/, other);
  await press('Begin', other);
  await says('#triage-queue', /in progress/);
  await judged(page, 'triage');
}

async function theBedsAreTheSameForAll() {
  await doctor.post('/api/beds', { bed_id: 'A1', ward: 'A' });
  await doctor.post('/api/beds', { bed_id: 'A2', ward: 'A' });
  await go(page, 'beds');
  await go(other, 'beds');
  await says('main', /2 of 2 free/);
  await page.getByRole('button', { name: 'Change bed A1' }).click();
  await page.locator('dialog [name=status]').selectOption('occupied');
  await fill('patient_id', '7');
  await send();
  await isClosed();
  await says('[data-bed=A1]', /occupied[^]*7/, other);
  await says('main', /1 of 2 free/, other);
  await judged(page, 'beds');
}

async function whoIsThereIsSeen() {
  await go(page, 'staff');
  await says('[data-member=nurse]', /available/);
  await go(other, 'staff');
  await press('Busy', other);
  await says('[data-member=nurse]', /busy/);
  await judged(page, 'staff');
  await press('Available', other);
  await says('[data-member=nurse]', /available/);
}

async function everybodyHearsOfTheHospital() {
  await go(page, 'alerts');
  const before = await unread(other);
  await press('Alert the hospital');
  await fill('message', 'Fire in the north wing');
  await page.locator('dialog [name=severity]').selectOption('critical');
  await send();
  await isClosed();
  await unreadIs(other, before + 1);
  await go(other, 'alerts');
  assert.equal(await other.getByRole('button', { name: 'Alert the hospital' }).count(), 0, 'nurses do not');
}

async function theHistoryIsFound() {
  await page.reload();
  await live(page);
  await says('#alert-history', /Fire in the north wing/);
  await page.getByLabel('Patient id').fill('9');
  await until('one is left', async () => await page.locator('#alert-history > li').count() === 1);
  await says('#alert-history', /Of somebody else/);
  await page.getByLabel('Patient id').fill('');
  await page.getByLabel('When').selectOption('1');
  await page.getByLabel('Status').selectOption('acknowledged');
  await says('#alert-history', /Apnoea/);
  assert.doesNotMatch((await page.locator('#alert-history').textContent()), /Fire/);
  await page.locator('#alert-history > li').first().getByRole('button', { name: 'Resolve' }).click();
  await says('#alert-history', /resolved by doctor/);
  await judged(page, 'history');
}

async function preferencesAreKept() {
  await go(page, 'preferences');
  await page.locator('[name=severity]').selectOption('warning');
  await page.locator('[name=wards]').fill('A, B');
  await press('Save');
  await says('main', /Saved\./);
  await page.reload();
  await live(page);
  await until('they are kept', async () => await page.locator('[name=severity]').inputValue() === 'warning');
  assert.equal(await page.locator('[name=wards]').inputValue(), 'A, B');
  await page.locator('[name=severity]').selectOption('info');
  await page.locator('[name=wards]').fill('');
  await press('Save');
  await says('main', /Saved\./);
  await judged(page, 'preferences');
}

async function administratorsSeeWhatWasDone() {
  const asker = await new Person(server, 'admin').signIn();
  await asker.post('/api/staff', { username: 'SIM.nurse', password: words, name: 'Nurse', role: 'nurse' });
  const one = await openAs(server, 'admin');
  await go(one, 'audit');
  await says('#audit-list', /doctor/, one);
  await judged(one, 'audit');
  await go(one, 'staff');
  await press('New member', one);
  await fill('username', 'newcomer', one);
  await fill('name', 'New Comer', one);
  await fill('password', words, one);
  await send(one);
  await isClosed(one);
  await says('#staff-list', /New Comer/, one);
  await says('[data-member="SIM.nurse"]', /simulated/, one);
  assert.doesNotMatch(await one.locator('[data-member=doctor]').textContent(), /simulated/);
  await one.context().close();
}

async function aViewerOnlyLooks() {
  const one = await openAs(server, 'viewer');
  await go(one, 'beds');
  await says('main', /A1/, one);
  assert.equal(await one.getByRole('button', { name: /Change bed|New bed/ }).count(), 0);
  await go(one, 'patients');
  await says('main', /Ada/, one);
  assert.equal(await one.getByRole('button', { name: 'Admit a patient' }).count(), 0);
  await one.context().close();
}

// --- when it is not there ------------------------------------------------------

async function whatWasMissedComes() {
  await go(page, 'patients/7');
  await go(other, 'patients');
  await page.locator('#bell').click();
  await press('Mark all read');
  await page.keyboard.press('Escape');
  await unreadIs(page, 0);
  excuse(cutOff);
  if (isMock) {
    await doctor.post('/mock/cut');
  } else {
    await server.stop('SIGKILL');
    await until('it says so', async () => await page.locator('#link').getAttribute('data-state') === 'lost');
    assert.ok(await page.locator('main.cut').count(), 'what is shown is not as if it were live');
    await server.start();
  }
  const few = 25;
  for (let i = 0; i < few; i += 1) await doctor.post('/api/alerts', { patient_id: '7', severity: 'warning', message: `Missed ${i}` });
  await live(page);
  await unreadIs(page, few);
  excuse(null);
  await says('#patient-alerts', /Missed 0/);
  await says('#patient-alerts', /Missed 24/);
  // The rooms are joined again.
  await doctor.post('/api/risk/predict', { patient_id: '7', vitals: { ...well, heart_rate: 120 } });
  await shows('score', '2', page);
  await doctor.post('/api/alerts', { patient_id: '7', severity: 'warning', message: 'After it' });
  await unreadIs(page, few + 1);
}

// A program where times are short.
async function aBriefHospital() {
  ({ server: brief } = await newHospital('hospital-brief', {
    args: ['--access-token-time', '6s', ...isMock ? [] : ['--escalate-to-doctor', '3s', '--escalate-to-all', '1h']],
  }));
}

async function whatNobodyAcknowledgesGoesUp() {
  await aBriefHospital();
  if (isMock) return;
  const asker = await new Person(brief, 'admin').signIn();
  await asker.post('/api/patients', { patient_id: '7', name: 'Ada Lovelace', ward: 'A' });
  const one = await openAs(brief, 'doctor');
  await asker.post('/api/alerts', { patient_id: '7', severity: 'critical', message: 'Apnoea' });
  await unreadIs(one, 1);
  await one.locator('#bell').click();
  await press('Mark all read', one);
  await unreadIs(one, 0);
  await unreadIs(one, 1, 20000);
  await one.locator('.alert-open').first().click();
  await says('.details', /escalated to\s*doctor/, one);
  await one.context().close();
}

async function theTokenIsRenewedInPlace() {
  const one = await openAs(brief, 'doctor');
  let cuts = 0;
  let loads = 0;
  one.on('load', () => { loads += 1; });
  await one.evaluate(() => {
    window.states = [];
    new MutationObserver(() => window.states.push(document.getElementById('link').dataset.state))
      .observe(document.getElementById('link'), { attributes: true });
  });
  await one.waitForTimeout(7000);
  cuts = (await one.evaluate(() => window.states)).filter((state) => state !== 'live').length;
  assert.equal(cuts, 0, 'the connection stood');
  assert.equal(loads, 0, 'the page was not loaded again');
  const asker = await new Person(brief, 'admin').signIn();
  const before = await unread(one);
  await asker.post('/api/alerts/hospital', { severity: 'info', message: 'Still here' });
  await unreadIs(one, before + 1);
  await one.context().close();
  await brief.stop();
}

async function signingOutIsForAllTabs() {
  const tab = await page.context().newPage();
  await tab.goto(server.url);
  await live(tab);
  await tab.locator('#sign-out').click();
  await until('the door', () => tab.locator('#sign-in-form').isVisible());
  await until('the other tab is out', () => page.locator('#sign-in-form').isVisible());
  await tab.close();
  await signIn(page, 'doctor');
  await live(page);
}

// --- looks ---------------------------------------------------------------------

const pages = ['patients', 'patients/7', 'alerts', 'triage', 'beds', 'staff', 'preferences'];

async function allFitsAndIsReadable() {
  for (const [size, looks] of [[1280, ['light', 'dark']], [360, ['light', 'dark']], [narrow.viewport.width, ['light']]]) {
    await page.setViewportSize({ width: size, height: size > 700 ? 800 : 720 });
    for (const look of looks) {
      if (await page.evaluate(() => document.documentElement.dataset.theme) !== look) await page.locator('#theme-toggle').click();
      for (const place of pages) {
        await go(page, place);
        await until('it is filled', async () => await page.locator('.place[data-state=loading]').count() === 0);
        await fits(page, size, place);
        if (size > 700 || look === 'dark') await judged(page, `${place} ${size} ${look}`);
        await shot(page, `hospital-${place.replace('/', '-')}-${size}-${look}`);
      }
      await page.locator('#bell').click();
      await judged(page, `panel ${size} ${look}`);
      await shot(page, `hospital-panel-${size}-${look}`);
      await page.keyboard.press('Escape');
    }
  }
}

async function keysAreEnough() {
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`${server.url}/`);
  await page.reload();
  await live(page);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await page.locator('#bell').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await until('an alert is open', () => page.locator('.details').isVisible());
  await page.keyboard.press('Escape');
}

await runScene([
  ['the door says what is wrong', theDoorSaysWhatIsWrong],
  ['who is signed in is in, also after a reload, and leaves no token behind', whoIsSignedInIsIn],
  ['an alert rings', anAlertRings],
  ['it is read and acknowledged', itIsReadAndAcknowledged],
  ['what one acknowledges is so for all', whatOneAcknowledgesIsSoForAll],
  ['critical ones are heard, unless muted', criticalOnesAreHeard],
  ['the browser notifies who looks elsewhere', theBrowserNotifies],
  ['other processes reach the page', otherProcessesReachThePage],
  ['a patient is admitted', aPatientIsAdmitted],
  ['the monitor is live', theMonitorIsLive],
  ['a reading is taken', aReadingIsTaken],
  ['the queue is the same for all', theQueueIsTheSameForAll],
  ['the beds are the same for all', theBedsAreTheSameForAll],
  ['who is there is seen', whoIsThereIsSeen],
  ['everybody hears of the hospital', everybodyHearsOfTheHospital],
  ['the history is found', theHistoryIsFound],
  ['preferences are kept', preferencesAreKept],
  ['administrators see what was done', administratorsSeeWhatWasDone],
  ['a viewer only looks', aViewerOnlyLooks],
  ['what was missed comes, once', whatWasMissedComes],
  ['what nobody acknowledges goes up, and is unread again', whatNobodyAcknowledgesGoesUp],
  ['the token is renewed in place', theTokenIsRenewedInPlace],
  ['signing out is for all tabs', signingOutIsForAllTabs],
  ['all fits and is readable, in both looks', allFitsAndIsReadable],
  ['keys are enough', keysAreEnough],
]);
