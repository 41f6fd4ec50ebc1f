// SPDX-License-Identifier: MIT
// vital_plots: vital signs over one axis of time, each before its normal band:
// the line is the mean, around it from the least to the most of each bucket.
import { dragHook, startControls, stretchText } from './controls.js';
import { byId, el, formatAge, formatClock, serverNow, setText } from './dom.js';
import { onNextFrame } from './frame.js';
import { metricName, metricUnit, metricValue } from './metrics.js';
import { plotAlone, plotAxis, plotOpen, plotSoon, plotTimeAxis } from './plot.js';
import { careGet } from './person.js';
import { themeColour } from './theme.js';
import { seriesColumns, VitalSeries } from './vital_series.js';
import { tilesBands, tilesFirstS, tileValue } from './vital_tiles.js';
import { onViewChange, viewFollow, viewIsLive, viewKnows, viewRange } from './view.js';

const plots = [
  { id: 'heart', title: 'Heart rate', of: { heart_rate: '--series-x' } },
  { id: 'spo2', title: 'Oxygen saturation', of: { spo2: '--series-z' } },
  { id: 'pressure', title: 'Blood pressure', of: { systolic: '--series-m', diastolic: '--series-z' } },
  { id: 'respiration', title: 'Respiration', of: { respiration: '--series-y' } },
  { id: 'temperature', title: 'Temperature', of: { temperature: '--series-x' } },
];
const firstSpanS = 3600;
const points = 400;
const askAfterMs = 250;
const scrollMs = 1000;
const leastRange = 4;
const spreadAlpha = '38';
// So many live readings, and the stretch is asked for again in buckets.
const tooFresh = 300;

const series = new Map(plots.flatMap(({ of }) => Object.keys(of)).map((metric) => [metric, new VitalSeries()]));
let hover = null;
let timer = 0;
let round = 0;
let isFresh = true;
let onError = () => {};

// --- drawing ------------------------------------------------------------------

// Bands belong to the picture, also where all values are within them.
function rangeY(plot, min, max) {
  const ends = Object.keys(plot.of).flatMap((metric) => tilesBands(metric)?.normal ?? []).filter(Number.isFinite);
  const all = [...ends, min, max].filter(Number.isFinite);
  if (all.length === 0) return [0, 1];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = Math.max(0, leastRange - (high - low)) / 2;
  return window.uPlot.rangeNum(low - room, high + room, 0.12, true);
}

// Normal bands, behind everything.
function drawBands(plot, u) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.fillStyle = themeColour('--band');
  for (const metric of Object.keys(plot.of)) {
    const normal = tilesBands(metric)?.normal;
    if (!normal) continue;
    const [low, high] = normal.map((end, i) => (Number.isFinite(end) ? u.valToPos(end, 'y', true)
      : bbox.top + (i === 0 ? bbox.height : 0)));
    const top = Math.max(bbox.top, high);
    const bottom = Math.min(bbox.top + bbox.height, low);
    if (bottom > top) ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  }
  ctx.restore();
}

function optionsOf(plot) {
  const colours = Object.values(plot.of).map(themeColour);
  const edge = () => ({ stroke: 'transparent', width: 0, points: { show: false } });
  return {
    padding: [8, 14, 0, 0],
    cursor: {
      sync: { key: 'vitals' }, y: false, drag: { x: true, y: false, setScale: false },
      points: { size: (_u, index) => (index % 3 === 2 ? 6 : 0) },
    },
    scales: { x: { time: true, range: viewRange }, y: { range: (_u, min, max) => rangeY(plot, min, max) } },
    axes: [plotTimeAxis(), plotAxis({ size: 46, space: 28 })],
    series: [{}, ...colours.flatMap((stroke) => [edge(), {
      stroke, width: 1.5, points: { show: false, size: 6, fill: stroke, filter: plotAlone },
    }, edge()])],
    bands: colours.map((stroke, i) => ({ series: [3 * i + 3, 3 * i + 1], fill: stroke + spreadAlpha })),
    hooks: {
      drawClear: [(u) => drawBands(plot, u)], setSelect: [dragHook],
      setCursor: [(u) => hovered(plot, u)],
    },
  };
}

function dataOf(plot) {
  plot.columns = seriesColumns(Object.keys(plot.of).map((metric) => series.get(metric)));
  return plot.columns;
}

// --- words --------------------------------------------------------------------

function hovered(plot, u) {
  const isInside = u.cursor.left >= 0 && Number.isInteger(u.cursor.idx);
  const at = isInside ? u.posToVal(u.cursor.left, 'x') : null;
  if (at === hover) return;
  hover = at;
  onNextFrame(showValues);
}

