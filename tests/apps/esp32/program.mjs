// SPDX-License-Identifier: MIT
// program: what devices send to the ESP32 dashboard, and the program itself.
import { createRequire } from 'node:module';

export * from '../common/program.mjs';

export const reading = (device, extra = {}) => ({
  device_id: device, accel_x: 0.25, accel_y: -0.5, accel_z: 9.81,
  gyro_x: 1.5, gyro_y: -2.5, gyro_z: 3.5, mic_level: 1234, ...extra,
});

export function wav(seconds = 0.5, rate = 16000) {
  const samples = Math.round(seconds * rate);
  const out = Buffer.alloc(44 + 2 * samples);
  out.write('RIFF', 0);
  out.writeUInt32LE(36 + 2 * samples, 4);
  out.write('WAVEfmt ', 8);
  [[16, 16, 4], [20, 1, 2], [22, 1, 2], [24, rate, 4], [28, 2 * rate, 4], [32, 2, 2],
    [34, 16, 2], [40, 2 * samples, 4]].forEach(([at, value, size]) => out.writeUIntLE(value, at, size));
  out.write('data', 36);
  for (let i = 0; i < samples; i += 1) {
    out.writeInt16LE(Math.round(16383 * Math.sin(i * 2 * Math.PI * 440 / rate)), 44 + 2 * i);
  }
  return out;
}

// A PNG of one colour, made by hand.
export function png(width = 32, height = 24, colour = [200, 30, 30]) {
  const { crc32 = crc, deflateSync } = createRequire(import.meta.url)('node:zlib');
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const out = Buffer.alloc(8 + body.length);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body) >>> 0, 4 + body.length);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), ...Array(width).fill(Buffer.from(colour))]);
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.concat(Array(height).fill(row)))), chunk('IEND', Buffer.alloc(0))]);
}

function crc(bytes) {
  let c = ~0;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k += 1) c = (c >>> 1) ^ (0xEDB88320 & -(c & 1));
  }
  return ~c >>> 0;
}
