// SPDX-License-Identifier: MIT
// plot: what every plot of uPlot has: colours of the theme, the size of its
// box, ticks in words, and a paint that is asked for often and done seldom.
import { onNextFrame } from './frame.js';
import { onThemeChange, themeColour } from './theme.js';

const paintMs = 100;

export function plotAxis(extra) {
  return {
    stroke: themeColour('--muted'), font: '11px system-ui, sans-serif',
    grid: { stroke: themeColour('--grid'), width: 1 },
    ticks: { show: false }, ...extra,
  };
}

const twoDigits = (n) => String(n).padStart(2, '0');
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

function tick(seconds, step) {
  const date = new Date(seconds * 1000);
  const isMidnight = step >= 3600 && date.getHours() === 0 && date.getMinutes() === 0;
  if (isMidnight || step >= 86400) return day.format(date);
  const text = `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
  if (step >= 60) return text;
  const s = date.getSeconds() + date.getMilliseconds() / 1000;
  const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
  return `${text}:${s.toFixed(digits).padStart(digits ? 3 + digits : 2, '0')}`;
}

// The axis of time: as fine as its ticks are.
export const plotTimeAxis = (extra) => plotAxis({
  size: 24, space: 80,
  values: (_u, ticks, _i, _space, step) => ticks.map((t) => tick(t, step)), ...extra,
});

// A filter of points: a value between two gaps is no line, it is a point.
export function plotAlone(u, index) {
  const of = u.data[index];
  const found = [];
  for (let i = 0; i < of.length; i += 1) {
    if (Number.isFinite(of[i]) && !Number.isFinite(of[i - 1]) && !Number.isFinite(of[i + 1])) found.push(i);
  }
  return found.length ? found : null;
}

// A function that asks for `paint`: it comes once per 100 ms at most.
export function plotSoon(paint) {
  let painted = 0;
  let timer = 0;
  const run = () => {
    painted = performance.now();
    paint();
  };
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      onNextFrame(run);
    }, Math.max(0, painted + paintMs - performance.now()));
  };
}

// A plot in `box`, made again when the theme changes and as large as the box.
// `optionsOf` gives uPlot's options (but for the size), `dataOf` its columns.
// Readers hear the words of the box: the drawing itself is hidden from them.
// Returns {view, build, paint}.
export function plotOpen(box, optionsOf, dataOf) {
  const plot = { view: null };
  plot.build = () => {
    const { clientWidth: width, clientHeight: height } = box;
    plot.view?.destroy();
    plot.view = new window.uPlot({ width, height, legend: { show: false }, ...optionsOf() }, dataOf(), box);
    plot.view.root.setAttribute('aria-hidden', 'true');
  };
  plot.paint = () => plot.view.setData(dataOf());
  const resize = () => {
    const { clientWidth: width, clientHeight: height } = box;
    const same = plot.view.width === width && plot.view.height === height;
    if (!same && width > 0) plot.view.setSize({ width, height });
  };
  plot.build();
  new ResizeObserver(() => onNextFrame(resize)).observe(box);
  onThemeChange(plot.build);
  return plot;
}
