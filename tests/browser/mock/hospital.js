// SPDX-License-Identifier: MIT
// hospital: what peal-hospital says to its page, in a few lines of Node: for
// working on the page alone, and for proving its browser tests. Everything is
// in memory; one program's worth of rules is not.
//
//   node mock/hospital.js --web-dir DIR --port P
//
// Beyond the program: POST /mock/flood {"count","rate"} emits so many alerts,
// POST /mock/raw {"event","payload"} emits past everything, as other processes
// do, and POST /mock/cut closes all connections.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Server } from 'socket.io';

const { values: opts } = parseArgs({
  options: {
    port: { type: 'string', default: '5002' },
    'web-dir': { type: 'string' },
    'data-dir': { type: 'string' },
    'access-token-time': { type: 'string', default: '900s' },
  },
});
const node = 7;
const nodes = 2 ** 20;
const types = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };
const policy = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'; form-action 'self'";
const tokenS = parseFloat(opts['access-token-time']);
const words = 'four words are fine';
const stamp = () => new Date().toISOString();

const people = new Map(['admin', 'doctor', 'nurse', 'viewer'].map((role, index) => [role, {
  username: role, id: role, name: `${role[0].toUpperCase()}${role.slice(1)} Person`, role, ward: index > 1 ? 'A' : null, availability: 'off_duty', disabled: false,
}]));
const tokens = new Map(); // access token: {username, until}
const refreshes = new Map(); // refresh token: username
const patients = new Map();
const beds = new Map();
const triage = new Map();
const risks = new Map();
const preferences = new Map();
const alerts = []; // oldest first
const audit = [];
let number = 0;

class Refusal extends Error {
  constructor(status, message, more = {}) {
    super(message);
    Object.assign(this, { status, more });
  }
}

const id = () => (number += 1) * nodes + node;
const log = (actor, action, subject) => audit.push({ id: audit.length + 1, timestamp: stamp(), actor, action, subject, body: null });

// --- people ------------------------------------------------------------------

function signIn(username, response) {
  const who = people.get(username);
  const token = `mock.${Buffer.from(JSON.stringify({ username })).toString('base64url')}.${randomUUID()}`;
  const refresh = randomUUID();
  tokens.set(token, { username, until: Date.now() + tokenS * 1000 });
  refreshes.set(refresh, username);
  response.setHeader('Set-Cookie', `mock_refresh=${refresh}; HttpOnly; SameSite=Strict; Path=/api/auth`);
  return {
    status: 'success', access_token: token, expires_in: tokenS, room: `person_${username}`,
    user: { id: username, username, role: who.role },
  };
}

function personOf(token) {
  const known = tokens.get(token);
  if (!known) throw new Refusal(401, 'Please sign in.', { code: token ? 'token_invalid' : 'token_missing' });
  if (known.until < Date.now()) throw new Refusal(401, 'The token is over.', { code: 'token_expired' });
  return people.get(known.username);
}

const cookieOf = (request) => /mock_refresh=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];

function availability(who, value) {
  who.availability = value;
  io.to('hospital_main').to('staff_on_duty').emit('staff_availability',
    { username: who.username, name: who.name, role: who.role, availability: value, available: value === 'available', timestamp: stamp() });
}

// --- alerts ------------------------------------------------------------------

const unread = () => alerts.filter(({ status }) => status === 'active').length;

function raise(fields, actor) {
  const alert = {
    id: id(), patient_id: null, ward: patients.get(fields.patient_id)?.ward ?? null, data: null, kind: 'manual', status: 'active',
    timestamp: stamp(), escalation: 'none', created_by: actor, acknowledged_by: null, resolved_by: null,
    simulated: String(fields.patient_id ?? '').startsWith('SIM'), ...fields,
  };
  alerts.push(alert);
  if (alert.patient_id === null) io.emit('hospital_alert', alert);
  else io.to(`patient_${alert.patient_id}`).to('staff_on_duty').emit('patient_alert', alert);
  return alert;
}

function settle(alertId, status, actor) {
  const alert = alerts.find((one) => one.id === Number(alertId));
  if (!alert) throw new Refusal(404, 'There is no such alert.');
  const [by, at] = status === 'acknowledged' ? ['acknowledged_by', 'acknowledged_at'] : ['resolved_by', 'resolved_at'];
  Object.assign(alert, { status, [by]: actor, [at]: stamp() });
  log(actor, `alert ${status}`, String(alertId));
  io.emit('alert_updated', alert);
  return alert;
}

