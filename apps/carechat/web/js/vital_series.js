// SPDX-License-Identifier: MIT
// vital_series: one vital sign over time: a stretch that the server has summed
// up into buckets, and behind it what came live since. Nothing here is drawn.
import { parseTime } from './dom.js';

const maxLive = 2000;
const gapAtLeastS = 90;

const number = (value) => (Number.isFinite(value) ? value : null);

export class VitalSeries {
  // Rows are [seconds, least, mean, most].
  buckets = [];
  bucketS = 0;
  knownTo = -Infinity;
  live = [];

  put({ data, bucket_ms: bucketMs }, toS) {
    const { ts = [], min = [], mean = [], max = [], rows = [] } = data ?? {};
    this.bucketS = bucketMs / 1000;
    // A bucket stands in the middle of its time; one reading, where it begins.
    this.buckets = ts.map((ms, i) => [(ms + (rows[i] > 1 ? bucketMs / 2 : 0)) / 1000,
      number(min[i]), number(mean[i]), number(max[i])]);
    this.knownTo = toS;
    this.live = this.live.filter(([s]) => s > toS);
  }

  push({ value, timestamp }) {
    const s = parseTime(timestamp) / 1000;
    if (!Number.isFinite(s) || !Number.isFinite(value)) return;
    const isLate = this.live.length > 0 && s < this.live.at(-1)[0];
    this.live.push([s, value, value, value]);
    if (isLate) this.live.sort((a, b) => a[0] - b[0]);
    if (this.live.length > maxLive) this.live = this.live.filter((_row, i) => i % 2 === 1);
  }

  get fresh() {
    return this.live.length;
  }

  get lastS() {
    return this.live.at(-1)?.[0] ?? this.buckets.at(-1)?.[0] ?? NaN;
  }

  rows() {
    return this.buckets.concat(this.live.filter(([s]) => s > this.knownTo));
  }
}

// Columns [seconds, least…, mean…, most… of the first; of the second; …] over
// the times that any of them has. Lines lead over what only another one has,
// and break where nothing was measured for long.
export function seriesColumns(all) {
  const rowsOf = all.map((series) => series.rows());
  const gap = Math.max(gapAtLeastS, ...all.map(({ bucketS }) => 3 * bucketS));
  const times = [...new Set(rowsOf.flatMap((rows) => rows.map(([s]) => s)))].sort((a, b) => a - b);
  const breaks = times.filter((s, i) => i > 0 && s - times[i - 1] > gap).map((s) => s - 0.001);
  const xs = breaks.length ? [...times, ...breaks].sort((a, b) => a - b) : times;
  const place = new Map(xs.map((s, i) => [s, i]));
  const columns = rowsOf.flatMap((rows) => {
    const out = [1, 2, 3].map(() => Array(xs.length).fill(undefined));
    for (const row of rows) out.forEach((column, side) => { column[place.get(row[0])] = row[1 + side]; });
    for (const s of breaks) for (const column of out) column[place.get(s)] = null;
    return out;
  });
  return [xs, ...columns];
}
