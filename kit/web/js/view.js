// SPDX-License-Identifier: MIT
// view: the stretch of time that the charts show: the last minutes, moving
// with the present, or one that stands still where the reader put it.
import { serverNow } from './dom.js';

const leastS = 0.5;
const mostS = 10 * 366 * 86400;
const step = 1.5;
const firstSpanS = 60;
// Of a history that is shorter than the span, and of none.
const shortestS = 10;

// Span in seconds; 0 is everything there is.
let spanS = firstSpanS;
let fixed = null;
let known = { first: NaN, last: NaN };
const listeners = new Set();

function changed() {
  for (const listener of listeners) listener();
}

export function onViewChange(listener) {
  listeners.add(listener);
}

// The times in seconds of the first and last reading that is known; NaN: none.
export function viewKnows(first, last) {
  known = { first, last };
}

// The newest time shown: now, or the last reading of a device long silent.
function rightEdge() {
  const now = serverNow() / 1000;
  if (!Number.isFinite(known.last)) return now;
  return now - known.last > (spanS || firstSpanS) ? known.last : Math.max(now, known.last);
}

// [from, to] in seconds. A history shorter than the span fills the chart.
export function viewRange() {
  if (fixed) return fixed;
  const end = rightEdge();
  const first = Number.isFinite(known.first) ? known.first : end - firstSpanS;
  const whole = Math.max(shortestS, end - first);
  return [end - (spanS ? Math.min(spanS, whole) : whole), end];
}

export const viewIsLive = () => fixed === null;

// The span chosen for the present, in seconds; 0: everything.
export const viewSpanS = () => spanS;

export function viewFollow(seconds = spanS) {
  spanS = seconds;
  fixed = null;
  changed();
}

// Stands still on [from, to], but not in the future.
export function viewFix([from, to]) {
  const length = Math.min(mostS, Math.max(leastS, to - from));
  const middle = (from + to) / 2;
  const end = Math.min(middle + length / 2, serverNow() / 1000);
  fixed = [end - length, end];
  changed();
}

// Shows `factor` times as much time; `at` (0..1) keeps its place.
export function viewZoom(factor, at = viewIsLive() ? 1 : 0.5) {
  const [from, to] = viewRange();
  const still = from + at * (to - from);
  const length = Math.min(mostS, Math.max(leastS, factor * (to - from)));
  viewFix([still - at * length, still + (1 - at) * length]);
}

// Moves by a part of what is shown; to the left is negative.
export function viewPan(part) {
  const [from, to] = viewRange();
  const by = part * (to - from);
  viewFix([from + by, to + by]);
}

export const viewMoves = {
  earlier: () => viewPan(-0.25),
  later: () => viewPan(0.25),
  in: () => viewZoom(1 / step),
  out: () => viewZoom(step),
  live: () => viewFollow(),
};
