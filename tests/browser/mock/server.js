// SPDX-License-Identifier: MIT
// mock: the dashboard's backend in a few lines of Node, for working on the
// page alone and for proving the browser tests. It keeps everything in memory
// and in one append-only file of --data-dir, so that a restart finds it again.
//
//   node mock/server.js --port P --data-dir DIR [--simulate N] [--password W]
import { createServer } from 'node:http';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Server } from 'socket.io';
import { imageSize, wavLevels } from './media.js';
import { simulate } from './simulate.js';

const { values: opts } = parseArgs({
  options: {
    port: { type: 'string', default: '24000' },
    'data-dir': { type: 'string', default: '/tmp/peal-mock' },
    simulate: { type: 'string', default: '0' },
    password: { type: 'string', default: process.env.MOCK_PASSWORD ?? '' },
  },
});
const here = path.dirname(fileURLToPath(import.meta.url));
const page = path.resolve(here, '../../../apps/esp32/web');
const shared = path.resolve(here, '../../../kit/web');
const uplot = path.dirname(createRequire(import.meta.url).resolve('uplot'));
const dataDir = opts['data-dir'];
const names = ['BABY', 'CHILD', 'TEEN', 'ADULT', 'ELDER'];
const kinds = ['readings', 'orientation', 'images', 'audio', 'oled'];
const store = Object.fromEntries(kinds.map((kind) => [kind, []]));
const devices = new Map();
const session = 'mock-session';

fs.mkdirSync(path.join(dataDir, 'media'), { recursive: true });
const journal = path.join(dataDir, 'records.jsonl');
if (fs.existsSync(journal)) {
  for (const line of fs.readFileSync(journal, 'utf8').split('\n')) {
    if (line) remember(...JSON.parse(line));
  }
}

function remember(kind, record) {
  record.id = store[kind].push(record);
  if (!record.device_id) return;
  const device = devices.get(record.device_id) ?? {
    device_id: record.device_id, last_seen: record.timestamp, online: false,
    simulated: record.device_id.startsWith('SIM'),
    readings: 0, images: 0, audio: 0,
  };
  device.last_seen = record.timestamp;
  if (kind in device) device[kind] += 1;
  devices.set(record.device_id, device);
}

function keep(kind, fields) {
  const record = { timestamp: new Date().toISOString(), ...fields };
  remember(kind, record);
  fs.appendFileSync(journal, `${JSON.stringify([kind, record])}\n`);
  const device = devices.get(record.device_id);
  if (device && !device.online) announce(device, true);
  return record;
}

function announce(device, online) {
  device.online = online;
  const { device_id, last_seen } = device;
  io.emit('device_update', { device_id, online, last_seen });
}

setInterval(() => {
  for (const device of devices.values()) {
    const silent = Date.now() - Date.parse(device.last_seen) > 10000;
    if (device.online && silent) announce(device, false);
  }
}, 1000);

// --- what devices send ------------------------------------------------------

const deviceOf = (body) => String(body.device_id ?? 'unknown');

function takeReading(body) {
  const data = { device_id: deviceOf(body) };
  for (const axis of ['x', 'y', 'z']) {
    data[`accel_${axis}`] = Number(body[`accel_${axis}`] ?? 0);
    data[`gyro_${axis}`] = Number(body[`gyro_${axis}`] ?? 0);
  }
  data.mic_level = Number(body.mic_level ?? 0);
  const { timestamp } = keep('readings', data);
  io.emit('sensor_update', { timestamp, data });
}

function takeOrientation(body) {
  const { pitch, roll, yaw } = body;
  const device_id = deviceOf(body);
  const { timestamp } = keep('orientation', { device_id, pitch, roll, yaw });
  io.emit('orientation_update', { timestamp, device_id, pitch, roll, yaw });
}

function takeImage(bytes, device_id) {
  const size = imageSize(bytes);
  if (!size) return false;
  const image_id = store.images.length + 1;
  const file = `image-${image_id}.${size.type}`;
  fs.writeFileSync(path.join(dataDir, 'media', file), bytes);
  const { width, height } = size;
  const record = keep('images', {
    image_id, device_id, url: `/media/${file}`, width, height,
    bytes: bytes.length, caption: null, analysis_ms: null,
  });
  const { timestamp, url } = record;
  const update = { image_id, device_id, url, width, height, timestamp };
  io.emit('camera_update', update);
  setTimeout(() => {
    record.caption = `${width} × ${height} picture, evenly lit, sharp, ` +
      'mostly blue and green; a little changed since the last picture';
    record.analysis_ms = 700;
    io.emit('camera_update',
      { ...update, caption: record.caption, analysis_ms: 700 });
  }, 700);
  return true;
}