function missed(ids, atMost = 500) {
  const after = Math.max(0, ...[ids].flat().map(Number));
  const behind = alerts.filter((alert) => alert.id > after);
  return { alerts: behind.slice(0, atMost), more: behind.length > atMost };
}

const bands = {
  respiration: [[8, 3], [11, 1], [20, 0], [24, 2], [Infinity, 3]],
  spo2: [[91, 3], [93, 2], [95, 1], [Infinity, 0]],
  systolic: [[90, 3], [100, 2], [110, 1], [219, 0], [Infinity, 3]],
  heart_rate: [[40, 3], [50, 1], [90, 0], [110, 1], [130, 2], [Infinity, 3]],
  temperature: [[35, 3], [36, 1], [38, 0], [39, 1], [Infinity, 2]],
};

function predict({ patient_id, vitals }, who) {
  const parameters = {};
  for (const [name, table] of Object.entries(bands)) {
    if (!Number.isFinite(vitals?.[name])) throw new Refusal(422, `${name} is needed.`, { field: `vitals.${name}` });
    parameters[name] = table.find(([top]) => vitals[name] <= top)[1];
  }
  parameters.consciousness = vitals.consciousness === 'alert' ? 0 : 3;
  const score = Object.values(parameters).reduce((sum, points) => sum + points, 0);
  const level = score > 8 ? 'critical' : score > 6 ? 'high' : score > 4 || Object.values(parameters).includes(3) ? 'medium' : 'low';
  const reasons = Object.entries(parameters).filter(([, points]) => points).map(([name, points]) => `${name} ${vitals[name]} (${points})`);
  const risk = { patient_id, score, level, reasons, parameters, vitals, timestamp: stamp() };
  risks.set(patient_id, [risk, ...risks.get(patient_id) ?? []]);
  io.to(`patient_${patient_id}`).to('hospital_main').emit('risk_update', risk);
  if (score > 6) raise({ patient_id, severity: score > 8 ? 'critical' : 'warning', message: `NEWS2 ${score}: ${reasons.join(', ')}`, kind: 'risk', data: { score, level } }, who.username);
  return { status: 'success', ...risk };
}

// --- HTTP --------------------------------------------------------------------

const made = (name, row) => ({ status: 'success', id: row.id, data: row, [name]: row });
const listed = (rows) => ({ status: 'success', data: [...rows] });
const found = (map, key) => map.get(key) ?? (() => { throw new Refusal(404, 'There is none.'); })();

function needs(body, ...names) {
  for (const name of names) if (!body[name]) throw new Refusal(422, `${name} is needed.`, { field: name });
}

function alertList(query) {
  const limit = Number(query.get('limit') ?? 100);
  const fits = (alert) => ['status', 'severity'].every((name) => !query.get(name) || alert[name] === query.get(name))
    && (!query.get('patient') || alert.patient_id === query.get('patient'))
    && (!query.get('since') || alert.timestamp >= query.get('since'))
    && (!query.get('cursor') || alert.id < Number(query.get('cursor')));
  const rows = alerts.filter(fits).reverse();
  return { status: 'success', data: rows.slice(0, limit), next: rows.length > limit ? rows[limit - 1].id : null, unread: unread() };
}

const patientOf = (body) => ({ assigned: [], bed_id: null, status: 'admitted', ...body, id: body.patient_id, simulated: body.patient_id.startsWith('SIM') });

