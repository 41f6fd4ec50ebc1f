// SPDX-License-Identifier: MIT
// payloads: what arrives, in the form the rest of the page knows, and under
// the names that components written for the first edition listen to. Other
// processes send alerts past the program in that edition's form.
import type { AlertRow, Severity } from '../types.ts';

type Said = Record<string, any>;

const severities = new Map<unknown, Severity>([
  ['info', 'info'], ['low', 'info'], ['success', 'info'],
  ['warning', 'warning'], ['medium', 'warning'], ['high', 'warning'], ['capacity', 'warning'], ['system', 'warning'],
  ['critical', 'critical'], ['emergency', 'critical'],
]);

// Python writes times of UTC without saying so.
function timeOf(value: unknown): string {
  const text = typeof value === 'string' ? value : '';
  const whole = /[zZ]$|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`;
  return Number.isNaN(Date.parse(whole)) ? new Date().toISOString() : whole;
}

function wordsOf(said: Said): string {
  const { message } = said;
  if (typeof message === 'string' && message) return message;
  return said.patient_id ? `Alert for patient ${said.patient_id}` : 'Alert';
}

// Null: it says nothing.
export function alertRow(said: unknown): AlertRow | null {
  if (typeof said !== 'object' || said === null || Array.isArray(said)) return null;
  const row = said as Said;
  return {
    ...row,
    id: Number.isSafeInteger(row.id) && row.id > 0 ? row.id : undefined,
    patient_id: row.patient_id === undefined || row.patient_id === null ? null : String(row.patient_id),
    severity: severities.get(row.severity) ?? severities.get(row.alert_type) ?? 'info',
    message: wordsOf(row),
    timestamp: timeOf(row.timestamp),
  };
}

export const alertRows = (said: unknown): AlertRow[] =>
  (Array.isArray(said) ? said.map(alertRow).filter((row) => row !== null) : []);

const maxScore = 20; // of NEWS2

const staffOf = ({ username, role, ...rest }: Said) => ({ ...rest, username, role, staff_id: username, staff_type: role, hospital_id: 'main' });

// Event by event: its name in the first edition, and its payload there.
const first = new Map<string, [string, (said: Said) => Said]>([
  ['risk_update', ['risk_updated', (said) =>
    ({ ...said, risk_score: said.score / maxScore, risk_level: said.level, explanation: said.reasons })]],
  ['triage_update', ['triage_updated', (said) => ({ ...said, triage_id: said.id })]],
  ['staff_availability', ['staff_availability_changed', staffOf]],
  ['bed_status', ['bed_status_changed', (said) => ({ ...said, hospital_id: 'main', bed_info: said })]],
]);

const alerts = new Set(['patient_alert', 'hospital_alert']);

// All names and payloads under which listeners hear of an event.
export function namesOf(event: string, said: unknown): [string, unknown][] {
  if (typeof said !== 'object' || said === null) return [[event, said]];
  if (alerts.has(event)) {
    const row = alertRow(said);
    const isNameless = event === 'patient_alert' && !row?.patient_id;
    return row ? [[event, { hospital_id: 'main', alert_type: row.severity, ...row, ...isNameless && { of_patient: true } }]] : [];
  }
  const old = first.get(event);
  return old ? [[event, said], [old[0], old[1](said as Said)]] : [[event, said]];
}