function takeAudio(bytes, device_id) {
  const levels = wavLevels(bytes);
  if (!levels) return false;
  const audio_id = store.audio.length + 1;
  const url = `/media/audio-${audio_id}.wav`;
  fs.writeFileSync(path.join(dataDir, url), bytes);
  io.emit('audio_update',
    keep('audio', { audio_id, device_id, url, ...levels }));
  return true;
}

const oled = () => {
  const animation_id = store.oled.at(-1)?.animation_id ?? 0;
  const animation_name = names[animation_id];
  return {
    status: 'success', animation_type: 'pet', animation_id, animation_name,
    message: `Current OLED animation: ${animation_name}`,
  };
};

function setOled(body) {
  const known = Number.isInteger(body?.animation_id) &&
    names[body.animation_id] && (body.animation_type ?? 'pet') === 'pet';
  if (!known) return { status: 'error', message: 'unknown animation' };
  keep('oled', { animation_id: body.animation_id });
  const { animation_id, animation_name } = oled();
  io.emit('oled_display_changed', { animation_id, animation_name });
  return oled();
}

// --- HTTP -------------------------------------------------------------------

const mime = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript',
  '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png',
  '.jpg': 'image/jpeg', '.wav': 'audio/wav',
};

function sendJson(res, status, body) {
  res.writeHead(status, { 'Content-Type': 'application/json' });
  res.end(JSON.stringify(body));
}

function sendFile(res, root, name) {
  const file = path.join(root, path.normalize(`/${name}`));
  if (!fs.existsSync(file) || !fs.statSync(file).isFile()) {
    return sendJson(res, 404, { status: 'error', message: 'not found' });
  }
  res.writeHead(200, {
    'Content-Type': mime[path.extname(file)] ?? 'application/octet-stream',
    'Cache-Control': 'no-cache',
    'Content-Security-Policy': "default-src 'self'; " +
      "img-src 'self' data: blob:; connect-src 'self' ws: wss:; " +
      "style-src 'self' 'unsafe-inline'",
  });
  res.end(fs.readFileSync(file));
}

function listPage(kind, query) {
  const limit = Math.min(Number(query.get('limit') ?? 100), 1000);
  const after = Date.parse(query.get('since') ?? '') || 0;
  const until = Date.parse(query.get('until') ?? '') || Infinity;
  const before = Number(query.get('before') ?? Infinity);
  const device = query.get('device_id');
  const rows = store[kind].filter((row) => row.id < before &&
    (!device || row.device_id === device) &&
    Date.parse(row.timestamp) >= after && Date.parse(row.timestamp) <= until);
  const data = rows.slice(-limit).reverse();
  const next = rows.length > limit ? String(data.at(-1).id) : null;
  return { status: 'success', data, next };
}

const columns = ['accel_x', 'accel_y', 'accel_z', 'gyro_x', 'gyro_y', 'gyro_z', 'mic_level'];

// The readings of a stretch, oldest first.
function stretch(query) {
  const from = Date.parse(query.get('from') ?? '') || -Infinity;
  const to = Date.parse(query.get('to') ?? '') || Infinity;
  const device = query.get('device_id');
  return store.readings.filter(({ device_id, timestamp }) => (!device || device_id === device) &&
    Date.parse(timestamp) >= from && Date.parse(timestamp) <= to);
}

function seriesOf(query) {
  const rows = stretch(query);
  const points = Number(query.get('points') ?? 400);
  const data = { ts: [], rows: [] };
  for (const name of columns) data[name] = { min: [], max: [], mean: [] };
  const answer = { status: 'success', from: null, to: null, bucket_ms: 0, rows: rows.length, data };
  if (rows.length === 0) return answer;
  const from = Date.parse(query.get('from') ?? rows[0].timestamp);
  const to = Date.parse(query.get('to') ?? rows.at(-1).timestamp);
  const length = Math.floor((to - from) / points) + 1;
  const buckets = new Map();
  for (const row of rows) {
    const at = from + Math.floor((Date.parse(row.timestamp) - from) / length) * length;
    if (!buckets.has(at)) buckets.set(at, []);
    buckets.get(at).push(row);
  }
  for (const [at, inside] of buckets) {
    data.ts.push(at);
    data.rows.push(inside.length);
    for (const name of columns) {
      const values = inside.map((row) => row[name]);
      data[name].min.push(Math.min(...values));
      data[name].max.push(Math.max(...values));
      data[name].mean.push(values.reduce((sum, value) => sum + value, 0) / values.length);
    }
  }
  const iso = (ms) => new Date(ms).toISOString();
  return { ...answer, from: iso(from), to: iso(to), bucket_ms: length };
}

