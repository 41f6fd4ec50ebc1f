// SPDX-License-Identifier: MIT
// times: when it was, in the reader's clock.
import { useEffect, useState } from 'react';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

export function timeText(iso: string | null | undefined): string {
  const date = new Date(iso ?? NaN);
  if (Number.isNaN(date.getTime())) return '–';
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? clock.format(date) : `${day.format(date)}, ${clock.format(date)}`;
}

export function ageText(iso: string | null | undefined, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(iso ?? '')) / 1000));
  if (Number.isNaN(seconds)) return 'never';
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

export const Time = ({ at }: { at: string | null | undefined }) => <time dateTime={at ?? undefined}>{timeText(at)}</time>;

// Grows older by itself.
export function Age({ of }: { of: string | null | undefined }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5000);
    return () => clearInterval(timer);
  }, []);
  return <time dateTime={of ?? undefined} title={timeText(of)}>{ageText(of, Math.max(now, Date.parse(of ?? '') || 0))}</time>;
}
