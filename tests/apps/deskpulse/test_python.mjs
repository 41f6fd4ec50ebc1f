// SPDX-License-Identifier: MIT
// Viewers on python-socketio.
//   node test_python.mjs PROGRAM PYTHON
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Desk, good, picture, runSteps } from './desk.mjs';

const python = process.argv[3];
if (!fs.existsSync(python)) {
  console.log(`${python} is not there`);
  process.exit(77);
}
const script = path.join(path.dirname(new URL(import.meta.url).pathname), 'viewer.py');
const desk = new Desk();

async function watch(form) {
  const child = spawn(python, [script, desk.url, form], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let code;
  child.stdout.on('data', (bytes) => { output += bytes; });
  const gone = new Promise((done) => { child.once('close', (status) => { code = status; done(); }); });
  await desk.feed('it has seen a picture and ends', good, () => code !== undefined, 60000);
  await gone;
  assert.equal(code, 0, output);
  return output.trim().split('\n').map((line) => JSON.parse(line));
}

const of = (lines, event) => lines.find((one) => one.event === event);

function check(lines, event) {
  assert.equal(of(lines, 'status').message, 'Connected to DeskPulse');
  assert.equal(of(lines, event).size, picture.length);
  assert.deepEqual(of(lines, 'pause_monitoring'), { event: 'pause_monitoring', status: 'success', paused: true });
  assert.equal(of(lines, 'resume_monitoring').paused, false);
  assert.equal(of(lines, 'set_threshold').status, 'error');
}

async function inBase64() {
  await desk.start();
  check(await watch('base64'), 'posture_update');
}

async function asAttachments() {
  check(await watch('binary'), 'posture_frame');
  await desk.stop();
}

await runSteps([inBase64, asAttachments]);
