// SPDX-License-Identifier: MIT
// bitmap: 128 by 64 points, each on or off, with the few drawing words a
// small display library has. What is drawn here can be drawn there.

export const width = 128;
export const height = 64;

// Letters of 5 by 7 points; each number is a row, its high bit on the left.
const letters = {
  A: [14, 17, 17, 31, 17, 17, 17], B: [30, 17, 17, 30, 17, 17, 30],
  C: [14, 17, 16, 16, 16, 17, 14], D: [30, 17, 17, 17, 17, 17, 30],
  E: [31, 16, 16, 30, 16, 16, 31], H: [17, 17, 17, 31, 17, 17, 17],
  I: [14, 4, 4, 4, 4, 4, 14], L: [16, 16, 16, 16, 16, 16, 31],
  N: [17, 25, 21, 19, 17, 17, 17], R: [30, 17, 17, 30, 20, 18, 17],
  T: [31, 4, 4, 4, 4, 4, 4], U: [17, 17, 17, 17, 17, 17, 14],
  Y: [17, 17, 10, 4, 4, 4, 4], Z: [31, 1, 2, 4, 8, 16, 31],
};

export class Bitmap {
  points = new Uint8Array(width * height);

  clear() {
    this.points.fill(0);
  }

  pixel(x, y, on = 1) {
    const [px, py] = [Math.round(x), Math.round(y)];
    if (px < 0 || py < 0 || px >= width || py >= height) return;
    this.points[py * width + px] = on;
  }

  fillRect(x, y, w, h, on = 1) {
    for (let row = 0; row < h; row += 1) {
      for (let column = 0; column < w; column += 1) this.pixel(x + column, y + row, on);
    }
  }

  fillEllipse(cx, cy, rx, ry, on = 1) {
    for (let dy = -ry; dy <= ry; dy += 1) {
      const reach = Math.floor(rx * Math.sqrt(Math.max(0, 1 - (dy * dy) / (ry * ry))) + 0.3);
      for (let dx = -reach; dx <= reach; dx += 1) this.pixel(cx + dx, cy + dy, on);
    }
  }

  fillRoundRect(x, y, w, h, r, on = 1) {
    for (let row = 0; row < h; row += 1) {
      const edge = Math.max(0, r - row - 0.5, r - (h - row) + 0.5);
      const inset = Math.round(r - Math.sqrt(Math.max(0, r * r - edge * edge)));
      for (let column = inset; column < w - inset; column += 1) {
        this.pixel(x + column, y + row, on);
      }
    }
  }

  line(x0, y0, x1, y1, on = 1) {
    const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1);
    for (let i = 0; i <= steps; i += 1) {
      this.pixel(x0 + ((x1 - x0) * i) / steps, y0 + ((y1 - y0) * i) / steps, on);
    }
  }

  // A ring, or the part of it from angle `a` to `b` (radians, clockwise).
  arc(cx, cy, r, a = 0, b = 2 * Math.PI, on = 1) {
    const steps = Math.ceil(r * 8);
    for (let i = 0; i <= steps; i += 1) {
      const angle = a + ((b - a) * i) / steps;
      this.pixel(cx + r * Math.cos(angle), cy + r * Math.sin(angle), on);
    }
  }

  text(x, y, word) {
    [...word].forEach((letter, i) => {
      (letters[letter] ?? []).forEach((row, dy) => {
        for (let dx = 0; dx < 5; dx += 1) {
          if (row & (16 >> dx)) this.pixel(x + 6 * i + dx, y + dy);
        }
      });
    });
  }
}
