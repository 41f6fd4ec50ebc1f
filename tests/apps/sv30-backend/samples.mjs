// SPDX-License-Identifier: MIT
// samples: what SV30 devices send.
export * from '../common/program.mjs';

// A morning in Asia/Kolkata.
export const morning = '2026-01-31T03:30:00.000Z';
const endOf = (start) => new Date(Date.parse(start) + 1800000).toISOString();

export const result = (testId, tMin, more = {}) => ({
  testId, timestamp: tMin ? endOf(morning) : morning, testType: 'morning', t_min: tMin,
  sludge_height_mm: tMin ? 95.5 : 300, mixture_height_mm: 300,
  sv30_height_mm: tMin ? 95.5 : 0, velocity_mm_per_min: tMin ? 6.82 : 0,
  floc_count: tMin ? 42 : 0, floc_avg_size_mm: tMin ? 1.35 : 0,
  rgb_clear_zone: { r: 181, g: 190, b: 172 }, rgb_sludge_zone: { r: 94, g: 70, b: 41 },
  ...more,
});

// The answer to an event.
export const send = (socket, name, ...args) => socket.timeout(8000).emitWithAck(name, ...args);
