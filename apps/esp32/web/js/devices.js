// SPDX-License-Identifier: MIT
// devices: who reports, when last, and whose readings are shown.
import { apiPage } from './api.js';
import { byId, countOf, el, formatAge, parseTime, setText } from './dom.js';
import { onNextFrame } from './frame.js';

const devices = new Map();
const items = new Map();
let selected = '';
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
  item.button.classList.toggle('online', Boolean(device.online));
  item.button.setAttribute('aria-pressed', String(device.device_id === selected));
  setText(item.state, device.online ? 'online' : 'offline');
  setText(item.age, ` · ${formatAge(parseTime(device.last_seen))}`);
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
  byId('device-empty').hidden = devices.size > 0;
  const online = [...devices.values()].filter((device) => device.online).length;
  setText(byId('device-count'), devices.size ? `${online} of ${devices.size} online` : '');
}

// The device shown at first: the one that was chosen before, else the one
// heard last.
function chooseFirst() {
  if (selected || devices.size === 0) return;
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

export function startDevices(selectHandler) {
  onSelect = selectHandler;
  byId('device-select').addEventListener('change', (event) => deviceSelect(event.target.value));
  setInterval(() => onNextFrame(render), 1000);
}