// The mean nearest to the second `at`, as far as it is near.
function valueAt(metric, at) {
  const one = series.get(metric);
  const rows = one.rows();
  let best = null;
  for (const row of rows) {
    if (row[2] !== null && (!best || Math.abs(row[0] - at) < Math.abs(best[0] - at))) best = row;
  }
  const [from, to] = viewRange();
  const near = Math.max(2 * one.bucketS, (to - from) / 50);
  return best && Math.abs(best[0] - at) <= near ? best[2] : NaN;
}

function showValues() {
  for (const plot of plots) {
    for (const metric of Object.keys(plot.of)) {
      setText(byId(`plot-value-${metric}`),
        metricValue(metric, hover === null ? tileValue(metric) : valueAt(metric, hover)));
    }
  }
  setText(byId('chart-time'), timeText());
}

function lastS() {
  return Math.max(...[...series.values()].map((one) => one.lastS).filter(Number.isFinite));
}

function timeText() {
  const last = lastS();
  if (!Number.isFinite(last)) return 'No readings in this time';
  if (hover !== null) return `at ${formatClock(hover * 1000)}`;
  if (!viewIsLive()) return stretchText(viewRange());
  return isFresh && serverNow() / 1000 - last < 60 ? '' : `last reading ${formatAge(last * 1000)}`;
}

// What is drawn, for those who cannot see it.
function sayWhatIsSeen() {
  for (const plot of plots) {
    const told = Object.keys(plot.of).map((metric) => {
      const rows = series.get(metric).rows().filter((row) => row[2] !== null);
      if (rows.length === 0) return `${metricName(metric)}: no readings`;
      const least = metricValue(metric, Math.min(...rows.map((row) => row[1])));
      const most = metricValue(metric, Math.max(...rows.map((row) => row[3])));
      return `${metricName(metric)}: ${least} to ${most} ${metricUnit(metric)}, last ${metricValue(metric, rows.at(-1)[2])}`;
    });
    byId(`plot-${plot.id}`).setAttribute('aria-label', `${told.join('; ')}. ${stretchText(viewRange())}`);
  }
}

function paint() {
  viewKnows(tilesFirstS(), lastS());
  for (const plot of plots) plot.drawn.paint();
  showValues();
}

const paintSoon = plotSoon(paint);

// --- asking -------------------------------------------------------------------

async function ask() {
  const mine = round += 1;
  const [from, to] = viewRange();
  // A little more to each side: the lines then do not end at the edge.
  const room = 0.05 * (to - from);
  const span = { from: new Date((from - room) * 1000).toISOString(), to: new Date((to + room) * 1000).toISOString(), points };
  const answers = await Promise.all([...series.keys()].map((metric) =>
    careGet('/api/vitals/series', { metric, ...span })));
  if (mine !== round) return;
  const knownTo = Math.min(to + room, serverNow() / 1000);
  [...series.keys()].forEach((metric, i) => series.get(metric).put(answers[i], knownTo));
  paint();
  sayWhatIsSeen();
}

// Asks for what is shown, a moment after the last of many wishes; not before
// the page asks for the first time.
function askSoon() {
  if (round === 0) return;
  clearTimeout(timer);
  timer = setTimeout(() => ask().catch(onError), askAfterMs);
}

export const plotsLoad = ask;

export function plotsPush(reading) {
  const one = series.get(reading?.metric);
  if (!one) return;
  one.push(reading);
  if (one.fresh > tooFresh) askSoon();
  paintSoon();
}

export function plotsFresh(fresh) {
  isFresh = fresh;
  onNextFrame(showValues);
}

function build({ id, title, of }) {
  const several = Object.keys(of).length > 1;
  const values = Object.entries(of).map(([metric, colour]) => {
    const node = el('div', {}, el('dt', { class: several ? null : 'sr', text: several ? metric : title }),
      el('dd', { id: `plot-value-${metric}`, text: '–' }));
    node.style.setProperty('--swatch', `var(${colour})`);
    return node;
  });
  return el('div', { class: 'chart' },
    el('h3', { id: `h-plot-${id}` }, title, el('span', { class: 'unit', text: metricUnit(Object.keys(of)[0]) })),
    el('dl', { class: 'values' }, ...values),
    el('div', {
      class: 'plot', id: `plot-${id}`, tabindex: '0', role: 'application', 'aria-roledescription': 'chart',
      'aria-label': title, 'aria-describedby': 'chart-keys',
    }));
}

export function startPlots(errorHandler) {
  onError = errorHandler;
  for (const plot of plots) {
    byId('plots').append(build(plot));
    plot.drawn = plotOpen(byId(`plot-${plot.id}`), () => optionsOf(plot), () => dataOf(plot));
  }
  startControls(plots.map((plot) => [byId(`plot-${plot.id}`), plot.drawn]));
  onViewChange(() => {
    paintSoon();
    askSoon();
  });
  viewFollow(firstSpanS);
  setInterval(() => viewIsLive() && paintSoon(), scrollMs);
}
