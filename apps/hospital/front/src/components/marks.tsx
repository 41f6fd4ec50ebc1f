// SPDX-License-Identifier: MIT
// marks: small words beside things: how severe, how it stands, where it is from.
import type { ReactNode } from 'react';

const tones: Record<string, string> = {
  critical: 'critical', high: 'warning', warning: 'warning', medium: 'watch', info: 'calm', low: 'normal', success: 'normal',
  active: 'warning', acknowledged: 'calm', resolved: 'normal',
  available: 'normal', busy: 'warning', off_duty: 'calm',
  free: 'normal', occupied: 'calm', cleaning: 'watch', blocked: 'warning',
  waiting: 'warning', in_progress: 'watch', done: 'normal', left: 'calm',
};

const words: Record<string, string> = { off_duty: 'off duty', in_progress: 'in progress' };

export const wordOf = (kind: string): string => (Object.hasOwn(words, kind) ? words[kind]! : kind);

// Not by colour alone: the word stands there, and severe ones have a sign.
export const Mark = ({ kind, children }: { kind: string; children?: ReactNode }) => (
  <span className="level" data-status={Object.hasOwn(tones, kind) ? tones[kind] : 'calm'}>{children ?? wordOf(kind)}</span>
);

type Simulatable = { simulated?: unknown; patient_id?: string | null; username?: string } | null | undefined;

export const isSimulated = (thing: Simulatable): boolean =>
  Boolean(thing?.simulated) || Boolean((thing?.patient_id ?? thing?.username)?.startsWith('SIM'));

export const Simulated = ({ of }: { of: Simulatable }) =>
  (isSimulated(of) ? <span className="badge">simulated</span> : null);
