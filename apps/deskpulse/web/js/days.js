// SPDX-License-Identifier: MIT
// days: good and bad minutes of the past days: bars, and the same in a table.
import { apiGet } from './api.js';
import { byId, countOf, setText } from './dom.js';
import { placeFill } from './place.js';
import { plotAxis, plotOpen } from './plot.js';
import { saveText } from './save.js';
import { tableShow } from './table.js';
import { themeColour } from './theme.js';
import { durationText } from './today.js';

const words = { loading: 'Loading the days…', empty: 'Nothing measured yet. Days appear here as they pass.' };
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' });
const tickName = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });

let days = []; // oldest first
let span = 7;
let plot = null;
let report = () => {};

const dateOf = ({ date }) => new Date(`${date}T00:00:00Z`);
const isMeasured = ({ good_minutes: good, bad_minutes: bad }) => good + bad > 0;

// Bars over 0, 1, 2…: below good, on top of it what was bad.
function columns() {
  return [days.map((_day, i) => i), days.map((d) => d.good_minutes + d.bad_minutes), days.map((d) => d.good_minutes)];
}

const bar = (name) => ({
  stroke: themeColour(`--plot-${name}`), fill: themeColour(`--plot-${name}`), width: 0,
  paths: window.uPlot.paths.bars({ size: [0.7, 46] }), points: { show: false },
});

const hours = (minutes, step) => (step < 60 ? `${minutes} min` : `${minutes / 60} h`);

const options = () => ({
  padding: [10, 16, 0, 0],
  cursor: { show: false },
  scales: { x: { time: false, range: () => [-0.6, Math.max(0.6, days.length - 0.4)] }, y: { range: (_u, _least, most) => [0, Math.max(10, (most ?? 0) * 1.1)] } },
  axes: [
    plotAxis({ size: 26, space: 64, incrs: [1, 2, 5, 10, 15, 30], values: (_u, ticks) => ticks.map((i) => (days[i] ? tickName.format(dateOf(days[i])) : '')) }),
    plotAxis({ size: 62, incrs: [5, 10, 20, 30, 60, 120, 180, 240], values: (_u, ticks, _i, _s, step) => ticks.map((m) => hours(m, step)) }),
  ],
  series: [{}, bar('bad'), bar('good')],
});

function show() {
  const measured = days.filter(isMeasured);
  plot.paint();
  byId('chart-days').setAttribute('aria-label', measured.length
    ? `${countOf(measured.length, 'day')} with good and bad posture; the table has the numbers` : 'Nothing measured yet');
  for (const id of ['chart-days', 'days-numbers', 'export-days']) byId(id).hidden = measured.length === 0;
  const good = measured.reduce((sum, d) => sum + d.good_minutes, 0);
  const whole = measured.reduce((sum, d) => sum + d.good_minutes + d.bad_minutes, 0);
  setText(byId('days-note'), whole > 0
    ? `${Math.round(100 * good / whole)} % good in ${durationText(whole)} of ${countOf(measured.length, 'day')}` : '');
  tableShow('days-table', ['Day', 'Good', 'Bad', 'Score'], [...measured].reverse().map((d) => [
    dayName.format(dateOf(d)), durationText(d.good_minutes), durationText(d.bad_minutes), `${Number(d.score).toFixed(0)} %`]));
  return measured.length;
}

async function fetchDays() {
  const { data } = await apiGet('/api/stats/history', { days: span });
  days = [...data].sort((a, b) => (a.date < b.date ? -1 : 1));
  return show();
}

export const daysLoad = () => placeFill(byId('days-place'), words, fetchDays);

// The day that goes on, from an event. What could not be read is asked for
// again, and so are the days when a new one has begun.
export function daysUpdate(today) {
  if (byId('days-place').dataset.state === 'error') return void daysLoad().catch(report);
  const at = days.findIndex(({ date }) => date === today.date);
  if (at < 0) return void (days.length > 0 && today.date > days.at(-1).date && daysLoad().catch(report));
  days[at] = { ...days[at], ...today };
  show();
}

function choose(event) {
  const button = event.target.closest('button');
  if (!button) return;
  span = Number(button.dataset.days);
  for (const one of byId('days-span').children) one.setAttribute('aria-pressed', String(one === button));
  daysLoad().catch(report);
}

function save() {
  const lines = days.filter(isMeasured).map((d) => [d.date, d.good_minutes, d.bad_minutes, d.score].join(','));
  saveText('deskpulse-days.csv', ['date,good_minutes,bad_minutes,score', ...lines, ''].join('\r\n'));
}

export function startDays(reportHandler) {
  report = reportHandler;
  plot = plotOpen(byId('chart-days'), options, columns);
  byId('days-span').addEventListener('click', choose);
  byId('export-days').addEventListener('click', save);
}
