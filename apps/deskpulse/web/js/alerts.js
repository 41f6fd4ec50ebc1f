// SPDX-License-Identifier: MIT
// alerts: bad posture for too long: over the page until it is seen or over, and
// on the desktop for who asked for it.
import { byId, setText } from './dom.js';
import { log } from './log.js';
import { monitorAcknowledge } from './monitor.js';
import { notify } from './notices.js';
import { durationText } from './today.js';

const storeKey = 'deskpulse-notify';
const tag = 'deskpulse-alert';
let wanted = false;
let shown = null;
let told = '';

const canTell = () => 'Notification' in window && window.isSecureContext;
const isAllowed = () => canTell() && Notification.permission === 'granted';

// --- on the page --------------------------------------------------------------

// The alert of a monitoring_status; null: there is none.
export function alertsShow(alert) {
  byId('alert').hidden = !alert || alert.acknowledged;
  if (!alert) {
    told = '';
    return;
  }
  setText(byId('alert-text'), told || `Bad posture for ${durationText(alert.duration / 60)}. Sit up straight and align your shoulders.`);
}

// An alert_triggered.
export function alertsTriggered({ message, cause, timestamp }) {
  told = cause ? `${message} (${cause})` : message;
  setText(byId('alert-text'), told);
  byId('alert').hidden = false;
  log('alert', told, Date.parse(timestamp));
  tellDesktop(message);
}

// An alert_cleared.
export function alertsCleared({ message, reason, timestamp }) {
  told = '';
  byId('alert').hidden = true;
  log('alert', `Over: ${message}`, Date.parse(timestamp));
  if (reason === 'good') notify('good', 'Good posture again. Well done.');
  shown?.close();
  shown = null;
}

// --- on the desktop -----------------------------------------------------------

function tellDesktop(message) {
  if (!wanted || !isAllowed() || document.visibilityState === 'visible') return;
  try {
    shown = new Notification('DeskPulse', { body: message, tag, renotify: true, icon: '/favicon.svg' });
    shown.addEventListener('click', () => window.focus());
  } catch {
    // Browsers of phones tell only through a service worker; the page has told it.
  }
}

function noteText() {
  if (!canTell()) return 'This browser allows it only at localhost or over HTTPS.';
  if (Notification.permission === 'denied') return 'This browser was told not to; its settings change that.';
  return wanted ? 'You are told when this page is not seen.' : 'Tell of alerts when this page is not seen.';
}

function showWish() {
  const button = byId('notify');
  button.disabled = !canTell() || Notification.permission === 'denied';
  button.setAttribute('aria-pressed', String(wanted));
  setText(button, wanted ? 'On' : 'Notify me');
  setText(byId('notify-note'), noteText());
}

function keep() {
  try {
    localStorage.setItem(storeKey, wanted ? 'on' : 'off');
  } catch {
    // The wish then holds until the page is left.
  }
}

// Asks the browser only when the reader has asked for it.
async function toggle() {
  wanted = !wanted;
  if (wanted && !isAllowed()) wanted = (await Notification.requestPermission()) === 'granted';
  keep();
  showWish();
}

export function startAlerts() {
  try {
    wanted = localStorage.getItem(storeKey) === 'on' && isAllowed();
  } catch {
    wanted = false;
  }
  byId('notify').addEventListener('click', toggle);
  byId('alert-acknowledge').addEventListener('click', monitorAcknowledge);
  showWish();
}
