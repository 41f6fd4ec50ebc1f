// SPDX-License-Identifier: MIT
// devices: who reports, when last, and whose readings are shown.
import { apiPage } from './api.js';
import { connectKnows } from './connect.js';
import { byId, countOf, el, formatAge, parseTime, setText } from './dom.js';
import { onNextFrame } from './frame.js';

// With fewer the eye is faster than the keyboard.
const findFrom = 8;

const devices = new Map();
const items = new Map();
let selected = '';
let sought = '';
// What the server has told once; before that nobody is chosen.
let isLoaded = false;
let isLive = true;
let onSelect = () => {};

const isSimulated = (device) => device.simulated ?? device.device_id.startsWith('SIM');

function build(device) {
  const age = el('span', { class: 'hint' });
  const counts = el('span', { class: 'hint counts' });
  const state = el('span', { class: 'state' });
  const button = el('button', {
    type: 'button', on: { click: () => deviceSelect(device.device_id) },
  },
  el('span', { class: 'dot', 'aria-hidden': 'true' }),
  el('span', { class: 'who' },
    el('strong', { text: device.device_id }),
    isSimulated(device) && el('span', { class: 'badge', text: 'simulated' })),
  el('span', { class: 'when' }, state, age), counts);
  const option = el('option', { value: device.device_id, text: device.device_id });
  return { node: el('li', {}, button), option, button, age, counts, state };
}

function showDevice(device) {
  const item = items.get(device.device_id);
  const age = formatAge(parseTime(device.last_seen));
  item.button.classList.toggle('online', isLive && Boolean(device.online));
  item.button.setAttribute('aria-pressed', String(device.device_id === selected));
  // Cut off from the server nobody knows who is online.
  setText(item.state, isLive ? (device.online ? 'online' : 'offline') : '');
  setText(item.age, isLive ? ` · ${age}` : `last seen ${age}`);
  item.node.hidden = !device.device_id.toLowerCase().includes(sought);
  setText(item.counts, [
    countOf(device.readings ?? 0, 'reading'), countOf(device.images ?? 0, 'picture'),
    countOf(device.audio ?? 0, 'sound')].join(' · '));
}

function place(device) {
  const item = build(device);
  const follower = items.get([...items.keys()].filter((id) => id > device.device_id).sort()[0]);
  byId('device-list').insertBefore(item.node, follower?.node ?? null);
  const picker = byId('device-select');
  picker.querySelector('option[value=""]')?.remove();
  picker.insertBefore(item.option, follower?.option ?? null);
  items.set(device.device_id, item);
}

function render() {
  for (const device of devices.values()) {
    if (!items.has(device.device_id)) place(device);
    showDevice(device);
  }
  byId('device-find').hidden = devices.size < findFrom;
  setText(byId('device-count'), countText());
  const none = sought ? `No device is called “${sought}”.` : 'No device has reported yet.';
  const found = [...items.values()].some(({ node }) => !node.hidden);
  byId('device-empty').hidden = found;
  if (!found) setText(byId('device-empty'), none);
  if (isLoaded) connectKnows(devices.size);
}

function countText() {
  if (devices.size === 0) return '';
  if (sought) {
    const found = [...devices.keys()].filter((id) => id.toLowerCase().includes(sought)).length;
    return `${found} of ${devices.size} found`;
  }
  if (!isLive) return countOf(devices.size, 'device');
  const online = [...devices.values()].filter((device) => device.online).length;
  return `${online} of ${devices.size} online`;
}

// The device shown at first: the one that was chosen before, else the one
// heard last.
function chooseFirst() {
  if (selected || !isLoaded || devices.size === 0) return;
  let remembered = '';
  try {
    remembered = sessionStorage.getItem('peal-device') ?? '';
  } catch {
    // Without storage the newest is chosen.
  }
  const newest = [...devices.values()]
    .sort((a, b) => parseTime(b.last_seen) - parseTime(a.last_seen) ||
      (a.device_id < b.device_id ? -1 : 1))[0];
  deviceSelect(devices.has(remembered) ? remembered : newest.device_id);
}

// Notes that `id` was heard at `timestamp`; `kind` counts what it sent.
export function deviceHeard(id, timestamp, kind) {
  if (typeof id !== 'string' || !id) return;
  const device = devices.get(id) ?? { device_id: id };
  device.last_seen = timestamp;
  device.online = true;
  if (kind) device[kind] = (device[kind] ?? 0) + 1;
  devices.set(id, device);
  onNextFrame(render);
  chooseFirst();
}

// A device_update. Returns whether the device came or went.
export function deviceUpdate({ device_id: id, online, last_seen: lastSeen }) {
  if (typeof id !== 'string' || !id) return false;
  const device = devices.get(id) ?? { device_id: id };
  const changed = Boolean(device.online) !== Boolean(online);
  Object.assign(device, { online: Boolean(online), last_seen: lastSeen ?? device.last_seen });
  devices.set(id, device);
  onNextFrame(render);
  chooseFirst();
  return changed;
}

export async function devicesLoad() {
  const { data } = await apiPage('/api/devices');
  for (const device of data) devices.set(device.device_id, { ...devices.get(device.device_id), ...device });
  isLoaded = true;
  render();
  chooseFirst();
}

export function deviceSelect(id) {
  if (id === selected || !devices.has(id)) return;
  selected = id;
  try {
    sessionStorage.setItem('peal-device', id);
  } catch {
    // The choice then holds until the page is left.
  }
  render();
  byId('device-select').value = id;
  onSelect(id);
}

export const deviceSelected = () => selected;

// What is known of the chosen device; undefined: none is.
export const deviceNow = () => devices.get(selected);

// Shows them anew; cut off from the server none is called online.
export function devicesShow(live) {
  isLive = live;
  onNextFrame(render);
}

function seek(event) {
  sought = event.target.value.trim().toLowerCase();
  render();
}

// Enter takes the first that was found.
function onSeekKey(event) {
  if (event.key !== 'Enter') return;
  const first = [...devices.keys()].sort().find((id) => !items.get(id)?.node.hidden);
  if (first) deviceSelect(first);
}

export function startDevices(selectHandler) {
  onSelect = selectHandler;
  byId('device-select').addEventListener('change', (event) => deviceSelect(event.target.value));
  byId('device-filter').addEventListener('input', seek);
  byId('device-filter').addEventListener('keydown', onSeekKey);
}
