// SPDX-License-Identifier: MIT
// charts: three plots over one time axis. A line is the mean of what lies in a
// pixel, the band around it reaches from the smallest to the largest value.
import { byId, formatAge, formatClock, formatLevel, formatValue, serverNow, setText } from './dom.js';
import { onNextFrame } from './frame.js';
import { startGestures } from './gestures.js';
import { columns } from './series.js';
import { onThemeChange, themeColour } from './theme.js';
import { onViewChange, viewFix, viewFollow, viewIsLive, viewKnows, viewMoves, viewRange, viewSpanS } from './view.js';

const plots = [
  { id: 'chart-accel', from: 0, colours: ['--series-x', '--series-y', '--series-z'] },
  { id: 'chart-gyro', from: 3, colours: ['--series-x', '--series-y', '--series-z'] },
  { id: 'chart-mic', from: 6, colours: ['--series-m'], fill: '--series-m-fill' },
];
const values = columns.map((name) => byId(`sensor-${name.replace('_', '-')}`));
const repaintMs = 100;
const scrollMs = 250;
const bandAlpha = '38';
const silentS = 10;

let series = null;
let hover = null;
let isFresh = true;
let painted = 0;
let later = 0;
let columnsVersion = -1;
let columnData = null;

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

const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

function tickLabel(seconds, step) {
  const date = new Date(seconds * 1000);
  const isMidnight = step >= 3600 && date.getHours() === 0 && date.getMinutes() === 0;
  if (isMidnight || step >= 86400) return day.format(date);
  const text = `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
  if (step >= 60) return text;
  const s = date.getSeconds() + date.getMilliseconds() / 1000;
  const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
  return `${text}:${s.toFixed(digits).padStart(digits ? 3 + digits : 2, '0')}`;
}

// A value between two gaps is no line: it is drawn as a point.
function alone(u, index) {
  const of = u.data[index];
  const found = [];
  for (let i = 0; i < of.length; i += 1) {
    if (Number.isFinite(of[i]) && !Number.isFinite(of[i - 1]) && !Number.isFinite(of[i + 1])) found.push(i);
  }
  return found.length ? found : null;
}

const line = (plot) => (name) => ({
  stroke: themeColour(name), width: 1.5,
  points: { show: false, size: 6, fill: themeColour(name), filter: alone },
  fill: plot.fill && themeColour(plot.fill),
});

const edge = () => ({ stroke: 'transparent', width: 0, points: { show: false } });

function optionsOf(plot, box) {
  const { colours } = plot;
  const count = colours.length;
  return {
    width: box.clientWidth, height: box.clientHeight, padding: [8, 22, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'readings' }, y: false,
      points: { size: (_u, index) => (index > count ? 0 : 6) },
      drag: { x: true, y: false, setScale: false },
    },
    scales: { x: { time: true, range: viewRange }, y: { range: rangeY } },
    axes: [
      axis({
        size: 24, space: 80,
        values: (_u, ticks, _i, _space, step) => ticks.map((t) => tickLabel(t, step)),
      }),
      axis({ size: 46, space: 28 }),
    ],
    series: [{}, ...colours.map(line(plot)), ...colours.map(edge), ...colours.map(edge)],
    bands: colours.map((name, i) => ({
      series: [1 + 2 * count + i, 1 + count + i], fill: themeColour(name) + bandAlpha,
    })),
    hooks: { setCursor: [hovered], setSelect: [selected] },
  };
}

function hovered(u) {
  const inside = u.cursor.left >= 0 && u.cursor.idx !== null && u.cursor.idx !== undefined;
  hover = inside ? u.cursor.idx : null;
  onNextFrame(showValues);
}

function selected(u) {
  if (u.select.width < 8) return;
  const from = u.posToVal(u.select.left, 'x');
  const to = u.posToVal(u.select.left + u.select.width, 'x');
  u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  viewFix([from, to]);
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

const stretchText = ([from, to]) => `${formatClock(from * 1000)} – ${formatClock(to * 1000)}`;

function timeText(row) {
  if (!row) return 'No readings yet';
  if (hover !== null) return `at ${formatClock(row[0] * 1000)}`;
  if (!viewIsLive()) return stretchText(viewRange());
  const silent = serverNow() / 1000 - row[0] > silentS;
  return silent || !isFresh ? `last seen ${formatAge(row[0] * 1000)}` : '';
}

// The stretch in words, for those who move through it by keys.
function say() {
  setText(byId('chart-said'), `${viewIsLive() ? 'Live, ' : ''}${stretchText(viewRange())}`);
}

function paint() {
  painted = performance.now();
  if (columnsVersion !== series.version) {
    columnData = series.toColumns();
    columnsVersion = series.version;
    viewKnows(series.firstS, series.newest?.[0] ?? NaN);
  }
  for (const plot of plots) {
    const parts = [0, 1, 2].flatMap((side) => {
      const at = 1 + side * columns.length + plot.from;
      return columnData.slice(at, at + plot.colours.length);
    });
    plot.view?.setData([columnData[0], ...parts]);
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
    const empty = Array.from({ length: 1 + 3 * plot.colours.length }, () => []);
    plot.view = new window.uPlot(optionsOf(plot, box), empty, box);
    plot.view.root.setAttribute('aria-hidden', 'true');
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

function showView() {
  byId('chart-live').hidden = viewIsLive();
  for (const button of byId('chart-span').children) {
    button.setAttribute('aria-pressed', String(Number(button.dataset.span) === viewSpanS()));
  }
  onNextFrame(paint);
}

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
  build();
  const watcher = new ResizeObserver(() => onNextFrame(resize));
  for (const plot of plots) {
    watcher.observe(byId(plot.id));
    startGestures(byId(plot.id), () => plot.view, say);
  }
  onThemeChange(build);
  onViewChange(showView);
  setInterval(() => viewIsLive() && chartsChanged(), scrollMs);
  byId('chart-live').addEventListener('click', () => viewFollow());
  byId('chart-span').addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (button) viewFollow(Number(button.dataset.span));
  });
  for (const button of document.querySelectorAll('[data-move]')) {
    button.addEventListener('click', () => { viewMoves[button.dataset.move](); say(); });
  }
}
