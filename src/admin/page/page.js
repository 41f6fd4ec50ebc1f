// SPDX-License-Identifier: MIT
// page: the figures of one server as they come, two seconds apart as a rule,
// and what of them was in the minutes before. What a server or a client of it
// has named enters the page as text, never as markup.
import { byId, el, setText } from './dom.js';
import { startTheme } from './theme.js';

const historyMs = 5 * 60 * 1000;
const points = [];
let before = null;
let stream = null;
let heardAt = 0;
let patienceMs = 8000;

// --- words ---------------------------------------------------------------------

const whole = new Intl.NumberFormat('en');

function count(n) {
  return Number.isFinite(n) ? whole.format(Math.round(n)) : '–';
}

function rate(n) {
  if (!Number.isFinite(n)) return '–';
  return n < 10 && n > 0 ? n.toFixed(1) : count(n);
}

function bytes(n) {
  if (!Number.isFinite(n)) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  while (n >= 1024 && at < units.length - 1) {
    n /= 1024;
    at += 1;
  }
  return `${at === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[at]}`;
}

function span(seconds) {
  const s = Math.floor(seconds);
  const days = Math.floor(s / 86400);
  const hours = Math.floor(s / 3600) % 24;
  const minutes = Math.floor(s / 60) % 60;
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${s % 60} s` : `${s} s`;
}

// --- tables and lists: rows stay, their texts change ------------------------------

// Columns of texts begin at the left, as their heads do.
function rows(body, list, cellsOf) {
  const heads = body.closest('table').tHead.rows[0].cells;
  while (body.rows.length > list.length) body.deleteRow(-1);
  list.forEach((one, index) => {
    const cells = cellsOf(one);
    const row = body.rows[index] ?? body.insertRow();
    row.className = one.is_self ? 'self' : '';
    cells.forEach((text, at) => {
      const cell = row.cells[at] ?? row.appendChild(at === 0
        ? el('th', { scope: 'row' })
        : el('td', { class: heads[at].className }));
      setText(cell, text);
      if (at === 0) cell.title = text;
    });
  });
}

function pairs(list, entries) {
  while (list.children.length > entries.length) list.lastElementChild.remove();
  entries.forEach(([name, text, more], index) => {
    const item = list.children[index]
      ?? list.appendChild(el('div', {}, el('dt'), el('dd', {}, el('span'), el('span', { class: 'more' }))));
    setText(item.querySelector('dt'), name);
    setText(item.querySelector('dd span'), text);
    setText(item.querySelector('.more'), more ? ` ${more}` : '');
  });
}

// --- charts ------------------------------------------------------------------------

const svgName = 'http://www.w3.org/2000/svg';

function svg(tag, props) {
  const node = document.createElementNS(svgName, tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, value);
  return node;
}

// A line breaks where nothing was heard.
function path(now, top, valueOf) {
  let d = '';
  let lastAt = -Infinity;
  for (const point of points) {
    const x = 1000 * (1 - (now - point.at) / historyMs);
    const y = 100 * (1 - valueOf(point) / top);
    d += `${point.at - lastAt > 2.5 * point.tookMs ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    lastAt = point.at;
  }
  return d;
}

