// SPDX-License-Identifier: MIT
// The contract of peal-deskpulse: what viewers get, what they may ask for.
//   node test_contract.mjs PROGRAM [WORKERS]
import assert from 'node:assert/strict';
import { all, bad, Desk, form, good, heard, last, nobody, picture, points, runSteps, send, until } from './desk.mjs';

const workers = process.argv[3] ?? '1';
const desk = new Desk({ args: ['--workers', workers, '--alert-threshold', '1s', '--alert-repeat', '1s'] });
let page; // of old: no options, base64
let poller; // the same over polling
let ours; // binary

const success = (answer) => assert.equal(answer.status, 'success', JSON.stringify(answer));
const state = (wanted) => () => last(ours, 'posture_frame')?.posture_state === wanted;
const isNear = (seconds) => Math.abs(seconds * 1000 - Date.now()) < 60000;

async function startsWithNothing() {
  await desk.start();
  const { status, json } = await desk.get('/health');
  assert.equal(status, 200);
  assert.equal(json.status, 'ok');
  assert.equal(json.database, true);
  assert.deepEqual((({ good_minutes, bad_minutes, score }) => [good_minutes, bad_minutes, score])(
    (await desk.get('/api/stats/today')).json), [0, 0, 0]);
  assert.equal((await desk.get('/')).status, 200);
  assert.match(desk.output, /http:\/\/127\.0\.0\.1:\d+\//);
}

async function greetsTheNewOneOnly() {
  page = await desk.connect();
  const hello = await heard(page, 'status');
  assert.equal(hello.message, 'Connected to DeskPulse');
  assert.ok(isNear(hello.timestamp) && typeof hello.timestamp === 'number');
  const monitoring = await heard(page, 'monitoring_status');
  assert.equal(monitoring.paused, false);
  assert.equal(monitoring.recording, false);
  assert.equal(monitoring.alert, null);
  assert.equal(monitoring.threshold_seconds, 1);
  assert.equal(monitoring.simulated, false);
  const camera = await heard(page, 'camera_status');
  assert.notEqual(camera.state, 'connected', 'no camera is there yet');
  assert.ok(camera.reason.length > 0, 'which it says in words');
  await heard(page, 'stats_update');
  poller = await desk.connect({ transports: ['polling'] });
  ours = await desk.connect({ transports: ['websocket'], auth: { frames: 'binary' } });
  await heard(ours, 'monitoring_status');
  await heard(poller, 'monitoring_status');
  assert.equal(all(page, 'status').length, 1);
  assert.equal(all(page, 'monitoring_status').length, 1);
}

async function aPictureReachesEverybody() {
  success((await desk.push(nobody)).json);
  const update = await heard(page, 'posture_update');
  assert.deepEqual(Object.keys(update).filter((key) => ['timestamp', 'posture_state', 'user_present',
    'confidence_score', 'frame_base64', 'captured_at', 'seq', 'landmarks'].includes(key)).length, 8);
  assert.match(update.frame_base64, /^[A-Za-z0-9+/]+=*$/, 'bare: pages write data: in front');
  assert.deepEqual(Buffer.from(update.frame_base64, 'base64'), picture);
  assert.match(update.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(new Date(update.timestamp).getTime(), Math.floor(update.captured_at * 1000));
  assert.ok(isNear(update.captured_at));
  assert.equal(update.posture_state, null);
  assert.equal(update.user_present, false);
  assert.equal(update.confidence_score, 0);
  assert.deepEqual(update.landmarks, []);
  assert.deepEqual(await heard(poller, 'posture_update'), update);
  const binary = await heard(ours, 'posture_frame');
  assert.deepEqual(Buffer.from(binary.frame), picture);
  const { frame, ...rest } = binary;
  const { frame_base64, ...same } = update;
  assert.deepEqual(rest, same);
  assert.equal(all(ours, 'posture_update').length, 0, 'one form for each');
  assert.equal(all(page, 'posture_frame').length, 0);
  await heard(page, 'camera_status', (one) => one.state === 'connected');
}

async function goodIsGood() {
  await desk.feed('it is good', good, state('good'));
  const update = last(ours, 'posture_frame');
  assert.equal(update.user_present, true);
  assert.ok(update.confidence_score > 0.4 && update.confidence_score <= 1);
  assert.equal(update.landmarks.length, 33);
  assert.equal(update.landmarks[11].x, 0.65);
  assert.equal(update.cause, null);
  const seqs = all(ours, 'posture_frame').map((one) => one.seq);
  assert.ok(seqs.every((seq, i) => i === 0 || seq > seqs[i - 1]), 'never an older one behind a newer');
}

async function badForTooLongIsTold() {
  await desk.feed('it is bad', bad, state('bad'));
  assert.ok(last(ours, 'posture_frame').cause.length > 0);
  await desk.feed('an alert', bad, () => last(page, 'alert_triggered'));
  const first = all(page, 'alert_triggered')[0];
  assert.equal(first.count, 1);
  assert.ok(first.duration >= 1 && first.duration < 60, String(first.duration));
  const told = Number(first.message.match(/Bad posture for (\d+) seconds?/)?.[1]);
  assert.equal(told, Math.floor(first.duration), 'no longer than it lasted');
  await desk.feed('it is told again', bad, () => all(page, 'alert_triggered').length > 1);
  assert.equal(all(page, 'alert_triggered')[1].count, 2);
  await until('all of them heard it', () => all(poller, 'alert_triggered').length > 1 && all(ours, 'alert_triggered').length > 1);
  const late = await desk.connect();
  assert.ok((await heard(late, 'monitoring_status')).alert.count >= 2, 'who comes late sees it, too');
  late.disconnect();
}

async function acknowledgedItIsQuiet() {
  success(await send(page, 'acknowledge_alert'));
  success(await send(ours, 'acknowledge_alert'));
  await heard(ours, 'monitoring_status', (one) => one.alert?.acknowledged === true);
  const told = all(page, 'alert_triggered').length;
  const end = performance.now() + 2500;
  await desk.feed('time passes', bad, () => performance.now() > end);
  assert.equal(all(page, 'alert_triggered').length, told);
  assert.equal(all(page, 'alert_cleared').length, 0);
}

async function goodPostureClears() {
  await desk.feed('it is over', good, () => last(page, 'alert_cleared'));
  const cleared = last(page, 'alert_cleared');
  assert.equal(cleared.reason, 'good');
  assert.ok(cleared.duration > 1);
  await heard(page, 'monitoring_status', (one) => one.alert === null);
  const answer = await send(page, 'acknowledge_alert');
  assert.equal(answer.status, 'error');
  assert.ok(answer.message.length > 0);
  // found out on worker 0, told on that of each request
  const told = await Promise.all(Array.from({ length: 12 }, () => desk.post('/api/alert/acknowledge', '')));
  for (const { status, json } of told) {
    assert.equal(status, 409);
    assert.deepEqual([json.status, json.message], ['error', answer.message]);
  }
  const wrong = await desk.get('/api/stats/history?days=0');
  assert.deepEqual([wrong.status, wrong.json.field], [422, 'days']);
}

async function leavingClears() {
  for (const socket of [page, poller, ours]) socket.seen.length = 0;
  await desk.feed('an alert', bad, () => last(page, 'alert_triggered'));
  await desk.feed('nobody', nobody, () => last(page, 'alert_cleared'));
  assert.equal(last(page, 'alert_cleared').reason, 'absent');
  await desk.feed('nobody is seen', nobody, () => last(ours, 'posture_frame')?.user_present === false);
}

async function minutesAreCounted() {
  const { json } = await desk.get('/api/stats/today');
  assert.ok(json.good_minutes > 0 && json.bad_minutes > 0, JSON.stringify(json));
  assert.ok(json.score > 0 && json.score < 100);
  assert.ok(Math.abs(json.score - 100 * json.good_minutes / (json.good_minutes + json.bad_minutes)) < 2);
  const history = (await desk.get('/api/stats/history?days=3')).json;
  assert.equal(history.data.length, 3);
  assert.deepEqual(history.data[2], (({ status, ...rest }) => rest)((await desk.get('/api/stats/today')).json));
  assert.equal(history.data[0].measured_minutes, 0);
  assert.equal((await desk.get('/api/stats/history')).json.data.length, 7);
  for (const days of ['0', '367', '-1', 'abc', '1e3', '']) {
    const { status, json: why } = await desk.get(`/api/stats/history?days=${days}`);
    assert.equal(status, 422, days);
    assert.equal(why.field, 'days');
  }
}

async function pausedNothingIsSeen() {
  for (const socket of [page, poller, ours]) socket.seen.length = 0;
  success(await send(page, 'pause_monitoring'));
  await heard(ours, 'monitoring_status', (one) => one.paused);
  await heard(poller, 'camera_status', (one) => one.state === 'paused');
  const before = (await desk.get('/api/stats/today')).json;
  const frames = all(ours, 'posture_frame').length;
  for (let i = 0; i < 20; i += 1) {
    const { status, json } = await desk.push(good);
    assert.equal(status, 200);
    assert.equal(json.paused, true);
  }
  assert.equal(all(ours, 'posture_frame').length, frames);
  assert.deepEqual((await desk.get('/api/stats/today')).json, before);
  success(await send(poller, 'pause_monitoring'));
  const late = await desk.connect();
  assert.equal((await heard(late, 'camera_status')).state, 'paused');
  late.disconnect();
  success(await send(ours, 'resume_monitoring'));
  await heard(page, 'monitoring_status', (one) => !one.paused && one.monitoring_active);
  await desk.feed('pictures again', good, () => all(ours, 'posture_frame').length > frames);
  for (const [path, wanted] of [['/api/pause', true], ['/api/pause', true], ['/api/resume', false], ['/api/resume', false]]) {
    const { status, json } = await desk.post(path, '');
    assert.equal(status, 200);
    assert.equal(json.paused, wanted);
  }
}

async function thresholds() {
  assert.deepEqual(await send(page, 'set_threshold', { minutes: 5 }), { status: 'success', threshold_minutes: 5 });
  await heard(ours, 'monitoring_status', (one) => one.threshold_minutes === 5);
  assert.equal((await send(page, 'set_threshold', { minutes: 4.35 })).threshold_minutes, 4.35);
  for (const minutes of [0, -1, 1441, '5', null, undefined, {}, 1e400]) {
    const answer = await send(page, 'set_threshold', { minutes });
    assert.equal(answer.status, 'error', String(minutes));
    assert.equal(answer.field, 'minutes');
  }
  for (const body of [null, 7, 'x', [], undefined]) {
    const answer = await send(page, 'set_threshold', body);
    assert.equal(answer.status, 'error', String(body));
  }
  const { status, json } = await desk.post('/api/threshold', { minutes: 0.02 });
  assert.equal(status, 200);
  assert.equal(json.threshold_minutes, 0.02);
  await heard(ours, 'monitoring_status', (one) => Math.abs(one.threshold_seconds - 1.2) < 1e-9);
  assert.equal((await desk.post('/api/threshold', { minutes: 'x' })).status, 422);
  assert.equal((await desk.post('/api/threshold', '{"minutes":')).status, 415);
  assert.equal((await desk.ask('POST', '/api/threshold', { body: '{"minutes":', type: 'application/json' })).status, 400);
}

async function whoWantsNoAnswerHearsOfErrors() {
  page.seen.length = 0;
  page.emit('set_threshold', { minutes: 'never' });
  const error = await heard(page, 'error');
  assert.match(error.message, /minutes/);
  page.emit('no_such_event', { x: 1 });
  page.emit('pause_monitoring', 'with', ['what', { it: 'does' }], 'not know');
  await heard(page, 'camera_status', (one) => one.state === 'paused');
  page.emit('resume_monitoring');
  await heard(page, 'monitoring_status', (one) => !one.paused);
  assert.equal(all(ours, 'error').length, 0, 'nobody else hears of it');
}

async function calibratedItIsJudgedByThat() {
  // somebody whose head sits low always
  const own = points(0.09);
  await desk.feed('it is bad', own, state('bad'));
  assert.deepEqual(await send(page, 'calibrate', { user: 'ada' }), { status: 'success', user: 'ada' });
  await desk.feed('it is learnt', own, () => last(page, 'calibration'));
  assert.deepEqual([last(page, 'calibration').status, last(page, 'calibration').user], ['done', 'ada']);
  await desk.feed('now it is good', own, state('good'));
  assert.equal(last(page, 'monitoring_status').calibrated, true);
  assert.deepEqual(await send(page, 'set_user', { user: 'bob' }), { status: 'success', user: 'bob', calibrated: false });
  await desk.feed('not of somebody else', own, state('bad'));
  assert.equal((await send(page, 'set_user', { user: 'ada' })).calibrated, true);
  await desk.feed('but of her', own, state('good'));
  for (const user of ['', 7, 'x'.repeat(65), 'two\nlines', 'bell\x07']) assert.equal((await send(page, 'set_user', { user })).status, 'error');
  assert.equal((await send(page, 'set_user')).status, 'error');
}

async function strangeBodies() {
  const ask = (body, type) => desk.ask('POST', '/api/frames', { body, type });
  assert.equal((await ask(picture, 'image/jpeg')).status, 200);
  assert.equal((await ask(picture, undefined)).status, 200);
  for (const [body, type, status, field] of [
    [Buffer.from('GIF89a nothing'), 'image/jpeg', 422, 'frame'],
    ['', 'image/jpeg', 422, 'frame'],
    [picture.subarray(0, 2), 'image/jpeg', 422, 'frame'],
    [picture, 'text/html', 415],
    [Buffer.alloc(3 * 1024 * 1024, 0xff), 'image/jpeg', 413],
    ['x', 'multipart/form-data', 400],
    ['--b\r\nnonsense', 'multipart/form-data; boundary=b', 400],
  ]) {
    const answer = await ask(body, type);
    assert.equal(answer.status, status, `${type} ${answer.text}`);
    assert.equal(answer.json.status, 'error');
    if (field) assert.equal(answer.json.field, field);
  }
  for (const marks of ['', '{', '{}', '[1]', JSON.stringify(good.slice(1)), JSON.stringify([...good, good[0]]),
    JSON.stringify(good).replace('0.37', '1e999'), JSON.stringify(good).replace('0.37', '"0.37"'), '['.repeat(5000)]) {
    const answer = await desk.ask('POST', '/api/frames', { body: form(marks) });
    assert.equal(answer.status, 422, `${marks.slice(0, 40)} ${answer.text}`);
    assert.equal(answer.json.field, 'landmarks');
  }
  assert.equal((await desk.ask('POST', '/api/frames', { body: form(' '.repeat(40000)) })).status, 413);
  const empty = new FormData();
  empty.append('landmarks', '[]');
  const missing = await desk.ask('POST', '/api/frames', { body: empty });
  assert.equal(missing.status, 422);
  assert.equal(missing.json.field, 'frame');
  // as scripts send it: a file, too
  const parts = form();
  parts.append('landmarks', new Blob([JSON.stringify(nobody)], { type: 'application/json' }), 'landmarks.json');
  ours.seen.length = 0;
  assert.equal((await desk.ask('POST', '/api/frames', { body: parts })).status, 200);
  assert.deepEqual((await heard(ours, 'posture_frame')).landmarks, []);
  assert.equal((await desk.get('/api/frames')).status, 405);
  assert.equal((await desk.get('/api/nothing')).status, 404);
}

async function aFloodIsRefused() {
  const flooder = await desk.connect();
  const began = performance.now();
  const answers = await Promise.all(Array.from({ length: 4000 }, () => send(flooder, 'acknowledge_alert')));
  const refused = answers.filter(({ message }) => /too much at once/.test(message));
  // a thousand a second, and two thousand at once
  const allowed = 2000 + (performance.now() - began);
  assert.ok(answers.length - refused.length >= 2000);
  assert.ok(answers.length - refused.length <= allowed + 10, `${refused.length} of 4000, in time for ${allowed}`);
  assert.match((await send(page, 'acknowledge_alert')).message, /no alert/, 'others are not held up');
  await desk.feed('pictures flow', good, state('good'));
  flooder.disconnect();
}

async function killedItKnowsWhatItKnew() {
  await desk.feed('some time', good, state('good'));
  success((await desk.post('/api/threshold', { minutes: 7 })).json);
  // what was counted until then is stored with it
  success((await desk.post('/api/pause', '')).json);
  const { json: before } = await desk.get('/api/stats/today');
  await desk.stop('SIGKILL');
  desk.args = desk.args.filter((one, i, args) => one !== '--alert-threshold' && args[i - 1] !== '--alert-threshold');
  await desk.start();
  const { json: after } = await desk.get('/api/stats/today');
  assert.deepEqual(after, before);
  const { json } = await desk.get('/api/status');
  assert.equal(json.monitoring.paused, true, 'who paused is not watched by a restart');
  assert.equal(json.camera.state, 'paused');
  assert.equal(json.monitoring.threshold_minutes, 7);
  assert.equal(json.monitoring.user, 'ada');
  assert.equal(json.monitoring.calibrated, true);
  success((await desk.post('/api/resume', '')).json);
  await desk.stop();
  assert.match(desk.output, /stopped/);
}

await runSteps([startsWithNothing, greetsTheNewOneOnly, aPictureReachesEverybody, goodIsGood, badForTooLongIsTold,
  acknowledgedItIsQuiet, goodPostureClears, leavingClears, minutesAreCounted, pausedNothingIsSeen, thresholds,
  whoWantsNoAnswerHearsOfErrors, calibratedItIsJudgedByThat, strangeBodies, aFloodIsRefused,
  killedItKnowsWhatItKnew]);
