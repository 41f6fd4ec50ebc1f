// SPDX-License-Identifier: MIT
// vital_tiles: the latest reading of each vital sign, with its status in a word
// and a place of its own between the bands.
import { byId, el, formatAge, parseTime, serverNow, setText } from './dom.js';
import { bandText, metrics, metricUnit, metricValue, statusOf } from './metrics.js';

// A device that says nothing for so long shows no present.
const staleMs = 60000;
const tiles = new Map();
const latest = new Map();
let bands = {};
let firstS = 0;

function build(metric) {
  const { name } = metrics[metric];
  const value = el('strong', { id: `value-${metric}`, text: '–' });
  const level = el('span', { class: 'level', id: `status-${metric}`, 'data-status': 'none', text: 'no reading' });
  const age = el('span', { class: 'hint' });
  const normal = el('span', { class: 'hint' });
  const mark = el('i');
  const gauge = el('div', { class: 'gauge', 'aria-hidden': 'true' }, el('b'), mark);
  const simulated = el('span', { class: 'badge', text: 'simulated', hidden: true });
  const node = el('li', { class: 'card tile', id: `tile-${metric}`, 'data-status': 'none' },
    el('div', { class: 'tile-head' }, el('h3', { text: name }), simulated, level),
    el('p', { class: 'tile-value' }, value, el('span', { class: 'unit', text: metricUnit(metric) })),
    gauge, el('p', { class: 'tile-foot' }, normal, age));
  return { node, value, level, age, normal, gauge, mark, simulated };
}

// Where `value` stands, in percent of a scale that has both bands within it.
function placeOf(value, { normal, warning }) {
  const ends = [...normal, ...warning].filter(Number.isFinite);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const room = 0.25 * (high - low || 1);
  const to = (one) => Math.max(0, Math.min(100, 100 * (one - low + room) / (high - low + 2 * room)));
  return { at: to(value), from: Number.isFinite(normal[0]) ? to(normal[0]) : 0, till: Number.isFinite(normal[1]) ? to(normal[1]) : 100 };
}

function showGauge(tile, value, band) {
  tile.gauge.hidden = !band || !Number.isFinite(value);
  if (tile.gauge.hidden) return;
  const { at, from, till } = placeOf(value, band);
  tile.gauge.firstChild.style.left = `${from}%`;
  tile.gauge.firstChild.style.right = `${100 - till}%`;
  tile.mark.style.left = `${at}%`;
}

function show(metric) {
  const tile = tiles.get(metric);
  const reading = latest.get(metric);
  const band = bands[metric];
  setText(tile.normal, band ? `normal ${bandText(metric, band.normal)}` : '');
  if (!reading) return showGauge(tile, NaN, band);
  const status = statusOf(reading.status);
  const at = parseTime(reading.timestamp);
  setText(tile.value, metricValue(metric, reading.value));
  setText(tile.level, status);
  tile.level.dataset.status = status;
  tile.node.dataset.status = status;
  tile.node.classList.toggle('stale', serverNow() - at > staleMs);
  setText(tile.age, formatAge(at));
  tile.simulated.hidden = !reading.simulated;
  return showGauge(tile, reading.value, band);
}

// A reading; an older one than is shown changes nothing.
export function tilePut(reading) {
  if (!(reading?.metric in metrics)) return;
  const known = latest.get(reading.metric);
  if (known && parseTime(known.timestamp) > parseTime(reading.timestamp)) return;
  latest.set(reading.metric, reading);
  show(reading.metric);
}

// The newest, NaN without one.
export const tileValue = (metric) => latest.get(metric)?.value ?? NaN;
export const tilesHaveAny = () => latest.size > 0;
// When the first reading of all was taken, in seconds. Not told, it was long
// ago: plots then show the whole of the chosen time.
export const tilesFirstS = () => firstS;
export const tilesBands = (metric) => bands[metric];

// An answer of /api/vitals/latest.
export function tilesKnow({ data, bands: told = {}, first }) {
  bands = told;
  firstS = first ? parseTime(first) / 1000 : 0;
  for (const reading of data) tilePut(reading);
  tilesShow();
}

export function tilesShow() {
  for (const metric of tiles.keys()) show(metric);
}

export function startTiles() {
  for (const metric of Object.keys(metrics)) {
    tiles.set(metric, build(metric));
    byId('tiles').append(tiles.get(metric).node);
  }
}
