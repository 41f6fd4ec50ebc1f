// SPDX-License-Identifier: MIT
// desk_camera: a camera at a desk for tests: pictures of somebody who sits as he
// is told, pushed to the program ten times a second with the points of his body.
import { sleep } from './harness.js';

const everyMs = 100;
const [width, height] = [640, 480];
// Where ears and shoulders are, as shares of the picture.
const sits = {
  good: { ears: 0.4, shoulders: 0.64, lean: 0 },
  bad: { ears: 0.55, shoulders: 0.66, lean: 0.02 },
};

// 33 points as MediaPipe Pose numbers them; [] is nobody.
export function landmarksOf(how) {
  if (!(how in sits)) return [];
  const { ears, shoulders, lean } = sits[how];
  const out = Array.from({ length: 33 }, () => ({ x: 0.5, y: 1.2, z: 0, visibility: 0.05 }));
  const put = (i, x, y) => { out[i] = { x: x + lean, y, z: 0, visibility: 0.98 }; };
  put(0, 0.5, ears + 0.02);
  put(2, 0.48, ears - 0.01);
  put(5, 0.52, ears - 0.01);
  put(7, 0.56, ears);
  put(8, 0.44, ears);
  put(11, 0.65, shoulders);
  put(12, 0.35, shoulders);
  put(13, 0.7, 0.88);
  put(14, 0.3, 0.88);
  return out;
}

// Runs in a page: one picture as JPEG, in base64.
function paint({ how, place, w, h, tick }) {
  const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h });
  const pen = canvas.getContext('2d');
  const wall = pen.createLinearGradient(0, 0, w, h);
  wall.addColorStop(0, '#d9dfe6');
  wall.addColorStop(1, '#aeb9c4');
  pen.fillStyle = wall;
  pen.fillRect(0, 0, w, h);
  pen.fillStyle = '#8b9aa8';
  pen.fillRect(w * 0.06, h * 0.1, w * 0.2, h * 0.3);
  pen.fillStyle = '#f4efe3';
  pen.fillRect(w * 0.08, h * 0.125, w * 0.16, h * 0.25);
  if (place) {
    const [x, ears, shoulders] = [w * (0.5 + place.lean), h * place.ears, h * place.shoulders];
    pen.fillStyle = '#3d5a80';
    pen.beginPath();
    pen.moveTo(x - w * 0.2, h);
    pen.quadraticCurveTo(x - w * 0.19, shoulders - 8, x - w * 0.06, shoulders - 18);
    pen.lineTo(x + w * 0.06, shoulders - 18);
    pen.quadraticCurveTo(x + w * 0.19, shoulders - 8, x + w * 0.2, h);
    pen.fill();
    pen.fillStyle = '#e0b090';
    pen.fillRect(x - 22, ears, 44, shoulders - ears);
    pen.beginPath();
    pen.ellipse(x, ears, w * 0.075, h * 0.135, 0, 0, 2 * Math.PI);
    pen.fill();
    pen.fillStyle = '#4a3428';
    pen.beginPath();
    pen.ellipse(x, ears - h * 0.055, w * 0.079, h * 0.09, 0, Math.PI, 2 * Math.PI);
    pen.fill();
  }
  pen.fillStyle = '#6b4f3a';
  pen.fillRect(0, h * 0.93, w, h * 0.07);
  // no two pictures are the same
  pen.fillStyle = '#fff';
  pen.fillRect(w - 16 - (tick % 8) * 6, h - 16, 6, 6);
  return canvas.toDataURL('image/jpeg', 0.85).split(',')[1];
}

export class DeskCamera {
  constructor(server, token = '') {
    Object.assign(this, { server, token, how: 'good', pictures: {}, sent: 0, refused: 0, running: null });
  }

  // `page` is any page that may be drawn in.
  async prepare(page) {
    for (const how of ['good', 'bad', 'nobody']) {
      this.pictures[how] = [];
      for (let tick = 0; tick < 8; tick += 1) {
        const text = await page.evaluate(paint, { how, place: sits[how] ?? null, w: width, h: height, tick });
        this.pictures[how].push(Buffer.from(text, 'base64'));
      }
    }
    return this;
  }

  async push() {
    const pictures = this.pictures[this.how === 'unsure' ? 'good' : this.how];
    const form = new FormData();
    form.set('frame', new Blob([pictures[this.sent % pictures.length]], { type: 'image/jpeg' }), 'frame.jpg');
    const marks = this.how === 'unsure'
      ? landmarksOf('good').map((one) => ({ ...one, visibility: 0.2 })) : landmarksOf(this.how);
    form.set('landmarks', JSON.stringify(marks));
    const headers = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    const { ok } = await fetch(`${this.server.url}/api/frames`, { method: 'POST', body: form, headers });
    if (ok) this.sent += 1;
    else this.refused += 1;
  }

  // Pushes until stop(); a server that is away is tried again.
  start(how = this.how) {
    this.how = how;
    if (this.running) return this;
    const run = { on: true };
    this.running = run;
    run.done = (async () => {
      while (run.on) {
        const began = performance.now();
        await this.push().catch(() => {});
        await sleep(Math.max(1, everyMs - (performance.now() - began)));
      }
    })();
    return this;
  }

  async stop() {
    const { running } = this;
    this.running = null;
    if (!running) return;
    running.on = false;
    await running.done;
  }
}