const routes = {
  'GET /api/patients': () => listed([...patients.values()].map((row) => ({ ...row, risk: risks.get(row.patient_id)?.[0] }))),
  'POST /api/patients': (body, who) => {
    needs(body, 'patient_id', 'name');
    if (patients.has(body.patient_id)) throw new Refusal(409, 'This id is taken.', { field: 'patient_id' });
    const row = patientOf(body);
    patients.set(row.patient_id, row);
    log(who.username, 'patient created', row.patient_id);
    io.to('hospital_main').emit('patient_update', row);
    return made('patient', row);
  },
  'PATCH /api/patients/:': (body, who, key) => {
    const row = Object.assign(found(patients, key), body);
    io.to('hospital_main').emit('patient_update', row);
    return made('patient', row);
  },
  'GET /api/triage': () => listed(triage.values()),
  'POST /api/triage': (body) => {
    needs(body, 'patient_id', 'priority', 'complaint');
    const row = { id: id(), status: 'waiting', created_at: stamp(), ...body };
    triage.set(String(row.id), row);
    io.to('triage').to('hospital_main').emit('triage_update', { action: 'created', triage: row, ...row });
    return made('triage', row);
  },
  'PATCH /api/triage/:': (body, who, key) => {
    const row = Object.assign(found(triage, key), body);
    io.to('triage').to('hospital_main').emit('triage_update', { action: 'updated', triage: row, ...row });
    return made('triage', row);
  },
  'GET /api/beds': () => listed(beds.values()),
  'POST /api/beds': (body) => {
    needs(body, 'bed_id', 'ward');
    const row = { id: body.bed_id, status: 'free', patient_id: null, ...body };
    beds.set(row.bed_id, row);
    io.to('hospital_main').emit('bed_status', row);
    return made('bed', row);
  },
  'PATCH /api/beds/:': (body, who, key) => {
    if (body.status === 'occupied') needs(body, 'patient_id');
    const row = Object.assign(found(beds, key), { patient_id: null }, body);
    io.to('hospital_main').emit('bed_status', row);
    return made('bed', row);
  },
  'GET /api/staff': () => listed(people.values()),
  'POST /api/staff': (body) => {
    needs(body, 'username', 'password', 'name', 'role');
    const row = { ...body, password: undefined, id: body.username, availability: 'off_duty', disabled: false };
    people.set(row.username, row);
    return made('staff', row);
  },
  'PATCH /api/staff/:': (body, who, key) => {
    const row = Object.assign(found(people, key), body);
    if (body.availability) availability(row, body.availability);
    return made('staff', row);
  },
  'GET /api/alerts': (body, who, key, query) => alertList(query),
  'POST /api/alerts': (body, who) => made('alert', raise(body, who.username)),
  'POST /api/alerts/hospital': (body, who) => {
    needs(body, 'message');
    return made('alert', raise({ ...body, kind: 'hospital' }, who.username));
  },
  'POST /api/alerts/:/acknowledge': (body, who, key) => made('alert', settle(key, 'acknowledged', who.username)),
  'POST /api/risk/predict': predict,
  'GET /api/risk/:': (body, who, key) => listed(risks.get(key) ?? []),
  'GET /api/preferences': (body, who) => ({ status: 'success', severity: 'info', sound: true, wards: [], ...preferences.get(who.username) }),
  'PUT /api/preferences': (body, who) => {
    preferences.set(who.username, body);
    return { status: 'success' };
  },
  'GET /api/audit': (body, who, key, query) => listed([...audit].reverse()
    .filter((row) => ['actor', 'action'].every((name) => !query.get(name) || row[name]?.includes(query.get(name))))),
  'POST /api/auth/password': () => ({ status: 'success' }),
  'POST /mock/raw': ({ event, payload }) => {
    io.emit(event, payload);
    return { status: 'success' };
  },
  'POST /mock/cut': () => {
    for (const socket of io.sockets.sockets.values()) socket.conn.close();
    return { status: 'success' };
  },
  'POST /mock/flood': async ({ count, rate }) => {
    const began = performance.now();
    for (let sent = 0; sent < count;) {
      const due = Math.min(count, Math.ceil((performance.now() - began) * rate / 1000));
      for (; sent < due; sent += 1) raise({ patient_id: `P${sent % 20}`, severity: ['info', 'warning', 'critical'][sent % 3], message: `Flood ${sent}: a reading is out of its band` }, 'flood');
      await new Promise((done) => { setTimeout(done, 2); });
    }
    return { status: 'success', tookMs: performance.now() - began };
  },
};

const open = {
  '/health': () => ({ status: 'ok', timestamp: stamp(), database: true }),
  '/api/auth/login': ({ username, password }, request, response) => {
    if (!people.has(username) || password !== words) throw new Refusal(401, 'Name and password do not belong together.');
    availability(people.get(username), 'available');
    log(username, 'login', username);
    return signIn(username, response);
  },
  '/api/auth/refresh': (body, request, response) => {
    const username = refreshes.get(cookieOf(request));
    if (!username) throw new Refusal(401, 'Please sign in.', { code: 'refresh_invalid' });
    return signIn(username, response);
  },
  '/api/auth/logout': (body, request) => {
    const username = refreshes.get(cookieOf(request));
    refreshes.delete(cookieOf(request));
    if (username) availability(people.get(username), 'off_duty');
    return { status: 'success' };
  },
};

async function bodyOf(request) {
  let text = '';
  for await (const piece of request) text += piece;
  return text ? JSON.parse(text) : {};
}

function file(pathname, response) {
  const name = path.join(opts['web-dir'], path.normalize(pathname === '/' ? '/index.html' : pathname));
  if (!fs.existsSync(name)) throw new Refusal(404, 'There is no such page.');
  response.setHeader('Content-Type', types[path.extname(name).slice(1)] ?? 'application/octet-stream');
  response.setHeader('Content-Security-Policy', policy);
  response.end(fs.readFileSync(name));
}

