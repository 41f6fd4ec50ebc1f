// SPDX-License-Identifier: MIT
// vitals: joins the parts of the page of vital signs. After each connection a
// snapshot over HTTP fills what was missed; events go on top.
import { startCarePage } from './js/care_page.js';
import { startCopy } from './js/copy.js';
import { byId, setText } from './js/dom.js';
import { notify } from './js/notices.js';
import { careGet } from './js/person.js';
import { socketAnswers } from './js/socket.js';
import { alertsLoad, onVitalAlert, startAlerts } from './js/vital_alerts.js';
import { deviceHeard, devicesLoad, devicesShow, deviceUpdate, startDevices } from './js/vital_devices.js';
import { pastLoad, startPast } from './js/vital_past.js';
import { plotsFresh, plotsLoad, plotsPush, startPlots } from './js/vital_plots.js';
import { startTiles, tilePut, tilesHaveAny, tilesKnow, tilesShow } from './js/vital_tiles.js';

const lookEveryMs = 1000;

let isOpen = false;

function report(error) {
  if (error.status !== 401) notify('error', error.message);
}

function onVital(reading) {
  tilePut(reading);
  plotsPush(reading);
  deviceHeard(reading);
  byId('begin').hidden = true;
}

async function onJoined() {
  isOpen = true;
  tilesKnow(await careGet('/api/vitals/latest'));
  byId('begin').hidden = tilesHaveAny();
  const parts = await Promise.allSettled([plotsLoad(), alertsLoad(), devicesLoad(), pastLoad()]);
  const failed = parts.find(({ status }) => status === 'rejected');
  if (failed) report(failed.reason);
  look();
}

// What is not live must not look so.
function look() {
  if (!isOpen) return;
  const live = socketAnswers();
  byId('main').classList.toggle('cut', !live);
  tilesShow();
  devicesShow(live);
  plotsFresh(live);
}

function startAll() {
  startTiles();
  startAlerts();
  startDevices();
  startPast();
  startCopy();
  setText(byId('begin-curl'), `curl ${location.origin}/api/vitals \\
  -H 'Content-Type: application/json' -H 'X-Device-Key: KEY' \\
  -d '{"device_id":"cuff-1","metric":"heart_rate","value":72,"unit":"bpm"}'`);
  startCarePage('vitals', {
    vital_update: onVital, device_update: deviceUpdate, vital_alert: onVitalAlert,
  }, { onJoined, onGone: look }, 'uPlot');
  if (window.uPlot) startPlots(report);
  setInterval(look, lookEveryMs);
}

startAll();
