// SPDX-License-Identifier: MIT
// metrics: the vital signs: their names, units, how a value is written, and
// what a status is called.
import { formatValue } from './dom.js';

export const metrics = {
  heart_rate: { name: 'Heart rate', unit: 'bpm', digits: 0 },
  spo2: { name: 'Oxygen saturation', unit: '%', digits: 0 },
  systolic: { name: 'Systolic pressure', unit: 'mmHg', digits: 0 },
  diastolic: { name: 'Diastolic pressure', unit: 'mmHg', digits: 0 },
  respiration: { name: 'Respiration', unit: '/min', digits: 0 },
  temperature: { name: 'Temperature', unit: '°C', digits: 1 },
};

export const metricName = (metric) => metrics[metric]?.name ?? String(metric);
export const metricUnit = (metric) => metrics[metric]?.unit ?? '';

export function metricValue(metric, value) {
  if (!Number.isFinite(value)) return '–';
  const digits = metrics[metric]?.digits;
  return digits === undefined ? formatValue(value) : value.toFixed(digits).replace('-', '−');
}

const statuses = { normal: 'normal', warning: 'warning', critical: 'critical' };

// What is not one of these came from somewhere else: it is not shown as one.
export const statusOf = (status) => statuses[status] ?? 'unknown';

// "36 to 38.1 °C", "from 96 %", of a band whose ends may be open.
export function bandText(metric, [low, high]) {
  const unit = metricUnit(metric);
  const write = (value) => metricValue(metric, value);
  if (!Number.isFinite(low)) return `up to ${write(high)} ${unit}`;
  if (!Number.isFinite(high)) return `from ${write(low)} ${unit}`;
  return `${write(low)} to ${write(high)} ${unit}`;
}
