// SPDX-License-Identifier: MIT
// intake: from the connection into the stores. Every alert is taken, said to
// have arrived, and after each connection what was missed is fetched.
import type { Bed, Patient, Risk, StaffMember, TriageEntry } from '../types.ts';
import { alertStore, type NewAlert } from './alertStore.ts';
import { beds, boardsAgain, boardsReset, patients, risks, staff, triage } from './boards.ts';
import { Missed } from './missed.ts';
import { alertRow, alertRows } from './payloads.ts';
import { preferencesHeard, preferencesLoad, preferencesReset } from './preferences.ts';
import { get } from './session.ts';
import { socketService } from './socketService.ts';

type Said = Record<string, any>;

const firstPage = 200;
const againMs = 3000;
const missed = new Missed(() => alertStore.lastIds());
let turn = 0; // of the connection

// --- alerts --------------------------------------------------------------------

function onAlert(said: unknown): void {
  const row = alertRow(said);
  if (!row) return;
  alertStore.take(row);
  if (row.id !== undefined) socketService.received(row.id);
}

function onUpdated(said: unknown): void {
  const row = alertRow(said);
  if (row?.id !== undefined) alertStore.takeAll([row]);
}

function onEscalated(said: Said): void {
  const row = alertRow({ ...said, ...said.alert, id: said.alert?.id ?? said.alert_id });
  if (row) alertStore.raise({ ...row, escalation: said.level });
  if (row?.id !== undefined) socketService.received(row.id);
}

function take(said: unknown): number[] {
  const rows = alertRows(said);
  alertStore.takeAll(rows);
  const ids = rows.map(({ id }) => id).filter((id) => id !== undefined);
  for (const id of ids) socketService.received(id);
  return ids;
}

// What was missed comes in pages; a connection that breaks in between begins
// where this one has come to.
async function onMissed(said: Said): Promise<void> {
  const mine = turn;
  let { alerts, more } = said;
  for (;;) {
    missed.page(take(alerts), Boolean(more));
    if (!more) return;
    const answer = await socketService.ask('get_missed_alerts', { last_alert_id: missed.ids() });
    if (mine !== turn || answer.status !== 'success') return;
    ({ alerts, more } = answer);
  }
}

// Who comes new sees what is active; who comes again, what is so no more.
async function snapshot(mine: number, isFirst: boolean): Promise<void> {
  const last = Math.max(0, ...alertStore.lastIds());
  try {
    const { data, unread, next } = await get('/api/alerts', { status: 'active', limit: firstPage });
    if (mine !== turn) return;
    const rows = alertRows(data);
    alertStore.takeAll(rows);
    const ids = rows.map(({ id }) => id).filter((id) => id !== undefined);
    alertStore.settle(new Set(ids), next ? Math.min(...ids) : 0, last);
    if (isFirst && Number.isInteger(unread)) alertStore.unreadAre(unread);
  } catch {
    setTimeout(() => mine === turn && void snapshot(mine, isFirst), againMs);
  }
}

function onConnected({ again }: { again: boolean }): void {
  turn += 1;
  void snapshot(turn, !again);
  void preferencesLoad();
  if (again) boardsAgain();
}

// --- boards --------------------------------------------------------------------

const notice = (subject: string, source: NewAlert['source'], type: NewAlert['type'], title: string, message: string, data: Said): void =>
  alertStore.notice(`${source}:${subject}`, { source, type, title, message, data });

const riskTypes = { critical: 'critical', high: 'warning', medium: 'info', low: 'success' } as const;

function onRisk(said: Said): void {
  risks.put(said as Risk);
  notice(said.patient_id, 'risk_updated', riskTypes[said.level as keyof typeof riskTypes] ?? 'info',
    `Risk of patient ${said.patient_id}`, `${said.level}, score ${said.score}`, said);
}

function onTriage(said: Said): void {
  const { action, triage: entry, ...rest } = said;
  const row = (entry ?? rest) as TriageEntry;
  triage.put(row);
  notice(String(row.id), 'triage_updated', 'info', 'Triage', `${row.patient_id}: ${row.status}`, said);
}

function onBed(said: Said): void {
  beds.put(said as Bed);
  notice(said.bed_id, 'bed_status_changed', 'info', `Bed ${said.bed_id}`, String(said.status), said);
}

function onStaff(said: Said): void {
  staff.put(said as StaffMember);
  notice(said.username, 'staff_availability_changed', 'info', said.name ?? said.username,
    String(said.availability ?? (said.available ? 'available' : 'not available')), said);
}

const events: [string, (said: any) => void][] = [
  ['patient_alert', onAlert],
  ['hospital_alert', onAlert],
  ['alert_updated', onUpdated],
  ['alert_escalated', onEscalated],
  ['missed_alerts', (said) => void onMissed(said)],
  ['risk_update', onRisk],
  ['triage_update', onTriage],
  ['bed_status', onBed],
  ['staff_availability', onStaff],
  ['patient_update', (said) => patients.put(said as Patient)],
  ['preferences', preferencesHeard],
  ['socket_connected', onConnected],
  ['room_joined', ({ answer }) => { take(answer.alerts); take(answer.missed); }],
];

let isStarted = false;

// From sign-in to sign-out.
export function intakeStart(): void {
  if (!isStarted) for (const [event, listener] of events) socketService.on(event, listener);
  isStarted = true;
  socketService.known = () => missed.begin();
  socketService.knownOf = (patientId) => alertStore.lastIdOf(patientId);
  void socketService.connect();
  void socketService.joinHospital();
}

export function intakeStop(): void {
  turn += 1;
  socketService.leaveHospital();
  socketService.disconnect();
  missed.forget();
  alertStore.reset();
  boardsReset();
  preferencesReset();
}
