// SPDX-License-Identifier: MIT
// body: the device as a body in space, drawn on a canvas.
//
// The board lies in a frame of forward, right and up. Pitch lifts its nose,
// roll lowers its right side, yaw turns it clockwise seen from above. The axes
// shown are x forward, y to the left and z up, a right-handed frame. The eye
// stands behind it, a little to the right and above.
import { byId, formatDegrees, reducedMotion, setText } from './dom.js';
import { onNextFrame } from './frame.js';
import { onThemeChange, themeColour } from './theme.js';

const radians = Math.PI / 180;
const eye = { azimuth: -0.55, elevation: 0.7, distance: 5.5 };
const groundUp = -1.05;
const follow = 0.4;
// 30 pictures a second look smooth and cost half of 60.
const pictureMs = 30;
const light = normal([-0.3, 0.35, 0.9]);

// Boxes: centre and half size in (forward, right, up), and their colour.
const board = { at: [0, 0, 0], half: [1.25, 0.72, 0.05], colour: [22, 101, 84] };
const parts = [
  { at: [0.62, 0, 0.13], half: [0.42, 0.42, 0.08], colour: [190, 196, 206] },
  { at: [1.14, 0, 0.07], half: [0.1, 0.42, 0.02], colour: [84, 94, 110] },
  { at: [-1.14, 0, 0.13], half: [0.16, 0.2, 0.09], colour: [205, 208, 214] },
  { at: [-0.3, 0.1, 0.09], half: [0.22, 0.22, 0.05], colour: [58, 63, 78] },
  { at: [-0.72, 0.38, 0.08], half: [0.07, 0.1, 0.04], colour: [236, 201, 110] },
  { at: [-0.72, -0.38, 0.08], half: [0.07, 0.1, 0.04], colour: [236, 201, 110] },
  { at: [0.05, 0.65, 0.09], half: [1.0, 0.05, 0.05], colour: [62, 68, 84] },
  { at: [0.05, -0.65, 0.09], half: [1.0, 0.05, 0.05], colour: [62, 68, 84] },
];
const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]];

let canvas = null;
let pen = null;
let view = { width: 0, height: 0, scale: 1 };
let wanted = null;
let shown = { pitch: 0, roll: 0, yaw: 0 };
let drawnAt = 0;

function normal(v) {
  const size = Math.hypot(...v);
  return v.map((c) => c / size);
}

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

// A function that turns points of the board into space.
function turner({ pitch, roll, yaw }) {
  const [sp, cp] = [Math.sin(pitch * radians), Math.cos(pitch * radians)];
  const [sr, cr] = [Math.sin(roll * radians), Math.cos(roll * radians)];
  const [sy, cy] = [Math.sin(yaw * radians), Math.cos(yaw * radians)];
  return ([f, r, u]) => {
    const r1 = r * cr + u * sr;
    const u1 = u * cr - r * sr;
    const f2 = f * cp - u1 * sp;
    const u2 = f * sp + u1 * cp;
    return [f2 * cy - r1 * sy, f2 * sy + r1 * cy, u2];
  };
}

// Space to the eye's frame: right, up, away.
function toEye([f, r, u]) {
  const [sa, ca] = [Math.sin(eye.azimuth), Math.cos(eye.azimuth)];
  const [se, ce] = [Math.sin(eye.elevation), Math.cos(eye.elevation)];
  const away = f * ca + r * sa;
  return [r * ca - f * sa, u * ce + away * se, away * ce - u * se];
}

function toScreen(point) {
  const [x, y, away] = toEye(point);
  const near = (view.scale * eye.distance) / (eye.distance + away);
  return [view.width / 2 + x * near, 0.47 * view.height - y * near];
}

function outline(points) {
  pen.beginPath();
  points.map(toScreen).forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
}

// The six faces of a box: four corners and the direction outwards.
function facesOf({ at, half }) {
  const faces = [];
  for (let axis = 0; axis < 3; axis += 1) {
    for (const side of [-1, 1]) {
      const out = [0, 0, 0];
      out[axis] = side;
      const points = corners.map(([a, b]) => {
        const point = [...at];
        point[axis] += side * half[axis];
        point[(axis + 1) % 3] += a * half[(axis + 1) % 3];
        point[(axis + 2) % 3] += b * half[(axis + 2) % 3];
        return point;
      });
      faces.push({ points, out });
    }
  }
  return faces;
}

// Seen from the eye when the face looks towards it.
function facesEye(point, out) {
  const [px, py, pz] = toEye(point);
  const [nx, ny, nz] = toEye(out);
  return nx * px + ny * py + nz * (pz + eye.distance) < 0;
}

