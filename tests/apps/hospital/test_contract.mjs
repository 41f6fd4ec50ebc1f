// SPDX-License-Identifier: MIT
// Every line of the contract with pages, scripts and devices, at a program that
// is alone.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {
  admin, calm, dying, heard, hire, ill, newFolder, password, Person, runOnce, runSteps, send, sleep, startHospital, until,
} from './ward.mjs';

const workers = process.argv[3] ?? '1';
const server = await startHospital({ args: ['--workers', workers] });
const boss = await admin(server);
const doctor = await hire(boss, 'doc', 'doctor');
const nurse = await hire(boss, 'nina', 'nurse');
const other = await hire(boss, 'otto', 'nurse');
const viewer = await hire(boss, 'vera', 'viewer');

async function signingIn() {
  assert.deepEqual(Object.keys(doctor.user).sort(), ['id', 'role', 'username']);
  assert.equal(doctor.user.role, 'doctor');
  assert.equal((await server.get('/api/patients')).status, 401);
  assert.equal((await server.get('/api/patients')).json.code, 'token_missing');
  await assert.rejects(new Person(server, 'doc').signIn('wrong password'), { status: 401 });
  const again = await server.ask('POST', '/api/auth/refresh', { headers: { Cookie: doctor.cookie } });
  assert.equal(again.status, 200, again.text);
  assert.ok(again.json.access_token);
  doctor.token = again.json.access_token;
  await assert.rejects(server.connect({ auth: { token: 'no' } }), (error) =>
    error.message === 'Authentication failed' && error.data.code === 'token_invalid');
  assert.equal((await server.post('/api/auth/register', { username: 'anna', password })).status, 405);
}

async function withoutAPasswordOneIsMade() {
  const alone = await startHospital({ env: { PEAL_HOSPITAL_ADMIN_PASSWORD: '' } });
  const file = path.join(alone.dataDir, 'admin.password');
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  await new Person(alone, 'admin').signIn(fs.readFileSync(file, 'utf8').trim());
  assert.match(alone.output, /the password is in /);
  await alone.stop();
}

async function rolesAreKept() {
  for (const [who, method, where, body, expected] of [
    [viewer, 'POST', '/api/patients', { patient_id: '1', name: 'A', ward: 'W' }, 403],
    [nurse, 'POST', '/api/staff', { username: 'x', password, name: 'X', role: 'nurse' }, 403],
    [nurse, 'POST', '/api/alerts/hospital', { severity: 'info', message: 'x' }, 403],
    [viewer, 'POST', '/api/risk/predict', { patient_id: '1', vitals: calm }, 403],
    [doctor, 'GET', '/api/audit', undefined, 403],
    [viewer, 'POST', '/api/triage', {}, 403],
    [boss, 'POST', '/api/patients', { name: 'A', ward: 'W' }, 422],
    [boss, 'POST', '/api/patients', { patient_id: 7, name: 'A', ward: 'W' }, 422],
    [boss, 'POST', '/api/staff', { username: 'y', password, name: 'X', role: 'king' }, 422],
    [boss, 'PATCH', '/api/patients/none', { name: 'A' }, 404],
    [boss, 'PATCH', '/api/beds/none', { status: 'free' }, 404],
    [boss, 'POST', '/api/alerts/999/acknowledge', undefined, 404],
  ]) {
    const { status, json } = await who.ask(method, where, body);
    assert.equal(status, expected, `${method} ${where}`);
    assert.equal(json.status, 'error', where);
    assert.equal(typeof json.message, 'string', where);
  }
  const wrong = await boss.ask('POST', '/api/patients', { patient_id: 'a/b', name: 'A', ward: 'W' });
  assert.deepEqual([wrong.status, wrong.json.field], [422, 'patient_id']);
  assert.equal((await server.ask('POST', '/api/patients',
    { body: 'x=1', type: 'text/plain', headers: boss.headers })).status, 415);
}

async function whoIsNoLongerAssignedStopsWatching() {
  await boss.must('POST', '/api/patients', { patient_id: 'left', name: 'Ada', ward: 'North', assigned: ['nina'] });
  const [screen, page] = [await nurse.connect(), await doctor.connect()];
  for (const one of [screen, page]) {
    assert.equal((await send(one, 'join_patient_monitoring', { patient_id: 'left' })).status, 'success');
  }
  const risks = (one) => one.seen.filter(([name]) => name === 'risk_update').length;
  const predict = async (count) => {
    await boss.must('POST', '/api/risk/predict', { patient_id: 'left', vitals: calm });
    await until('who may hears of it', () => risks(page) === count);
    await sleep(100);
  };
  await boss.must('PATCH', '/api/patients/left', { name: 'Ada L.' });
  await predict(1);
  assert.equal(risks(screen), 1);
  await boss.must('PATCH', '/api/patients/left', { assigned: [] });
  await predict(2);
  assert.equal(risks(screen), 1);
  await boss.must('PATCH', '/api/patients/left', { status: 'discharged' });
}

