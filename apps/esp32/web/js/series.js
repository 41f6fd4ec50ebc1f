// SPDX-License-Identifier: MIT
// series: the readings of one device over time, in columns as the charts want
// them. Bounded: when it is full the older half loses every second reading,
// so that long stretches stay visible, more coarsely the older they are.
import { parseTime } from './dom.js';

export const columns = ['accel_x', 'accel_y', 'accel_z',
  'gyro_x', 'gyro_y', 'gyro_z', 'mic_level'];
const maxRows = 4000;
const gapAtLeastS = 5;

const number = (value) => (Number.isFinite(value) ? value : null);

function rowOf(reading, timestamp) {
  const t = parseTime(timestamp) / 1000;
  return Number.isFinite(t) ? [t, ...columns.map((name) => number(reading[name]))] : null;
}

export class Series {
  rows = [];
  version = 0;

  get last() {
    return this.rows.at(-1);
  }

  get first() {
    return this.rows[0];
  }

  clear() {
    this.rows = [];
    this.version += 1;
  }

  // A live reading; one that comes late is put where it belongs.
  push(reading, timestamp) {
    const row = rowOf(reading, timestamp);
    if (!row) return;
    if (this.last && row[0] <= this.last[0]) return this.#merge([row]);
    this.rows.push(row);
    this.#bound();
  }

  // Part of the history, in any order. Returns how many were new.
  add(readings) {
    const rows = readings.map((reading) => rowOf(reading, reading.timestamp)).filter(Boolean);
    return this.#merge(rows);
  }

  #merge(rows) {
    const known = new Set(this.rows.map((row) => row[0]));
    const fresh = rows.filter((row) => !known.has(row[0]));
    this.rows = this.rows.concat(fresh).sort((a, b) => a[0] - b[0]);
    this.#bound();
    return fresh.length;
  }

  #bound() {
    this.version += 1;
    while (this.rows.length > maxRows) {
      const half = this.rows.length >> 1;
      this.rows = this.rows.filter((row, i) => i >= half || i % 2 === 0);
    }
  }

  // The last reading at or before time `t` (seconds).
  at(t) {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows[middle][0] <= t) low = middle + 1;
      else high = middle;
    }
    return this.rows[Math.max(0, low - 1)];
  }

  // Columns [t, …] with an empty row in each gap, so that lines break there.
  toColumns() {
    const out = Array.from({ length: 1 + columns.length }, () => []);
    let before = null;
    const gap = Math.max(gapAtLeastS, 6 * this.#step());
    for (const row of this.rows) {
      if (before && row[0] - before[0] > gap) {
        out[0].push((row[0] + before[0]) / 2);
        for (let i = 1; i < out.length; i += 1) out[i].push(null);
      }
      for (let i = 0; i < out.length; i += 1) out[i].push(row[i]);
      before = row;
    }
    return out;
  }

  // The usual time between two readings: the middle one of a sample.
  #step() {
    const steps = [];
    const stride = Math.max(1, this.rows.length >> 6);
    for (let i = 1; i < this.rows.length; i += stride) {
      steps.push(this.rows[i][0] - this.rows[i - 1][0]);
    }
    return steps.sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  }
}
