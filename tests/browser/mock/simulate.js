// SPDX-License-Identifier: MIT
// simulate: devices that move, listen and look, for the mock.
import zlib from 'node:zlib';
import { wavEncode } from './media.js';

function pngChunk(type, body) {
  const out = Buffer.alloc(12 + body.length);
  out.writeUInt32BE(body.length, 0);
  out.write(type, 4, 'latin1');
  body.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + body.length)), out.length - 4);
  return out;
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
  }
  return ~crc >>> 0;
}

// A hill under a sky, as PNG: `seed` moves the sun and the colours.
export function landscape(seed, width = 320, height = 240) {
  const raw = Buffer.alloc((1 + 3 * width) * height);
  const sunX = width * (0.2 + 0.6 * ((seed * 0.37) % 1));
  const sunY = height * (0.2 + 0.3 * ((seed * 0.61) % 1));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const hill = height * (0.68 + 0.1 * Math.sin(x / 47 + seed) +
        0.04 * Math.sin(x / 17 + 2 * seed));
      const far = hill - height * (0.12 + 0.05 * Math.sin(x / 29 + 3 * seed));
      const glow = 60 / (8 + Math.hypot(x - sunX, y - sunY));
      let rgb = [150 + 70 * (y / height), 180, 225 - 60 * (y / height)];
      if (y > hill) rgb = [58, 110 - 40 * ((y - hill) / height), 70];
      else if (y > far) rgb = [96, 128, 140];
      else rgb = rgb.map((c) => c + 60 * glow);
      const at = y * (1 + 3 * width) + 1 + 3 * x;
      rgb.forEach((c, i) => { raw[at + i] = Math.max(0, Math.min(255, c)); });
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', head), pngChunk('IDAT', zlib.deflateSync(raw)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function reading(device_id, t) {
  const shake = () => 0.25 * (Math.random() - 0.5);
  return {
    device_id,
    accel_x: 1.6 * Math.sin(t / 3) + shake(),
    accel_y: 1.1 * Math.cos(t / 4.3) + shake(),
    accel_z: 9.81 + 0.4 * Math.sin(t / 1.7) + shake(),
    gyro_x: 24 * Math.cos(t / 3) + 8 * shake(),
    gyro_y: -17 * Math.sin(t / 4.3) + 8 * shake(),
    gyro_z: 9 * Math.sin(t / 6) + 8 * shake(),
    mic_level: Math.round(420 + 260 * Math.max(0, Math.sin(t / 5)) ** 3 +
      140 * Math.random() * Math.random()),
  };
}

function sound(seed) {
  return wavEncode(1.5 + (seed % 3), 8000, (t) => {
    const envelope = Math.abs(Math.sin(2.1 * t + seed)) * Math.exp(-0.3 * t);
    return 0.6 * envelope * Math.sin(2 * Math.PI * (240 + 60 * seed) * t) +
      0.03 * (Math.random() - 0.5);
  });
}

export function simulate(count, take) {
  for (let n = 1; n <= count; n += 1) {
    const id = `SIM-${String(n).padStart(3, '0')}`;
    let t = 50 * n;
    setInterval(() => {
      t += 0.2;
      take.takeReading(reading(id, t));
      take.takeOrientation({
        device_id: id, pitch: 18 * Math.sin(t / 3),
        roll: 26 * Math.cos(t / 4.3), yaw: (9 * t) % 360,
      });
    }, 200);
    const look = () => take.takeImage(landscape(n + Math.random() * 9), id);
    const listen = () => take.takeAudio(sound(Math.round(t) % 7), id);
    setTimeout(look, 1000 * n);
    setTimeout(listen, 1500 * n);
    setInterval(look, 15000);
    setInterval(listen, 20000);
  }
}
