// SPDX-License-Identifier: MIT
// sheet: every component of kit/web in every state, so that one sees them all.
// The header is that of a page: its connection is the real one.
import { barLink, startBar } from '../js/bar.js';
import { connectionOpen } from '../js/connection.js';
import { dragHook, startControls } from '../js/controls.js';
import { startCopy } from '../js/copy.js';
import { dialogAsk, dialogForm } from '../js/dialog.js';
import { byId, el, formatValue, serverNow, setText } from '../js/dom.js';
import { log, startLog } from '../js/log.js';
import { loginForm, password } from '../js/login.js';
import { noticeBuild, notify } from '../js/notices.js';
import { placeShow } from '../js/place.js';
import { plotAlone, plotAxis, plotOpen, plotSoon, plotTimeAxis } from '../js/plot.js';
import { partsAreMissing } from '../js/session.js';
import { tableShow } from '../js/table.js';
import { startTheme, themeColour } from '../js/theme.js';
import { onViewChange, viewIsLive, viewKnows, viewRange } from '../js/view.js';

const links = [
  ['connecting', { state: 'connecting', text: 'Connecting…' }],
  ['live, WebSocket', { state: 'live', text: 'Live', transport: 'WebSocket', trip: '4.2 ms' }],
  ['live, polling', { state: 'live', text: 'Live', transport: 'polling', trip: '31 ms' }],
  ['live, no answer', { state: 'live', text: 'Live', transport: 'WebSocket', trip: 'no answer' }],
  ['offline', { state: 'lost', text: 'Reconnecting…' }],
  ['offline for longer', { state: 'lost', text: 'Reconnecting…, attempt 3' }],
  ['no session', { state: 'locked', text: 'Sign in' }],
];

const question = {
  title: 'Clear this conversation?', text: 'All of its messages are deleted. This cannot be undone.',
  yes: 'Clear it', isGrave: true,
};

// --- a plot that lives -------------------------------------------------------

const stepS = 0.5;
const keepS = 600;
const wave = (t) => Math.sin(t / 9) + 0.4 * Math.sin(t / 2.3);
const times = [];
const values = [];

function grow() {
  const now = serverNow() / 1000;
  const from = times.length ? times.at(-1) + stepS : now - keepS;
  for (let t = from; t <= now; t += stepS) {
    times.push(t);
    values.push(wave(t));
  }
  const old = times.length - keepS / stepS;
  if (old > 0) {
    times.splice(0, old);
    values.splice(0, old);
  }
  viewKnows(times[0], times.at(-1));
}

const options = (range) => () => ({
  padding: [8, 22, 0, 0],
  cursor: { y: false, drag: { x: range === viewRange, y: false, setScale: false } },
  scales: { x: { time: true, range }, y: { range: () => [-1.6, 1.6] } },
  axes: [plotTimeAxis(), plotAxis({ size: 46, space: 28 })],
  series: [{}, { stroke: themeColour('--series-z'), width: 1.5, points: { show: false, filter: plotAlone } }],
  hooks: { setSelect: range === viewRange ? [dragHook] : [] },
});

function startPlots() {
  grow();
  const end = times.at(-1) - 120;
  const old = [times.filter((t) => t < end), values.filter((_v, i) => times[i] < end)];
  const live = plotOpen(byId('plot-live'), options(viewRange), () => [times, values]);
  plotOpen(byId('plot-stale'), options(() => [end - 60, end + 5]), () => old);
  plotOpen(byId('plot-empty'), options(() => [end - 60, end]), () => [[], []]);
  const paint = plotSoon(() => {
    grow();
    live.paint();
    setText(byId('plot-value'), formatValue(values.at(-1)));
  });
  startControls([[byId('plot-live'), live]]);
  onViewChange(paint);
  setInterval(() => viewIsLive() && paint(), 250);
}

// --- what stands still ---------------------------------------------------------

function device(id, { online = false, simulated = false, chosen = false, seen = '' }) {
  return el('li', {}, el('button', { type: 'button', class: online ? 'online' : '', 'aria-pressed': String(chosen) },
    el('span', { class: 'dot', 'aria-hidden': 'true' }),
    el('span', { class: 'who' }, el('strong', { text: id }), simulated && el('span', { class: 'badge', text: 'simulated' })),
    el('span', { class: 'when' }, el('span', { class: 'state', text: online ? 'online' : 'offline' }),
      el('span', { class: 'hint', text: seen })),
    el('span', { class: 'hint counts', text: '1,204 readings · 3 pictures' })));
}

function startPlaces() {
  const states = [['loading', 'Loading the history…'], ['empty', 'No pictures yet. They appear here as soon as a device uploads one.'],
    ['error', 'The server cannot be reached.', () => notify('info', 'Asked again.')]];
  for (const [state, text, again] of states) {
    const node = el('div', { class: 'place' });
    byId('places').append(node);
    placeShow(node, state, text, again);
  }
}

function startStill() {
  byId('links').append(...links.flatMap(([name, state]) => [el('dt', { text: name }), el('dd', {}, barLink(state))]));
  byId('notice-list').append(
    noticeBuild('info', 'The connection was lost. Reconnecting by itself; nothing needs to be done.'),
    noticeBuild('good', 'Connected again and caught up on 120 readings.'),
    noticeBuild('error', 'The server has a problem. Please try again soon.'));
  byId('list').append(
    device('desk-01', { online: true, chosen: true, seen: ' · just now' }),
    device('SIM-02', { online: true, simulated: true, seen: ' · 2 s ago' }),
    device('hall-03', { seen: ' · 4 h ago' }));
  tableShow('table', ['Test', 'SV30', 'Velocity', '0 min', '30 min'], [
    ['SV30-2026-01-31-001-M', '31.7 %', '6.83 mm/min', '300', '95.0'],
    ['SV30-2026-01-30-001-M', '40.0 %', '6.00 mm/min', '300', '120'],
    ['SV30-2026-01-29-001-E', '–', '–', '300', '–']]);
  for (const [type, text] of [['reading', 'desk-01: acceleration 0.25 −0.50 9.81'], ['device', 'desk-01 is online'],
    ['error', 'The server cannot be reached.'], ['connection', 'Connected again']]) log(type, text);
  byId('question').append(dialogForm(question));
  const form = loginForm(password, 'shown');
  byId('form').append(form);
  setText(byId('shown-error'), password.wrong);
  form.addEventListener('submit', (event) => event.preventDefault());
  byId('question').addEventListener('submit', (event) => event.preventDefault());
}

function startDoing() {
  byId('notify').addEventListener('click', () => notify('good', 'This goes by itself.'));
  byId('export').addEventListener('click', () => notify('good', 'Exporting 1,204 readings of desk-01.'));
  byId('ask').addEventListener('click', async () => {
    setText(byId('answer'), (await dialogAsk(question)) ? 'You said yes.' : 'You said no.');
  });
}

function startAll() {
  startBar();
  startTheme();
  startLog([['events', 'Events'], ['all', 'Events and readings'], ['error', 'Errors']]);
  startCopy();
  startPlaces();
  startStill();
  startDoing();
  startPlots();
  const nothing = () => {};
  connectionOpen({}, { onConnect: nothing, onDisconnect: nothing, onRefused: nothing, onLog: nothing });
}

if (!partsAreMissing('io', 'uPlot')) startAll();
