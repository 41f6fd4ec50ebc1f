// SPDX-License-Identifier: MIT
// small_disk: a file system of four megabytes that can be filled to the last
// byte. Where none can be mounted, the test is left out.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { newFolder } from '../apps/common/program.mjs';

export const disk = newFolder();
fs.mkdirSync(disk, { recursive: true });
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
if (mounted.status !== 0) {
  console.log('a small file system cannot be mounted here');
  process.exit(77);
}
process.on('exit', () => spawnSync('umount', ['-l', disk]));

export const filler = path.join(disk, 'filler');

// Nothing more fits.
export function fill() {
  const fd = fs.openSync(filler, 'a');
  try {
    for (let size = 1 << 16; size >= 1; size >>= 1) {
      try {
        for (;;) if (fs.writeSync(fd, Buffer.alloc(size)) < size) break;
      } catch {
        // smaller pieces may still fit
      }
    }
  } finally {
    fs.closeSync(fd);
  }
}