async function patientsBedsAndTriage() {
  const screen = await nurse.connect();
  const page = await doctor.connect();
  assert.equal((await send(screen, 'join_hospital', { hospital_id: 'main' })).status, 'success');
  assert.equal((await send(screen, 'join_hospital', { hospital_id: 'other' })).status, 'error');
  const made = await boss.must('POST', '/api/patients', { patient_id: '7', name: 'Ada', ward: 'North' });
  assert.equal(made.id, '7');
  assert.equal(made.patient.status, 'admitted');
  assert.equal((await boss.post('/api/patients', { patient_id: '7', name: 'B', ward: 'x' })).status, 409);
  assert.equal((await nurse.patch('/api/patients/7', { assigned: ['nina'] })).status, 403);
  const changed = await doctor.must('PATCH', '/api/patients/7', { assigned: ['Nina'] });
  assert.deepEqual(changed.data.assigned, ['nina']);
  assert.equal(changed.data.name, 'Ada');
  assert.equal((await heard(screen, 'patient_update', (p) => p.assigned.length === 1)).patient_id, '7');

  await boss.must('POST', '/api/beds', { bed_id: 'N1', ward: 'North' });
  assert.equal((await heard(screen, 'bed_status')).status, 'free');
  assert.equal((await nurse.patch('/api/beds/N1', { status: 'occupied' })).status, 422);
  const bed = await nurse.must('PATCH', '/api/beds/N1', { status: 'occupied', patient_id: '7' });
  assert.deepEqual([bed.bed.status, bed.bed.patient_id], ['occupied', '7']);
  assert.equal((await heard(page, 'bed_status', (b) => b.status === 'occupied')).patient_id, '7');
  const freed = await nurse.must('PATCH', '/api/beds/N1', { status: 'cleaning' });
  assert.strictEqual(freed.bed.patient_id, null);

  assert.equal((await send(screen, 'join_triage')).triage.length, 0);
  const entry = await nurse.must('POST', '/api/triage', { patient_id: '8', priority: 2, complaint: 'pain' });
  await nurse.must('POST', '/api/triage', { patient_id: '9', priority: 1, complaint: 'worse' });
  const news = await heard(screen, 'triage_update', (t) => t.patient_id === '8');
  assert.deepEqual([news.action, news.triage.complaint, news.status], ['created', 'pain', 'waiting']);
  assert.equal(String(news.id), String(entry.id));
  await nurse.must('PATCH', `/api/triage/${entry.id}`, { status: 'in_progress' });
  await heard(screen, 'triage_update', (t) => t.action === 'updated' && t.status === 'in_progress');
  const queue = await viewer.must('GET', '/api/triage');
  assert.deepEqual(queue.data.map((t) => t.priority), [1, 2]);
  const refused = await (await viewer.connect()).timeout(8000).emitWithAck('join_triage');
  assert.equal(refused.status, 'error');
}

