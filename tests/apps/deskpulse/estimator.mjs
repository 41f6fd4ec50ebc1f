// SPDX-License-Identifier: MIT
// estimator: a pose estimator as peal-deskpulse starts one: a line of JSON for
// each picture, until it is ended. Its process id goes to the file.
//   node estimator.mjs PIDFILE
import fs from 'node:fs';
import { bad, picture } from './desk.mjs';

fs.writeFileSync(process.argv[2], String(process.pid));
process.stdout.on('error', () => process.exit(0));
setInterval(() => {
  process.stdout.write(`${JSON.stringify({
    frame: picture.toString('base64'), landmarks: bad, captured_at: Date.now() / 1000,
  })}\n`);
}, 50);