function drawBox(box, turn) {
  for (const { points, out } of facesOf(box)) {
    const turned = points.map(turn);
    const outwards = turn(out);
    if (!facesEye(turned[0], outwards)) continue;
    const bright = 0.55 + 0.5 * Math.max(0, dot(outwards, light));
    const [r, g, b] = box.colour.map((c) => Math.min(255, Math.round(c * bright)));
    outline(turned);
    pen.fillStyle = `rgb(${r} ${g} ${b})`;
    pen.strokeStyle = `rgb(${r * 0.7} ${g * 0.7} ${b * 0.7})`;
    pen.lineWidth = 0.75;
    pen.fill();
    pen.stroke();
  }
}

function ring(radius) {
  const points = [];
  for (let i = 0; i < 72; i += 1) {
    const a = (i * Math.PI) / 36;
    points.push([radius * Math.cos(a), radius * Math.sin(a), groundUp]);
  }
  return points;
}

function drawGround(turn) {
  pen.strokeStyle = themeColour('--grid');
  pen.lineWidth = 1;
  for (const radius of [0.7, 1.3, 1.9]) {
    outline(ring(radius));
    pen.stroke();
  }
  for (let i = 0; i < 12; i += 1) {
    const a = (i * Math.PI) / 6;
    const inner = i % 3 === 0 ? 0 : 1.3;
    outline([[inner * Math.cos(a), inner * Math.sin(a), groundUp],
      [1.9 * Math.cos(a), 1.9 * Math.sin(a), groundUp]]);
    pen.stroke();
  }
  const shadow = corners.map(([f, r]) => turn([f * board.half[0], r * board.half[1], 0]));
  outline(shadow.map(([f, r]) => [f, r, groundUp]));
  pen.fillStyle = themeColour('--shade');
  pen.fill();
}

function drawAxis(turn, direction, name, colour) {
  const tip = toScreen(turn(direction));
  const root = toScreen(turn([0, 0, 0.05]));
  pen.strokeStyle = colour;
  pen.fillStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(...root);
  pen.lineTo(...tip);
  pen.stroke();
  pen.beginPath();
  pen.arc(...tip, 3.5, 0, 2 * Math.PI);
  pen.fill();
  const away = Math.hypot(tip[0] - root[0], tip[1] - root[1]) || 1;
  pen.fillText(name, tip[0] + (12 * (tip[0] - root[0])) / away,
    tip[1] + (12 * (tip[1] - root[1])) / away);
}

function drawBoard(turn) {
  const above = facesEye(turn([0, 0, board.half[2]]), turn([0, 0, 1]));
  const placed = parts.map((part) => ({ part, away: toEye(turn(part.at))[2] }))
    .sort((a, b) => b.away - a.away).map(({ part }) => part);
  // The board's own plane parts it from what is mounted on it.
  const order = above ? [board, ...placed] : [...placed, board];
  for (const box of order) drawBox(box, turn);
}

function draw() {
  pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  pen.clearRect(0, 0, view.width, view.height);
  pen.lineJoin = 'round';
  pen.lineCap = 'round';
  pen.font = '600 12px system-ui, sans-serif';
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  const turn = turner(shown);
  drawGround(turn);
  drawBoard(turn);
  if (!wanted) return;
  drawAxis(turn, [1.75, 0, 0], 'x', themeColour('--series-x'));
  drawAxis(turn, [0, -1.2, 0], 'y', themeColour('--series-y'));
  drawAxis(turn, [0, 0, 0.95], 'z', themeColour('--series-z'));
}

const shortWay = (from, to) => ((((to - from) % 360) + 540) % 360) - 180;

// One step towards the wanted position; asks for the next while under way.
function move() {
  if (performance.now() - drawnAt < pictureMs) return onNextFrame(move);
  drawnAt = performance.now();
  let rest = 0;
  for (const angle of ['pitch', 'roll', 'yaw']) {
    const way = shortWay(shown[angle], wanted?.[angle] ?? 0);
    const step = reducedMotion.matches ? way : way * follow;
    shown[angle] += step;
    rest = Math.max(rest, Math.abs(way - step));
  }
  draw();
  if (rest > 0.05) onNextFrame(move);
}

function resize() {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (width === 0) return;
  view = { width, height, scale: Math.min(width / 4.3, height / 3.0) };
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  draw();
}

// Turns the body to {pitch, roll, yaw} in degrees; null when none is known.
export function bodyTurn(angles) {
  const known = angles && ['pitch', 'roll', 'yaw'].every((a) => Number.isFinite(angles[a]));
  wanted = known ? angles : null;
  byId('orientation-empty').hidden = Boolean(wanted);
  for (const angle of ['pitch', 'roll', 'yaw']) {
    setText(byId(`sensor-${angle}`), formatDegrees(wanted?.[angle]));
  }
  onNextFrame(move);
}

export function startBody() {
  canvas = byId('orientation-canvas');
  pen = canvas.getContext('2d');
  new ResizeObserver(() => onNextFrame(resize)).observe(canvas);
  onThemeChange(() => onNextFrame(draw));
}