async function staffComesAndGoes() {
  const screen = await doctor.connect();
  const late = await hire(boss, 'lena', 'nurse');
  const news = await heard(screen, 'staff_availability', (s) => s.username === 'lena' && s.available);
  assert.deepEqual([news.availability, news.role], ['available', 'nurse']);
  assert.equal((await server.ask('POST', '/api/auth/logout', { headers: late.headers })).status, 200);
  await until('she is off duty', async () => (await viewer.must('GET', '/api/staff')).data
    .find((s) => s.username === 'lena').availability === 'off_duty');
  const lena = screen.seen.filter(([n, s]) => n === 'staff_availability' && s.username === 'lena');
  assert.deepEqual(lena.map(([, s]) => s.availability), ['off_duty', 'available', 'off_duty']);
  const list = (await viewer.must('GET', '/api/staff')).data;
  assert.equal(list.find((s) => s.username === 'lena').availability, 'off_duty');
  assert.equal(list.find((s) => s.username === 'doc').availability, 'available');
  assert.ok(!JSON.stringify(list).includes('scrypt'));
  assert.equal((await other.patch('/api/staff/nina', { availability: 'busy' })).status, 403);
  await nurse.must('PATCH', '/api/staff/nina', { availability: 'busy' });
  await heard(screen, 'staff_availability', (s) => s.username === 'nina' && s.availability === 'busy');
  await nurse.must('PATCH', '/api/staff/nina', { availability: 'available' });

  // another password, then no account at all
  const gone = await hire(boss, 'gus', 'nurse');
  const open = await gone.connect();
  await boss.must('POST', '/api/staff/gus/password', { password: 'another password' });
  await until('its socket is closed', () => !open.connected);
  assert.equal((await gone.get('/api/patients')).status, 401);
  await assert.rejects(new Person(server, 'gus').signIn(), { status: 401 });
  await new Person(server, 'gus').signIn('another password');
  await boss.must('PATCH', '/api/staff/gus', { disabled: true });
  const tryIt = async () => (await server.post('/api/auth/login', { username: 'gus', password: 'another password' })).status;
  assert.equal(await tryIt(), 401);
  await boss.must('PATCH', '/api/staff/gus', { disabled: false });
  assert.equal(await tryIt(), 200);
  await boss.must('PATCH', '/api/staff/gus', { role: 'doctor' });
  assert.equal((await new Person(server, 'gus').signIn('another password')).user.role, 'doctor');
}

