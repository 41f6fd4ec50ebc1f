// SPDX-License-Identifier: MIT
// media: what the mock needs to know about pictures and sounds.

function jpegSize(bytes) {
  for (let at = 2; at + 9 < bytes.length;) {
    const marker = bytes[at + 1];
    const isFrame = marker >= 0xc0 && marker <= 0xc3;
    if (isFrame) {
      return {
        type: 'jpg', height: bytes.readUInt16BE(at + 5),
        width: bytes.readUInt16BE(at + 7),
      };
    }
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
}

export function imageSize(bytes) {
  if (bytes.length > 24 && bytes.readUInt32BE(0) === 0x89504e47) {
    return {
      type: 'png', width: bytes.readUInt32BE(16),
      height: bytes.readUInt32BE(20),
    };
  }
  if (bytes.length > 4 && bytes.readUInt16BE(0) === 0xffd8) {
    return jpegSize(bytes);
  }
  return null;
}

const decibel = (level) => Math.round(200 * Math.log10(level)) / 10;

// Levels of a WAV of 16-bit samples with the plain 44-byte header.
export function wavLevels(bytes) {
  if (bytes.length < 46 || bytes.toString('latin1', 0, 4) !== 'RIFF') {
    return null;
  }
  const samples = (bytes.length - 44) >> 1;
  let peak = 1;
  let power = 1;
  for (let i = 0; i < samples; i += 1) {
    const sample = bytes.readInt16LE(44 + 2 * i);
    peak = Math.max(peak, Math.abs(sample));
    power += sample * sample;
  }
  return {
    duration_ms: Math.round((1000 * samples) / bytes.readUInt32LE(24)),
    rms_db: decibel(Math.sqrt(power / samples) / 32768),
    peak_db: decibel(peak / 32768),
  };
}

// A WAV of 16-bit mono samples; `at(seconds)` gives each, -1..1.
export function wavEncode(seconds, rate, at) {
  const samples = Math.round(seconds * rate);
  const bytes = Buffer.alloc(44 + 2 * samples);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(36 + 2 * samples, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(2 * rate, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(2 * samples, 40);
  for (let i = 0; i < samples; i += 1) {
    const level = Math.max(-1, Math.min(1, at(i / rate)));
    bytes.writeInt16LE(Math.round(32767 * level), 44 + 2 * i);
  }
  return bytes;
}
