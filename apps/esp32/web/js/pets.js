// SPDX-License-Identifier: MIT
// pets: the five ages of the pet, each drawn for a frame number. White is the
// body, black are its features, as on the display.

export const names = ['BABY', 'CHILD', 'TEEN', 'ADULT', 'ELDER'];
export const frameMs = 125;

const floor = 60;
const wave = (frame, period) => Math.sin((2 * Math.PI * frame) / period);

function eyes(bitmap, x, y, apart, frame, size = 3) {
  const closed = frame % 26 >= 24;
  for (const side of [-1, 1]) {
    const at = x + side * apart;
    if (closed) bitmap.line(at - 1, y, at + 1, y, 0);
    else bitmap.fillEllipse(at, y, (size - 1) / 2, size / 2, 0);
  }
}

function smile(bitmap, x, y, r) {
  bitmap.arc(x, y, r, 0.35, Math.PI - 0.35, 0);
}

// Bounces on the spot, with one curl of hair and a dummy in its mouth.
function baby(bitmap, frame) {
  const jump = Math.round(9 * Math.abs(wave(frame, 16)));
  const squash = jump < 2 ? 2 : 0;
  const y = floor - 12 - jump + squash;
  bitmap.fillEllipse(64, y, 13 + squash, 11 - squash);
  bitmap.arc(64, y - 13 + squash, 3, -1.2, 3.0);
  eyes(bitmap, 64, y - 3, 5, frame);
  bitmap.fillEllipse(64, y + 4, 3, 2, 0);
  bitmap.fillEllipse(64, y + 4, 1, 1);
  for (const side of [-1, 1]) bitmap.pixel(64 + side * 9, y + 1, 0);
  bitmap.line(64 - 7 + jump / 2, floor, 64 + 7 - jump / 2, floor);
}

// Runs from side to side after a ball.
function child(bitmap, frame) {
  const phase = frame % 64;
  const right = phase < 32;
  const x = 38 + (right ? phase : 64 - phase) * 1.6;
  const face = right ? 1 : -1;
  const y = floor - 17 - (frame % 4 < 2 ? 1 : 0);
  bitmap.fillEllipse(x, y, 11, 12);
  bitmap.fillEllipse(x - 8, y - 10, 3, 3);
  bitmap.fillEllipse(x + 8, y - 10, 3, 3);
  eyes(bitmap, x + 3 * face, y - 3, 4, frame);
  smile(bitmap, x + 3 * face, y + 2, 4);
  const step = frame % 4 < 2 ? 3 : -3;
  bitmap.fillRect(x - 6 + step, floor - 4, 5, 4);
  bitmap.fillRect(x + 2 - step, floor - 4, 5, 4);
  const ballX = x + 20 * face;
  const ballY = floor - 5 - 12 * Math.abs(wave(frame, 14));
  bitmap.fillEllipse(ballX, ballY, 4, 4);
  bitmap.arc(ballX - 2, ballY - 2, 4, 0, 1.4, 0);
}

function note(bitmap, x, y) {
  bitmap.fillEllipse(x, y, 2, 1);
  bitmap.line(x + 2, y, x + 2, y - 7);
  bitmap.line(x + 2, y - 7, x + 5, y - 5);
}

// Nods to its headphones; notes rise on both sides.
function teen(bitmap, frame) {
  const nod = Math.round(1.5 * wave(frame, 8));
  const x = 64;
  const y = 30 + nod;
  bitmap.fillRoundRect(x - 10, 42, 20, 14, 5);
  bitmap.fillRoundRect(x - 12, y - 11, 24, 22, 8);
  for (let i = -2; i <= 2; i += 1) {
    for (let h = 0; h < 6; h += 1) {
      bitmap.line(x + i * 5 - 2 + h / 2, y - 10 - h, x + i * 5 + 2, y - 10 - h);
    }
  }
  bitmap.fillRect(x - 15, y - 4, 5, 9);
  bitmap.fillRect(x + 11, y - 4, 5, 9);
  bitmap.arc(x, y - 3, 15, Math.PI * 1.08, Math.PI * 1.92);
  bitmap.fillRect(x - 8, y - 4, 7, 4, 0);
  bitmap.fillRect(x + 2, y - 4, 7, 4, 0);
  bitmap.line(x - 2, y - 4, x + 2, y - 4, 0);
  bitmap.line(x - 1, y + 5, x + 5, y + 4, 0);
  bitmap.fillRect(x - 8, floor - 4, 6, 4);
  bitmap.fillRect(x + 2, floor - 4, 6, 4);
  const rise = frame % 24;
  note(bitmap, 30 + 2 * wave(frame, 12), 50 - rise);
  note(bitmap, 94 - 2 * wave(frame, 12), 50 - ((rise + 12) % 24));
}

