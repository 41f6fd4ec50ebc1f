// SPDX-License-Identifier: MIT
// mini_vitals: the latest readings beside the chat.
import { byId, el, formatAge, parseTime, setText } from './dom.js';
import { metricName, metrics, metricUnit, metricValue, statusOf } from './metrics.js';
import { careGet } from './person.js';

const ageEveryMs = 5000;
const latest = new Map();
const rows = new Map();

function build(metric) {
  const value = el('strong');
  const state = el('span', { class: 'level' });
  const age = el('span', { class: 'hint' });
  const simulated = el('span', { class: 'badge', text: 'simulated', hidden: true });
  const node = el('div', {}, el('dt', { text: metricName(metric) }),
    el('dd', {}, value, el('span', { class: 'unit', text: metricUnit(metric) }), 
      el('span', { class: 'marks' }, state, simulated), age));
  return { node, value, state, age, simulated };
}

function show(metric) {
  const reading = latest.get(metric);
  if (!rows.has(metric)) {
    rows.set(metric, build(metric));
    const known = Object.keys(metrics).filter((one) => rows.has(one));
    byId('mini-vitals').replaceChildren(...known.map((one) => rows.get(one).node));
  }
  const row = rows.get(metric);
  setText(row.value, metricValue(metric, reading.value));
  row.state.dataset.status = statusOf(reading.status);
  setText(row.state, statusOf(reading.status));
  row.simulated.hidden = !reading.simulated;
  setText(row.age, formatAge(parseTime(reading.timestamp)));
  byId('mini-empty').hidden = true;
}

export function miniVital(reading) {
  if (!(reading?.metric in metrics)) return;
  latest.set(reading.metric, reading);
  show(reading.metric);
}

export async function miniVitalsLoad() {
  const { data } = await careGet('/api/vitals/latest');
  for (const reading of data) miniVital(reading);
}

export function startMiniVitals() {
  setInterval(() => { for (const metric of latest.keys()) show(metric); }, ageEveryMs);
}
