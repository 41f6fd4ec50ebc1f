// SPDX-License-Identifier: MIT
// app: joins the parts. Messages of the server go to the parts that show
// them; after every (re)connection a snapshot over HTTP fills what was missed.
import { apiPage } from './js/api.js';
import { audioFilter, audioLoad, audioUpdate, startAudio } from './js/audio.js';
import { startBar } from './js/bar.js';
import { bodyTurn, startBody } from './js/body.js';
import { chartsChanged, chartsShow, startCharts } from './js/charts.js';
import { connectReach, startConnect } from './js/connect.js';
import { deviceHeard, deviceSelected, devicesLoad, deviceUpdate, startDevices } from './js/devices.js';
import { byId, countOf, el, formatDb, formatDegrees, formatValue, parseTime, setServerTime } from './js/dom.js';
import { startExport } from './js/export.js';
import { galleryFilter, galleryLoad, galleryUpdate, startGallery } from './js/gallery.js';
import { historyMissed, historyShow, startHistory } from './js/history.js';
import { log, startLog } from './js/log.js';
import { startLogin } from './js/login.js';
import { oledLoad, oledShow, startOled } from './js/oled.js';
import { Series } from './js/series.js';
import { partsAreMissing, sessionReport, sessionShow, startSession } from './js/session.js';
import { staleShow } from './js/stale.js';
import { startTheme } from './js/theme.js';

const series = new Series();

// --- history ----------------------------------------------------------------

async function loadOrientation(id) {
  const { data } = await apiPage('/api/orientation-data', { device_id: id, limit: 1 });
  if (id === deviceSelected()) bodyTurn(data[0] ?? null);
}

function onDeviceSelected(id) {
  series.clear();
  chartsShow(series);
  bodyTurn(null);
  sessionShow();
  Promise.all([historyShow(id), loadOrientation(id), filterMedia()]).catch(sessionReport);
}

function filterMedia() {
  const id = byId('only-selected').checked ? deviceSelected() : '';
  return Promise.all([galleryFilter(id), audioFilter(id)]);
}

// Everything the page shows, fetched once: when the connection is there, so
// that nothing falls between. The first time the choice of a device fetches
// what is its own. Says what was missed.
async function snapshot() {
  const id = deviceSelected();
  const missed = id ? await historyMissed(id) : 0;
  const [pictures, recordings] = await Promise.all([
    galleryLoad(), audioLoad(), devicesLoad(), oledLoad(),
    id ? historyShow(id) : null, id ? loadOrientation(id) : null,
  ]);
  logHistory(pictures, recordings);
  return missed ? `Connected again and caught up on ${countOf(missed, 'reading')}.` : undefined;
}

const loggedAtMost = 2000;
const logged = new Set();

function markLogged(key) {
  logged.add(key);
  if (logged.size > loggedAtMost) logged.delete(logged.values().next().value);
}

// Puts what came before this page was opened, or while it was cut off, into
// the log, in the order in which it happened.
function logHistory(pictures, recordings) {
  const entries = [
    ...pictures.map((one) => ({ key: `picture ${one.image_id}`, type: 'picture', text: pictureText(one), at: one.timestamp })),
    ...recordings.map((one) => ({ key: `audio ${one.audio_id}`, type: 'audio', text: audioText(one), at: one.timestamp })),
  ].filter(({ key }) => !logged.has(key)).sort((a, b) => parseTime(a.at) - parseTime(b.at));
  for (const { key, type, text, at } of entries) {
    markLogged(key);
    log(type, text, parseTime(at));
  }
}

// --- messages ---------------------------------------------------------------

function onReading({ timestamp, data }) {
  if (!data) return;
  deviceHeard(data.device_id, timestamp, 'readings');
  if (data.device_id === deviceSelected()) {
    series.push(data, timestamp);
    chartsChanged();
  }
  const accel = ['x', 'y', 'z'].map((axis) => formatValue(data[`accel_${axis}`])).join(' ');
  log('reading', `${data.device_id}: acceleration ${accel}, microphone ${formatValue(data.mic_level)}`);
}

function onOrientation(update) {
  deviceHeard(update.device_id, update.timestamp);
  if (update.device_id === deviceSelected()) bodyTurn(update);
  const angles = ['pitch', 'roll', 'yaw'].map((name) => `${name} ${formatDegrees(update[name])}`);
  log('reading', `${update.device_id}: ${angles.join(', ')}`);
}

const pictureText = (one) =>
  `${one.device_id} sent picture ${one.image_id}, ${one.width} × ${one.height}`;

const audioText = (one) => `${one.device_id} sent ` +
  `${(one.duration_ms / 1000).toFixed(1)} s of sound, peak ${formatDb(one.peak_db)}`;

function onCamera(update) {
  galleryUpdate(update);
  if (update.caption) {
    log('picture', `Picture ${update.image_id} of ${update.device_id}: ${update.caption}`);
    return;
  }
  deviceHeard(update.device_id, update.timestamp, 'images');
  markLogged(`picture ${update.image_id}`);
  log('picture', pictureText(update));
}

function onAudio(update) {
  deviceHeard(update.device_id, update.timestamp, 'audio');
  audioUpdate(update);
  markLogged(`audio ${update.audio_id}`);
  log('audio', audioText(update));
}

function onOled({ animation_id: id, animation_name: name }) {
  oledShow(id);
  log('oled', `The OLED shows ${name}`);
}

function onDevice(update) {
  if (!deviceUpdate(update)) return;
  log('device', `${update.device_id} is ${update.online ? 'online' : 'offline'}`);
}

const events = {
  connection_response: ({ server_time: time }) => setServerTime(time),
  sensor_update: onReading,
  orientation_update: onOrientation,
  camera_update: onCamera,
  audio_update: onAudio,
  oled_display_changed: onOled,
  device_update: onDevice,
};

function startAll() {
  startBar(el('label', { class: 'picker' }, el('span', { text: 'Device' }),
    el('select', { id: 'device-select', 'aria-label': 'Device' }, el('option', { value: '', text: 'No device yet' }))));
  startTheme();
  startLog([
    ['events', 'Events'], ['all', 'Events and readings'], ['reading', 'Readings'], ['picture', 'Pictures'],
    ['audio', 'Audio'], ['oled', 'OLED'], ['device', 'Devices'], ['connection', 'Connection'], ['error', 'Errors'],
  ]);
  startLogin();
  startDevices(onDeviceSelected);
  startConnect();
  startCharts(series);
  startHistory(series, chartsChanged, sessionReport);
  startBody();
  startOled();
  startGallery(sessionReport);
  startAudio(sessionReport);
  startExport();
  byId('only-selected').addEventListener('change', () => filterMedia().catch(sessionReport));
  startSession({ events, snapshot, live: staleShow, knows: connectReach, log });
}

if (!partsAreMissing('io', 'uPlot')) startAll();
