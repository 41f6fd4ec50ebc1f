// SPDX-License-Identifier: MIT
// vital_alerts: what was out of its band, newest first, until it is seen to.
import { alertNotice, alertText } from './alert_notice.js';
import { apiPost } from './api.js';
import { byId, countOf, el, formatClock, parseTime, setText } from './dom.js';
import { statusOf } from './metrics.js';
import { notify } from './notices.js';
import { careDo, carePage } from './person.js';
import { placeFill, placeShow } from './place.js';

const perPage = 20;
const alerts = new Map();
const rows = new Map();
let next = null;
let isLoaded = false;

const keyOf = (alert) => JSON.stringify([alert.status, alert.value, alert.cleared_at, alert.acknowledged_at, alert.message]);

function stateOf({ cleared_at: cleared, acknowledged_at: seen }) {
  const over = cleared ? `over since ${formatClock(parseTime(cleared))}` : 'going on';
  return seen ? `${over}, acknowledged ${formatClock(parseTime(seen))}` : over;
}

async function acknowledge(alert, button) {
  button.disabled = true;
  try {
    await careDo(() => apiPost(`/api/alerts/${encodeURIComponent(alert.id)}/acknowledge`, {}));
    const known = alerts.get(String(alert.id));
    alertPut({ ...known, acknowledged_at: known.acknowledged_at ?? new Date().toISOString() });
  } catch (error) {
    button.disabled = false;
    notify('error', error.message);
  }
}

function row(alert) {
  const status = statusOf(alert.status);
  const node = el('li', { 'data-id': alert.id, 'data-status': status, class: alert.acknowledged_at ? 'seen' : '' },
    el('p', { class: 'who' }, el('span', { class: 'level', 'data-status': status, text: status }),
      el('strong', { text: alertText(alert) }), alert.simulated && el('span', { class: 'badge', text: 'simulated' })),
    el('p', { class: 'hint', text: `${formatClock(parseTime(alert.timestamp))}, ${stateOf(alert)}` }));
  if (!alert.acknowledged_at) {
    const button = el('button', {
      type: 'button', class: 'small', text: 'Acknowledge', 'aria-label': `Acknowledge: ${alertText(alert)}`,
      on: { click: () => acknowledge(alert, button) },
    });
    node.append(button);
  }
  return node;
}

// A row is made again only when something in it changed: the focus stays.
function rowOf(alert) {
  const id = String(alert.id);
  const known = rows.get(id);
  if (known?.key === keyOf(alert)) return known.node;
  const node = row(alert);
  rows.set(id, { key: keyOf(alert), node });
  return node;
}

const newestFirst = (a, b) => parseTime(b.timestamp) - parseTime(a.timestamp) || Number(b.id) - Number(a.id);

function show() {
  const wanted = [...alerts.values()].sort(newestFirst).map(rowOf);
  const list = byId('alert-list');
  const isSame = wanted.length === list.children.length && wanted.every((node, i) => node === list.children[i]);
  if (!isSame) list.replaceChildren(...wanted);
  list.hidden = wanted.length === 0;
  const open = [...alerts.values()].filter((alert) => !alert.acknowledged_at).length;
  setText(byId('alert-count'), open ? `${countOf(open, 'alert')} to acknowledge` : alerts.size ? 'all acknowledged' : '');
  byId('alert-more').hidden = next === null;
  if (isLoaded) placeShow(byId('alert-place'), wanted.length ? '' : 'empty', 'Nothing was out of its band.');
}

// One that was raised, cleared or acknowledged.
function alertPut(alert) {
  if (alert?.id === undefined) return;
  alerts.set(String(alert.id), { ...alerts.get(String(alert.id)), ...alert });
  show();
}

export function onVitalAlert(alert) {
  alertPut(alert);
  alertNotice(alert);
}

async function load(cursor) {
  const page = await carePage('/api/alerts', { limit: perPage, cursor });
  for (const alert of page.data) alerts.set(String(alert.id), alert);
  next = page.next;
  isLoaded = true;
  show();
  return alerts.size;
}

export function alertsLoad() {
  alerts.clear();
  return placeFill(byId('alert-place'), { loading: 'Asking for alerts…', empty: 'Nothing was out of its band.' }, () => load());
}

export function startAlerts() {
  byId('alert-more').addEventListener('click', () => load(next).catch((error) => notify('error', error.message)));
}
