// SPDX-License-Identifier: MIT
// What `make run` starts: all of them, with readiness said; one signal ends
// all; a port that is taken is one clear line, and nothing is left running.
//   node test_run.mjs FOLDER-OF-PROGRAMS
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { freePort, newFolder, runSteps, sleep, until } from '../common/program.mjs';

const bin = path.resolve(process.argv[2]);
const script = path.join(path.dirname(new URL(import.meta.url).pathname), '../../../tools/run_apps.sh');

// The programs beside a device whose simulated test ends at once, in a folder
// whose name is not to be read as code.
function withDevice() {
  const folder = path.join(newFolder(), `it's "$HOME" here`);
  fs.mkdirSync(folder, { recursive: true });
  for (const name of fs.readdirSync(bin)) fs.symlinkSync(path.join(bin, name), path.join(folder, name));
  for (const name of ['sv30-device', 'peal-sv30-device']) fs.rmSync(path.join(folder, name), { force: true });
  const device = path.join(folder, 'sv30-device');
  fs.writeFileSync(device, '#!/bin/sh\necho "device $SOCKETIO_URL $*"\n');
  fs.chmodSync(device, 0o755);
  return folder;
}

async function begin() {
  const run = { output: '', data: newFolder() };
  run.ports = [];
  for (let i = 0; i < 6; i += 1) run.ports.push(await freePort());
  const [LANDING_PORT, ESP32_PORT, SV30_PORT, CARECHAT_PORT, HOSPITAL_PORT, DESKPULSE_PORT] = run.ports.map(String);
  run.start = (programs = bin) => {
    run.child = spawn(script, [programs, run.data], {
      env: { ...process.env, LANDING_PORT, ESP32_PORT, SV30_PORT, CARECHAT_PORT, HOSPITAL_PORT, DESKPULSE_PORT }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [run.child.stdout, run.child.stderr]) stream.on('data', (bytes) => { run.output += bytes; });
    run.gone = new Promise((done) => { run.child.once('exit', (code) => done(code)); });
  };
  return run;
}

// Programs with this data folder in their command line.
const left = (run) => fs.readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(run.data);
  } catch {
    return false;
  }
});
const nothingIsLeft = (run) => until('nothing is left', () => left(run).length === 0, 10000);

async function oneSignalEndsAll() {
  const run = await begin();
  run.start();
  await until('all is ready', () => run.output.includes('Ctrl-C ends all of them.'), 30000);
  for (const port of run.ports) assert.ok(run.output.includes(`http://localhost:${port}/`));
  const apps = await until('the landing page knows', async () => {
    const { data } = await (await fetch(`http://127.0.0.1:${run.ports[0]}/api/applications`)).json();
    return data.every((one) => one.state === 'up') && data;
  }, 20000);
  assert.deepEqual(apps.map((one) => new URL(one.url).port), run.ports.slice(1).map(String));
  for (const line of run.output.split('\n')) {
    assert.match(line, /^(esp32|sv30|sv30-device|carechat|hospital|deskpulse|landing) \| |^ {2}|^$/, 'each line has a name');
  }
  run.child.kill('SIGINT');
  assert.equal(await run.gone, 0, run.output);
  assert.match(run.output, /esp32 \| .*main: stopped/);
  assert.match(run.output, /sv30 \| .*main: stopped/);
  assert.match(run.output, /carechat \| .*main: stopped/);
  assert.match(run.output, /hospital \| .*main: stopped/);
  assert.match(run.output, /deskpulse \| .*main: stopped/);
  assert.match(run.output, /landing \| .*main: stopped/);
  await nothingIsLeft(run);
}

async function aPortInUseIsOneLine() {
  const run = await begin();
  const other = net.createServer();
  await new Promise((done) => { other.listen(run.ports[2], '0.0.0.0', done); });
  run.start();
  assert.equal(await run.gone, 1, run.output);
  const about = run.output.split('\n').filter((line) => line.includes(String(run.ports[2])) && /in use/.test(line));
  assert.equal(about.length, 1, run.output);
  assert.ok(!run.output.includes('Ctrl-C'));
  await nothingIsLeft(run);
  other.close();
}

async function aSimulatedTestThatEndsIsNoEnd() {
  const run = await begin();
  run.start(withDevice());
  await until('the device has run', () => run.output.includes(
    `sv30-device | device http://localhost:${run.ports[2]} --simulate --time-scale 30`), 30000);
  await sleep(500);
  assert.equal((await fetch(`http://127.0.0.1:${run.ports[2]}/health`)).status, 200);
  run.child.kill('SIGTERM');
  assert.equal(await run.gone, 0, run.output);
  await nothingIsLeft(run);
}

// Killed itself, it takes its programs with it.
async function noOrphans() {
  const run = await begin();
  run.start();
  await until('all is ready', () => run.output.includes('Ctrl-C ends all of them.'), 30000);
  run.child.kill('SIGKILL');
  await run.gone;
  await sleep(100);
  await nothingIsLeft(run);
}

await runSteps([oneSignalEndsAll, aPortInUseIsOneLine, aSimulatedTestThatEndsIsNoEnd, noOrphans]);
