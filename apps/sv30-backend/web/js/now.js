// SPDX-License-Identifier: MIT
// now: the figures of the test that is shown, and the colours of its zones with
// their names.
import { colourCss, colourName } from './colour.js';
import { byId, el, formatAge, formatClock, formatValue, parseTime, setText } from './dom.js';

let test = null;
let heard = NaN;

function show(id, value, format = formatValue) {
  setText(byId(id), Number.isFinite(value) ? format(value) : '–');
}

function zone(label, rgb) {
  const swatch = el('span', { class: 'swatch', 'aria-hidden': 'true' });
  swatch.style.background = colourCss(rgb);
  return el('li', {}, swatch, el('strong', { text: `${label}: ${colourName(rgb)}` }),
    el('span', { class: 'hint', text: `red ${Math.round(rgb.r)}, green ${Math.round(rgb.g)}, blue ${Math.round(rgb.b)}` }));
}

function showZones(result) {
  const zones = [['Clear zone', result?.rgb_clear_zone], ['Sludge zone', result?.rgb_sludge_zone]]
    .filter(([, rgb]) => rgb).map(([label, rgb]) => zone(label, rgb));
  byId('zones').replaceChildren(...(zones.length ? zones
    : [el('li', { class: 'hint', text: 'No colours were measured yet.' })]));
}

const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, '0')} min`;

function latest() {
  return test?.end ?? test?.start ?? null;
}

// How far it has settled by now, where there is no result of its end yet.
function percentNow() {
  const mixture = latest()?.mixture_height_mm;
  const height = test?.last_height_mm;
  return mixture > 0 && Number.isFinite(height) ? height / mixture * 100 : NaN;
}

function showState(live) {
  const words = !test ? '' : test.complete ? 'complete' : test.running ? 'running' : 'not finished';
  setText(byId('now-state'), live || !test ? words : `last seen ${formatAge(heard)}`);
}

// `live`: whether what is shown is what the server has now.
export function nowShow(newTest, live) {
  if (newTest) heard = Date.now();
  test = newTest ?? test;
  const result = latest();
  const isEnd = Boolean(test?.end);
  setText(byId('now-id'), test?.testId ?? '–');
  byId('now-simulated').hidden = !test?.simulated;
  setText(byId('now-when'), test
    ? `${test.testType ?? 'test'}, begun ${formatClock(parseTime(test.timestamp))}${test.device ? `, device ${test.device}` : ''}` : '');
  byId('now-warning').hidden = !test?.warning;
  setText(byId('now-warning'), test?.warning ?? '');
  show('now-sv30', isEnd ? test.sv30_percent : percentNow());
  setText(byId('now-sv30-label'), isEnd || !test ? 'SV30: settled volume after 30 minutes' : 'settled volume by now');
  show('now-height', isEnd ? result.sludge_height_mm : test?.last_height_mm ?? result?.sludge_height_mm);
  show('now-mixture', result?.mixture_height_mm);
  show('now-velocity', isEnd ? result?.velocity_mm_per_min : velocityNow());
  show('now-time', isEnd ? 1800 : test?.last_t_s, clock);
  show('now-flocs', result?.floc_count, String);
  show('now-size', result?.floc_avg_size_mm);
  showZones(result);
  showState(live);
}

// Mean velocity since the start, as the result will say it.
function velocityNow() {
  const start = test?.start?.sludge_height_mm;
  const { last_t_s: t, last_height_mm: mm } = test ?? {};
  return t > 0 && Number.isFinite(start) ? (start - mm) / (t / 60) : NaN;
}

export function nowFresh(live) {
  showState(live);
}
