// SPDX-License-Identifier: MIT
// alarm: what makes somebody look who does not: a sound for critical alerts,
// notifications of the browser, and the words for screen readers. A thousand
// alerts are one sound and one sentence.
import type { Alert } from './alertStore.ts';
import { preferencesNow } from './preferences.ts';

const soundEveryMs = 2500;
const sayEveryMs = 2000;
const notifyEveryMs = 4000;

// --- sound ---------------------------------------------------------------------

let audio: AudioContext | null = null;
let lastSound = -Infinity;

// Browsers let pages sound only after somebody has touched them.
function wake(): void {
  audio ??= new AudioContext();
  if (audio.state === 'suspended') void audio.resume();
}

function tone(at: number, hertz: number): void {
  const oscillator = new OscillatorNode(audio!, { type: 'triangle', frequency: hertz });
  const gain = new GainNode(audio!, { gain: 0 });
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.25, at + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.001, at + 0.28);
  oscillator.connect(gain).connect(audio!.destination);
  oscillator.start(at);
  oscillator.stop(at + 0.3);
}

// Three tones, as monitors at beds have them.
export function alarmSound(): void {
  if (!audio || audio.state !== 'running') return;
  const now = audio.currentTime;
  [880, 880, 659].forEach((hertz, index) => tone(now + index * 0.22, hertz));
  document.documentElement.dataset.sounded = String(Number(document.documentElement.dataset.sounded ?? 0) + 1);
}

function sound(): void {
  const { isMuted, sound: isWanted } = preferencesNow();
  const now = performance.now();
  if (isMuted || !isWanted || now - lastSound < soundEveryMs) return;
  lastSound = now;
  alarmSound();
}

// --- notifications ---------------------------------------------------------------

export type Permission = 'default' | 'granted' | 'denied' | 'none';

export const notifyPermission = (): Permission =>
  (typeof Notification === 'undefined' ? 'none' : Notification.permission);

export async function notifyAsk(): Promise<Permission> {
  return typeof Notification === 'undefined' ? 'none' : Notification.requestPermission();
}

let notifyAt = -Infinity;

function notify(alerts: readonly Alert[]): void {
  if (notifyPermission() !== 'granted' || !document.hidden) return;
  const now = performance.now();
  if (now - notifyAt < notifyEveryMs) return;
  notifyAt = now;
  const [first] = alerts;
  const more = alerts.length > 1 ? ` and ${alerts.length - 1} more` : '';
  const shown = new Notification(`${first!.title}${more}`, { body: first!.message, tag: 'peal-hospital' });
  shown.onclick = () => {
    window.focus();
    shown.close();
  };
}

// --- words -----------------------------------------------------------------------

const said = { text: '', listeners: new Set<() => void>() };
let waiting: Alert[] = [];
let count = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

function say(): void {
  timer = undefined;
  if (!count) return;
  const [first] = waiting;
  const more = count > 1 ? ` And ${count - 1} more alerts.` : '';
  said.text = `${first!.type}: ${first!.title}. ${first!.message}.${more}`;
  waiting = [];
  count = 0;
  timer = setTimeout(say, sayEveryMs);
  for (const listener of said.listeners) listener();
}

function announce(alerts: readonly Alert[]): void {
  count += alerts.length;
  const worst = alerts.find(({ type }) => type === 'critical') ?? alerts[0]!;
  if (!waiting.length || (worst.type === 'critical' && waiting[0]!.type !== 'critical')) waiting = [worst];
  timer ??= setTimeout(say, 0);
}

export const alarmWords = (): string => said.text;

export function alarmSubscribe(listener: () => void): () => void {
  said.listeners.add(listener);
  return () => said.listeners.delete(listener);
}

// ---------------------------------------------------------------------------------

// Hears of alerts that arrived, once per picture.
export function alarmHear(alerts: readonly Alert[]): void {
  const critical = alerts.filter(({ type, status }) => type === 'critical' && status === 'active');
  announce(alerts);
  if (critical.length) sound();
  if (critical.length) notify(critical);
}

if (typeof document !== 'undefined') {
  for (const kind of ['pointerdown', 'keydown']) document.addEventListener(kind, wake, { passive: true });
}
