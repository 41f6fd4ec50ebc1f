// SPDX-License-Identifier: MIT
// points: the landmarks of a body over its picture: head, shoulders, arms, hips,
// as far as they are seen. Numbers are those of MediaPipe Pose.
import { byId } from './dom.js';

const bones = [[7, 8], [11, 12], [11, 13], [13, 15], [12, 14], [14, 16], [11, 23], [12, 24], [23, 24]];
const dots = [0, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24];
const leastSeen = 0.35;
const colours = { good: '#10b981', bad: '#f59e0b' };

let last = null;

const middle = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, visibility: Math.min(a.visibility, b.visibility) });
const isSeen = (point) => point && (point.visibility ?? 1) >= leastSeen;

// The picture keeps its shape within the box: so do the points.
function placeOf(canvas, { width, height }) {
  const box = { w: canvas.clientWidth, h: canvas.clientHeight };
  const scale = Math.min(box.w / width, box.h / height);
  const [w, h] = [width * scale, height * scale];
  return ({ x, y }) => [(box.w - w) / 2 + x * w, (box.h - h) / 2 + y * h];
}

function line(pen, at, a, b) {
  if (!isSeen(a) || !isSeen(b)) return;
  pen.beginPath();
  pen.moveTo(...at(a));
  pen.lineTo(...at(b));
  pen.stroke();
}

function draw(pen, at, marks) {
  pen.lineWidth = 3;
  pen.lineCap = 'round';
  for (const [a, b] of bones) line(pen, at, marks[a], marks[b]);
  // the neck: what the posture is read from
  line(pen, at, middle(marks[7], marks[8]), middle(marks[11], marks[12]));
  for (const i of dots) {
    if (!isSeen(marks[i])) continue;
    pen.beginPath();
    pen.arc(...at(marks[i]), 4, 0, 2 * Math.PI);
    pen.fill();
  }
}

export function pointsClear() {
  last = null;
  const canvas = byId('camera-points');
  canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
}

// Over the frame that is shown.
export function pointsDraw(update) {
  pointsClear();
  last = update;
  const marks = update.landmarks;
  if (!byId('show-points').checked || !Array.isArray(marks) || marks.length < 25) return;
  const canvas = byId('camera-points');
  const image = byId('camera-frame');
  const [w, h] = [canvas.clientWidth, canvas.clientHeight].map((size) => Math.round(size * devicePixelRatio));
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const pen = canvas.getContext('2d');
  pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  pen.strokeStyle = pen.fillStyle = colours[update.posture_state] ?? '#e5e7eb';
  draw(pen, placeOf(canvas, { width: image.naturalWidth, height: image.naturalHeight }), marks);
}

export function startPoints() {
  byId('show-points').addEventListener('change', () => last && pointsDraw(last));
  new ResizeObserver(() => last && pointsDraw(last)).observe(byId('camera-points'));
}
