// SPDX-License-Identifier: MIT
// dom: elements, texts and numbers. Whatever comes from a device enters the
// page through textContent or an attribute, never as markup.

export const byId = (id) => document.getElementById(id);

// An element with properties (`class`, `text`, `on`, attributes) and children.
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'text') node.textContent = value;
    else if (name === 'class') node.className = value;
    else if (name === 'on') listen(node, value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

function listen(node, handlers) {
  for (const [type, handler] of Object.entries(handlers)) {
    node.addEventListener(type, handler);
  }
}

// Writes only what differs: an unchanged text costs no layout.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Addresses of media come from the server; anything but a path on this
// server is refused, so that no address can lead elsewhere or run as script.
// Browsers leave tabs and line breaks out wherever they stand.
export function ownPath(url) {
  const text = String(url ?? '');
  return /^\/[^/\\\t\n\r][^\t\n\r]*$/.test(text) ? text : '';
}

export const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

// --- time -------------------------------------------------------------------

// What a quicker answer has told is not lost to a slower one, for a while: it
// cannot be further off than half of the way there and back.
const trustMs = 60000;
let offsetMs = 0;
let heard = { at: -Infinity, tookMs: Infinity };

// Milliseconds since 1970 of an ISO text or a number of seconds or
// milliseconds; NaN when it is none of these.
export function parseTime(value) {
  if (typeof value === 'number') return value < 1e11 ? value * 1000 : value;
  return Date.parse(value);
}

// Readings carry the server's time: the page measures ages by that clock. The
// answer that told it took so long.
export function setServerTime(value, tookMs = 1000) {
  const server = parseTime(value);
  const now = performance.now();
  if (!Number.isFinite(server) || (tookMs > heard.tookMs && now - heard.at < trustMs)) return;
  heard = { at: now, tookMs };
  offsetMs = server + (tookMs < 1000 ? tookMs / 2 : 0) - Date.now();
}

export const serverNow = () => Date.now() + offsetMs;

const clock = new Intl.DateTimeFormat(undefined,
  { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

export function formatClock(ms) {
  if (!Number.isFinite(ms)) return '–';
  const date = new Date(ms);
  const today = date.toDateString() === new Date().toDateString();
  return today ? clock.format(date) : `${day.format(date)}, ${clock.format(date)}`;
}

export function formatAge(ms) {
  if (!Number.isFinite(ms)) return 'never';
  const s = Math.max(0, Math.round((serverNow() - ms) / 1000));
  if (s < 3) return 'just now';
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ago`;
  return `${Math.floor(s / 86400)} d ago`;
}

// --- numbers ----------------------------------------------------------------

const minus = (text) => text.replace('-', '−');

// A value that keeps its width while it changes.
export function formatValue(value) {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return minus(value.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : 2));
}

export const formatLevel = (value) =>
  (Number.isInteger(value) ? String(value) : formatValue(value));

export const formatDegrees = (value) =>
  (Number.isFinite(value) ? minus(`${value.toFixed(1)}°`) : '–');

export const formatDb = (value) =>
  (Number.isFinite(value) ? minus(`${value.toFixed(1)} dB`) : '– dB');

export function formatBytes(bytes) {
  if (!Number.isFinite(bytes)) return '';
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1048576) return `${(bytes / 1024).toFixed(0)} KiB`;
  return `${(bytes / 1048576).toFixed(1)} MiB`;
}

const grouped = new Intl.NumberFormat(undefined);

export const countOf = (count, one, many = `${one}s`) =>
  `${grouped.format(count)} ${count === 1 ? one : many}`;