async function riskBecomesAlerts() {
  const watcher = await nurse.connect();
  const duty = await other.connect();
  const joined = await send(watcher, 'join_patient_monitoring', { patient_id: '7' });
  assert.deepEqual([joined.status, joined.patient.name, joined.alerts, joined.missed],
    ['success', 'Ada', [], []]);
  assert.equal((await send(duty, 'join_patient_monitoring', { patient_id: '7' })).status, 'error');
  assert.equal((await send(duty, 'join_patient_monitoring', { patient_id: 'none' })).status, 'error');
  assert.equal((await send(await doctor.connect(), 'join_patient_monitoring', { patient_id: '7' })).status, 'success');

  const fine = await nurse.must('POST', '/api/risk/predict', { patient_id: '7', vitals: calm });
  assert.deepEqual([fine.status, fine.score, fine.level, fine.reasons], ['success', 0, 'low', []]);
  assert.equal((await heard(watcher, 'risk_update')).score, 0);
  const high = await nurse.must('POST', '/api/risk/predict', { patient_id: '7', vitals: ill });
  assert.deepEqual([high.score, high.level], [7, 'high']);
  assert.equal(high.reasons.length, 3);
  const alert = await heard(duty, 'patient_alert', (a) => a.id === high.alert_id);
  assert.deepEqual([alert.patient_id, alert.severity, alert.status, alert.ward, alert.kind],
    ['7', 'warning', 'active', 'North', 'risk']);
  assert.equal(alert.data.score, 7);
  assert.match(alert.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const worst = await nurse.must('POST', '/api/risk/predict', { patient_id: '7', vitals: dying });
  assert.equal(worst.level, 'critical');
  assert.equal((await heard(watcher, 'patient_alert', (a) => a.id === worst.alert_id)).severity, 'critical');
  assert.ok(worst.alert_id > high.alert_id);
  // once, though the watcher is on duty, too
  await sleep(200);
  assert.equal(watcher.seen.filter(([n, a]) => n === 'patient_alert' && a.id === worst.alert_id).length, 1);
  for (const wrong of [{ ...calm, spo2: 101 }, { ...calm, consciousness: 'asleep' }, { heart_rate: 70 }]) {
    const refused = await nurse.post('/api/risk/predict', { patient_id: '7', vitals: wrong });
    assert.deepEqual([refused.status, refused.json.field], [422, 'vitals']);
  }
  const letter = await nurse.must('POST', '/api/risk/predict', { patient_id: '7', vitals: { ...calm, consciousness: 'C' } });
  assert.deepEqual([letter.score, letter.level], [3, 'medium']);
}

async function alertsAreAcknowledgedAndResolved() {
  const screen = await doctor.connect();
  const page = (await doctor.must('GET', '/api/alerts?status=active&patient=7'));
  assert.equal(page.data.length, 2);
  const [newest, older] = page.data;
  assert.ok(newest.id > older.id);
  assert.equal((await viewer.post(`/api/alerts/${newest.id}/acknowledge`)).status, 403);
  const seen = await nurse.must('POST', `/api/alerts/${newest.id}/acknowledge`);
  assert.deepEqual([seen.alert.status, seen.alert.acknowledged_by], ['acknowledged', 'nina']);
  assert.equal((await heard(screen, 'alert_updated')).status, 'acknowledged');
  await nurse.must('POST', `/api/alerts/${newest.id}/acknowledge`);
  const byEvent = await send(screen, 'ack_alert', { alert_id: older.id });
  assert.deepEqual([byEvent.status, byEvent.alert.acknowledged_by], ['success', 'doc']);
  assert.equal((await send(screen, 'ack_alert', { alert_id: 12345 })).status, 'error');
  await doctor.must('POST', `/api/alerts/${newest.id}/resolve`);
  assert.equal((await nurse.post(`/api/alerts/${newest.id}/acknowledge`)).status, 409);
  assert.equal((await doctor.must('GET', '/api/alerts?status=resolved')).data.length, 1);
  assert.equal((await doctor.must('GET', '/api/alerts?severity=critical')).data.length, 1);
  assert.equal((await doctor.get('/api/alerts?status=odd')).status, 422);
  assert.equal((await send(screen, 'alert_received', { alert_ids: [older.id] })).status, 'success');
  const one = await doctor.must('GET', `/api/alerts/${older.id}`);
  assert.deepEqual(one.data.received.map((r) => r.username), ['doc']);
  assert.deepEqual(one.data.history.map((h) => [h.action, h.actor]), [['alert', 'nina'], ['acknowledge', 'doc']]);
  const first = await doctor.must('GET', '/api/alerts?limit=1');
  assert.ok(first.next);
  const second = await doctor.must('GET', `/api/alerts?limit=1&cursor=${first.next}`);
  assert.equal(second.data[0].id, older.id);
  const until1970 = await doctor.must('GET', '/api/alerts?until=1970-01-02T00:00:00.000Z');
  assert.equal(until1970.data.length, 0);
}

async function theWholeHospitalHears() {
  const screens = [await viewer.connect(), await nurse.connect()];
  const made = await doctor.must('POST', '/api/alerts/hospital', { severity: 'critical', message: 'fire drill' });
  for (const screen of screens) {
    const alert = await heard(screen, 'hospital_alert', (a) => a.id === made.id);
    assert.deepEqual([alert.patient_id, alert.message, alert.kind], [null, 'fire drill', 'hospital']);
  }
  const unread = await heard(screens[1], 'unread_count', (u) => u.count === 1);
  assert.equal(unread.critical, 1);
  await doctor.must('POST', `/api/alerts/${made.id}/acknowledge`);
  await heard(screens[1], 'unread_count', (u) => u.count === 0);
}

async function whatWasMissedIsSentAgain() {
  const before = await nurse.connect();
  const make = async (message) => (await doctor.must('POST', '/api/alerts',
    { patient_id: '7', severity: 'info', message })).id;
  const last = await make('seen');
  await heard(before, 'patient_alert', (a) => a.id === last);
  before.disconnect();
  const lost = [await make('one'), await make('two'), await make('three')];
  const elsewhere = (await doctor.must('POST', '/api/alerts',
    { patient_id: '99', severity: 'info', message: 'of somebody else' })).id;
  const after = await nurse.connect({ last_alert_id: last });
  const missed = await heard(after, 'missed_alerts');
  assert.deepEqual(missed.alerts.map((a) => a.id), [...lost, elsewhere]);
  assert.equal(missed.more, false);
  const joined = await send(after, 'join_patient_monitoring', { patient_id: '7', last_alert_id: last });
  assert.deepEqual(joined.missed.map((a) => a.id), lost);
  assert.equal(joined.snapshot.alerts.length, joined.alerts.length);
  const one = await send(after, 'get_missed_alerts', { last_alert_id: [last], limit: 1 });
  assert.deepEqual([one.alerts.map((a) => a.id), one.more], [[lost[0]], true]);
  // who only looks is told of their own patients, and of the hospital
  const guest = await viewer.connect({ last_alert_id: last });
  assert.deepEqual((await heard(guest, 'missed_alerts')).alerts, []);
}

async function preferencesAreKept() {
  assert.deepEqual((await nurse.must('GET', '/api/preferences')).data,
    { severity: 'info', sound: true, wards: [] });
  const screen = await nurse.connect();
  await sleep(100);
  const made = await nurse.must('PUT', '/api/preferences', { severity: 'warning', wards: ['North'] });
  assert.deepEqual(made.preferences, { severity: 'warning', sound: true, wards: ['North'] });
  await heard(screen, 'preferences');
  await sleep(200);
  const make = async (patient_id, severity) => (await doctor.must('POST', '/api/alerts',
    { patient_id, severity, message: 'm' })).id;
  await boss.must('POST', '/api/patients', { patient_id: 'S1', name: 'S', ward: 'South' });
  const quiet = [await make('7', 'info'), await make('S1', 'critical')];
  const loud = [await make('7', 'warning'), await make('7', 'critical')];
  for (const id of loud) await heard(screen, 'patient_alert', (a) => a.id === id);
  const ids = screen.seen.filter(([n]) => n === 'patient_alert').map(([, a]) => a.id);
  assert.ok(!ids.some((id) => quiet.includes(id)));
  // what is watched comes whatever is preferred
  await send(screen, 'join_patient_monitoring', { patient_id: '7' });
  const watched = await make('7', 'info');
  await heard(screen, 'patient_alert', (a) => a.id === watched);
  // a new screen of the same person sees the same
  const second = await nurse.connect();
  await sleep(200);
  const small = await make('7', 'info'), big = await make('7', 'critical');
  await heard(second, 'patient_alert', (a) => a.id === big);
  assert.ok(!second.seen.some(([n, a]) => n === 'patient_alert' && a.id === small));
  await nurse.must('PUT', '/api/preferences', { severity: 'info', wards: [] });
}

async function everythingIsInTheAuditLog() {
  const log = await boss.must('GET', '/api/audit?limit=500');
  const actions = new Set(log.data.map((e) => e.action));
  for (const action of ['patient', 'triage', 'bed', 'staff', 'preferences', 'risk', 'alert', 'acknowledge', 'resolve', 'account']) {
    assert.ok(actions.has(action), action);
  }
  assert.ok(!JSON.stringify(log).includes('scrypt'));
  const bed = log.data.find((e) => e.action === 'bed' && e.actor === 'nina');
  assert.deepEqual([bed.subject, bed.body.status], ['N1', 'cleaning']);
  const few = await boss.must('GET', '/api/audit?actor=nina&action=bed&limit=1');
  assert.equal(few.data.length, 1);
  assert.ok(few.next);
}

// By the name that Flask's programs have for it; a page there may do all that
// its own may.
async function pagesOfOtherOriginsComeIn() {
  const away = await startHospital({ env: { SOCKET_IO_CORS_ORIGINS: 'http://ward.example,http://desk.example' } });
  const from = (origin, method) => away.ask(method ? 'OPTIONS' : 'GET',
    method ? '/api/patients/7' : '/socket.io/?EIO=4&transport=polling',
    { headers: { Origin: origin, ...method && { 'Access-Control-Request-Method': method } } });
  for (const origin of ['http://ward.example', 'http://desk.example']) {
    assert.equal((await from(origin)).status, 200);
    const { headers } = await from(origin, 'PATCH');
    assert.equal(headers.get('access-control-allow-origin'), origin);
    assert.match(headers.get('access-control-allow-methods'), /\bPATCH\b/);
  }
  assert.equal((await from('http://evil.example')).status, 403);
  assert.equal((await from('http://evil.example', 'PATCH')).headers.get('access-control-allow-origin'), null);
  await away.stop();
}

async function whatIsWrongAtTheStartIsSaid() {
  const keys = runOnce(['--data-dir', newFolder(), '--add-device-key', 'monitor']);
  assert.equal(keys.status, 1);
  assert.match(keys.stderr, /no device keys here/);
  for (const [secret, isShort] of [['dev', true], ['a secret of some length', false]]) {
    const one = await startHospital({ env: { SECRET_KEY: secret } });
    assert.equal(/can be guessed/.test(one.output), isShort, one.output);
    await one.stop();
  }
}

async function howItIs() {
  const health = await server.get('/health');
  assert.deepEqual([health.status, health.json.status, health.json.database], [200, 'ok', true]);
  const metrics = await server.get('/metrics', boss.headers);
  assert.match(metrics.text, /hospital_alerts_total \d+/);
  const secret = path.join(server.dataDir, 'token.keys');
  assert.equal(fs.statSync(secret).mode & 0o777, 0o600);
}

const itEnds = () => server.stop();
await runSteps([signingIn, withoutAPasswordOneIsMade, rolesAreKept, patientsBedsAndTriage, staffComesAndGoes,
  riskBecomesAlerts,
  alertsAreAcknowledgedAndResolved, theWholeHospitalHears, whatWasMissedIsSentAgain, preferencesAreKept,
  everythingIsInTheAuditLog, pagesOfOtherOriginsComeIn, whatIsWrongAtTheStartIsSaid,
  howItIs, whoIsNoLongerAssignedStopsWatching, itEnds]);
