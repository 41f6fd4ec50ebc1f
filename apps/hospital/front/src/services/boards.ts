// SPDX-License-Identifier: MIT
// boards: what the program keeps beside alerts, as this page knows it.
import type { Bed, Patient, Risk, StaffMember, TriageEntry } from '../types.ts';
import { Collection } from './collection.ts';
import { onNextFrame } from './frame.ts';

export const patients = new Collection<Patient>('/api/patients', (row) => row.patient_id);
export const triage = new Collection<TriageEntry>('/api/triage', (row) => row.id);
export const beds = new Collection<Bed>('/api/beds', (row) => row.bed_id);
export const staff = new Collection<StaffMember>('/api/staff', (row) => row.username);

const all = [patients, triage, beds, staff];

// The last risk of each patient: of the stored ones by the patients' list, then
// by events, of which there may be many between two pictures.
class Risks {
  #of = new Map<string, Risk>();
  #now: ReadonlyMap<string, Risk> = new Map();
  #listeners = new Set<() => void>();

  put(risk: Risk): void {
    const known = this.#of.get(risk.patient_id);
    if (known?.timestamp && risk.timestamp && known.timestamp > risk.timestamp) return;
    this.#of.set(risk.patient_id, risk);
    onNextFrame(this.#publish);
  }

  #publish = (): void => {
    this.#now = new Map(this.#of);
    for (const listener of this.#listeners) listener();
  };

  reset(): void {
    this.#of.clear();
    this.#publish();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  now = (): ReadonlyMap<string, Risk> => this.#now;
}

export const risks = new Risks();

export function boardsAgain(): void {
  for (const board of all) board.again();
}

export function boardsReset(): void {
  for (const board of all) board.reset();
  risks.reset();
}
