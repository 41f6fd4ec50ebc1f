// SPDX-License-Identifier: MIT
// oled: the preview of the device's display, and the choice of what it shows.
import { apiGet } from './api.js';
import { Bitmap, height, width } from './bitmap.js';
import { connectionAsk } from './connection.js';
import { byId, reducedMotion } from './dom.js';
import { onNextFrame } from './frame.js';
import { notify } from './notices.js';
import { drawPet, frameMs, names } from './pets.js';

const lit = [168, 226, 255];
const dark = [6, 10, 16];
const bitmap = new Bitmap();
let pen = null;
let picture = null;
let shown = null;
let frame = 0;
let running = true;

function draw() {
  if (shown === null) bitmap.clear();
  else drawPet(bitmap, shown, frame);
  bitmap.points.forEach((on, i) => {
    picture.data.set(on ? lit : dark, 4 * i);
    picture.data[4 * i + 3] = 255;
  });
  pen.putImageData(picture, 0, 0);
}

function tick() {
  if (!running || shown === null || document.hidden) return;
  frame += 1;
  onNextFrame(draw);
}

// Shows animation `id`, as reported by the server.
export function oledShow(id) {
  if (!names[id] || id === shown) return;
  shown = id;
  frame = 0;
  names.forEach((_name, i) => {
    byId(`oled-btn-${i}`).setAttribute('aria-pressed', String(i === id));
  });
  byId('oled-canvas').setAttribute('aria-label', `OLED preview: ${names[id]}`);
  onNextFrame(draw);
}

export async function oledLoad() {
  const state = await apiGet('/api/oled-display/get');
  oledShow(state.animation_id);
}

async function choose(id) {
  const button = byId(`oled-btn-${id}`);
  button.classList.add('busy');
  try {
    await connectionAsk('set_oled_display', { animation_id: id, animation_type: 'pet' });
    oledShow(id);
  } catch (error) {
    notify('error', `The OLED was not changed. ${error.message}`);
  } finally {
    button.classList.remove('busy');
  }
}

function setRunning(on) {
  running = on;
  const button = byId('oled-pause');
  button.textContent = on ? 'Pause' : 'Play';
  button.setAttribute('aria-pressed', String(!on));
}

export function startOled() {
  pen = byId('oled-canvas').getContext('2d');
  picture = pen.createImageData(width, height);
  names.forEach((_name, id) => {
    byId(`oled-btn-${id}`).addEventListener('click', () => choose(id));
  });
  byId('oled-pause').addEventListener('click', () => setRunning(!running));
  setRunning(!reducedMotion.matches);
  setInterval(tick, frameMs);
  draw();
}
