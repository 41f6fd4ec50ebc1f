// SPDX-License-Identifier: MIT
// charts: three plots over one time axis. A line is the mean of what lies in a
// pixel, the band around it reaches from the smallest to the largest value.
import { dragHook, startControls, stretchText } from './controls.js';
import { byId, formatAge, formatClock, formatLevel, formatValue, serverNow, setText } from './dom.js';
import { onNextFrame } from './frame.js';
import { plotAlone, plotAxis, plotOpen, plotSoon, plotTimeAxis } from './plot.js';
import { columns } from './series.js';
import { themeColour } from './theme.js';
import { onViewChange, viewFollow, viewIsLive, viewKnows, viewRange } from './view.js';

const plots = [
  { id: 'chart-accel', from: 0, colours: ['--series-x', '--series-y', '--series-z'] },
  { id: 'chart-gyro', from: 3, colours: ['--series-x', '--series-y', '--series-z'] },
  { id: 'chart-mic', from: 6, colours: ['--series-m'], fill: '--series-m-fill' },
];
const values = columns.map((name) => byId(`sensor-${name.replace('_', '-')}`));
const scrollMs = 250;
const bandAlpha = '38';
const silentS = 10;

let series = null;
let hover = null;
let isFresh = true;
let columnsVersion = -1;
let columnData = null;

function rangeY(_plot, min, max) {
  if (min === null || max === null) return [-1, 1];
  const size = Math.max(Math.abs(min), Math.abs(max), 0.01);
  const grow = Math.max(0, 0.1 * size - (max - min)) / 2;
  return window.uPlot.rangeNum(min - grow, max + grow, 0.12, true);
}

const line = (plot) => (name) => ({
  stroke: themeColour(name), width: 1.5,
  points: { show: false, size: 6, fill: themeColour(name), filter: plotAlone },
  fill: plot.fill && themeColour(plot.fill),
});

const edge = () => ({ stroke: 'transparent', width: 0, points: { show: false } });

function optionsOf(plot) {
  const { colours } = plot;
  const count = colours.length;
  return {
    padding: [8, 22, 0, 0],
    cursor: {
      sync: { key: 'readings' }, y: false,
      points: { size: (_u, index) => (index > count ? 0 : 6) },
      drag: { x: true, y: false, setScale: false },
    },
    scales: { x: { time: true, range: viewRange }, y: { range: rangeY } },
    axes: [plotTimeAxis(), plotAxis({ size: 46, space: 28 })],
    series: [{}, ...colours.map(line(plot)), ...colours.map(edge), ...colours.map(edge)],
    bands: colours.map((name, i) => ({
      series: [1 + 2 * count + i, 1 + count + i], fill: themeColour(name) + bandAlpha,
    })),
    hooks: { setCursor: [hovered], setSelect: [dragHook] },
  };
}

function hovered(u) {
  const inside = u.cursor.left >= 0 && u.cursor.idx !== null && u.cursor.idx !== undefined;
  hover = inside ? u.cursor.idx : null;
  onNextFrame(showValues);
}

// Under the mouse the mean there; otherwise the newest reading itself.
function shownRow() {
  if (hover === null || !columnData) return series.newest;
  const row = columnData.map((column) => column[hover]);
  return Number.isFinite(row[0]) ? row : series.newest;
}

function showValues() {
  const row = shownRow();
  columns.forEach((name, i) => {
    const format = name === 'mic_level' ? formatLevel : formatValue;
    setText(values[i], row ? format(row[1 + i] ?? NaN) : '–');
  });
  setText(byId('chart-time'), timeText(row));
}

function timeText(row) {
  if (!row) return 'No readings yet';
  if (hover !== null) return `at ${formatClock(row[0] * 1000)}`;
  if (!viewIsLive()) return stretchText(viewRange());
  const silent = serverNow() / 1000 - row[0] > silentS;
  return silent || !isFresh ? `last seen ${formatAge(row[0] * 1000)}` : '';
}

function learn() {
  if (columnsVersion === series.version) return;
  columnData = series.toColumns();
  columnsVersion = series.version;
  viewKnows(series.firstS, series.newest?.[0] ?? NaN);
}

function dataOf(plot) {
  learn();
  const parts = [0, 1, 2].flatMap((side) => {
    const at = 1 + side * columns.length + plot.from;
    return columnData.slice(at, at + plot.colours.length);
  });
  return [columnData[0], ...parts];
}

function paint() {
  for (const plot of plots) plot.drawn.paint();
  showValues();
}

// Asks for a repaint, at most one per 100 ms however many readings arrive.
export const chartsChanged = plotSoon(paint);

// Shows another device's readings.
export function chartsShow(newSeries) {
  series = newSeries;
  columnsVersion = -1;
  hover = null;
  viewKnows(NaN, NaN);
  viewFollow();
}

// Whether what is shown as the newest still is: not after the connection or
// the device has gone.
export function chartsFresh(fresh) {
  isFresh = fresh;
  onNextFrame(showValues);
}

export function startCharts(firstSeries) {
  series = firstSeries;
  for (const plot of plots) {
    plot.drawn = plotOpen(byId(plot.id), () => optionsOf(plot), () => dataOf(plot));
  }
  showValues();
  startControls(plots.map((plot) => [byId(plot.id), plot.drawn]));
  onViewChange(() => onNextFrame(paint));
  setInterval(() => viewIsLive() && chartsChanged(), scrollMs);
}
