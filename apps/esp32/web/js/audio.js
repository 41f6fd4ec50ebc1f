// SPDX-License-Identifier: MIT
// audio: the recordings, newest first, each with its level, outline and player.
import { apiPage } from './api.js';
import { byId, el, formatClock, formatDb, ownPath, parseTime } from './dom.js';
import { waveDrawing, wavePeaks } from './wave.js';

const pageSize = 8;
const maxRecordings = 60;
const quietestDb = -60;

let recordings = [];
let deviceId = '';
let cursor = null;
const items = new Map();

const share = (db) => Math.max(0, Math.min(1, 1 - db / quietestDb));

// The level as a bar: filled to the mean, with a mark at the peak.
function meter({ rms_db: rms, peak_db: peak }) {
  const known = Number.isFinite(rms) && Number.isFinite(peak);
  const label = known ? `Mean ${formatDb(rms)}, peak ${formatDb(peak)}` : 'Level unknown';
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 100 6');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  svg.setAttribute('class', 'meter');
  const bar = (name, x, width) => {
    const rect = document.createElementNS(svg.namespaceURI, 'rect');
    const place = { class: name, x, y: 0, width, height: 6 };
    for (const [key, value] of Object.entries(place)) rect.setAttribute(key, value);
    svg.append(rect);
  };
  bar('track', 0, 100);
  if (known) {
    bar('mean', 0, 100 * share(rms));
    bar('peak', Math.max(0, 100 * share(peak) - 1), 1);
  }
  return svg;
}

const seer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seer.unobserve(target);
    drawWave(target);
  }
});

async function drawWave(box) {
  try {
    const peaks = await wavePeaks(box.dataset.url);
    if (peaks) box.replaceChildren(waveDrawing(peaks));
  } catch {
    // Without its outline a recording still has level and player.
  }
}

function build(recording) {
  const url = ownPath(recording.url);
  const wave = el('div', { class: 'wave', 'data-url': url });
  seer.observe(wave);
  const seconds = recording.duration_ms / 1000;
  const when = formatClock(parseTime(recording.timestamp));
  return el('li', {},
    el('div', { class: 'audio-head' },
      el('strong', { text: recording.device_id ?? 'unknown' }),
      el('span', {
        class: 'hint',
        text: Number.isFinite(seconds) ? `${when} · ${seconds.toFixed(1)} s` : when,
      })),
    wave,
    el('div', { class: 'level' }, meter(recording),
      el('span', { class: 'hint', text: `${formatDb(recording.rms_db)} · peak ${formatDb(recording.peak_db)}` })),
    el('audio', {
      controls: true, preload: 'none', src: url,
      'aria-label': `Recording of ${recording.device_id ?? 'unknown'} at ${when}`,
    }));
}

function forget(recording) {
  items.get(recording.audio_id)?.remove();
  items.delete(recording.audio_id);
}

function render() {
  const list = byId('audio-list');
  recordings.sort((a, b) => parseTime(b.timestamp) - parseTime(a.timestamp) || b.audio_id - a.audio_id);
  for (const old of recordings.splice(maxRecordings)) forget(old);
  recordings.forEach((recording, i) => {
    if (!items.has(recording.audio_id)) items.set(recording.audio_id, build(recording));
    const node = items.get(recording.audio_id);
    if (list.children[i] !== node) list.insertBefore(node, list.children[i] ?? null);
  });
  byId('audio-empty').hidden = recordings.length > 0;
  byId('audio-more').hidden = cursor === null || recordings.length >= maxRecordings;
}

function put(recording) {
  if (recordings.some((one) => one.audio_id === recording.audio_id)) return;
  recordings.push(recording);
}

// An audio_update.
export function audioUpdate(recording) {
  if (deviceId && recording.device_id !== deviceId) return;
  put(recording);
  render();
}

async function load(before) {
  const asked = deviceId;
  const page = await apiPage('/api/audio', { device_id: asked, limit: pageSize, before });
  if (asked !== deviceId) return [];
  page.data.forEach(put);
  if (before !== undefined || recordings.length <= pageSize) cursor = page.next;
  render();
  return page.data;
}

// Fetches and returns the newest recordings; those already shown stay.
export const audioLoad = () => load();

// Shows the recordings of one device only; of all when `id` is empty.
export function audioFilter(id) {
  if (id === deviceId) return Promise.resolve();
  deviceId = id;
  recordings.forEach(forget);
  recordings = [];
  cursor = null;
  return load();
}

export function startAudio(report) {
  byId('audio-more').addEventListener('click', () => load(cursor).catch(report));
}
