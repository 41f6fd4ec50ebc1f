// SPDX-License-Identifier: MIT
// app: which applications there are, and how each of them is, as the server
// finds out every two seconds.
import { apiGet } from './js/api.js';
import { startBar } from './js/bar.js';
import { connectionAnswers, connectionOpen } from './js/connection.js';
import { byId, countOf, el, formatAge, parseTime, setServerTime, setText } from './js/dom.js';
import { notify } from './js/notices.js';
import { startTheme } from './js/theme.js';

const everyMs = 1000;
const words = { up: 'running', degraded: 'running, with a problem', down: 'not running', unknown: 'not known yet' };
let apps = [];
let heard = NaN;

// By which address this reader reaches it: "localhost" is the server's word for
// itself.
function addressOf(url) {
  try {
    const out = new URL(url);
    if (!/^https?:$/.test(out.protocol)) return '';
    if (/^(localhost|127\.0\.0\.1|\[::1\])$/.test(out.hostname)) out.hostname = location.hostname;
    return out.href;
  } catch {
    return '';
  }
}

function stateText(app, live) {
  const age = formatAge(live ? parseTime(app.since) : heard);
  if (!live) return `${words[app.state]}, last seen ${age}`;
  return app.since ? `${words[app.state]}, since ${age}` : words[app.state];
}

function build(app) {
  const url = addressOf(app.url);
  const isThere = (app.state === 'up' || app.state === 'degraded') && url;
  const state = el('strong');
  const inside = [
    el('h2', {}, app.title, app.simulated && el('span', { class: 'badge', text: 'simulated data' })),
    el('p', { text: app.about }),
    el('span', { class: 'how' }, el('span', { class: 'dot', 'aria-hidden': 'true' }), state,
      el('span', { class: 'address', text: url ? new URL(url).host : '' })),
  ];
  const look = `card app ${app.state}`;
  const node = el('li', { 'data-name': app.name }, isThere
    ? el('a', { class: look, href: url }, ...inside) : el('div', { class: look }, ...inside));
  return { node, state, key: JSON.stringify(app) };
}

let cards = [];

// Cards are made again only when what they lead to has changed: between two
// halves of a click they must stay.
function place() {
  const keys = JSON.stringify(cards.map(({ key }) => key));
  if (keys === JSON.stringify(apps.map((app) => JSON.stringify(app)))) return;
  const focused = document.activeElement?.closest?.('[data-name]')?.dataset.name;
  cards = apps.map(build);
  byId('apps').replaceChildren(...cards.map(({ node }) => node));
  if (focused) byId('apps').querySelector(`[data-name="${CSS.escape(focused)}"] a`)?.focus();
}

function show() {
  const live = connectionAnswers();
  byId('main').classList.toggle('cut', !live);
  const running = apps.filter(({ state }) => state === 'up' || state === 'degraded').length;
  setText(byId('count'), apps.length ? `${running} of ${countOf(apps.length, 'application')} running` : '');
  byId('empty').hidden = apps.length > 0;
  place();
  apps.forEach((app, i) => setText(cards[i].state, stateText(app, live)));
}

function take(list) {
  if (!Array.isArray(list)) return;
  apps = list;
  heard = Date.now();
  show();
}

async function load() {
  try {
    take((await apiGet('/api/applications')).data);
  } catch (error) {
    notify('error', error.message);
  }
}

startBar();
startTheme();
setInterval(show, everyMs);
if (window.io) {
  connectionOpen({
    connection_response: ({ server_time: time }) => setServerTime(time), applications: take,
  }, { onConnect: load, onDisconnect: show, onRefused: show, onLog: () => {} });
} else {
  notify('error', 'A part of this page could not be loaded. Please reload it.');
}
