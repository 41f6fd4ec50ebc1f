// SPDX-License-Identifier: MIT
// connect: how a device is connected, with the address to be used: shown while
// no device is known, and when the reader asks for it.
import { byId, setText } from './dom.js';

const copiedMs = 2000;
const isOfThisComputer = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(location.hostname);

// An address without a slash at the end, as config.h wants it.
const address = location.origin;

// For a shell: no quote of the kind that is around the body is in it.
const curl = `curl ${address}/api/sensor-data \\
  -H 'Content-Type: application/json' \\
  -d '{"device_id": "desk", "mic_level": 420,
       "accel_x": 3.2, "accel_y": -2.1, "accel_z": 8.9}'`;

const firmware = [
  '#define WIFI_SSID "your network"',
  '#define WIFI_PASSWORD "your password"',
  `#define SERVER_URL "${address}"`,
  '#define DEVICE_ID "esp32-01"',
  '#define DEVICE_KEY "" /* empty: none is sent */',
].join('\n');

const notes = [
  isOfThisComputer && `${location.hostname} is this computer only: for a device in the network put this ` +
    'computer’s address there in its place; the program prints it when it starts.',
  location.protocol === 'https:' && 'With https:// the firmware wants SERVER_CA_PEM, too.',
  'If devices need a key: peal-esp32 --add-device-key ID prints one; a terminal sends it as X-Device-Key.',
];

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

function open(on) {
  wanted = on;
  show();
  if (!on) return byId('connect-open').focus();
  byId('connect').scrollIntoView({ block: 'start' });
  byId('connect-curl').focus({ preventScroll: true });
}

// The text selects itself where the clipboard is closed to pages.
async function copy(button) {
  const source = byId(button.dataset.copy);
  getSelection().selectAllChildren(source);
  try {
    await navigator.clipboard.writeText(source.textContent);
    setText(button, 'Copied');
  } catch {
    setText(button, 'Selected');
  }
  setTimeout(() => setText(button, 'Copy'), copiedMs);
}

export function startConnect() {
  setText(byId('connect-curl'), curl);
  setText(byId('connect-firmware'), firmware);
  setText(byId('connect-note'), notes.filter(Boolean).join(' '));
  byId('connect-open').addEventListener('click', () => open(byId('connect').hidden));
  byId('connect-close').addEventListener('click', () => open(false));
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.addEventListener('click', () => copy(button));
  }
}
