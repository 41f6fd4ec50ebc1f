// SPDX-License-Identifier: MIT
// charts: three plots over one time axis, following the present or standing
// still on a stretch the reader has chosen.
import { byId, formatAge, formatClock, formatLevel, formatValue, serverNow, setText } from './dom.js';
import { onNextFrame } from './frame.js';
import { columns } from './series.js';
import { onThemeChange, themeColour } from './theme.js';

const plots = [
  { id: 'chart-accel', from: 1, colours: ['--series-x', '--series-y', '--series-z'] },
  { id: 'chart-gyro', from: 4, colours: ['--series-x', '--series-y', '--series-z'] },
  { id: 'chart-mic', from: 7, colours: ['--series-m'], fill: '--series-m-fill' },
];
const values = columns.map((name) => byId(`sensor-${name.replace('_', '-')}`));
const repaintMs = 100;
const scrollMs = 250;
const leastSpanS = 10;

let series = null;
let spanS = 60;
let fixed = null;
let hoverT = null;
let painted = 0;
let later = 0;
let columnsVersion = -1;
let columnData = null;

// The newest time shown: now, or the last reading of a device long silent.
function rightEdge() {
  const now = serverNow() / 1000;
  const last = series.last?.[0] ?? now;
  const silent = now - last > (spanS || 60);
  return silent ? last : Math.max(now, last);
}

export function chartsRange() {
  if (fixed) return fixed;
  const end = rightEdge();
  const known = Math.max(leastSpanS, end - (series.first?.[0] ?? end - 60));
  // A history shorter than the stretch asked for fills the chart all the same.
  return [end - (spanS ? Math.min(spanS, known) : known), end];
}

function rangeY(_plot, min, max) {
  if (min === null || max === null) return [-1, 1];
  const size = Math.max(Math.abs(min), Math.abs(max), 0.01);
  const grow = Math.max(0, 0.1 * size - (max - min)) / 2;
  return window.uPlot.rangeNum(min - grow, max + grow, 0.12, true);
}

function axis(extra) {
  return {
    stroke: themeColour('--muted'), font: '11px system-ui, sans-serif',
    grid: { stroke: themeColour('--grid'), width: 1 },
    ticks: { show: false }, ...extra,
  };
}

const twoDigits = (n) => String(n).padStart(2, '0');

function tickLabel(seconds, step) {
  const date = new Date(seconds * 1000);
  const text = `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
  return step < 60 ? `${text}:${twoDigits(date.getSeconds())}` : text;
}

function optionsOf(plot, box) {
  return {
    width: box.clientWidth, height: box.clientHeight, padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'readings' }, y: false, points: { size: 6 },
      drag: { x: true, y: false, setScale: false },
    },
    scales: { x: { time: true, range: chartsRange }, y: { range: rangeY } },
    axes: [
      axis({
        size: 24, space: 80,
        values: (_u, ticks, _i, _space, step) => ticks.map((t) => tickLabel(t, step)),
      }),
      axis({ size: 46, space: 28 }),
    ],
    series: [{}, ...plot.colours.map((name) => ({
      stroke: themeColour(name), width: 1.5, points: { show: false },
      fill: plot.fill && themeColour(plot.fill),
    }))],
    hooks: { setCursor: [hovered], setSelect: [selected] },
  };
}

function hovered(u) {
  const inside = u.cursor.left >= 0;
  hoverT = inside ? u.posToVal(u.cursor.left, 'x') : null;
  onNextFrame(showValues);
}

function selected(u) {
  if (u.select.width < 8) return;
  const from = u.posToVal(u.select.left, 'x');
  const to = u.posToVal(u.select.left + u.select.width, 'x');
  u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  fix([from, to]);
}

function fix(range) {
  fixed = range;
  byId('chart-live').hidden = !fixed;
  paint();
}

function showValues() {
  const row = hoverT === null ? series.last : series.at(hoverT);
  columns.forEach((name, i) => {
    const format = name === 'mic_level' ? formatLevel : formatValue;
    setText(values[i], row ? format(row[1 + i] ?? NaN) : '–');
  });
  setText(byId('chart-time'), timeText(row));
}

function timeText(row) {
  if (!row) return 'No readings yet';
  if (hoverT !== null) return `at ${formatClock(row[0] * 1000)}`;
  if (fixed) return `${formatClock(fixed[0] * 1000)} – ${formatClock(fixed[1] * 1000)}`;
  const silent = serverNow() / 1000 - row[0] > 10;
  return silent ? `last reading ${formatAge(row[0] * 1000)}` : '';
}

function paint() {
  painted = performance.now();
  if (columnsVersion !== series.version) {
    columnData = series.toColumns();
    columnsVersion = series.version;
  }
  for (const plot of plots) {
    const part = columnData.slice(plot.from, plot.from + plot.colours.length);
    plot.view?.setData([columnData[0], ...part]);
  }
  showValues();
}

// Asks for a repaint, at most one per 100 ms however many readings arrive.
export function chartsChanged() {
  if (later) return;
  const wait = Math.max(0, painted + repaintMs - performance.now());
  later = setTimeout(() => {
    later = 0;
    onNextFrame(paint);
  }, wait);
}

function build() {
  for (const plot of plots) {
    const box = byId(plot.id);
    plot.view?.destroy();
    const empty = Array.from({ length: 1 + plot.colours.length }, () => []);
    plot.view = new window.uPlot(optionsOf(plot, box), empty, box);
  }
  paint();
}

function resize() {
  for (const plot of plots) {
    const { clientWidth: width, clientHeight: height } = byId(plot.id);
    const same = plot.view.width === width && plot.view.height === height;
    if (!same && width > 0) plot.view.setSize({ width, height });
  }
}

function chooseSpan(seconds) {
  spanS = seconds;
  for (const button of byId('chart-span').children) {
    button.setAttribute('aria-pressed', String(Number(button.dataset.span) === seconds));
  }
  fix(null);
}

// Shows another device's readings.
export function chartsShow(newSeries) {
  series = newSeries;
  columnsVersion = -1;
  hoverT = null;
  fix(null);
}

export function startCharts(firstSeries) {
  series = firstSeries;
  build();
  const watcher = new ResizeObserver(() => onNextFrame(resize));
  for (const plot of plots) watcher.observe(byId(plot.id));
  onThemeChange(build);
  setInterval(() => !fixed && chartsChanged(), scrollMs);
  byId('chart-live').addEventListener('click', () => fix(null));
  byId('chart-span').addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (button) chooseSpan(Number(button.dataset.span));
  });
}
