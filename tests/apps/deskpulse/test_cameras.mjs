// SPDX-License-Identifier: MIT
// Cameras that go and come back: what viewers are told, in words, and that it
// recovers by itself; a drawn person through the whole pipeline.
//   node test_cameras.mjs PROGRAM
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { all, bad, Desk, form, heard, last, newFolder, picture, Program, runSteps, send, until } from './desk.mjs';

const camera = (socket, state) => heard(socket, 'camera_status', (one) => one.state === state);
const frames = (socket) => all(socket, 'posture_frame').length;
const flows = (socket) => {
  const before = frames(socket);
  return until('pictures flow', () => frames(socket) > before + 2, 30000);
};
const again = { limitMs: 30000 };

// Gone: told with a reason; nothing is counted or shown; then back.
async function goesAndComes(program, socket, goes, comes) {
  await flows(socket);
  await camera(socket, 'connected');
  socket.seen.length = 0;
  goes();
  const gone = await until('it is told', () => all(socket, 'camera_status')
    .find((one) => one.state === 'disconnected' || one.state === 'degraded'), again.limitMs);
  assert.ok(gone.reason.length > 5, gone.reason);
  assert.ok(!gone.reason.includes('errno'), gone.reason);
  await until('it is tried again', () => all(socket, 'camera_status').some((one) => one.retry_seconds > 0), again.limitMs);
  const health = (await program.get('/health')).json;
  assert.equal(health.status, 'ok', 'the program is well');
  assert.notEqual(health.camera, 'connected');
  const late = await program.connect();
  assert.notEqual((await heard(late, 'camera_status')).state, 'connected');
  late.disconnect();
  comes();
  socket.seen.length = 0;
  await until('it is back', () => all(socket, 'camera_status').some((one) => one.state === 'connected'), again.limitMs);
  await flows(socket);
  assert.equal((await program.get('/health')).json.camera, 'connected');
}

async function aFolderThatIsTakenAway() {
  const folder = newFolder();
  fs.mkdirSync(folder);
  for (let i = 0; i < 3; i += 1) fs.writeFileSync(path.join(folder, `${i}.jpg`), picture);
  const desk = new Program({ args: ['--source', 'dir', '--camera', folder], env: { CAMERA_FPS_TARGET: '30' } });
  await desk.start();
  const page = await desk.connect({ auth: { frames: 'binary' } });
  await goesAndComes(desk, page, () => fs.renameSync(folder, `${folder}-away`), () => fs.renameSync(`${folder}-away`, folder));
  assert.deepEqual(Buffer.from(last(page, 'posture_frame').frame), picture);
  await desk.stop();
}

async function anEstimatorThatIsKilled() {
  const pidFile = `${newFolder()}.pid`;
  const script = path.join(path.dirname(new URL(import.meta.url).pathname), 'estimator.mjs');
  const desk = new Program({
    args: ['--source', 'json', '--alert-threshold', '1s',
      '--estimator', `exec '${process.execPath}' '${script}' '${pidFile}'`],
    env: { CAMERA_FPS_TARGET: '50' },
  });
  await desk.start();
  const page = await desk.connect({ auth: { frames: 'binary' } });
  await until('it is bad', () => last(page, 'posture_frame')?.posture_state === 'bad', again.limitMs);
  assert.deepEqual(last(page, 'posture_frame').landmarks.length, bad.length);
  await until('an alert', () => last(page, 'alert_triggered'), again.limitMs);
  await goesAndComes(desk, page, () => process.kill(Number(fs.readFileSync(pidFile, 'utf8')), 'SIGKILL'), () => {});
  // paused, it is ended; resumed, another is started
  const before = fs.readFileSync(pidFile, 'utf8');
  assert.equal((await send(page, 'pause_monitoring')).status, 'success');
  await until('it is ended', () => {
    try {
      process.kill(Number(before), 0);
      return false;
    } catch {
      return true;
    }
  }, again.limitMs);
  assert.equal((await send(page, 'resume_monitoring')).status, 'success');
  await flows(page);
  assert.notEqual(fs.readFileSync(pidFile, 'utf8'), before);
  await desk.stop();
}

async function aCameraThatIsNotThere() {
  const desk = new Program({ args: ['--source', 'v4l2', '--camera', '/dev/video-none'] });
  await desk.start();
  const page = await desk.connect();
  const status = await heard(page, 'camera_status', (one) => one.state === 'disconnected' && one.retry_seconds > 0);
  assert.match(status.reason, /video-none|camera|No such/i);
  assert.equal((await desk.ask('POST', '/api/frames', { body: form() })).status, 409, 'pictures come from somewhere else');
  await desk.stop();
}

async function aDrawnPerson() {
  const desk = new Program({ env: { CAMERA_FPS_TARGET: '20' } });
  await desk.start();
  const page = await desk.connect();
  assert.equal((await heard(page, 'monitoring_status')).simulated, true);
  const update = await heard(page, 'posture_update');
  assert.equal(update.simulated, true);
  const jpeg = Buffer.from(update.frame_base64, 'base64');
  assert.deepEqual([...jpeg.subarray(0, 3)], [0xff, 0xd8, 0xff]);
  assert.deepEqual([update.width, update.height], [640, 480]);
  assert.equal((await desk.get('/health')).json.simulated, true);
  await until('the tracker finds it', () => all(page, 'posture_update').some((one) => one.user_present && one.posture_state), 60000);
  await desk.stop();
}

async function aPushThatStops() {
  const desk = new Desk();
  await desk.start();
  const page = await desk.connect({ auth: { frames: 'binary' } });
  await desk.feed('it is connected', bad, () => last(page, 'camera_status')?.state === 'connected');
  page.seen.length = 0;
  await until('it is told', () => all(page, 'camera_status').some((status) => status.state !== 'connected' && status.reason), again.limitMs);
  await desk.feed('it is connected again', bad, () => last(page, 'camera_status')?.state === 'connected');
  await desk.stop();
}

await runSteps([aFolderThatIsTakenAway, anEstimatorThatIsKilled, aCameraThatIsNotThere, aDrawnPerson, aPushThatStops]);
