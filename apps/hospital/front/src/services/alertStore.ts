// SPDX-License-Identifier: MIT
// alertStore: every alert that reached this page, counted once, newest first.
// It lives outside React: messages are taken as they come, and the page hears
// of all of them once per picture. Beyond `maxKept` the oldest leave the list
// (the program has them), and stay in the counts.
import type { AlertRow, AlertStatus, Severity } from '../types.ts';
import { onNextFrame } from './frame.ts';
import { IdSet } from './idSet.ts';

export type AlertType = Severity | 'success';
export type AlertSource = 'patient_alert' | 'hospital_alert' | 'risk_updated' | 'triage_updated'
  | 'staff_availability_changed' | 'bed_status_changed';

export interface Alert {
  id: string;
  type: AlertType;
  source: AlertSource;
  title: string;
  message: string;
  data: any; // the whole payload
  timestamp: string;
  read: boolean;
  status: AlertStatus;
}

export type NewAlert = Omit<Alert, 'id' | 'timestamp' | 'read' | 'status'>;

export interface AlertsNow {
  alerts: readonly Alert[]; // newest first, notices in front
  unread: number;
  total: number; // alerts of the program that came, each once
  version: number;
}

interface Kept {
  rank: number; // the program's id; what has none has that of the one below it
  alert: Alert;
}

const maxKept = 10000;
const maxNotices = 50;
const noticeMs = 10000;

export function alertOf(row: AlertRow, isRead = false): Alert {
  const status = row.status ?? 'active';
  const isOfPatient = Boolean(row.patient_id) || row.of_patient === true;
  return {
    id: String(row.id),
    type: row.severity,
    source: isOfPatient ? 'patient_alert' : 'hospital_alert',
    title: row.patient_id ? `Patient ${row.patient_id}` : isOfPatient ? 'A patient' : 'Whole hospital',
    message: row.message,
    data: row,
    timestamp: row.timestamp,
    read: isRead || status !== 'active',
    status,
  };
}

export class AlertStore {
  #kept: Kept[] = []; // by rank, oldest first
  #notices = new Map<string, Alert>();
  #seen = new IdSet();
  #lastOf = new Map<string, number>();
  #unread = 0;
  #unreadGone = 0; // of these, those that left the list
  #locals = 0;
  #nameless = 0;
  #fresh: Alert[] = [];
  #isStale = false;
  #sweeping: ReturnType<typeof setTimeout> | undefined;
  #now: AlertsNow = { alerts: [], unread: 0, total: 0, version: 0 };
  #listeners = new Set<() => void>();
  #freshListeners = new Set<(alerts: readonly Alert[]) => void>();

  // --- what came -------------------------------------------------------------

  // Takes an alert that arrived now. False: it is known, and was brought up to
  // date.
  take(row: AlertRow): boolean {
    if (!this.#put(row, false)) return false;
    if (this.#fresh.length < maxKept) this.#fresh.push(alertOf(row));
    return true;
  }

  // Takes what was stored before, or missed; says how many were new.
  takeAll(rows: readonly AlertRow[], isRead = false): number {
    let count = 0;
    for (const row of rows) count += this.#put(row, isRead) ? 1 : 0;
    return count;
  }

  // It went up to others: once more it is news, also to who has looked at it.
  raise(row: AlertRow): void {
    if (row.id === undefined || this.take(row)) return;
    const index = this.#indexOf(row.id);
    const at = this.#kept[index];
    if (at?.rank !== row.id) return;
    const alert = alertOf({ ...(at.alert.data as AlertRow), ...row });
    this.#replace(index, alert);
    this.#fresh.push(alert);
  }

  // What of a known alert is different now; nothing of one that is not known.
  change(id: number, part: Partial<AlertRow>): void {
    const index = this.#indexOf(id);
    const at = this.#kept[index];
    if (!at || at.rank !== id) return;
    const row = { ...(at.alert.data as AlertRow), ...part, id };
    this.#replace(index, alertOf(row, at.alert.read));
  }

  // The greatest id of each node.
  lastIds(): number[] {
    return this.#seen.lasts();
  }

  // The greatest id of a patient's, undefined of none.
  lastIdOf(patientId: string): number | undefined {
    return this.#lastOf.get(patientId);
  }

  // How many are unread that are not in the list: the program said so many.
  unreadAre(count: number): void {
    const more = Math.max(0, count - this.#unread);
    this.#unread += more;
    this.#unreadGone += more;
    this.#changed();
  }

  #put(row: AlertRow, isRead: boolean): boolean {
    if (row.id === undefined) return this.#putNameless(row);
    if (!this.#seen.add(row.id)) {
      this.change(row.id, row);
      return false;
    }
    if (row.patient_id) {
      const last = this.#lastOf.get(row.patient_id) ?? 0;
      if (row.id > last) this.#lastOf.set(row.patient_id, row.id);
    }
    this.#insert(row.id, alertOf(row, isRead));
    return true;
  }

  // Sent past the program, by another process: it has no id, and is nowhere
  // else than here.
  #putNameless(row: AlertRow): boolean {
    this.#nameless += 1;
    this.#push({ ...alertOf(row), id: this.#localId() });
    return true;
  }

  // `active` are all that were, from `first` to `last`, when the program was
  // asked: others of these that are active here are so no more.
  settle(active: ReadonlySet<number>, first: number, last: number): void {
    for (let index = this.#indexOf(first); index < this.#kept.length; index += 1) {
      const { rank, alert } = this.#kept[index]!;
      if (rank > last) break;
      if (alert.status === 'active' && alert.id === String(rank) && !active.has(rank)) {
        this.change(rank, { status: 'acknowledged' });
      }
    }
  }

  // --- the list --------------------------------------------------------------

  // Where `rank` is or would be.
  #indexOf(rank: number): number {
    let high = this.#kept.length;
    if (high === 0 || this.#kept[high - 1]!.rank < rank) return high;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#kept[middle]!.rank < rank) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(rank: number, alert: Alert): void {
    const index = this.#indexOf(rank);
    if (index === this.#kept.length) return this.#push(alert, rank);
    this.#kept.splice(index, 0, { rank, alert });
    if (!alert.read) this.#unread += 1;
    this.#changed();
  }

  #replace(index: number, alert: Alert): void {
    const old = this.#kept[index]!;
    this.#unread += Number(!alert.read) - Number(!old.alert.read);
    this.#kept[index] = { rank: old.rank, alert };
    this.#changed();
  }

  #localId(): string {
    this.#locals += 1;
    return `local-${this.#locals}`;
  }