function chart(box, words, inOf, outOf) {
  const now = points.at(-1).at;
  const top = Math.max(1, ...points.map((p) => Math.max(inOf(p), outOf(p)))) * 1.05;
  if (!box.firstChild) {
    const view = svg('svg', { viewBox: '0 0 1000 100', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    for (const y of [0, 50, 100]) view.append(svg('line', { x1: 0, x2: 1000, y1: y, y2: y }));
    view.append(svg('path', { class: 'in' }), svg('path', { class: 'out' }));
    box.append(view);
    box.after(el('p', { class: 'rates-scale', 'aria-hidden': 'true' },
      el('span', { text: '5 minutes ago' }), el('span'), el('span', { text: 'now' })));
  }
  const [into, out] = box.querySelectorAll('path');
  into.setAttribute('d', path(now, top, inOf));
  out.setAttribute('d', path(now, top, outOf));
  const last = points.at(-1);
  box.setAttribute('aria-label', `Now ${words(inOf(last))} in and ${words(outOf(last))} out each second; the most in five minutes is ${words(top / 1.05)}`);
  setText(box.nextElementSibling.children[1], `top: ${words(top / 1.05)}`);
}

// --- a report --------------------------------------------------------------------------

function noteRates(report) {
  const { now_ms: at, pid } = report.server;
  const { totals } = report;
  if (before && (before.server.pid !== pid || before.totals.bytes_in > totals.bytes_in)) before = null;
  const tookMs = before ? at - before.server.now_ms : 0;
  const per = (name) => Math.max(0, 1000 * (totals[name] - before.totals[name]) / tookMs);
  if (tookMs > 0) {
    points.push({
      at, tookMs, eventsIn: per('events_in'), eventsOut: per('events_out'),
      bytesIn: per('bytes_in'), bytesOut: per('bytes_out'),
    });
    while (points[0].at < at - historyMs) points.shift();
  }
  return tookMs;
}

function turnsOf(worker, tookMs) {
  const was = before?.workers[worker.index];
  return was && tookMs > 0 ? rate(1000 * (worker.turns - was.turns) / tookMs) : '–';
}

function showTiles({ server, clients, sockets, namespaces, workers, memory }) {
  const rooms = namespaces.reduce((sum, one) => sum + one.rooms, 0);
  const lag = Math.max(...workers.map((one) => one.lag_max_ms));
  const last = points.at(-1);
  pairs(byId('tiles'), [
    ['Clients', count(clients.total), `${count(clients.websocket)} WebSocket, ${count(clients.polling)} polling`],
    ['Sockets', count(sockets)],
    ['Rooms', count(rooms)],
    ['Events', last ? `${rate(last.eventsIn)} / ${rate(last.eventsOut)}` : '–', 'in / out, per s'],
    ['Lag', `${count(lag)} ms`],
    ['Memory', bytes(memory.resident_bytes), 'resident'],
    ['Held for clients', bytes(memory.held_bytes), memory.held_max_bytes ? `of ${bytes(memory.held_max_bytes)}` : ''],
    ['Uptime', span(server.uptime_s)],
  ]);
}

function showTotals({ clients, totals }) {
  pairs(byId('totals'), [
    ['Clients let in', count(clients.since_start)],
    ['Events in / out', `${count(totals.events_in)} / ${count(totals.events_out)}`],
    ['Bytes in / out', `${bytes(totals.bytes_in)} / ${bytes(totals.bytes_out)}`],
    ['Refused by full queues', count(totals.queue_full)],
    ['Closed for violations', count(totals.errors_peer)],
    ...Object.entries(totals.ended).map(([reason, n]) => [`Ended: ${reason}`, count(n)]),
  ]);
}

function showCluster(cluster, own) {
  byId('cluster').hidden = !cluster;
  if (!cluster) return;
  rows(byId('nodes'), cluster.nodes.map((one) => ({ ...one, is_self: one.id === own.id && one.pid === own.pid })),
    (one) => [`${one.id}${one.is_self ? ' (this one)' : ''}`, `${one.hostname}, ${one.pid}`, one.version,
      span(one.uptime_s), count(one.clients), count(one.sockets)]);
  const { missing } = cluster;
  setText(byId('missing'), missing < 0 ? 'The others cannot be reached.'
    : missing > 0 ? `${count(missing)} did not answer, or show nothing.` : '');
}

function show(report) {
  const tookMs = noteRates(report);
  const { server } = report;
  setText(byId('name'), server.id);
  document.title = `${server.id}: status`;
  setText(byId('about'), `${server.hostname}, process ${server.pid}, Peal ${server.version}`);
  showTiles(report);
  if (points.length) {
    chart(byId('chart-events'), rate, (p) => p.eventsIn, (p) => p.eventsOut);
    chart(byId('chart-bytes'), bytes, (p) => p.bytesIn, (p) => p.bytesOut);
  }
  rows(byId('namespaces'), report.namespaces, (one) => [one.name, count(one.sockets), count(one.rooms)]);
  rows(byId('rooms'), report.rooms, (one) => [one.name, one.nsp, count(one.sockets)]);
  byId('no-rooms').hidden = report.rooms.length > 0;
  byId('has-rooms').hidden = report.rooms.length === 0;
  rows(byId('workers'), report.workers, (one) => [String(one.index), `${count(one.lag_max_ms)} ms`,
    turnsOf(one, tookMs), count(one.connections), count(one.tasks), bytes(one.held_bytes)]);
  showTotals(report);
  showCluster(report.cluster, server);
  patienceMs = 3 * server.interval_ms + 2000;
  before = report;
}

// --- the connection ------------------------------------------------------------------------

function state(name, words) {
  byId('link').dataset.state = name;
  setText(byId('link-state'), words);
}

function setLive() {
  heardAt = performance.now();
  state('live', 'Live');
  byId('status').hidden = false;
  byId('status').classList.remove('cut');
  byId('lost').hidden = true;
}

function setLost() {
  if (byId('link').dataset.state === 'lost') return;
  state('lost', 'Connection lost');
  byId('status').classList.add('cut');
  setText(byId('lost'), `The connection was lost at ${new Date().toLocaleTimeString()}. What is below is old; trying again.`);
  byId('lost').hidden = false;
}

function close() {
  stream?.close();
  stream = null;
}

function askForLogin() {
  close();
  state('locked', 'Signed out');
  byId('status').hidden = true;
  byId('lost').hidden = true;
  byId('sign-out').hidden = true;
  byId('login').hidden = false;
  byId('username').focus();
}

// A stream that was refused does not say why.
async function askWhy() {
  try {
    const answer = await fetch('stats.json', { cache: 'no-store' });
    if (answer.status === 401) {
      askForLogin();
      return;
    }
  } catch {
    // It cannot be reached: as below.
  }
  setLost();
  setTimeout(open, 2000);
}

function open() {
  close();
  heardAt = performance.now();
  stream = new EventSource('events');
  stream.addEventListener('message', (event) => {
    show(JSON.parse(event.data));
    setLive();
  });
  stream.addEventListener('error', () => {
    if (stream?.readyState === EventSource.CLOSED) {
      close();
      askWhy();
    } else {
      setLost();
    }
  });
}

// A connection may be dead and not know it.
function watch() {
  if (stream && performance.now() - heardAt > patienceMs) {
    setLost();
    open();
  }
}

// --- signing in and out ------------------------------------------------------------------------

async function signIn(event) {
  event.preventDefault();
  const button = byId('login-submit');
  button.disabled = true;
  setText(byId('login-problem'), '');
  try {
    const answer = await fetch('login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: byId('username').value, password: byId('password').value }),
    });
    if (!answer.ok) throw new Error(answer.status === 401 ? 'The name or the password is wrong.'
      : answer.status === 429 ? 'Too many attempts. Wait a moment.' : `The server answers ${answer.status}.`);
    byId('password').value = '';
    byId('login').hidden = true;
    byId('sign-out').hidden = false;
    state('waiting', 'Connecting');
    open();
    byId('main').focus();
  } catch (error) {
    setText(byId('login-problem'), error instanceof TypeError ? 'The server cannot be reached.' : error.message);
    byId('password').select();
  } finally {
    button.disabled = false;
  }
}

async function signOut() {
  try {
    await fetch('logout', { method: 'POST' });
    askForLogin();
  } catch {
    setLost();
  }
}

// Who came by a session of before may leave as well; where no name is needed
// there is nothing to leave.
async function begin() {
  startTheme();
  byId('login-form').addEventListener('submit', signIn);
  byId('sign-out').addEventListener('click', signOut);
  setInterval(watch, 1000);
  try {
    const answer = await fetch('session', { cache: 'no-store' });
    const { needed, known } = await answer.json();
    byId('sign-out').hidden = !needed || !known;
    if (needed && !known) askForLogin();
    else open();
  } catch {
    open();
  }
}

begin();
