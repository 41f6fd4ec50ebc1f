// SPDX-License-Identifier: MIT
// curve: how the sludge of several tests settles, over one axis of 30 minutes:
// drawn, as a legend, and as a table for those who cannot see the drawing.
import { byId, el, formatValue, setText } from './dom.js';
import { plotAxis, plotOpen, plotSoon } from './plot.js';
import { tableShow } from './table.js';
import { themeColour } from './theme.js';

// The test that is shown first, then the compared ones. Dashes tell them apart
// without colours.
const looks = [
  { colour: '--accent', width: 3, dash: [] },
  { colour: '--series-x', width: 1.5, dash: [8, 4] },
  { colour: '--series-y', width: 1.5, dash: [3, 3] },
  { colour: '--series-m', width: 1.5, dash: [10, 3, 2, 3] },
  { colour: '--series-z', width: 1.5, dash: [2, 6] },
  { colour: '--muted', width: 1.5, dash: [14, 4] },
];
const minutes = [0, 5, 10, 15, 20, 25, 30];
const wholeS = 1800;

let curves = [];
let unit = 'mm';
let plot = null;
let drawn = 0;

const scale = (curve) => (unit === 'mm' || !curve.mixture ? 1 : 100 / curve.mixture);

// Height at `s` seconds, between the neighbours; NaN where nothing was measured.
export function heightAt(points, s) {
  const next = points.findIndex(([t]) => t >= s);
  if (next < 0) return NaN;
  const [t1, h1] = points[next];
  if (t1 === s || next === 0) return t1 - s < 30 ? h1 : NaN;
  const [t0, h0] = points[next - 1];
  return h0 + (h1 - h0) * (s - t0) / (t1 - t0);
}

// All curves over the times that any of them has.
function columns() {
  const times = [...new Set(curves.flatMap(({ points }) => points.map(([t]) => t)))].sort((a, b) => a - b);
  const place = new Map(times.map((t, i) => [t, i]));
  return [times.map((t) => t / 60), ...curves.map((curve) => {
    const out = Array(times.length).fill(null);
    for (const [t, h] of curve.points) out[place.get(t)] = h * scale(curve);
    return out;
  })];
}

// Of one point alone the plot would make a range of its own.
function rangeX({ data }) {
  return [0, Math.max(30, data[0].at(-1) ?? 0)];
}

function rangeY(_plot, _least, most) {
  return [0, Math.max(unit === 'mm' && curves.length ? 10 : 100, (most ?? 0) * 1.05)];
}

const font = { font: '12px system-ui, sans-serif' };

function options() {
  const label = unit === 'mm' ? 'mm' : '%';
  drawn = curves.length;
  return {
    padding: [10, 26, 0, 0],
    cursor: { drag: { x: false, y: false }, y: false },
    scales: { x: { time: false, range: rangeX }, y: { range: rangeY } },
    axes: [
      plotAxis({ ...font, size: 28, incrs: [1, 2, 5, 10, 20, 60], values: (_u, ticks) => ticks.map((t) => `${t} min`), space: 60 }),
      plotAxis({ ...font, size: 62, values: (_u, ticks) => ticks.map((h) => `${h} ${label}`) }),
    ],
    series: [{}, ...curves.map((_curve, i) => ({
      stroke: themeColour(looks[i].colour), width: looks[i].width, dash: looks[i].dash,
      spanGaps: true, points: { show: (_u, at) => curves[at - 1].points.length < 3 },
    }))],
  };
}

function line(i) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const stroke = document.createElementNS('http://www.w3.org/2000/svg', 'line');
  const { colour, width, dash } = looks[i];
  for (const [name, value] of Object.entries({
    x1: 0, x2: 28, y1: 3, y2: 3, 'stroke-width': width, 'stroke-dasharray': dash.join(' '),
    style: `stroke: var(${colour})`,
  })) stroke.setAttribute(name, value);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(stroke);
  return svg;
}

function showLegend() {
  byId('legend').replaceChildren(...curves.map((curve, i) =>
    el('li', {}, line(i), el('span', { text: i === 0 ? `${curve.id} (shown)` : curve.id }))));
}

function showTable() {
  byId('compare').hidden = curves.length === 0;
  tableShow('compare-table',
    ['Test', 'SV30', 'Velocity', ...minutes.map((m) => `${m} min`)],
    curves.map((curve) => [
      curve.id,
      Number.isFinite(curve.sv30) ? `${formatValue(curve.sv30)} %` : '–',
      Number.isFinite(curve.velocity) ? `${formatValue(curve.velocity)} mm/min` : '–',
      ...minutes.map((m) => formatValue(heightAt(curve.points, m * 60)))]));
}

function sayWhatIsSeen() {
  const [first] = curves;
  const last = first?.points.at(-1);
  const others = curves.length - 1;
  byId('curve').setAttribute('aria-label', !last ? 'No curve yet'
    : `Settling curve of ${first.id}: ${formatValue(first.points[0][1])} mm at the start, ` +
      `${formatValue(last[1])} mm after ${(last[0] / 60).toFixed(1)} minutes` +
      `${others ? `, with ${others} other ${others === 1 ? 'test' : 'tests'}` : ''}`);
}

// At most ten times a second, however many heights come.
const paintSoon = plotSoon(() => {
  if (drawn === curves.length) plot.paint();
  else plot.build();
  showTable();
  sayWhatIsSeen();
});

// Shows these: {id, points: [[s, mm]…], mixture, sv30, velocity}, the first one
// thick.
export function curvesShow(list) {
  curves = list.slice(0, looks.length);
  showLegend();
  paintSoon();
}

// One more height of the first.
export function curvePush(t, mm) {
  const points = curves[0]?.points;
  if (!points || t > 4 * wholeS) return;
  const at = points.findIndex(([one]) => one >= t);
  if (at < 0) points.push([t, mm]);
  else points.splice(at, points[at][0] === t ? 1 : 0, [t, mm]);
  paintSoon();
}

export const curvesAtMost = looks.length - 1;

function chooseUnit(event) {
  const button = event.target.closest('button');
  if (!button) return;
  unit = button.dataset.unit;
  for (const one of byId('unit').children) {
    one.setAttribute('aria-pressed', String(one === button));
  }
  plot.build();
}

export function startCurve() {
  plot = plotOpen(byId('curve'), options, columns);
  showTable();
  setText(byId('curve-time'), '');
  byId('unit').addEventListener('click', chooseUnit);
}
