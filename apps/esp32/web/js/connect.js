// SPDX-License-Identifier: MIT
// connect: how a device is connected, with the address to be used: shown while
// no device is known, and when the reader asks for it.
import { startCopy } from './copy.js';
import { byId, setText } from './dom.js';

const isLocal = (url) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);

// For a shell: no quote of the kind that is around the body is in it.
const curlFor = (address) => `curl ${address}/api/sensor-data \\
  -H 'Content-Type: application/json' \\
  -d '{"device_id": "desk", "mic_level": 420,
       "accel_x": 3.2, "accel_y": -2.1, "accel_z": 8.9}'`;

// The names of esp32_dashboard/config.h; the address without a slash behind.
const firmwareFor = (address) => [
  '#define WIFI_SSID "your network"',
  '#define WIFI_PASSWORD "your password"',
  `#define SERVER_URL "${address}"`,
  '#define DEVICE_ID "esp32-01"',
  '#define DEVICE_KEY "" /* empty: none is sent */',
].join('\n');

const notesFor = (address) => [
  isLocal(address) && `${new URL(address).hostname} is this computer only, and it has no other address: ` +
    'a device on the network cannot reach it.',
  address.startsWith('https:') && 'With https:// the firmware wants SERVER_CA_PEM, too.',
  'If devices need a key: peal-esp32 --add-device-key ID prints one; a terminal sends it as X-Device-Key.',
];

// What the page was loaded from is what reaches the server, but for the
// computer's name for itself: then the server tells by which others do.
function showAddress(urls) {
  const own = location.origin;
  const other = isLocal(own) ? urls.find((url) => !isLocal(url)) ?? own : own;
  setText(byId('connect-curl'), curlFor(own));
  setText(byId('connect-firmware'), firmwareFor(other));
  setText(byId('connect-note'), notesFor(other).filter(Boolean).join(' '));
}

let wanted = false;
let hasDevices = false;
let isKnown = false;

function show() {
  const open = wanted || (isKnown && !hasDevices);
  byId('connect').hidden = !open;
  byId('connect-close').hidden = !hasDevices;
  byId('connect-open').setAttribute('aria-expanded', String(open));
}

// Whether there are devices, as soon as that is known.
export function connectKnows(count) {
  isKnown = true;
  hasDevices = count > 0;
  show();
}

// An answer of /status.
export function connectReach({ urls }) {
  showAddress((Array.isArray(urls) ? urls : []).filter((url) => URL.canParse(url)));
}

function open(on) {
  wanted = on;
  show();
  if (!on) return byId('connect-open').focus();
  byId('connect').scrollIntoView({ block: 'start' });
  byId('connect-curl').focus({ preventScroll: true });
}

export function startConnect() {
  showAddress([]);
  byId('connect-open').addEventListener('click', () => open(byId('connect').hidden));
  byId('connect-close').addEventListener('click', () => open(false));
  startCopy();
}
