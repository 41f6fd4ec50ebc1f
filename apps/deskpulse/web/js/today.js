// SPDX-License-Identifier: MIT
// today: how long the reader has sat well today, in figures and as a bar.
import { byId, formatAge, serverNow, setText } from './dom.js';

let heard = NaN;
let note = '';

// 1 h 05 min; under an hour in minutes, under a minute in seconds.
export function durationText(minutes) {
  if (!Number.isFinite(minutes)) return '–';
  if (minutes < 1) return `${Math.round(60 * minutes)} s`;
  const whole = Math.round(minutes);
  if (whole < 60) return `${whole} min`;
  return `${Math.floor(whole / 60)} h ${String(whole % 60).padStart(2, '0')} min`;
}

// {good_minutes, bad_minutes, score}, from an event or from the server's answer.
export function todayShow({ good_minutes: good, bad_minutes: bad, score }) {
  const whole = good + bad;
  const has = whole > 0;
  setText(byId('today-score'), has ? Number(score).toFixed(0) : '–');
  setText(byId('today-good'), durationText(good));
  setText(byId('today-bad'), durationText(bad));
  note = has ? `${durationText(whole)} measured` : 'nothing measured yet';
  todayFresh(true);
  const bar = byId('today-share');
  bar.children[0].style.width = has ? `${100 * good / whole}%` : '0';
  bar.children[1].style.width = has ? `${100 * bad / whole}%` : '0';
  bar.setAttribute('aria-label', has
    ? `${durationText(good)} good, ${durationText(bad)} bad` : 'Nothing measured yet');
}

// Whether it is still counted; if not, since when.
export function todayFresh(live) {
  if (live) heard = serverNow();
  setText(byId('today-note'), live || !note ? note : `last seen ${formatAge(heard)}`);
}