function sendCsv(res, query) {
  const names = ['timestamp', 'device_id', ...columns];
  res.writeHead(200, {
    'Content-Type': 'text/csv', 'Content-Disposition': 'attachment; filename="sensor-data.csv"',
  });
  res.write(`${names.join(',')}\r\n`);
  for (const row of stretch(query)) res.write(`${names.map((name) => row[name]).join(',')}\r\n`);
  res.end();
}

function signedIn(headers) {
  return !opts.password || (headers.cookie ?? '').includes(session);
}

function get(req, res, url) {
  const lists = {
    '/api/sensor-data': 'readings', '/api/orientation-data': 'orientation',
    '/api/images': 'images', '/api/audio': 'audio',
  };
  const where = url.pathname;
  if (where === '/api/health') return sendJson(res, 200, { status: 'healthy' });
  if (where === '/api/oled-display/get') return sendJson(res, 200, oled());
  if (/^\/(api|media|status)\b/.test(where) && !signedIn(req.headers)) {
    return sendJson(res, 401, { status: 'error', message: 'sign in first' });
  }
  if (where === '/status') return sendJson(res, 200, {
    urls: [`http://192.0.2.7:${opts.port}`], password_needed: Boolean(opts.password),
  });
  if (where in lists) {
    return sendJson(res, 200, listPage(lists[where], url.searchParams));
  }
  if (where === '/api/sensor-data/series') return sendJson(res, 200, seriesOf(url.searchParams));
  if (where === '/api/sensor-data/export') return sendCsv(res, url.searchParams);
  if (where === '/api/devices') {
    return sendJson(res, 200,
      { status: 'success', data: [...devices.values()] });
  }
  if (where.startsWith('/media/')) return sendFile(res, dataDir, where);
  if (where.startsWith('/vendor/')) {
    return sendFile(res, uplot, where.slice('/vendor/'.length));
  }
  const isShared = fs.existsSync(path.join(shared, path.normalize(where))) && where !== '/';
  return sendFile(res, isShared ? shared : page, where === '/' ? 'index.html' : where);
}

function login(res, body) {
  if (body.password !== opts.password) {
    return sendJson(res, 401, { status: 'error', message: 'wrong password' });
  }
  res.setHeader('Set-Cookie',
    `peal=${session}; HttpOnly; SameSite=Strict; Path=/`);
  return sendJson(res, 200, { status: 'success' });
}

function logout(res) {
  res.setHeader('Set-Cookie', 'peal=x; Max-Age=0; Path=/');
  return sendJson(res, 200, { status: 'success' });
}

function post(req, res, url, bytes) {
  const device = req.headers['x-device-id'] ??
    url.searchParams.get('device_id') ?? 'unknown';
  if (url.pathname === '/upload' || url.pathname === '/upload-audio') {
    const take = url.pathname === '/upload' ? takeImage : takeAudio;
    if (take(bytes, device)) return res.end('OK');
    return sendJson(res, 415, { status: 'error', message: 'not that type' });
  }
  const body = JSON.parse(bytes.toString() || '{}');
  if (url.pathname === '/api/login') return login(res, body);
  if (url.pathname === '/api/logout') return logout(res);
  if (url.pathname === '/api/oled-display/set') {
    const answer = setOled(body);
    return sendJson(res, answer.status === 'success' ? 200 : 422, answer);
  }
  if (url.pathname === '/api/sensor-data') takeReading(body);
  else if (url.pathname === '/api/orientation-data') takeOrientation(body);
  else return sendJson(res, 404, { status: 'error', message: 'not found' });
  return sendJson(res, 200, { status: 'success' });
}

const http = createServer((req, res) => {
  const url = new URL(req.url, 'http://mock');
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    try {
      if (req.method === 'POST') post(req, res, url, Buffer.concat(chunks));
      else get(req, res, url);
    } catch (error) {
      sendJson(res, 400, { status: 'error', message: 'malformed request' });
    }
  });
});

// --- Socket.IO --------------------------------------------------------------

const io = new Server(http, {
  allowRequest: (req, done) => done(null, signedIn(req.headers)),
});

io.on('connection', (socket) => {
  socket.emit('connection_response', {
    status: 'Connected', server_time: new Date().toISOString(),
    sid: socket.id,
  });
  socket.on('set_oled_display', (body, ack) => ack?.(setOled(body)));
  socket.on('request', (body, ack) => {
    const answer = typeof body === 'function' ? body : ack;
    answer?.({ status: 'success', data: {} });
  });
  socket.on('sensor_data', (body, ack) => {
    takeReading(body);
    ack?.({ status: 'success' });
  });
});

http.listen(Number(opts.port), '127.0.0.1', () => {
  console.log(`mock dashboard on http://127.0.0.1:${opts.port}/`);
});
simulate(Number(opts.simulate),
  { takeReading, takeOrientation, takeImage, takeAudio });
process.on('SIGTERM', () => process.exit(0));