async function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://mock');
  if (open[pathname]) return open[pathname](await bodyOf(request), request, response);
  const parts = pathname.split('/');
  const key = decodeURIComponent(parts[3] ?? '');
  const exact = routes[`${request.method} ${pathname}`];
  const route = exact ?? routes[`${request.method} ${[...parts.slice(0, 3), ':', ...parts.slice(4)].join('/')}`];
  if (!route) return request.method === 'GET' ? file(pathname, response) : (() => { throw new Refusal(404, 'There is none.'); })();
  const who = pathname.startsWith('/mock/') ? null : personOf((request.headers.authorization ?? '').replace('Bearer ', ''));
  return route(await bodyOf(request), who, key, searchParams);
}

const server = createServer(async (request, response) => {
  try {
    const told = await answer(request, response);
    if (!told) return;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(told));
  } catch (error) {
    response.writeHead(error.status ?? 500, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ status: 'error', message: error.message, ...error.more }));
  }
});

// --- sockets -----------------------------------------------------------------

const io = new Server(server);
const received = new Set();

io.use((socket, next) => {
  try {
    socket.data.who = personOf(socket.handshake.auth.token);
    next();
  } catch (error) {
    next(Object.assign(new Error('Authentication failed'), { data: { code: error.more?.code } }));
  }
});

const events = {
  join_patient_monitoring: ({ patient_id, last_alert_id }, socket) => {
    socket.join(`patient_${patient_id}`);
    const own = alerts.filter((alert) => alert.patient_id === patient_id);
    const risk = risks.get(patient_id)?.[0] ?? null;
    return { patient: patients.get(patient_id) ?? null, risk, alerts: own.filter(({ status }) => status !== 'resolved'), missed: own.filter((alert) => last_alert_id && alert.id > last_alert_id), more: false };
  },
  leave_patient_monitoring: ({ patient_id }, socket) => void socket.leave(`patient_${patient_id}`),
  join_hospital: ({ hospital_id }, socket) => void socket.join(`hospital_${hospital_id}`),
  leave_hospital: ({ hospital_id }, socket) => void socket.leave(`hospital_${hospital_id}`),
  join_triage: (said, socket) => {
    socket.join('triage');
    return { triage: [...triage.values()] };
  },
  leave_triage: (said, socket) => void socket.leave('triage'),
  ack_alert: ({ alert_id }, socket) => ({ alert: settle(alert_id, 'acknowledged', socket.data.who.username) }),
  resolve_alert: ({ alert_id }, socket) => ({ alert: settle(alert_id, 'resolved', socket.data.who.username) }),
  alert_received: ({ alert_ids }, socket) => alert_ids.forEach((one) => received.add(`${socket.data.who.username} ${one}`)),
  get_missed_alerts: ({ last_alert_id }) => missed(last_alert_id),
  refresh_token: ({ token }, socket) => {
    socket.data.who = personOf(token);
    end(socket);
    return { expires_at: stamp() };
  },
  request: () => ({ data: { server_time: stamp() } }),
};

function end(socket) {
  clearTimeout(socket.data.timer);
  socket.data.timer = setTimeout(() => {
    socket.emit('error', { message: 'The token is over.', code: 'token_expired' });
    socket.disconnect(true);
  }, tokenS * 1000);
}

io.on('connection', (socket) => {
  const { who } = socket.data;
  end(socket);
  socket.join([`person_${who.username}`, ...who.role === 'viewer' ? [] : ['staff_on_duty']]);
  socket.emit('connection_response', { status: 'connected', server_time: stamp(), sid: socket.id, username: who.username, role: who.role, unread: unread() });
  if (socket.handshake.auth.last_alert_id) socket.emit('missed_alerts', missed(socket.handshake.auth.last_alert_id));
  socket.on('disconnect', () => clearTimeout(socket.data.timer));
  for (const [name, handler] of Object.entries(events)) {
    socket.on(name, (...args) => {
      const ack = typeof args.at(-1) === 'function' ? args.pop() : () => {};
      try {
        ack({ status: 'success', ...handler(args[0] ?? {}, socket) });
      } catch (error) {
        ack({ status: 'error', message: error.message });
      }
    });
  }
});

routes['GET /mock/received'] = () => ({ status: 'success', count: received.size });
server.listen(Number(opts.port), '127.0.0.1', () => console.log(`mock hospital: http://127.0.0.1:${opts.port}/ as ${[...people.keys()].join(', ')}, ${words}`));
process.on('SIGTERM', () => process.exit(0));
