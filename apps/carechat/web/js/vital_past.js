// SPDX-License-Identifier: MIT
// vital_past: single readings, newest first, page by page.
import { byId, el, formatClock, parseTime } from './dom.js';
import { metricName, metrics, metricUnit, metricValue, statusOf } from './metrics.js';
import { notify } from './notices.js';
import { carePage } from './person.js';
import { placeFill } from './place.js';
import { tableShow } from './table.js';

const perPage = 12;
let data = [];
let next = null;
let round = 0;

const level = (status) => el('span', { class: 'level', 'data-status': statusOf(status), text: statusOf(status) });

const device = ({ device_id: id, simulated }) => el('span', { class: 'who' }, String(id ?? ''),
  simulated && el('span', { class: 'badge', text: 'simulated' }));

function show() {
  tableShow('past-table', ['Time', 'Value', 'Status', 'Device'], data.map((reading) => [
    formatClock(parseTime(reading.timestamp)),
    `${metricValue(reading.metric, reading.value)} ${reading.unit ?? metricUnit(reading.metric)}`,
    level(reading.status), device(reading)]));
  byId('past-table').hidden = data.length === 0;
  byId('past-more').hidden = next === null;
}

async function load(cursor) {
  const mine = round += 1;
  const page = await carePage('/api/vitals', { metric: byId('past-metric').value, limit: perPage, cursor });
  if (mine !== round) return data.length;
  data = cursor === undefined ? page.data : [...data, ...page.data];
  next = page.next;
  show();
  return data.length;
}

export function pastLoad() {
  const name = metricName(byId('past-metric').value);
  return placeFill(byId('past-place'), { loading: 'Asking for readings…', empty: `No reading of ${name.toLowerCase()} yet.` }, () => load());
}

export function startPast() {
  byId('past-metric').append(...Object.entries(metrics).map(([value, { name }]) => el('option', { value, text: name })));
  byId('past-metric').addEventListener('change', pastLoad);
  byId('past-more').addEventListener('click', () => load(next).catch((error) => notify('error', error.message)));
}
