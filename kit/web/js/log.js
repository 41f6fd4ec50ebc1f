// SPDX-License-Identifier: MIT
// log: what happened, newest first, to be searched by kind and by text.
import { byId, el, formatClock } from './dom.js';
import { onNextFrame } from './frame.js';

const keepEvents = 400;
// Readings come many times a second: they must not push the events out.
const keepReadings = 200;
const maxRows = 200;

let events = [];
let readings = [];
let fresh = [];
let filter = { type: 'events', text: '' };

function matches(entry) {
  const { type, text } = filter;
  const kind = type === 'all' || (type === 'events' ? entry.type !== 'reading' : entry.type === type);
  return kind && (!text || entry.search.includes(text));
}

// {type, text, at}.
export function logRow(entry) {
  return el('li', { class: `entry ${entry.type}` },
    el('time', { text: formatClock(entry.at) }),
    el('span', { class: 'kind', text: entry.type }),
    el('span', { class: 'what', text: entry.text }));
}

function prepend() {
  const list = byId('event-log');
  const rows = fresh.filter(matches).slice(-maxRows).reverse().map(logRow);
  fresh = [];
  if (rows.length === 0) return;
  list.querySelector('.nothing')?.remove();
  list.prepend(...rows);
  while (list.children.length > maxRows) list.lastElementChild.remove();
}

function rebuild() {
  fresh = [];
  const rows = [...events, ...readings].filter(matches)
    .sort((a, b) => b.order - a.order).slice(0, maxRows).map(logRow);
  if (rows.length === 0) rows.push(el('li', { class: 'nothing hint', text: 'Nothing matches.' }));
  byId('event-log').replaceChildren(...rows);
}

let order = 0;

// Adds an entry of `type`: reading, connection, error, or a word of the page.
export function log(type, text, at = Date.now()) {
  const entry = { type, text, at, order: order += 1, search: `${type} ${text}`.toLowerCase() };
  if (type === 'reading') readings = [...readings.slice(1 - keepReadings), entry];
  else events = [...events.slice(1 - keepEvents), entry];
  fresh.push(entry);
  if (fresh.length > maxRows) fresh.shift();
  onNextFrame(prepend);
}

function refilter() {
  filter = {
    type: byId('log-type').value,
    text: byId('log-filter').value.trim().toLowerCase(),
  };
  rebuild();
}

function build(kinds) {
  byId('log').append(
    el('div', { class: 'head' },
      el('h2', { id: 'h-log', text: 'Event log' }),
      el('div', { class: 'tools' },
        el('label', { class: 'sr', for: 'log-type', text: 'Kind of event' }),
        el('select', { id: 'log-type' }, ...kinds.map(([value, text]) => el('option', { value, text }))),
        el('label', { class: 'sr', for: 'log-filter', text: 'Filter the log by text' }),
        el('input', { type: 'search', id: 'log-filter', placeholder: 'Filter…', autocomplete: 'off', spellcheck: 'false' }))),
    el('ol', { id: 'event-log', class: 'event-log', 'aria-label': 'Events, newest first', tabindex: 0 }));
}

// Builds the log in #log. `kinds` are [type, its name] as the reader chooses
// among them; "events" is all but readings, "all" everything.
export function startLog(kinds) {
  build(kinds);
  byId('log-type').addEventListener('change', refilter);
  byId('log-filter').addEventListener('input', refilter);
}
