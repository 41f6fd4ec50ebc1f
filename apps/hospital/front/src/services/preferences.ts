// SPDX-License-Identifier: MIT
// preferences: of the person, kept by the program; and whether this browser is
// muted, which is about the room it stands in.
import type { Preferences } from '../types.ts';
import { get, send } from './session.ts';

export interface PreferencesNow extends Preferences {
  isKnown: boolean;
  isMuted: boolean;
}

const mutedKey = 'peal-hospital-muted';
const first: Preferences = { severity: 'info', sound: true, wards: [] };

function storedMute(): boolean {
  try {
    return localStorage.getItem(mutedKey) === '1';
  } catch {
    return false;
  }
}

let now: PreferencesNow = { ...first, isKnown: false, isMuted: storedMute() };
const listeners = new Set<() => void>();

function tell(part: Partial<PreferencesNow>): void {
  now = { ...now, ...part };
  for (const listener of listeners) listener();
}

export function preferencesHeard(said: { preferences?: Preferences; data?: Preferences } & Partial<Preferences>): void {
  const { severity, sound, wards } = said.preferences ?? said.data ?? said;
  tell({
    severity: severity ?? first.severity, sound: sound ?? first.sound, wards: wards ?? first.wards, isKnown: true,
  });
}

export async function preferencesLoad(): Promise<void> {
  try {
    preferencesHeard(await get('/api/preferences'));
  } catch {
    // Asked again with the next connection; until then what is usual holds.
  }
}

export async function preferencesSave(wanted: Preferences): Promise<void> {
  await send('PUT', '/api/preferences', wanted);
  tell({ ...wanted, isKnown: true });
}

export function preferencesMute(isMuted: boolean): void {
  try {
    localStorage.setItem(mutedKey, isMuted ? '1' : '0');
  } catch {
    // Then it holds until the page is left.
  }
  tell({ isMuted });
}

export const preferencesReset = (): void => tell({ ...first, isKnown: false });

export const preferencesNow = (): PreferencesNow => now;

export function preferencesSubscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
