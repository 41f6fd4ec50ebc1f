// SPDX-License-Identifier: MIT
// history: asks the server for what the charts show, summed up to as many
// points as they have pixels, whatever the time it covers: when the reader
// looks elsewhere, and when many readings have come since.
import { apiGet, apiPage } from './api.js';
import { deviceNow } from './devices.js';
import { parseTime, serverNow } from './dom.js';
import { onViewChange, viewIsLive, viewRange, viewSpanS } from './view.js';

const settleMs = 120;
const retryMs = 3000;
// The server has enough to do: it says so, and that it is worth asking again.
const busy = [429, 503];
const againMs = 4000;
const looksMs = 1000;
const mostPoints = 2000;

let series = null;
let device = '';
let report = () => {};
let onFresh = () => {};
let timer = 0;
let askedAt = -Infinity;
let asking = 0;

const iso = (seconds) => new Date(seconds * 1000).toISOString();

// One per pixel; the axis takes some of the width.
const points = () => Math.max(50, Math.min(mostPoints,
  Math.round(document.getElementById('chart-accel').clientWidth - 68)));

// Live: up to the last reading there is. "Everything" leaves both ends open.
function query() {
  const wanted = { device_id: device, points: points() };
  if (!viewIsLive()) {
    const [from, to] = viewRange();
    // Something beside what is shown, so that lines lead out of the picture.
    const beside = (to - from) / 20;
    return { ...wanted, from: iso(from - beside), to: iso(to + beside) };
  }
  if (viewSpanS() === 0) return wanted;
  const now = serverNow() / 1000;
  const last = series.newest?.[0] ?? now;
  const end = now - last > viewSpanS() ? last : now;
  // A device that is younger than the span has nothing before its first word,
  // which a reading may have a moment earlier than the device.
  const first = parseTime(deviceNow()?.first_seen) / 1000 - 1;
  const from = end - viewSpanS();
  return { ...wanted, from: iso(first > from && first < end ? first : from) };
}

const fetchSeries = (wanted) => apiGet('/api/sensor-data/series', wanted);

// A history much shorter than the span fills the picture: its readings get all
// the buckets.
function isCoarse({ from }, { rows, data }) {
  if (!viewIsLive() || !from || rows === data.ts.length) return false;
  return data.ts[0] / 1000 - parseTime(from) / 1000 > viewSpanS() / 2;
}

async function ask() {
  const mine = asking += 1;
  const id = device;
  const askedMs = serverNow();
  askedAt = performance.now();
  const wanted = query();
  let answer = await fetchSeries(wanted);
  if (isCoarse(wanted, answer)) {
    answer = await fetchSeries({ ...wanted, from: iso(answer.data.ts[0] / 1000) });
  }
  // Another question has been asked since: its answer counts.
  if (mine !== asking || id !== device) return;
  const toMs = parseTime(answer.to);
  if (!Number.isFinite(toMs)) return;
  series.put(answer, wanted.to ? Math.min(toMs, askedMs) : toMs);
  onFresh();
}

function failed(error) {
  if (busy.includes(error.status)) soon(retryMs);
  else report(error);
}

function soon(ms = settleMs) {
  clearTimeout(timer);
  timer = setTimeout(() => device && ask().catch(failed), ms);
}

// What has come live stands beside the buckets: now and then it becomes some.
function look() {
  if (!device || document.hidden || !viewIsLive()) return;
  const due = series.fresh > points() && performance.now() - askedAt > againMs;
  if (due) soon(0);
}

// Shows the readings of `id`, which may be the same as before.
export async function historyShow(id) {
  device = id;
  clearTimeout(timer);
  const { data } = await apiPage('/api/sensor-data', { device_id: id, limit: 1 });
  if (id !== device) return;
  if (data[0]) series.know(data[0]);
  onFresh();
  await ask().catch(failed);
}

// How many readings the server took after the newest one known here.
export async function historyMissed(id) {
  if (!series.newest) return 0;
  const from = new Date(series.newest[0] * 1000 + 1).toISOString();
  const answer = await fetchSeries({ device_id: id, from, points: 1 });
  return Number(answer.rows) || 0;
}

export function startHistory(theSeries, freshHandler, reportHandler) {
  series = theSeries;
  onFresh = freshHandler;
  report = reportHandler;
  onViewChange(() => soon());
  setInterval(look, looksMs);
}
