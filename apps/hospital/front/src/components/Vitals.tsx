// SPDX-License-Identifier: MIT
// Vitals: the last reading of a patient, with what each sign adds to the score.
import type { Risk, Vitals as VitalsOf } from '../types.ts';

export const signs = [
  ['respiration', 'Respiration', '/min'],
  ['spo2', 'SpO₂', '%'],
  ['systolic', 'Systolic', 'mmHg'],
  ['heart_rate', 'Heart rate', '/min'],
  ['temperature', 'Temperature', '°C'],
] as const;

const statusOf = (points: unknown): string => (points === 3 ? 'critical' : points === 2 ? 'warning' : points === 1 ? 'watch' : 'normal');

function Tile({ name, value, unit, points }: { name: string; value: string; unit: string; points: unknown }) {
  return (
    <li className="card tile" data-status={statusOf(points)}>
      <h3>{name}</h3>
      <p className="tile-value"><strong>{value}</strong>{unit && <span className="unit">{unit}</span>}</p>
      {typeof points === 'number' && <p className="hint">{points === 1 ? '1 point' : `${points} points`}</p>}
    </li>
  );
}

export function Vitals({ risk }: { risk: Risk }) {
  const vitals: VitalsOf = risk.vitals ?? {};
  const points = (risk.parameters ?? {}) as Record<string, unknown>;
  return (
    <ul className="vitals" aria-label="Last reading">
      {signs.map(([key, name, unit]) => (
        <Tile key={key} name={name} unit={unit} points={points[key]} value={vitals[key] === undefined ? '–' : String(vitals[key])} />
      ))}
      <Tile name="Consciousness" unit="" points={points.consciousness} value={String(vitals.consciousness ?? '–')} />
    </ul>
  );
}
