// SPDX-License-Identifier: MIT
// monitor: what the reader can ask for: pause, threshold, who sits there, how
// they sit well; and what of it is in force. The server keeps all of it.
import { connectionAsk } from './connection.js';
import { byId, setText } from './dom.js';
import { log } from './log.js';
import { notify } from './notices.js';

let status = null;
let isLive = false;
let asking = 0;

export const monitorIsPaused = () => Boolean(status?.paused);
export const monitorStatus = () => status;

const buttons = ['pause', 'threshold-set', 'user-set', 'calibrate'];

function showButtons() {
  for (const id of buttons) byId(id).disabled = !isLive || !status || asking > 0;
  byId('calibrate').disabled ||= monitorIsPaused() || Boolean(status?.calibrating);
}

// What the reader is typing stays.
function showField(id, value) {
  const field = byId(id);
  if (document.activeElement !== field && value !== undefined) field.value = value;
}

function calibrationText({ calibrating, calibrated, paused }) {
  if (calibrating) return 'Looking at how you sit: keep still…';
  if (paused) return 'Resume first, then sit well.';
  return calibrated ? 'Measured against how you sit well.' : 'Sit well, then press: bad is measured against it.';
}

// A monitoring_status.
export function monitorShow(now) {
  status = now;
  setText(byId('pause'), now.paused ? 'Resume' : 'Pause');
  setText(byId('pause-note'), now.paused ? 'Closed: nothing is watched.' : 'A pause closes it, for everyone.');
  setText(byId('calibration-note'), calibrationText(now));
  setText(byId('calibrate'), now.calibrating ? 'Looking…' : 'Sit well now');
  showField('threshold', Number(now.threshold_minutes?.toFixed(3)));
  showField('user', now.user);
  byId('simulated').hidden = !now.simulated;
  showButtons();
}

// A calibration has come to its end.
export function monitorCalibrated({ status: how, message }) {
  notify(how === 'done' ? 'good' : 'error', message);
  log('posture', message);
}

// Whether anything can be asked for at present.
export function monitorLive(live) {
  if (live === isLive) return;
  isLive = live;
  showButtons();
}

// Asks, and says what came of it; the buttons rest meanwhile.
async function ask(name, body, done) {
  asking += 1;
  showButtons();
  try {
    const answer = await connectionAsk(name, body);
    if (answer.warning) notify('error', answer.warning);
    else if (done) notify('good', done);
  } catch (error) {
    notify('error', error.message);
  } finally {
    asking -= 1;
    showButtons();
  }
}

function setThreshold(event) {
  event.preventDefault();
  const minutes = Number(byId('threshold').value);
  byId('threshold').blur();
  ask('set_threshold', { minutes }, `Bad posture is told after ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`);
}

function setUser(event) {
  event.preventDefault();
  const user = byId('user').value.trim();
  byId('user').blur();
  ask('set_user', { user }, `${user} sits here now.`);
}

export function startMonitor() {
  byId('pause').addEventListener('click', () =>
    ask(monitorIsPaused() ? 'resume_monitoring' : 'pause_monitoring', {}));
  byId('calibrate').addEventListener('click', () => ask('calibrate', {}));
  byId('threshold-form').addEventListener('submit', setThreshold);
  byId('user-form').addEventListener('submit', setUser);
}

export const monitorAcknowledge = () => ask('acknowledge_alert', {}, 'Noted. It is not told again until you have sat well.');
