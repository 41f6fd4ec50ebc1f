// SPDX-License-Identifier: MIT
// pace: how many frames come and how old they are on the screen, of the last ten
// seconds.
import { byId, setText } from './dom.js';

const keepMs = 10000;
// Frames that come less often than this are not missed sooner.
const leastGapMs = 2000;
let shown = [];
let heardAt = -Infinity;
let gapMs = 0;

const now = () => performance.now();

// A frame has come.
export function paceHeard() {
  if (heardAt > 0) gapMs += 0.2 * (Math.min(now() - heardAt, keepMs) - gapMs);
  heardAt = now();
}

// It is on the screen, so many milliseconds after its capture.
export function paceShown(latencyMs) {
  shown.push({ at: now(), latencyMs });
}

// Whether frames really arrive.
export const paceIsArriving = () => now() - heardAt < Math.max(leastGapMs, 4 * gapMs);

export function paceForget() {
  heardAt = -Infinity;
  gapMs = 0;
  shown = [];
}

const milliseconds = (value) => (Number.isFinite(value) ? value.toFixed(value < 10 ? 1 : 0) : '–');

export function paceShow() {
  shown = shown.filter(({ at }) => now() - at < keepMs);
  const sorted = shown.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const isThere = paceIsArriving() && sorted.length > 0;
  const spanS = isThere ? Math.max(1, (now() - shown[0].at) / 1000) : 1;
  setText(byId('latency'), isThere ? milliseconds(sorted[sorted.length >> 1]) : '–');
  setText(byId('latency-99'), isThere ? milliseconds(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))]) : '–');
  setText(byId('frame-rate'), isThere ? (sorted.length / spanS).toFixed(1) : '–');
}
