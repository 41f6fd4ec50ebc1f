// SPDX-License-Identifier: MIT
// vital_devices: whose readings these are: which devices are there, how full
// their batteries are; a new one is given its key here, once, or loses it.
import { apiDelete, apiPost } from './api.js';
import { dialogAsk } from './dialog.js';
import { byId, countOf, el, formatAge, parseTime, setText } from './dom.js';
import { notify } from './notices.js';
import { careDo, careGet } from './person.js';
import { placeFill, placeShow } from './place.js';

const lowBattery = 20;
const devices = new Map();
const rows = new Map();
const place = { loading: 'Asking for devices…', empty: 'No device yet. Its readings come with a key that you make here.' };
let isLoaded = false;
let isLive = true;

function build(id, simulated) {
  const state = el('span', { class: 'state' });
  const age = el('span', { class: 'hint' });
  const battery = el('span', { class: 'hint battery' });
  const button = el('button', {
    type: 'button', class: 'small', text: 'Revoke', 'aria-label': `Revoke the key of ${id}`, on: { click: () => revoke(id) },
  });
  const node = el('li', { 'data-device': id }, el('span', { class: 'dot', 'aria-hidden': 'true' }),
    el('span', { class: 'who' }, el('strong', { text: id }), simulated && el('span', { class: 'badge', text: 'simulated' })),
    el('span', { class: 'when' }, state, age), battery, button);
  return { node, state, age, battery, button };
}

function batteryText({ battery }) {
  if (!Number.isFinite(battery)) return '';
  return `battery ${Math.round(battery)} %${battery <= lowBattery ? ', low' : ''}`;
}

function show(device) {
  const id = device.device_id;
  if (!rows.has(id)) {
    rows.set(id, build(id, device.simulated));
    const before = [...rows.keys()].filter((one) => one > id).sort()[0];
    byId('care-devices').insertBefore(rows.get(id).node, rows.get(before)?.node ?? null);
  }
  const { node, state, age, battery, button } = rows.get(id);
  const words = device.revoked ? 'key revoked' : !isLive ? '' : device.online ? 'online' : 'offline';
  node.classList.toggle('online', isLive && Boolean(device.online) && !device.revoked);
  setText(state, words);
  const seen = device.last_seen ? formatAge(parseTime(device.last_seen)) : 'never seen';
  setText(age, words ? ` · ${seen}` : `last seen ${seen}`);
  setText(battery, batteryText(device));
  battery.classList.toggle('low', device.battery <= lowBattery);
  button.hidden = Boolean(device.revoked);
}

export function devicesShow(live = isLive) {
  isLive = live;
  for (const device of devices.values()) show(device);
  const here = [...devices.values()].filter(({ revoked }) => !revoked);
  const online = here.filter((device) => device.online).length;
  setText(byId('device-count'), here.length === 0 ? '' : isLive ? `${online} of ${here.length} online` : countOf(here.length, 'device'));
  if (isLoaded) placeShow(byId('device-place'), devices.size ? '' : 'empty', place.empty);
}

function put(device) {
  if (typeof device?.device_id !== 'string') return;
  devices.set(device.device_id, { ...devices.get(device.device_id), ...device });
}

export function deviceUpdate(device) {
  put({ ...device, ...(device?.online && { last_seen: device.last_seen ?? new Date().toISOString() }) });
  devicesShow();
}

// Its device was heard, whatever else is known of it.
export function deviceHeard({ device_id: id, timestamp }) {
  if (!devices.has(id)) return;
  put({ device_id: id, online: true, last_seen: timestamp });
  show(devices.get(id));
}

export const devicesLoad = () => placeFill(byId('device-place'), place, async () => {
  const { data } = await careGet('/api/devices');
  for (const device of data) put(device);
  isLoaded = true;
  devicesShow();
  return devices.size;
});

function showKey(id, key) {
  const box = byId('device-key');
  box.hidden = false;
  box.replaceChildren(el('p', {}, `The key of ${id}, shown only now: `, el('code', { id: 'device-key-text', text: key })),
    el('button', { type: 'button', class: 'small', text: 'I have it', on: { click: () => { box.hidden = true; box.replaceChildren(); } } }));
}

async function add(event) {
  event.preventDefault();
  const box = byId('device-id');
  const id = box.value.trim();
  setText(byId('device-problem'), id ? '' : 'Please give the device a name.');
  if (!id) return box.focus();
  try {
    const { device_key: key } = await careDo(() => apiPost('/api/devices', { device_id: id }));
    box.value = '';
    put({ device_id: id, online: false, battery: null, revoked: false, simulated: id.startsWith('SIM') });
    isLoaded = true;
    devicesShow();
    showKey(id, key);
  } catch (error) {
    setText(byId('device-problem'), error.status === 409 ? 'A device of this name is there already.' : error.message);
    box.focus();
  }
  return undefined;
}

async function revoke(id) {
  const isSure = await dialogAsk({
    title: `Revoke the key of ${id}?`, yes: 'Revoke', isGrave: true,
    text: 'The device cannot send any more. Its readings stay.',
  });
  if (!isSure) return;
  try {
    await careDo(() => apiDelete(`/api/devices/${encodeURIComponent(id)}`));
    put({ device_id: id, revoked: true, online: false });
    devicesShow();
    notify('good', `The key of ${id} is revoked.`);
  } catch (error) {
    notify('error', error.message);
  }
}

export function startDevices() {
  byId('device-form').addEventListener('submit', add);
}
