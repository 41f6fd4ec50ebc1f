// SPDX-License-Identifier: MIT
// wave: the outline of a recording, from the samples of its WAV file.

const bars = 72;
const maxBytes = 4 << 20;

// Where the samples are, of a WAV file with 16-bit samples; null for others.
function samplesOf(view) {
  const tag = (at) => view.getUint32(at);
  if (view.byteLength < 12 || tag(0) !== 0x52494646 || tag(8) !== 0x57415645) return null;
  let channels = 0;
  for (let at = 12; at + 8 <= view.byteLength;) {
    const size = view.getUint32(at + 4, true);
    if (tag(at) === 0x666d7420 && at + 24 <= view.byteLength) {
      const plain = view.getUint16(at + 8, true) === 1 && view.getUint16(at + 22, true) === 16;
      channels = plain ? view.getUint16(at + 10, true) : 0;
    }
    if (tag(at) === 0x64617461) {
      const bytes = Math.min(size, view.byteLength - at - 8);
      return channels ? { at: at + 8, count: bytes >> 1 } : null;
    }
    at += 8 + size + (size & 1);
  }
  return null;
}

// The loudest sample of each of 72 parts, 0..1; null if they cannot be had.
export async function wavePeaks(url) {
  const response = await fetch(url);
  if (!response.ok || Number(response.headers.get('Content-Length')) > maxBytes) return null;
  const view = new DataView(await response.arrayBuffer());
  const samples = samplesOf(view);
  if (!samples || samples.count < bars) return null;
  const peaks = new Array(bars).fill(0);
  for (let i = 0; i < samples.count; i += 1) {
    const level = Math.abs(view.getInt16(samples.at + 2 * i, true)) / 32768;
    const bar = Math.floor((i * bars) / samples.count);
    if (level > peaks[bar]) peaks[bar] = level;
  }
  return peaks;
}

// The outline as an SVG drawing in the colour of the text around it.
export function waveDrawing(peaks) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', `0 0 ${bars * 4} 40`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const top = Math.max(...peaks, 0.02);
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', peaks.map((peak, i) => {
    const half = Math.max(0.75, (18 * peak) / top);
    return `M${4 * i + 0.5} ${20 - half}h3v${2 * half}h-3z`;
  }).join(''));
  svg.append(path);
  return svg;
}
