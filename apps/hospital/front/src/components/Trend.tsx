// SPDX-License-Identifier: MIT
// Trend: how a score went, oldest at the left.
const width = 320;
const height = 64;
const top = 20; // of NEWS2

export function Trend({ scores }: { scores: readonly number[] }) {
  if (scores.length < 2) return null;
  const step = width / (scores.length - 1);
  const y = (score: number) => height - (Math.min(score, top) / top) * height;
  const line = scores.map((score, index) => `${(index * step).toFixed(1)},${y(score).toFixed(1)}`).join(' ');
  return (
    <svg className="trend" viewBox={`0 -4 ${width} ${height + 8}`} preserveAspectRatio="none" role="img"
      aria-label={`Score over the last ${scores.length} readings, from ${scores[0]} to ${scores.at(-1)}`}>
      <line x1="0" x2={width} y1={y(5)} y2={y(5)} className="trend-watch" />
      <line x1="0" x2={width} y1={y(7)} y2={y(7)} className="trend-high" />
      <polyline points={line} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
