// SPDX-License-Identifier: MIT
// app: joins the parts. Frames go to the picture, and what is known of line,
// camera and posture becomes the words of the page, in one place.
import { apiGet } from './js/api.js';
import { alertsCleared, alertsShow, alertsTriggered, startAlerts } from './js/alerts.js';
import { startBar } from './js/bar.js';
import { startCopy } from './js/copy.js';
import { daysLoad, daysUpdate, startDays } from './js/days.js';
import { byId, el, setServerTime, setText } from './js/dom.js';
import { liveShown, liveTake, startLive } from './js/live.js';
import { log, startLog } from './js/log.js';
import { startLogin } from './js/login.js';
import { monitorCalibrated, monitorIsPaused, monitorLive, monitorShow, monitorStatus, startMonitor } from './js/monitor.js';
import { notify } from './js/notices.js';
import { paceForget, paceHeard, paceIsArriving, paceShow, paceShown } from './js/pace.js';
import { pictureForget, pictureTake, startPicture } from './js/picture.js';
import { startPoints } from './js/points.js';
import { partsAreMissing, sessionReport, startSession } from './js/session.js';
import { startTheme } from './js/theme.js';
import { todayFresh, todayShow } from './js/today.js';
import { cameraText, postureOf, wordsOf } from './js/words.js';

const brokenMs = 5000;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

const known = {
  isLive: false, isRefused: false, downMs: 0, camera: {}, isPaused: false,
  isArriving: false, posture: '', isBroken: false,
};
let downSince = performance.now();
let brokenAt = -Infinity;
let lastFrame = null;

// --- words --------------------------------------------------------------------

function watchState() {
  if (known.isLive && known.isArriving) return ['active', 'Monitoring Active'];
  if (known.isLive && known.isPaused) return ['paused', 'Monitoring Paused'];
  return ['off', 'Not Monitoring'];
}

// The recording indicator: always there, whatever the page is doing.
function showWatch() {
  const [state, text] = watchState();
  byId('recording-indicator').dataset.state = state;
  setText(byId('recording-text'), text);
  const isKept = Boolean(monitorStatus()?.recording);
  byId('recording-kept').dataset.recording = isKept ? 'yes' : 'no';
  setText(byId('recording-kept'), isKept ? 'pictures are kept' : 'no picture is kept');
}

function showConfidence(look) {
  const value = known.isLive && known.isArriving ? lastFrame?.confidence_score : NaN;
  const percent = Number.isFinite(value) ? Math.round(100 * value) : 0;
  const bar = byId('confidence');
  bar.dataset.look = look;
  bar.setAttribute('aria-valuenow', String(percent));
  bar.firstElementChild.style.width = `${percent}%`;
  setText(byId('confidence-text'), Number.isFinite(value) ? `${percent} %` : '–');
}

function placeholderText() {
  if (!known.isLive) return 'Not connected. The picture comes back by itself.';
  if (known.isPaused) return 'Paused. The camera is closed.';
  return cameraText(known.camera) || 'Waiting for the first picture…';
}

function showPicture() {
  const isOld = !known.isLive || !known.isArriving;
  byId('picture').classList.toggle('old', isOld);
  byId('camera-placeholder').hidden = !isOld;
  setText(byId('camera-placeholder'), placeholderText());
  setText(byId('camera-words'), known.isLive && known.isArriving ? lastFrame?.note ?? '' : '');
}

function show() {
  known.isPaused = monitorIsPaused();
  known.isArriving = paceIsArriving();
  known.isBroken = performance.now() - brokenAt < brokenMs;
  known.downMs = known.isLive ? 0 : performance.now() - downSince;
  const words = wordsOf(known);
  byId('status-dot').className = `status-indicator status-${words.look}`;
  setText(byId('status-text'), words.text);
  setText(byId('posture-message'), words.message);
  setText(byId('cv-status'), words.cv);
  showWatch();
  showPicture();
  showConfidence(words.look);
  showConnect();
}

// Where pictures are sent here: how, until one has come.
function showConnect() {
  byId('connect').hidden = monitorStatus()?.source !== 'push' || lastFrame !== null || known.isPaused;
}

const curlText = () => `curl -H 'Content-Type: image/jpeg' --data-binary @picture.jpg ${location.origin}/api/frames`;

// --- messages -----------------------------------------------------------------

function onFrame(update) {
  paceHeard();
  pictureTake(update);
  liveTake(update);
  const posture = postureOf(update);
  if (posture !== known.posture) log('posture', wordsOf({ ...known, isLive: true, isArriving: true, posture }).text);
  known.posture = posture;
  lastFrame = update;
  show();
}

function onShown(latencyMs) {
  paceShown(latencyMs);
  liveShown(latencyMs);
}

function onCamera(camera) {
  const text = cameraText(camera);
  if (text !== cameraText(known.camera)) log('camera', text);
  known.camera = camera;
  if (camera.state !== 'connected' && camera.state !== 'degraded') paceForget();
  if (camera.state === 'paused') pictureForget();
  show();
}

function onMonitoring(status) {
  monitorShow(status);
  alertsShow(status.alert);
  if (status.paused) {
    paceForget();
    pictureForget();
  }
  show();
}

function onStats(today) {
  todayShow(today);
  daysUpdate(today);
}

function onError({ message } = {}) {
  brokenAt = performance.now();
  log('error', message ?? 'The server reports an error.');
  if (message) notify('error', message);
  show();
}

const events = {
  status: ({ timestamp }) => setServerTime(timestamp),
  posture_frame: onFrame, posture_update: onFrame,
  camera_status: onCamera, monitoring_status: onMonitoring, stats_update: onStats,
  alert_triggered: alertsTriggered, alert_cleared: alertsCleared,
  calibration: monitorCalibrated, error: onError,
};

// --- connection ---------------------------------------------------------------

async function snapshot() {
  known.isRefused = false;
  const { monitoring, camera, stats } = await apiGet('/api/status');
  onMonitoring(monitoring);
  onCamera(camera);
  todayShow(stats);
  await daysLoad();
}

function onLive(live) {
  if (known.isLive && !live) {
    downSince = performance.now();
    paceForget();
  }
  known.isLive = live;
  if (live) known.isRefused = false;
  monitorLive(live);
  todayFresh(live);
  setText(byId('last-update'), clock.format(new Date()));
  paceShow();
  show();
}

// The server itself refused: the page says so until it comes in.
function onRefused() {
  known.isRefused = true;
  show();
}

const token = {
  title: 'DeskPulse is protected', label: 'Access token', submit: 'Open',
  about: 'The program said where it is when it started: access.token in its data folder.',
  wrong: 'That token is not right.',
};

function startAll() {
  startBar(el('div', { class: 'watch', id: 'recording-indicator', role: 'status', 'data-state': 'off' },
    el('span', { class: 'dot', 'aria-hidden': 'true' }), el('span', { id: 'recording-text' }),
    el('span', { class: 'kept', id: 'recording-kept' })));
  startTheme();
  startLog([
    ['events', 'All events'], ['posture', 'Posture'], ['alert', 'Alerts'], ['camera', 'Camera'],
    ['connection', 'Connection'], ['error', 'Errors'],
  ]);
  startLogin(token);
  startCopy();
  setText(byId('connect-curl'), curlText());
  startPicture(onShown);
  startPoints();
  startMonitor();
  startAlerts();
  startLive();
  startDays(sessionReport);
  show();
  startSession({
    events, snapshot, live: onLive, log, status: '/api/status', refused: onRefused,
    options: { auth: { frames: 'binary' } },
  });
}

if (!partsAreMissing('io', 'uPlot')) startAll();