  // On top of what is there. Of the same rank as that, which is found first.
  #push(alert: Alert, rank = this.#kept.at(-1)?.rank ?? 0): void {
    this.#kept.push({ rank, alert });
    if (!alert.read) this.#unread += 1;
    this.#changed();
  }

  #trim(): void {
    const over = this.#kept.length - maxKept;
    if (over <= 0) return;
    for (const { alert } of this.#kept.splice(0, over)) this.#unreadGone += Number(!alert.read);
  }

  #position(id: string): number {
    const rank = Number(id);
    if (Number.isInteger(rank)) {
      const index = this.#indexOf(rank);
      return this.#kept[index]?.rank === rank ? index : -1;
    }
    return this.#kept.findIndex(({ alert }) => alert.id === id);
  }

  // --- what the reader does --------------------------------------------------

  // An alert of the page's own; `id` names it.
  add(alert: NewAlert): string {
    const id = this.#localId();
    this.#push({ ...alert, id, timestamp: new Date().toISOString(), read: false, status: 'active' });
    return id;
  }

  // What changed on a board: shown for a while, never counted. The same
  // `subject` is shown once.
  notice(subject: string, alert: NewAlert): void {
    const made: Alert = {
      ...alert, id: `${subject}@${Date.now()}`, timestamp: new Date().toISOString(), read: true, status: 'active',
    };
    this.#notices.delete(subject);
    this.#notices.set(subject, made);
    while (this.#notices.size > maxNotices) this.#notices.delete(this.#notices.keys().next().value!);
    this.#sweeping ??= setTimeout(this.#sweep, noticeMs);
    this.#changed();
  }

  #sweep = (): void => {
    this.#sweeping = undefined;
    const before = Date.now() - noticeMs;
    for (const [subject, { timestamp }] of this.#notices)
      if (Date.parse(timestamp) <= before) this.#notices.delete(subject);
    if (this.#notices.size) this.#sweeping = setTimeout(this.#sweep, noticeMs / 10);
    this.#changed();
  };

  remove(id: string): void {
    for (const [subject, alert] of this.#notices) if (alert.id === id) this.#notices.delete(subject);
    const index = this.#position(id);
    if (index >= 0) {
      if (!this.#kept[index]!.alert.read) this.#unread -= 1;
      this.#kept.splice(index, 1);
    }
    this.#changed();
  }

  markRead(id: string): void {
    const index = this.#position(id);
    const alert = this.#kept[index]?.alert;
    if (alert && !alert.read) this.#replace(index, { ...alert, read: true });
  }

  markAllRead(): void {
    this.#kept = this.#kept.map((one) =>
      (one.alert.read ? one : { ...one, alert: { ...one.alert, read: true } }));
    this.#unread = 0;
    this.#unreadGone = 0;
    this.#changed();
  }

  // Empties the list; what came stays known, and is not shown twice.
  clear(): void {
    this.#kept = [];
    this.#notices.clear();
    this.#unread = 0;
    this.#unreadGone = 0;
    this.#changed();
  }

  // Someone else sits here now: nothing of before is theirs.
  reset(): void {
    this.clear();
    this.#seen = new IdSet();
    this.#lastOf.clear();
    this.#nameless = 0;
    this.#fresh = [];
  }

  // --- who looks -------------------------------------------------------------

  #changed(): void {
    if (this.#isStale) return;
    this.#isStale = true;
    onNextFrame(this.#publish);
  }

  #publish = (): void => {
    this.#isStale = false;
    this.#trim();
    const alerts: Alert[] = [...this.#notices.values()].reverse();
    for (let i = this.#kept.length - 1; i >= 0; i -= 1) alerts.push(this.#kept[i]!.alert);
    this.#now = {
      alerts, unread: this.#unread, total: this.#seen.size + this.#nameless, version: this.#now.version + 1,
    };
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const listener of this.#listeners) listener();
    if (fresh.length) for (const listener of this.#freshListeners) listener(fresh);
  };

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  now = (): AlertsNow => this.#now;

  // How many unread ones are not in the list any more.
  get unreadGone(): number {
    return this.#unreadGone;
  }

  // Hears once per picture of what arrived.
  onFresh(listener: (alerts: readonly Alert[]) => void): () => void {
    this.#freshListeners.add(listener);
    return () => this.#freshListeners.delete(listener);
  }
}

export const alertStore = new AlertStore();
