// SPDX-License-Identifier: MIT
// series: the readings of one device over time: a stretch that the server has
// summed up into a few hundred buckets, and behind it what came live since.
//
// A row is [t, means…, smallest…, largest…] with one of each per column; of a
// single reading the three are the same. The live rows are bounded: when they
// are too many the older half loses every second one.
import { parseTime } from './dom.js';

export const columns = ['accel_x', 'accel_y', 'accel_z',
  'gyro_x', 'gyro_y', 'gyro_z', 'mic_level'];
const maxLive = 4000;
const gapAtLeastS = 5;

const number = (value) => (Number.isFinite(value) ? value : null);

function rowOf(reading, timestamp) {
  const t = parseTime(timestamp) / 1000;
  if (!Number.isFinite(t)) return null;
  const values = columns.map((name) => number(reading[name]));
  return [t, ...values, ...values, ...values];
}

// A bucket stands in the middle of its time; one reading, where it begins.
function rowsOf({ data, bucket_ms: bucketMs }) {
  const sides = ['mean', 'min', 'max'].flatMap((side) =>
    columns.map((name) => data[name]?.[side] ?? []));
  return data.ts.map((ts, i) => {
    const inside = data.rows[i] > 1 ? (bucketMs - 1) / 2 : 0;
    return [(ts + inside) / 1000, ...sides.map((values) => number(values[i]))];
  });
}

const nothing = { from: NaN, to: -Infinity, bucketS: 0, rows: [] };

export class Series {
  version = 0;
  stretch = nothing;
  live = [];
  // The newest reading itself, whether shown or not.
  newest = null;

  // When the first of what is known was measured, in seconds; NaN: nothing is.
  get firstS() {
    return this.stretch.rows.length ? this.stretch.from : this.live[0]?.[0] ?? NaN;
  }

  clear() {
    this.stretch = nothing;
    this.live = [];
    this.newest = null;
    this.version += 1;
  }

  // A reading that just came; one that comes late is put where it belongs.
  push(reading, timestamp) {
    const row = rowOf(reading, timestamp);
    if (!row) return;
    const late = this.live.length > 0 && row[0] < this.live.at(-1)[0];
    this.live.push(row);
    if (late) this.live.sort((a, b) => a[0] - b[0]);
    if (!this.newest || row[0] >= this.newest[0]) this.newest = row;
    while (this.live.length > maxLive) {
      const half = this.live.length >> 1;
      this.live = this.live.filter((_row, i) => i >= half || i % 2 === 0);
    }
    this.version += 1;
  }

  // The newest reading that the server has.
  know(reading) {
    const row = rowOf(reading, reading.timestamp);
    if (row && (!this.newest || row[0] > this.newest[0])) this.newest = row;
  }

  // An answer of /api/sensor-data/series; it knows everything up to `toMs`.
  put(answer, toMs) {
    this.stretch = {
      from: answer.data.ts[0] / 1000, to: toMs / 1000,
      bucketS: answer.bucket_ms / 1000, rows: rowsOf(answer),
    };
    this.version += 1;
  }

  // How many rows came since the stretch was fetched.
  get fresh() {
    return this.#tail().length;
  }

  #tail() {
    const { to } = this.stretch;
    if (this.live.length === 0 || this.live[0][0] > to) return this.live;
    return this.live.filter((row) => row[0] > to);
  }

  rows() {
    return this.stretch.rows.concat(this.#tail());
  }

  // Columns as the charts want them, with an empty row in each gap, so that
  // lines break there.
  toColumns() {
    const out = Array.from({ length: 1 + 3 * columns.length }, () => []);
    const rows = this.rows();
    const gap = Math.max(gapAtLeastS, 6 * usualStep(rows), 2.5 * this.stretch.bucketS);
    let before = null;
    for (const row of rows) {
      if (before && row[0] - before[0] > gap) {
        out[0].push((row[0] + before[0]) / 2);
        for (let i = 1; i < out.length; i += 1) out[i].push(null);
      }
      for (let i = 0; i < out.length; i += 1) out[i].push(row[i]);
      before = row;
    }
    return out;
  }
}

// The usual time between two rows: the middle one of a sample.
function usualStep(rows) {
  const steps = [];
  const stride = Math.max(1, rows.length >> 6);
  for (let i = 1; i < rows.length; i += stride) steps.push(rows[i][0] - rows[i - 1][0]);
  return steps.sort((a, b) => a - b)[steps.length >> 1] ?? 0;
}