function steam(bitmap, x, y, frame) {
  for (let i = 0; i < 8; i += 1) {
    if ((i + frame) % 5 !== 0) bitmap.pixel(x + 1.5 * wave(i + frame, 8), y - i);
  }
}

// Stands in a tie with a hot cup and waves now and then.
function adult(bitmap, frame) {
  const breath = frame % 16 < 8 ? 0 : 1;
  const x = 60;
  const y = 26 + breath;
  bitmap.fillRoundRect(x - 12, 35 + breath, 24, 22 - breath, 6);
  bitmap.fillRoundRect(x - 10, y - 10, 20, 19, 7);
  bitmap.fillRect(x - 9, y - 10, 18, 3, 0);
  bitmap.fillRoundRect(x - 10, y - 12, 20, 5, 2);
  eyes(bitmap, x, y - 2, 4, frame);
  smile(bitmap, x, y + 1, 4);
  bitmap.line(x - 10, 35 + breath, x + 10, 35 + breath, 0);
  bitmap.fillRect(x - 1, 37 + breath, 3, 3, 0);
  bitmap.fillRect(x - 1, 41 + breath, 3, 9, 0);
  bitmap.fillRect(x - 8, floor - 3, 6, 3);
  bitmap.fillRect(x + 3, floor - 3, 6, 3);
  const swing = frame % 48 < 24 ? 4 * wave(frame, 6) : 14;
  bitmap.line(x - 12, 41, x - 20, 35 + swing);
  bitmap.line(x - 12, 42, x - 20, 36 + swing);
  bitmap.line(x + 12, 41, x + 21, 45);
  bitmap.line(x + 12, 42, x + 21, 46);
  bitmap.fillRect(x + 22, 40, 8, 9);
  bitmap.arc(x + 31, 44, 3, -1.4, 1.4);
  steam(bitmap, x + 24, 37, frame);
  steam(bitmap, x + 28, 37, frame + 3);
}

// Rocks in its chair, with glasses, a beard and a stick; dozes off at times.
function elder(bitmap, frame) {
  const sway = Math.round(2 * wave(frame, 24));
  const asleep = frame % 96 >= 56;
  const x = 62 + sway;
  bitmap.arc(62, 14, 46, 1.1 + sway / 60, 2.04 + sway / 60);
  bitmap.line(x - 16, 22, x - 12, 56);
  bitmap.line(x - 17, 22, x - 13, 56);
  bitmap.fillRoundRect(x - 11, 36, 23, 17, 6);
  bitmap.fillRoundRect(x - 10, 15, 21, 20, 8);
  for (const side of [-1, 1]) {
    bitmap.arc(x + side * 5, 23, 4, 0, 2 * Math.PI, 0);
    if (asleep) bitmap.line(x + side * 5 - 1, 24, x + side * 5 + 1, 24, 0);
    else bitmap.fillRect(x + side * 5 - 1, 22, 2, 3, 0);
  }
  bitmap.line(x - 1, 23, x + 1, 23, 0);
  bitmap.fillEllipse(x - 3, 30, 3, 1, 0);
  bitmap.fillEllipse(x + 3, 30, 3, 1, 0);
  bitmap.line(x - 9, 36, x + 9, 36, 0);
  bitmap.fillEllipse(x, 36, 4, 3);
  for (const y of [42, 47]) bitmap.fillRect(x, y, 2, 2, 0);
  bitmap.fillRect(x + 4, 52, 12, 4);
  bitmap.fillRect(x + 13, 52, 4, 6);
  bitmap.line(x + 11, 42, x + 24, 40);
  bitmap.line(88, 38, 91, 59);
  bitmap.line(89, 38, 92, 59);
  bitmap.arc(85, 38, 4, Math.PI, 2 * Math.PI);
  if (!asleep) return;
  const drift = (frame >> 1) % 8;
  bitmap.text(82 + drift, 24 - drift, 'Z');
}

const ages = [baby, child, teen, adult, elder];

// Name and age on top, a dotted floor, and the pet of that age.
export function drawPet(bitmap, age, frame) {
  bitmap.clear();
  bitmap.text(2, 1, names[age]);
  for (let i = 0; i < ages.length; i += 1) {
    const x = 102 + 5 * i;
    bitmap.fillRect(x, 2, 4, 4);
    if (i > age) bitmap.fillRect(x + 1, 3, 2, 2, 0);
  }
  for (let x = frame % 4; x < 128; x += 4) bitmap.pixel(age === 1 ? x : x - (x % 4), 62);
  ages[age](bitmap, frame);
}
