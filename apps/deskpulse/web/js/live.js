// SPDX-License-Identifier: MIT
// live: posture and latency since the page was opened, one point for each
// second, over one axis of time. Four hours are kept.
import { dragHook, startControls, stretchText } from './controls.js';
import { byId, setText } from './dom.js';
import { onNextFrame } from './frame.js';
import { plotAlone, plotAxis, plotOpen, plotSoon, plotTimeAxis } from './plot.js';
import { themeColour } from './theme.js';
import { onViewChange, viewIsLive, viewKnows, viewRange } from './view.js';

const keepSeconds = 4 * 3600;
const scrollMs = 500;
const gapS = 4;

// Seconds since 1970; confidence in percent while good, while bad; latency.
let rows = [[], [], [], [], []];
let second = null;
let plots = [];

function close() {
  if (!second) return;
  const { at, good, bad, count, sum, worst } = second;
  const last = rows[0].at(-1);
  if (at - last > gapS) put([last + 1, null, null, null, null]);
  const share = (n) => (n.count ? 100 * n.sum / n.count : null);
  // the posture of a second is the one that was seen for more of it
  put([at, good.count >= bad.count ? share(good) : null, bad.count > good.count ? share(bad) : null,
    count ? sum / count : null, count ? worst : null]);
  second = null;
}

function put(row) {
  row.forEach((value, i) => rows[i].push(value));
  if (rows[0].length > keepSeconds) rows = rows.map((column) => column.slice(600));
}

const begun = (at) => ({ at, good: { count: 0, sum: 0 }, bad: { count: 0, sum: 0 }, count: 0, sum: 0, worst: 0 });

// A frame has come, whether anybody sees it or not.
export function liveTake({ posture_state: state, confidence_score: confidence, captured_at: capturedAt }) {
  const at = Math.floor(capturedAt);
  if (second && second.at !== at) close();
  if (rows[0].length && at <= rows[0].at(-1)) return;
  second ??= begun(at);
  const posture = second[state];
  if (posture && Number.isFinite(confidence)) {
    posture.count += 1;
    posture.sum += confidence;
  }
  viewKnows(rows[0][0] ?? at, at);
  repaint();
}

// It is on the screen.
export function liveShown(latencyMs) {
  if (!second) return;
  second.count += 1;
  second.sum += latencyMs;
  second.worst = Math.max(second.worst, latencyMs);
}

const area = (name) => ({
  stroke: themeColour(`--plot-${name}`), fill: themeColour(`--plot-${name}-fill`), width: 1.5,
  points: { show: false, size: 6, fill: themeColour(`--plot-${name}`), filter: plotAlone },
});

const frame = (range, series) => ({
  padding: [8, 22, 0, 0],
  cursor: { sync: { key: 'live' }, y: false, drag: { x: true, y: false, setScale: false } },
  scales: { x: { time: true, range: viewRange }, y: { range } },
  axes: [plotTimeAxis(), plotAxis({ size: 46, space: 28 })],
  series: [{}, ...series],
  hooks: { setCursor: [showValues], setSelect: [dragHook] },
});

const postureOptions = () => frame(() => [0, 105], [area('good'), area('bad')]);

const latencyOptions = () => frame((_u, _least, most) => [0, Math.max(20, (most ?? 0) * 1.15)], [
  { stroke: themeColour('--series-m'), width: 1.5, points: { show: false, size: 6, filter: plotAlone } },
  { stroke: themeColour('--muted'), width: 1, dash: [3, 3], points: { show: false } },
]);

function showValues(u) {
  const at = u?.cursor?.idx ?? null;
  const index = at !== null && u.cursor.left >= 0 ? at : rows[0].length - 1;
  const show = (id, column, unit) => {
    const value = rows[column][index];
    setText(byId(id), Number.isFinite(value) ? `${value.toFixed(0)}${unit}` : '–');
  };
  show('live-good', 1, ' %');
  show('live-bad', 2, ' %');
  show('live-latency', 3, ' ms');
  setText(byId('chart-time'), rows[0].length === 0 ? 'No picture yet' : viewIsLive() ? '' : stretchText(viewRange()));
}

function paint() {
  for (const { drawn } of plots) drawn.paint();
  showValues();
}

const repaint = plotSoon(paint);

export function startLive() {
  plots = [
    { id: 'chart-posture', options: postureOptions, data: () => rows.slice(0, 3) },
    { id: 'chart-latency', options: latencyOptions, data: () => [rows[0], rows[3], rows[4]] },
  ];
  for (const plot of plots) plot.drawn = plotOpen(byId(plot.id), plot.options, plot.data);
  startControls(plots.map(({ id, drawn }) => [byId(id), drawn]));
  showValues();
  onViewChange(() => onNextFrame(paint));
  setInterval(() => viewIsLive() && repaint(), scrollMs);
}
